// A coroutine for each endpoint that is checked, and one that looks at who came back; see checks.h.
#include "connector/health/checks.h"

#include <algorithm>

#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "connector/health/probe.h"
#include "connector/resilience/health.h"

namespace adit::health {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kSweep = 500ms;

/// `interval`, give or take a tenth, so that connectors and endpoints do not fall into step.
net::Clock::duration jittered(std::chrono::milliseconds interval, Random& random) {
    const std::chrono::duration<double, std::milli> time(static_cast<double>(interval.count()) *
                                                         (0.9 + 0.2 * random.uniform()));
    return std::chrono::duration_cast<net::Clock::duration>(time);
}

/// Whether anything of it changes that is told: with one endpoint and nothing that judges it there is nothing.
bool is_told(const backend::Roster& roster) {
    return roster.members().size() > 1 || roster.health() || roster.judges();
}

}  // namespace

/// Lives until its coroutine has seen that it was stopped: after the probe that runs, at the latest.
struct Checks::Watch {
    Watch(net::Loop& loop, std::shared_ptr<backend::Roster> of, std::size_t at)
        : loop(loop), roster(std::move(of)), endpoint(at), wake(loop), alarm(loop, wake) {}

    net::Loop& loop;
    std::shared_ptr<backend::Roster> roster;
    std::size_t endpoint;
    std::unique_ptr<backend::Dialer> dialer;
    Question question;
    Random random;
    net::Waiter wake;
    net::Alarm alarm;
    bool stopped = false;
};

struct Checks::Sweep {
    explicit Sweep(net::Loop& on) : loop(on), wake(on), alarm(on, wake) {}
    net::Loop& loop;
    std::vector<std::shared_ptr<backend::Roster>> rosters;
    net::Waiter wake;
    net::Alarm alarm;
    bool stopped = false;
};

Checks::~Checks() {
    use({});
    if (sweep_) {
        sweep_->stopped = true;
        sweep_->wake.wake();
    }
}

void Checks::use(const std::vector<Watched>& all) {
    std::vector<std::shared_ptr<Watch>> before = std::exchange(watches_, {});
    std::vector<std::shared_ptr<backend::Roster>> told;
    for (const Watched& backend : all) {
        if (is_told(*backend.roster)) {
            told.push_back(backend.roster);
        }
        for (std::size_t i = 0; backend.roster->health() && i < backend.roster->members().size(); ++i) {
            const auto running = std::ranges::find_if(before, [&](const std::shared_ptr<Watch>& watch) {
                return backend.unchanged && watch && watch->roster == backend.roster && watch->endpoint == i;
            });
            watches_.push_back(running != before.end() ? std::exchange(*running, nullptr) : begin(backend, i));
        }
    }
    for (const auto& watch : before) {
        if (watch) {
            watch->stopped = true;
            watch->wake.wake();
        }
    }
    for (const Watched& backend : all) {
        if (!backend.roster->health()) {
            backend.roster->forget_checks(loop_.now());
        }
    }
    if (!told.empty() && !sweep_) {
        sweep_ = std::make_shared<Sweep>(loop_);
        net::spawn(loop_.context(), "a look at endpoints", sweep(sweep_));
    }
    if (sweep_) {
        sweep_->rosters = std::move(told);
    }
}

std::shared_ptr<Checks::Watch> Checks::begin(const Watched& backend, std::size_t endpoint) {
    auto made = std::make_shared<Watch>(loop_, backend.roster, endpoint);
    made->dialer = backend.dialer(endpoint);
    made->question = {.how = &*backend.roster->health(),
                      .dialer = made->dialer.get(),
                      .versions = backend.versions,
                      .user_agent = user_agent_};
    made->random = Random(random_.next());
    net::spawn(loop_.context(), "health checks of an endpoint", watch(made));
    return made;
}

net::Task<> Checks::watch(std::shared_ptr<Watch> watch) {
    const config::Health& how = *watch->question.how;
    const std::size_t endpoint = watch->endpoint;
    backend::Roster& roster = *watch->roster;
    resilience::HealthTally tally(how.unhealthy, how.healthy, roster.members()[endpoint].vitals->health());
    while (!watch->stopped) {
        const net::Time next = watch->loop.now() + jittered(how.interval, watch->random);
        const auto trouble = co_await probe(watch->loop, watch->question);
        if (watch->stopped) {
            break;
        }
        roster.checked(endpoint, !trouble, tally.record(!trouble), trouble.value_or(""), watch->loop.now());
        watch->alarm.set(next);
        while (!watch->alarm.passed() && !watch->stopped) {
            co_await watch->wake.wait();
        }
    }
}

net::Task<> Checks::sweep(std::shared_ptr<Sweep> sweep) {
    while (!sweep->stopped) {
        for (const auto& roster : sweep->rosters) {
            roster->sweep(sweep->loop.now());
        }
        sweep->alarm.set(sweep->loop.now() + kSweep);
        while (!sweep->alarm.passed() && !sweep->stopped) {
            co_await sweep->wake.wait();
        }
    }
}

}  // namespace adit::health

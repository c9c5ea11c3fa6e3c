// What circuits say, and what they are told; see shared_circuits.h.
#include "connector/state/shared_circuits.h"

#include "common/net/spawn.h"
#include "connector/state/circuits_lua.h"
#include "connector/state/scripts.h"

namespace adit::state {
namespace {

using namespace std::chrono_literals;
using resilience::CircuitForced;
using resilience::CircuitNews;
using resilience::CircuitState;
using Sharing = config::Circuit::Sharing;

constexpr std::size_t kWhyMost = 256;  ///< bytes of an explanation that travel
constexpr std::size_t kToldMost = 4'096;

Sharing sharing_of(const resilience::Circuit& circuit) {
    return circuit.standing(net::Clock::now()).settings.sharing;
}

std::optional<CircuitForced> forced_of(std::string_view word) {
    for (const auto forced : {CircuitForced::no, CircuitForced::open, CircuitForced::closed}) {
        if (word == name(forced)) return forced;
    }
    return std::nullopt;
}

}  // namespace

std::shared_ptr<SharedCircuits> SharedCircuits::make(Store& store, resilience::Circuits& circuits) {
    std::shared_ptr<SharedCircuits> shared(new SharedCircuits(store, circuits));
    store.keep_up(shared);
    return shared;
}

// --- any thread, under the lock of a circuit ---

void SharedCircuits::changed(const resilience::CircuitChange& change) {
    if (change.remote || !store_.shares()) return;
    Told told{.circuit = std::string(change.circuit)};
    if (change.by_operator) {
        told.force = name(change.forced);
    } else if (change.to != CircuitState::half_open) {
        told.event = name(change.to);
        told.cooldown = change.cooldown;
        told.why = change.why.substr(0, kWhyMost);
    }
    note(std::move(told));
}

void SharedCircuits::counted(std::string_view) {
    if (store_.shares()) note({});
}

bool SharedCircuits::may_probe(std::string_view circuit) {
    if (!store_.main_answers()) return true;
    note({.circuit = std::string(circuit), .wants_probes = true});
    return false;
}

void SharedCircuits::note(Told told) {
    const std::scoped_lock lock(mutex_);
    if (!told.circuit.empty() && told_.size() < kToldMost) told_.push_back(std::move(told));
    if (!std::exchange(hurried_, true)) {
        store_.post_main([self = weak_from_this()] {
            if (const auto alive = self.lock()) {
                alive->exchanged_ = {};
                alive->tick(net::Clock::now());
            }
        });
    }
}

// --- the first worker's thread ---

void SharedCircuits::hear_circuits() {
    std::vector<Told> told;
    {
        const std::scoped_lock lock(mutex_);
        told.swap(told_);
        hurried_ = false;
    }
    for (Told& one : told) {
        Row& row = rows_[one.circuit];
        row.wants_probes = row.wants_probes || one.wants_probes;
        if (!one.force.empty()) row.force = std::move(one.force);
        if (one.event.empty()) continue;
        row.event = std::move(one.event);
        row.cooldown = one.cooldown;
        row.why = std::move(one.why);
    }
}

/// A window of so many calls cannot be summed: such a circuit shares what has become of it, and counts for itself.
void SharedCircuits::look_at_reach(const std::vector<Circuit>& circuits, bool reachable) {
    for (const Circuit& circuit : circuits) {
        Row& row = rows_[circuit->name()];
        if (row.reachable == reachable) continue;
        row.reachable = reachable;
        const config::Circuit settings = circuit->standing(net::Clock::now()).settings;
        circuit->set_reachable(reachable || !store_.shares());
        circuit->count_for_fleet(reachable && settings.sharing == Sharing::exact && settings.window_calls == 0);
        static_cast<void>(circuit->take_counts());
    }
    std::erase_if(rows_, [&](const auto& row) {
        return std::ranges::none_of(circuits, [&](const Circuit& one) { return one->name() == row.first; });
    });
}

void SharedCircuits::tick(net::Time now) {
    if (exchanging_) return;
    const bool reachable = store_.shares() && store_.main_answers();
    if (!reachable || now >= exchanged_ + kPoll) {
        const auto circuits = circuits_.all();
        look_at_reach(circuits, reachable);
        hear_circuits();
        if (reachable) {
            exchanged_ = now;
            exchanging_ = true;
            net::spawn(store_.main().loop().context(), "circuits of the fleet", exchange(shared_from_this()));
        } else {
            look_at_all_ = true;
        }
    }
}

bool SharedCircuits::has_news(const Circuit& circuit, Row& row) const {
    row.counts = circuit->take_counts();
    return look_at_all_ || row.known == 0 || row.wants_probes || !row.event.empty() || !row.force.empty() ||
           circuit->state() == CircuitState::half_open || row.counts.calls > 0;
}

net::Task<> SharedCircuits::exchange(std::shared_ptr<SharedCircuits> self) {
    static_cast<void>(self);  // alive until this ends
    std::vector<Circuit> exact, advising;
    for (Circuit& circuit : circuits_.all()) {
        const Sharing sharing = sharing_of(*circuit);
        if (sharing == Sharing::exact && has_news(circuit, rows_[circuit->name()])) {
            exact.push_back(std::move(circuit));
        } else if (sharing == Sharing::advice) {
            advising.push_back(std::move(circuit));
        }
    }
    co_await exchange_exact(exact);
    if (!advising.empty()) co_await exchange_advice(advising);
    exchanging_ = false;
    const bool more = [this] {
        const std::scoped_lock lock(mutex_);
        return hurried_;
    }();
    if (more) {
        exchanged_ = {};
        tick(net::Clock::now());
    }
}

net::Task<> SharedCircuits::exchange_exact(const std::vector<Circuit>& circuits) {
    Redis& redis = store_.main();
    std::size_t done = 0;
    do {
        const std::span batch = std::span(circuits).subspan(done, std::min(kBatch, circuits.size() - done));
        ScriptCall call(circuits_script(), batch.size() + 1);
        call.add(redis.key("circuits", "version"));
        for (const Circuit& circuit : batch) call.add(redis.key("circuit", circuit->name()));
        call.add(store_.pseudonym());
        for (const Circuit& circuit : batch) add_to(call, circuit, rows_[circuit->name()], net::Clock::now());
        const Answer answer = co_await redis.call(std::move(call));
        const net::Time now = net::Clock::now();
        const auto version = answer ? answer->number(0) : std::nullopt;
        if (!version || answer->items.size() != batch.size() + 1) {
            look_at_all_ = true;
            co_return;
        }
        for (std::size_t i = 0; i < batch.size(); ++i) {
            take(batch[i], rows_[batch[i]->name()], answer->items[i + 1], now);
        }
        look_at_all_ = *version != version_;
        version_ = *version;
        done += batch.size();
    } while (done < circuits.size());
}

net::Task<> SharedCircuits::exchange_advice(const std::vector<Circuit>& circuits) {
    Redis& redis = store_.main();
    for (std::size_t done = 0; done < circuits.size(); done += kBatch) {
        const std::span batch = std::span(circuits).subspan(done, std::min(kBatch, circuits.size() - done));
        ScriptCall call(advice_script(), batch.size());
        for (const Circuit& circuit : batch) call.add(redis.key("advice", circuit->name()));
        call.add(store_.pseudonym());
        for (const Circuit& circuit : batch) {
            const auto next = circuit->standing(net::Clock::now()).next_try;
            const bool said = std::exchange(rows_[circuit->name()].advises, next.has_value()) == next.has_value();
            const auto left = next ? std::chrono::ceil<std::chrono::milliseconds>(*next - net::Clock::now()) : 0ms;
            call.add(said ? -1 : std::max<std::int64_t>(next ? 1 : 0, left.count()));
        }
        const Answer answer = co_await redis.call(std::move(call));
        if (!answer || answer->items.size() != batch.size()) co_return;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto left = std::chrono::milliseconds(answer->number(i).value_or(0));
            batch[i]->adopt({.state = left > 0ms ? CircuitState::open : CircuitState::closed, .cooldown = left},
                            net::Clock::now());
        }
    }
}

/// In the order of circuits_lua.h.
void SharedCircuits::add_to(ScriptCall& call, const Circuit& circuit, Row& row, net::Time now) {
    const auto standing = circuit->standing(now);
    const config::Circuit& settings = standing.settings;
    const resilience::CircuitCounts counts = std::exchange(row.counts, {});
    const bool succeeded = counts.calls > counts.failures;
    const auto since_success = std::chrono::duration_cast<std::chrono::milliseconds>(now - counts.last_success);
    const bool renews = standing.state == CircuitState::half_open && standing.probes > 0;
    const auto left = standing.next_try ? std::chrono::ceil<std::chrono::milliseconds>(*standing.next_try - now) : 0ms;
    call.add(row.known)
        .add(std::string_view(row.event))
        .add(row.cooldown.count())
        .add(std::string_view(row.why.empty() ? standing.why : row.why).substr(0, kWhyMost))
        .add(std::int64_t{row.wants_probes ? 1
                          : renews         ? 2
                                           : 0})
        .add(static_cast<std::int64_t>(counts.calls))
        .add(static_cast<std::int64_t>(counts.failures))
        .add(static_cast<std::int64_t>(counts.slow))
        .add(static_cast<std::int64_t>(counts.trailing))
        .add(succeeded ? std::max<std::int64_t>(0, since_success.count()) : -1)
        .add(settings.window.count())
        .add(std::int64_t{settings.consecutive})
        .add(std::int64_t{settings.failures})
        .add(std::int64_t{settings.failure_rate})
        .add(std::int64_t{settings.slow_rate})
        .add(std::int64_t{settings.minimum})
        .add(settings.cooldown.count())
        .add(settings.cooldown_most.count())
        .add(std::min<std::chrono::milliseconds>(settings.cooldown, kProbes).count())
        .add(settings.recovery.count())
        .add(static_cast<std::int64_t>(standing.state))
        .add(std::max<std::int64_t>(0, left.count()))
        .add(std::string_view(row.force))
        .add(std::string_view(counts.last_failure).substr(0, kWhyMost));
    row.event.clear();
    row.force.clear();
    row.why.clear();
    row.wants_probes = false;
}

/// What the store says counts, whatever this connector thinks of its own calls meanwhile: a change of an older
/// generation is told to nobody any more.
void SharedCircuits::take(const Circuit& circuit, Row& row, const Reply& reply, net::Time now) {
    const auto generation = reply.number(0), state = reply.number(1), left = reply.number(2), ours = reply.number(3),
               said = reply.number(6);
    if (!generation || !state || !left || !ours || !said || *state < 0 || *state > 3) return;
    CircuitNews news{.state = static_cast<CircuitState>(*state),
                     .cooldown = std::chrono::milliseconds(*left),
                     .why = reply.items[4].text};
    const bool forced = *said > row.forced_known;
    if (forced) news.forced = forced_of(reply.items[5].text);
    row.forced_known = *said;
    if (*generation == row.known && !forced) return;
    const bool changed = *generation != row.known;
    row.known = *generation;
    if (news.state == CircuitState::half_open) {
        if (*ours == 1) {
            circuit->grant_probes(now);
        } else {
            news.state = CircuitState::open;  // for us: another connector probes, and says what came of it
            circuit->adopt(news, now);
        }
    } else {
        circuit->adopt(news, now);
    }
    if (changed) {
        static_cast<void>(circuit->take_counts());  // of the generation before
        store_.metrics().circuits_adopted.Increment();
        const std::scoped_lock lock(mutex_);
        std::erase_if(told_, [&](const Told& one) { return one.circuit == circuit->name() && !one.event.empty(); });
    }
}

}  // namespace adit::state

// Two tries at once: the first answer wins, and the other one is given up; see tries.h.
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "connector/resilience/hedge.h"
#include "connector/route/tries.h"

namespace adit::route {

/// Only what has no effect and no body: both origins may answer it (RFC 9110 §9.2.1).
bool Tries::may_race() const {
    const http::RequestHead& request = asking_.exchange.request;
    const bool plain = (request.method == "GET" || request.method == "HEAD") && request.upgrade.empty() &&
                       request.framing.kind == http::Framing::Kind::none && asking_.exchange.body.done();
    return asking_.plan.hedging != nullptr && asking_.plan.retries && plain && tries_ == 0 && !asking_.another_retries;
}

net::Task<> Tries::run_racer(Tries& self, Racer& racer) {
    racer.failure = co_await racer.attempt->ask();
    racer.over = true;
    self.news_.wake();
}

/// An answer that nobody would ask another endpoint for.
bool Tries::has_won(const Racer& racer) const {
    return racer.attempt && racer.over && !racer.failure &&
           (racer.attempt->renewed() ||
            !resilience::worth_another(asking_.plan.retry->on, racer.attempt->ending(racer.failure).outcome));
}

/// Another endpoint to which there is a way at once; where there is none other, another connection to the same one.
std::optional<Tries::Target> Tries::rival_target() {
    const backend::Guards& guards = *asking_.backend.guards;
    Permits& permits = racers_[1].permits;
    if (permits.ask(asking_.plan.circuit, guards, loop_.now(), uniform())) {
        permits = {};
        return std::nullopt;
    }
    const auto try_at = [&](backend::Endpoint& endpoint) -> std::optional<Target> {
        if (permits.ask(guards, endpoint, loop_.now(), uniform())) {
            return std::nullopt;
        }
        auto way = endpoint.dialer->choose();
        return way ? std::optional(Target{&endpoint, std::move(*way)}) : std::nullopt;
    };
    while (backend::Endpoint* other = candidates_.next()) {
        candidates_.drop_next();
        if (auto target = try_at(*other)) {
            return target;
        }
    }
    auto same = try_at(*candidates_.current());
    if (!same) {
        permits = {};  // a probe that is not made shall not keep others waiting
    }
    return same;
}

/// One of the two has won, or both are over, or, with `early`, one of them is.
net::Task<> Tries::until_decided(const bool& early) {
    while (!early && !has_won(racers_[0]) && !has_won(racers_[1]) && !(racers_[0].over && racers_[1].over)) {
        co_await news_.wait();
    }
}

/// The loser's origin learns that nobody waits. That says nothing about it, unless it has failed by itself.
net::Task<> Tries::retire(Racer& loser) {
    const bool by_itself = loser.over;
    if (!by_itself) {
        loser.attempt->give_up(net::Errc::aborted);
    }
    while (!loser.over) {
        co_await news_.wait();
    }
    TryTold told = loser.attempt->told(loser.failure);
    told.hedge = true;
    if (by_itself) {
        const resilience::Ending ending = loser.attempt->ending(loser.failure);
        note_unreached(loser, ending);
        record(loser, ending.outcome);
    } else {
        told.code = problem::Code("given-up");
    }
    asking_.trace.tries.push_back(std::move(told));
    loser.attempt.reset();
    loser.permits = {};
}

/// The current one is asked, and a rival beside it when it is slow. The one whose answer, or failure, counts is current
/// then.
net::Task<> Tries::race(std::chrono::milliseconds after) {
    Racer& first = racers_[0];
    Racer& rival = racers_[1];
    current_ = &first;
    asking_.racing = true;
    first.over = false;
    net::spawn(loop_.context(), "a try", run_racer(*this, first));
    net::Alarm alarm(loop_, news_);
    alarm.set(loop_.now() + after);
    co_await until_decided(alarm.passed());
    std::optional<Target> target;
    if (!first.over && !asking_.client_left && asking_.plan.hedging->take()) {
        target = rival_target();
    }
    static constexpr bool kToTheEnd = false;
    if (target) {
        begin(rival, std::move(*target));
        rival.over = false;
        net::spawn(loop_.context(), "a try beside another", run_racer(*this, rival));
    }
    co_await until_decided(kToTheEnd);
    asking_.racing = false;
    if (!target) {
        co_return;
    }
    const bool rival_won = !has_won(first) && (has_won(rival) || (first.failure && !rival.failure));
    co_await retire(rival_won ? first : rival);
    current_ = rival_won ? &rival : &first;
    (rival_won ? asking_.backend.metrics().hedges_won : asking_.backend.metrics().hedges_lost).Increment();
}

}  // namespace adit::route

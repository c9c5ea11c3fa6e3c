// The states of a circuit: what changes them, from within and from outside; see circuit.h.
#include <algorithm>
#include <utility>

#include "common/base/time.h"
#include "connector/resilience/circuit.h"

namespace adit::resilience {
namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 1s;  ///< far longer than any call looks at terms that were replaced
constexpr auto kApart = 1s;  ///< ends of two that opened at once, by their jitter, need no change
constexpr unsigned kDoublings = 20;
constexpr std::uint32_t kFewCalls = 3;  ///< make a rate while it recovers, or on advice

/// What it does while the state that it is shared by is out of reach.
bool refuses_alone(const config::Circuit& settings) {
    return settings.sharing == config::Circuit::Sharing::exact && settings.fail == config::Circuit::Fail::open;
}

std::string part(std::uint64_t some, std::uint64_t of) {
    return std::to_string(some) + " of " + std::to_string(of) + " calls";
}

}  // namespace

std::string_view name(CircuitState state) {
    switch (state) {
        case CircuitState::closed:
            return "closed";
        case CircuitState::open:
            return "open";
        case CircuitState::half_open:
            return "half_open";
        case CircuitState::recovering:
            break;
    }
    return "recovering";
}

std::string_view name(CircuitForced forced) {
    return forced == CircuitForced::no ? "no" : forced == CircuitForced::open ? "open" : "closed";
}

struct Circuit::Retired {
    Time since;
    std::unique_ptr<const CircuitTerms> terms;
    std::unique_ptr<CircuitWindow> window;
};

Circuit::Circuit(std::string name, CircuitTerms terms, CircuitWatcher* watcher, Random chance)
    : name_(std::move(name)),
      watcher_(watcher),
      chance_(chance),
      owned_terms_(std::make_unique<const CircuitTerms>(std::move(terms))),
      owned_window_(
          std::make_unique<CircuitWindow>(owned_terms_->settings.window, owned_terms_->settings.window_calls)) {
    terms_ = owned_terms_.get();
    window_ = owned_window_.get();
}

Circuit::~Circuit() = default;

// --- under the lock ---

std::uint32_t Circuit::minimum(const config::Circuit& settings, Time now) const {
    std::uint32_t minimum = std::max(settings.minimum, 1U);
    if (settings.window_calls > 0) {
        minimum = std::min(minimum, settings.window_calls);
    }
    if (state() == State::recovering || now < advised_until_.load(std::memory_order_relaxed)) {
        minimum = std::min(minimum, kFewCalls);
    }
    return minimum;
}

Circuit::Rate Circuit::rates_to_open(const config::Circuit& settings, const Tally& tally, Time now) const {
    if (tally.calls < minimum(settings, now)) {
        return Rate::none;
    }
    if (settings.failure_rate > 0 && tally.failures * 100 >= settings.failure_rate * tally.calls) {
        return Rate::failures;
    }
    return settings.slow_rate > 0 && tally.slow * 100 >= settings.slow_rate * tally.calls ? Rate::slow : Rate::none;
}

std::optional<std::string> Circuit::reason_to_open(Time now) const {
    const config::Circuit& settings = owned_terms_->settings;
    const auto last = [&] { return ", the last one: " + last_failure_; };
    const std::uint64_t in_a_row = consecutive_.load(std::memory_order_relaxed);
    if (settings.consecutive > 0 && in_a_row >= settings.consecutive) {
        return std::to_string(in_a_row) + (in_a_row == 1 ? " failure" : " failures in a row") + last();
    }
    const Tally tally = owned_window_->sum(now);
    const Rate rate = rates_to_open(settings, tally, now);
    if (rate == Rate::failures || (settings.failures > 0 && tally.failures >= settings.failures)) {
        return part(tally.failures, tally.calls) + " failed" + last();
    }
    if (rate == Rate::slow) {
        return part(tally.slow, tally.calls) + " were slower than " + format_duration(settings.slow);
    }
    return std::nullopt;
}

/// One that opens again soon stays open for longer.
void Circuit::open(Time now, std::string why) {
    const bool again = state() != State::closed || (opened_ > 0 && now < since_ + cooldown_);
    repeats_ = again ? repeats_ + 1 : 0;
    const config::Circuit& settings = owned_terms_->settings;
    const auto most = std::max(settings.cooldown, settings.cooldown_most);
    const auto doubled =
        std::min<std::chrono::milliseconds>(most, settings.cooldown * (1LL << std::min(repeats_, kDoublings)));
    // Connectors, and circuits of one origin, shall not probe all at once.
    const double jitter = 0.9 + 0.2 * chance_.uniform();
    const auto jittered = std::chrono::duration<double, std::milli>(doubled) * jitter;
    open_until(now + std::chrono::duration_cast<std::chrono::milliseconds>(jittered), now, std::move(why), false);
}

void Circuit::open_until(Time until, Time now, std::string why, bool remote) {
    ++opened_;
    cooldown_ = std::chrono::duration_cast<std::chrono::milliseconds>(until - now);
    open_until_.store(until, std::memory_order_relaxed);
    enter(State::open, now, std::move(why), remote);
}

void Circuit::enter(State state, Time now, std::string why, bool remote) {
    const State from = this->state();
    begin_anew(now);
    why_ = std::move(why);
    write_phase(state);
    tell(from, false, remote);
}

/// What was counted, granted and tried in the state before counts for nothing.
void Circuit::begin_anew(Time now) {
    since_ = now;
    leases_.clear();
    succeeded_ = 0;
    granted_ = false;
    asked_fleet_ = Time();
    owned_window_->clear();
    consecutive_.store(0, std::memory_order_relaxed);
    troubled_.store(false, std::memory_order_relaxed);
    fleet_ = {};
    fleet_calls_.store(0, std::memory_order_relaxed);
}

void Circuit::write_phase(State state) {
    const std::uint64_t generation = (phase_.load(std::memory_order_relaxed) >> kGenerationShift) + 1;
    const bool stranded = !reachable_ && refuses_alone(owned_terms_->settings);
    phase_.store(generation << kGenerationShift | static_cast<std::uint64_t>(state) |
                     static_cast<std::uint64_t>(wanted_) << kForcedShift | (stranded ? kStranded : 0),
                 std::memory_order_release);
}

void Circuit::tell(State from, bool by_operator, bool remote) const {
    if (watcher_ != nullptr) {
        const State now = state();
        watcher_->changed({.circuit = name_,
                           .from = from,
                           .to = now,
                           .forced = wanted_,
                           .by_operator = by_operator,
                           .remote = remote,
                           .generation = phase_.load(std::memory_order_relaxed) >> kGenerationShift,
                           .cooldown = now == State::open ? cooldown_ : 0ms,
                           .why = why_});
    }
}

void Circuit::drop_lost_probes(Time now) {
    std::erase_if(leases_, [&](const Lease& lease) { return lease.expires <= now; });
}

void Circuit::settle(Time now) {
    drop_lost_probes(now);
    if (state() == State::recovering && now >= since_ + owned_terms_->settings.recovery) {
        enter(State::closed, now, "it has recovered");
    }
}

// --- from outside ---

void Circuit::use(const CircuitTerms& terms, Time now) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(retired_, [&](const Retired& one) { return one.since + kGrace <= now; });
    if (terms == *owned_terms_) {
        return;
    }
    Retired retired{.since = now, .terms = nullptr, .window = nullptr};
    if (!owned_window_->has_shape(terms.settings.window, terms.settings.window_calls)) {
        retired.window = std::exchange(
            owned_window_, std::make_unique<CircuitWindow>(terms.settings.window, terms.settings.window_calls));
        window_.store(owned_window_.get(), std::memory_order_release);
    }
    retired.terms = std::exchange(owned_terms_, std::make_unique<const CircuitTerms>(terms));
    terms_.store(owned_terms_.get(), std::memory_order_release);
    retired_.push_back(std::move(retired));
    // What it does without its state may be another thing now.
    const bool stranded = (phase_.load(std::memory_order_relaxed) & kStranded) != 0;
    if (stranded != (!reachable_ && refuses_alone(owned_terms_->settings))) {
        leases_.clear();
        write_phase(state());
    }
}

void Circuit::force(Forced forced, Time now) {
    const std::scoped_lock lock(mutex_);
    set_forced(forced, now, false);
}

void Circuit::set_forced(Forced forced, Time now, bool remote) {
    const Forced before = std::exchange(wanted_, forced);
    if (before == forced) {
        return;
    }
    const State from = state();
    begin_anew(now);
    why_ = forced == Forced::no
               ? "an operator lets it decide again"
               : "an operator has " + std::string(forced == Forced::open ? "opened" : "closed") + " it";
    // Beneath what is forced the state is the one in which it goes on.
    const bool opens = forced == Forced::open || (forced == Forced::no && before == Forced::open);
    if (opens) {
        open_until_.store(now, std::memory_order_relaxed);
        cooldown_ = 0ms;
    }
    write_phase(opens ? State::open : State::closed);
    tell(from, true, remote);
}

void Circuit::look(Time now) {
    const std::scoped_lock lock(mutex_);
    settle(now);
}

CircuitStanding Circuit::standing(Time now) const {
    const std::scoped_lock lock(mutex_);
    CircuitStanding standing{.name = name_,
                             .state = state(),
                             .forced = wanted_,
                             .stranded = (phase_.load(std::memory_order_relaxed) & kStranded) != 0,
                             .since = since_,
                             .why = why_,
                             .next_try = {},
                             .latest = owned_window_->sum(now),
                             .consecutive = consecutive_.load(std::memory_order_relaxed),
                             .probes = leases_.size(),
                             .refused = refused_.load(std::memory_order_relaxed),
                             .opened = opened_,
                             .settings = owned_terms_->settings};
    if (standing.state == State::open && wanted_ == Forced::no) {
        standing.next_try = open_until_.load(std::memory_order_relaxed);
    }
    return standing;
}

// --- fleets ---

void Circuit::adopt(const CircuitNews& news, Time now) {
    using Sharing = config::Circuit::Sharing;
    const std::scoped_lock lock(mutex_);
    const Sharing sharing = owned_terms_->settings.sharing;
    if (sharing == Sharing::advice) {
        advised_until_.store(news.state == State::open ? now + news.cooldown : Time(), std::memory_order_relaxed);
        return;
    }
    if (sharing != Sharing::exact) {
        return;
    }
    if (news.forced) {
        set_forced(*news.forced, now, true);
    }
    repeats_ = news.repeats;
    switch (news.state) {
        case State::open:
            // Its own end may differ a little by the jitter of two that opened at once: the later one counts.
            if (const Time until = now + news.cooldown;
                state() != State::open || until > open_until_.load(std::memory_order_relaxed) + kApart) {
                open_until(until, now, news.why, true);
            }
            break;
        case State::half_open:
            break;  // the other one probes; this one stays as it is until that has come to something
        case State::recovering:
        case State::closed:
            if (state() != news.state) {
                enter(news.state, now, news.why, true);
            }
            break;
    }
}

void Circuit::count_for_fleet(bool counts) {
    for_fleet_.store(counts, std::memory_order_relaxed);
}

CircuitCounts Circuit::take_counts() {
    const std::scoped_lock lock(mutex_);
    CircuitCounts counts = std::exchange(fleet_, {});
    counts.calls = std::max(fleet_calls_.exchange(0, std::memory_order_relaxed), counts.failures);
    counts.trailing = counts.calls > counts.failures
                          ? std::min<std::uint64_t>(consecutive_.load(std::memory_order_relaxed), counts.failures)
                          : counts.failures;
    counts.last_success = fleet_success_.load(std::memory_order_relaxed);
    counts.last_failure = last_failure_;
    return counts;
}

void Circuit::grant_probes(Time now) {
    const std::scoped_lock lock(mutex_);
    granted_ = state() == State::open && now >= open_until_.load(std::memory_order_relaxed);
}

void Circuit::set_reachable(bool reachable) {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(reachable_, reachable) != reachable && refuses_alone(owned_terms_->settings)) {
        leases_.clear();
        write_phase(state());
    }
}

}  // namespace adit::resilience

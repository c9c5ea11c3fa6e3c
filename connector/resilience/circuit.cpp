// Asking a circuit and telling it: what a call does; see circuit.h.
#include "connector/resilience/circuit.h"

#include <algorithm>
#include <utility>

#include "common/base/time.h"

namespace adit::resilience {
namespace {

using namespace std::chrono_literals;

constexpr auto kSoon = 1s;           ///< what who is refused is told to wait, where nobody knows how long it takes
constexpr auto kAskAgain = 1s;       ///< the fleet, for probes
constexpr double kFirstShare = 0.1;  ///< of calls, when a recovery begins

/// RFC 9110 §15.5: the client's fault, or its patience's; the same in gRPC. It says nothing against the origin, and who
/// asks for what does not exist must not be able to say anything for it either.
bool is_clients_fault(const Outcome& outcome) {
    static constexpr std::uint32_t kCodes =
        1U << 1 | 1U << 3 | 1U << 5 | 1U << 6 | 1U << 7 | 1U << 8 | 1U << 9 | 1U << 11 | 1U << 16;
    if (outcome.grpc > 0) {
        return outcome.grpc < 32 && (kCodes >> outcome.grpc & 1) != 0;
    }
    return outcome.status >= 400 && outcome.status < 500;
}

}  // namespace

// --- permits ---

CircuitPermit::CircuitPermit(CircuitPermit&& other) noexcept
    : circuit_(std::exchange(other.circuit_, nullptr)), phase_(other.phase_), probe_(other.probe_) {}

CircuitPermit& CircuitPermit::operator=(CircuitPermit&& other) noexcept {
    std::swap(circuit_, other.circuit_);
    std::swap(phase_, other.phase_);
    std::swap(probe_, other.probe_);
    return *this;
}

CircuitPermit::~CircuitPermit() {
    if (circuit_ != nullptr && probe_ != 0) {
        circuit_->give_back(phase_, probe_);
    }
}

void CircuitPermit::record(const Outcome& outcome, Time now) {
    if (Circuit* circuit = std::exchange(circuit_, nullptr)) {
        circuit->record(phase_, probe_, outcome, now);
    }
}

// --- asking ---

CircuitRefusal Circuit::refuse(std::chrono::nanoseconds wait, bool forced, std::string why) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return {name_, std::max(std::chrono::ceil<std::chrono::milliseconds>(wait), 1ms), forced, std::move(why)};
}

std::expected<CircuitPermit, CircuitRefusal> Circuit::ask_more(std::uint64_t phase, Time now, double uniform) {
    if ((phase & kUsualMask) == static_cast<std::uint64_t>(State::open)) {
        // What most calls of an open circuit meet: no lock.
        if (const Time until = open_until_.load(std::memory_order_relaxed); now < until) {
            return std::unexpected(refuse(until - now, false, {}));
        }
    }
    const std::scoped_lock lock(mutex_);
    if (wanted_ == Forced::open) {
        return std::unexpected(refuse(owned_terms_->settings.cooldown, true, "an operator has opened it"));
    }
    if (wanted_ == Forced::closed) {
        return CircuitPermit();
    }
    if ((phase_.load(std::memory_order_relaxed) & kStranded) != 0) {
        return std::unexpected(refuse(kSoon, false, "the state that it is shared by is out of reach"));
    }
    settle(now);
    switch (state()) {
        case State::closed:
            break;
        case State::open: {
            const Time until = open_until_.load(std::memory_order_relaxed);
            if (now < until) {
                return std::unexpected(refuse(until - now, false, {}));
            }
            if (owned_terms_->settings.sharing == config::Circuit::Sharing::exact && watcher_ != nullptr && !granted_) {
                if (now < asked_fleet_ + kAskAgain) {
                    return std::unexpected(refuse(kSoon, false, {}));
                }
                asked_fleet_ = now;
                if (!watcher_->may_probe(name_)) {
                    return std::unexpected(refuse(kSoon, false, {}));
                }
            }
            enter(State::half_open, now, "the cooldown is over");
            return probe(now);
        }
        case State::half_open:
            return probe(now);
        case State::recovering:
            if (uniform >= share(now)) {
                return std::unexpected(refuse(kSoon, false, {}));
            }
            break;
    }
    return CircuitPermit(*this, phase_.load(std::memory_order_relaxed), 0);
}

/// As many as have to succeed are let through, in all: what is neither one of those nor a failure makes room.
std::expected<CircuitPermit, CircuitRefusal> Circuit::probe(Time now) {
    const CircuitTerms& terms = *owned_terms_;
    if (succeeded_ + leases_.size() >= terms.settings.probes) {
        return std::unexpected(refuse(kSoon, false, {}));
    }
    const auto life = terms.probe_time.count() > 0 ? terms.probe_time : terms.settings.cooldown;
    leases_.push_back({++last_probe_, now + life});
    return CircuitPermit(*this, phase_.load(std::memory_order_relaxed), last_probe_);
}

double Circuit::share(Time now) const {
    const auto whole = std::chrono::duration<double>(owned_terms_->settings.recovery).count();
    const auto passed = std::chrono::duration<double>(now - since_).count();
    return whole > 0 ? kFirstShare + (1 - kFirstShare) * std::clamp(passed / whole, 0.0, 1.0) : 1.0;
}

// --- recording ---

void Circuit::record(std::uint64_t phase, std::uint64_t probe, const Outcome& outcome, Time now) {
    const CircuitTerms& terms = *terms_.load(std::memory_order_acquire);
    const config::Circuit& settings = terms.settings;
    const bool failed = meets(settings.on, outcome);
    if (probe != 0) {
        const std::scoped_lock lock(mutex_);
        if (phase == phase_.load(std::memory_order_relaxed)) {
            // An answer that is the client's fault shows that somebody answers: else an origin of which all ask for
            // what does not exist would stay half open for ever.
            record_probe(probe, outcome.end != Outcome::End::neutral && !outcome.throttled(), failed, outcome, now);
        }
        return;
    }
    if (outcome.end == Outcome::End::neutral || (!failed && is_clients_fault(outcome))) {
        return;
    }
    const bool slow = settings.slow_rate > 0 && outcome.took > settings.slow;
    if (!failed && !slow) [[likely]] {
        if (phase != phase_.load(std::memory_order_acquire)) {
            return;
        }
        if (for_fleet_.load(std::memory_order_relaxed)) {
            fleet_calls_.fetch_add(1, std::memory_order_relaxed);
            fleet_success_.store(now, std::memory_order_relaxed);
        }
        if (consecutive_.load(std::memory_order_relaxed) != 0) {
            consecutive_.store(0, std::memory_order_relaxed);
        }
        CircuitWindow& window = *window_.load(std::memory_order_acquire);
        window.add(false, false, now);
        if (!troubled_.load(std::memory_order_relaxed) || !looks_bad(window, settings, now)) [[likely]] {
            return;
        }
    }
    const std::scoped_lock lock(mutex_);
    if (phase != phase_.load(std::memory_order_relaxed)) {
        return;
    }
    if (failed || slow) {
        owned_window_->add(failed, slow, now);
        fleet_calls_.fetch_add(1, std::memory_order_relaxed);
        fleet_.failures += failed ? 1 : 0;
        fleet_.slow += slow ? 1 : 0;
        troubled_.store(settings.failure_rate > 0 || settings.slow_rate > 0);
    }
    if (failed) {
        consecutive_.fetch_add(1, std::memory_order_relaxed);
        last_failure_ = describe(outcome);
    } else if (slow) {
        consecutive_.store(0, std::memory_order_relaxed);
        fleet_success_.store(now, std::memory_order_relaxed);
    }
    if (for_fleet_.load(std::memory_order_relaxed)) {
        return watcher_->counted(name_);  // what others have counted decides, too
    }
    if (auto why = reason_to_open(now)) {
        open(now, std::move(*why));
    }
}

/// A success may be the call that makes a rate count. Asked without the lock: what it says is looked at again.
bool Circuit::looks_bad(const CircuitWindow& window, const config::Circuit& settings, Time now) {
    const auto good = [&] {
        const Tally tally = window.sum(now);
        return tally.failures == 0 && tally.slow == 0;
    };
    if (good()) {
        troubled_.store(false);
        if (!good()) {  // somebody has failed in between
            troubled_.store(true);
        }
        return false;
    }
    return rates_to_open(settings, window.sum(now), now) != Rate::none;
}

void Circuit::record_probe(std::uint64_t probe, bool counts, bool failed, const Outcome& outcome, Time now) {
    drop_lost_probes(now);
    const auto lease = std::ranges::find(leases_, probe, &Lease::probe);
    if (lease == leases_.end()) {
        return;
    }
    leases_.erase(lease);
    const config::Circuit& settings = owned_terms_->settings;
    if (failed) {
        open(now, "a probe failed: " + describe(outcome));
    } else if (counts && settings.slow_rate > 0 && outcome.took > settings.slow) {
        open(now, "a probe was slower than " + format_duration(settings.slow));
    } else if (counts && ++succeeded_ >= settings.probes) {
        enter(settings.recovery.count() > 0 ? State::recovering : State::closed, now,
              std::to_string(succeeded_) + (succeeded_ == 1 ? " probe" : " probes") + " succeeded");
    }
}

void Circuit::give_back(std::uint64_t phase, std::uint64_t probe) {
    const std::scoped_lock lock(mutex_);
    if (phase == phase_.load(std::memory_order_relaxed)) {
        std::erase_if(leases_, [&](const Lease& lease) { return lease.probe == probe; });
    }
}

}  // namespace adit::resilience

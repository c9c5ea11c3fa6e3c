// A circuit breaker: calls that have no prospect are not made (M. Nygard, "Release It!", 2018, ch. 5).
//
// closed -> open when failures say so; open -> half open with the first call after the cooldown; half open -> open with
// one probe that fails, -> recovering when all have succeeded; recovering lets a growing share of calls through, and
// ends closed, or open again. One circuit counts for all workers. A closed one costs a request a load before and a few
// relaxed additions after; whatever changes its state happens under a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/random.h"
#include "connector/config/resilience.h"
#include "connector/resilience/circuit_window.h"
#include "connector/resilience/outcome.h"

namespace adit::resilience {

class Circuit;

/// The right to make one call. Telling what came of it ends it; dropped without that, the call says nothing. A call
/// that began before the circuit changed its state has no say in the new one. The circuit outlives it: who asks holds
/// the guards that hold the circuit.
class [[nodiscard]] CircuitPermit {
  public:
    CircuitPermit() = default;
    CircuitPermit(Circuit& circuit, std::uint64_t phase, std::uint64_t probe)
        : circuit_(&circuit), phase_(phase), probe_(probe) {}
    CircuitPermit(CircuitPermit&& other) noexcept;
    CircuitPermit& operator=(CircuitPermit&& other) noexcept;
    ~CircuitPermit();

    /// Once.
    void record(const Outcome& outcome, Time now);
    /// The circuit waits for what this call comes to, but not for ever: it is to be told when the answer begins.
    bool is_probe() const { return probe_ != 0; }

  private:
    Circuit* circuit_ = nullptr;  ///< null: nothing to tell
    std::uint64_t phase_ = 0;
    std::uint64_t probe_ = 0;  ///< its number; 0: it is none
};

/// Why there is no permit.
struct CircuitRefusal {
    std::string circuit;                    ///< its name
    std::chrono::milliseconds retry_after;  ///< until the next one may be had
    bool forced = false;                    ///< an operator has opened it
    std::string why;                        ///< for people
};

/// What a circuit goes by.
struct CircuitTerms {
    config::Circuit settings;
    std::chrono::milliseconds probe_time{0};  ///< a probe that says nothing for so long is lost; 0: the cooldown
    friend bool operator==(const CircuitTerms&, const CircuitTerms&) = default;
};

enum class CircuitState : std::uint8_t { closed, open, half_open, recovering };
enum class CircuitForced : std::uint8_t { no, open, closed };
/// "closed", "open", "half_open", "recovering".
std::string_view name(CircuitState state);
/// "no", "open", "closed".
std::string_view name(CircuitForced forced);

/// Told of each change.
struct CircuitChange {
    std::string_view circuit;
    CircuitState from;
    CircuitState to;
    CircuitForced forced;
    bool by_operator = false;               ///< `forced` is what has changed
    bool remote = false;                    ///< another connector said so
    std::uint64_t generation;               ///< of this circuit in this process: grows with each change
    std::chrono::milliseconds cooldown{0};  ///< of an open one
    std::string why;                        ///< in words
};

/// What another connector says of a circuit of the same name.
struct CircuitNews {
    CircuitState state = CircuitState::closed;
    std::optional<CircuitForced> forced = {};  ///< nothing: its operator has not said
    std::chrono::milliseconds cooldown{0};     ///< that is left of an open one
    std::uint32_t repeats = 0;                 ///< openings without a good while in between
    std::string why = {};
};

/// Whom a circuit tells. Called under its lock, so that changes come in their order: must neither block nor ask the
/// circuit anything. Any thread.
class CircuitWatcher {
  public:
    virtual void changed(const CircuitChange& change) = 0;
    /// The cooldown of an exactly shared circuit is over, and somebody wants to call. True: probe by yourself. False:
    /// the fleet is being asked; Circuit::grant_probes() follows, or nothing, and then this is called again.
    virtual bool may_probe(std::string_view circuit) = 0;
    /// A call was counted for the fleet that may open its circuit: one that failed, or that makes a rate count.
    virtual void counted(std::string_view circuit) { static_cast<void>(circuit); }

  protected:
    ~CircuitWatcher() = default;
};

/// Calls that a closed or recovering circuit has counted since it was last asked, for the sum of a fleet.
struct CircuitCounts {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t slow = 0;
    std::uint64_t trailing = 0;  ///< failures since the last success among them
    Time last_success{};         ///< the latest one ever
    std::string last_failure = {};
};

/// For operators.
struct CircuitStanding {
    std::string name;
    CircuitState state;
    CircuitForced forced;
    bool stranded;  ///< refuses because the state that it is shared by is out of reach
    Time since;     ///< of the state
    std::string why;
    std::optional<Time> next_try;  ///< of an open one
    Tally latest;                  ///< calls of the window
    std::uint64_t consecutive;     ///< failures
    std::size_t probes;            ///< in progress
    std::uint64_t refused;         ///< calls, ever
    std::uint64_t opened;          ///< how often
    config::Circuit settings;
};

/// Any thread. `name()`: backend:NAME, endpoint:BACKEND:URL, route:NAME or id:ID.
class Circuit {
  public:
    using State = CircuitState;
    using Forced = CircuitForced;

    /// `watcher` may be null and outlives the circuit; `chance` is of the jitter.
    Circuit(std::string name, CircuitTerms terms, CircuitWatcher* watcher = nullptr, Random chance = Random());
    Circuit(const Circuit&) = delete;
    Circuit& operator=(const Circuit&) = delete;
    ~Circuit();

    /// `uniform`, from [0, 1), draws who goes through while it recovers.
    std::expected<CircuitPermit, CircuitRefusal> ask(Time now, double uniform) {
        const std::uint64_t phase = phase_.load(std::memory_order_acquire);
        if ((phase & kUsualMask) == 0) [[likely]] {
            return CircuitPermit(*this, phase, 0);
        }
        return ask_more(phase, now, uniform);
    }
    const std::string& name() const { return name_; }
    /// As it was left: an open one is half open only when a call comes after its cooldown.
    State state() const { return static_cast<State>(phase_.load(std::memory_order_relaxed) & kStateMask); }
    Forced forced() const {
        return static_cast<Forced>((phase_.load(std::memory_order_relaxed) >> kForcedShift) & kStateMask);
    }

    /// Goes by these terms from now on. Its state stays; what it has counted, too, unless the window is another.
    void use(const CircuitTerms& terms, Time now);
    /// An operator opens or closes it whatever happens, or lets it decide again: one that was forced open begins with
    /// probes.
    void force(Forced forced, Time now);
    /// What time alone changes: a recovery that is over, probes that are lost.
    void look(Time now);
    CircuitStanding standing(Time now) const;

    // --- fleets ---

    /// What another connector says. Where circuits are shared exactly this one follows; by advice it opens sooner for
    /// as long as the other one is open; else nothing happens.
    void adopt(const CircuitNews& news, Time now);
    /// Whether calls are kept for take_counts(), and the fleet decides by its sum when this one opens; at first it
    /// decides itself.
    void count_for_fleet(bool counts);
    /// What was counted since the last time.
    CircuitCounts take_counts();
    /// This connector is the one that probes.
    void grant_probes(Time now);
    /// Whether the common state can be reached: a circuit that fails open refuses while it cannot.
    void set_reachable(bool reachable);

  private:
    friend class CircuitPermit;

    struct Lease {
        std::uint64_t probe;
        Time expires;
    };
    struct Retired;

    static constexpr std::uint64_t kStateMask = 0x3;
    static constexpr unsigned kForcedShift = 2;
    static constexpr std::uint64_t kStranded = 0x10;
    static constexpr std::uint64_t kUsualMask = 0x1F;  ///< all zero: closed, and nobody has said otherwise
    static constexpr unsigned kGenerationShift = 8;

    std::expected<CircuitPermit, CircuitRefusal> ask_more(std::uint64_t phase, Time now, double uniform);
    CircuitRefusal refuse(std::chrono::nanoseconds wait, bool forced, std::string why);
    std::expected<CircuitPermit, CircuitRefusal> probe(Time now);
    void record(std::uint64_t phase, std::uint64_t probe, const Outcome& outcome, Time now);
    void record_probe(std::uint64_t probe, bool counts, bool failed, const Outcome& outcome, Time now);
    void give_back(std::uint64_t phase, std::uint64_t probe);
    enum class Rate { none, failures, slow };
    Rate rates_to_open(const config::Circuit& settings, const Tally& tally, Time now) const;
    std::uint32_t minimum(const config::Circuit& settings, Time now) const;
    bool looks_bad(const CircuitWindow& window, const config::Circuit& settings, Time now);

    // under the lock
    void settle(Time now);
    void drop_lost_probes(Time now);
    std::optional<std::string> reason_to_open(Time now) const;
    void open(Time now, std::string why);
    void open_until(Time until, Time now, std::string why, bool remote);
    void enter(State state, Time now, std::string why, bool remote = false);
    void begin_anew(Time now);
    void set_forced(Forced forced, Time now, bool remote);
    void write_phase(State state);
    void tell(State from, bool by_operator, bool remote) const;
    double share(Time now) const;

    const std::string name_;
    CircuitWatcher* const watcher_;

    // what calls of a closed circuit touch
    alignas(64) std::atomic<std::uint64_t> phase_ = 0;  ///< state, what is forced, and the generation: one word
    std::atomic<const CircuitTerms*> terms_;
    std::atomic<CircuitWindow*> window_;
    alignas(64) std::atomic<std::uint64_t> consecutive_ = 0;
    std::atomic<bool> troubled_ = false;  ///< the window may hold a failure or a slow call

    std::atomic<bool> for_fleet_ = false;
    std::atomic<std::uint64_t> fleet_calls_ = 0;
    std::atomic<Time> fleet_success_{Time()};
    CircuitCounts fleet_;  ///< all but the calls; under the lock

    std::atomic<Time> open_until_{Time()};
    std::atomic<std::uint64_t> refused_ = 0;

    mutable std::mutex mutex_;
    Random chance_;
    std::unique_ptr<const CircuitTerms> owned_terms_;
    std::unique_ptr<CircuitWindow> owned_window_;
    std::vector<Retired> retired_;  ///< terms and windows that a call may still be looking at
    Time since_{};
    std::string why_;
    std::string last_failure_;
    std::uint64_t opened_ = 0;
    std::uint32_t repeats_ = 0;  ///< openings without a good while in between
    std::chrono::milliseconds cooldown_{0};
    Forced wanted_ = Forced::no;
    bool reachable_ = true;
    bool granted_ = false;  ///< probes, by the fleet
    Time asked_fleet_{};
    std::atomic<Time> advised_until_{Time()};
    std::vector<Lease> leases_;
    std::uint32_t succeeded_ = 0;  ///< probes
    std::uint64_t last_probe_ = 0;
};

}  // namespace adit::resilience

// A circuit breaker: calls that have no prospect are not made (M. Nygard, "Release It!", 2018, ch. 5).
//
// One circuit counts for all workers. A closed one costs a request a load before and a few additions after; whatever
// changes its state happens under a lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "connector/config/resilience.h"
#include "connector/resilience/outcome.h"

namespace adit::resilience {

class Circuit;

/// The right to make one call. Telling what came of it ends it; dropped without that, the call says nothing. A call
/// that began before the circuit changed its state has no say in the new one (generations).
class CircuitPermit {
  public:
    CircuitPermit() = default;
    CircuitPermit(std::shared_ptr<Circuit> circuit, std::uint32_t generation, bool probe)
        : circuit_(std::move(circuit)), generation_(generation), probe_(probe) {}
    CircuitPermit(CircuitPermit&&) noexcept = default;
    CircuitPermit& operator=(CircuitPermit&& other) noexcept;
    ~CircuitPermit();

    void record(const Outcome& outcome, Time now);

  private:
    std::shared_ptr<Circuit> circuit_;  ///< null: nothing to tell
    std::uint32_t generation_ = 0;
    bool probe_ = false;
};

/// Why there is no permit.
struct CircuitRefusal {
    std::string circuit;                    ///< its name
    std::chrono::milliseconds retry_after;  ///< until the next one may be had
    bool forced = false;                    ///< an operator has opened it
};

/// Any thread. `name()`: backend:NAME, endpoint:BACKEND:URL, route:NAME or id:ID.
class Circuit : public std::enable_shared_from_this<Circuit> {
  public:
    enum class State : std::uint8_t { closed, open, half_open, recovering };
    enum class Forced : std::uint8_t { no, open, closed };

    Circuit(std::string name, const config::Circuit& settings);
    ~Circuit();

    /// `uniform`, from [0, 1), draws who goes through while it recovers.
    std::expected<CircuitPermit, CircuitRefusal> ask(Time now, double uniform);
    const std::string& name() const;
    State state(Time now) const;
};

}  // namespace adit::resilience

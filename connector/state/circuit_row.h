// One circuit of the fleet, as this connector knows it: what the store said last, and what it has not taken yet. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "connector/resilience/circuit.h"
#include "connector/state/resp.h"

namespace adit::state {

/// What a circuit has said.
struct CircuitWord {
    std::string event = {};  ///< a change of its own; empty: none
    std::chrono::milliseconds cooldown{0};
    std::string why = {};
    std::string force = {};  ///< an operator's word; empty: none
    bool wants_probes = false;

    bool is_news() const { return wants_probes || !event.empty() || !force.empty(); }
    /// What is newer counts; what it does not speak of stays.
    void add(CircuitWord later);
};

/// What the fleet makes of a circuit.
struct CircuitOrder {
    bool changed = false;                              ///< another generation: what was counted before counts no more
    bool probes = false;                               ///< ours
    std::optional<resilience::CircuitNews> news = {};  ///< to be adopted, before probes are granted
};

struct CircuitRow {
    enum class Loss : std::uint8_t { certain, likely };

    std::int64_t known = 0;         ///< generation
    std::int64_t forced_known = 0;  ///< when that was said
    // what the store has not taken
    CircuitWord word = {};
    resilience::CircuitCounts counts = {};

    bool has_news() const { return known == 0 || word.is_news() || counts.calls > 0; }
    void count(const resilience::CircuitCounts& more);
    /// The store has heard it all.
    void taken();
    /// What changes a generation is said again: of an older one it counts for nothing. Calls are not, where they may
    /// have been counted already.
    void not_taken(Loss loss);
    /// What to do about the row of an answer (circuits_lua.h). `here`: the circuit's state; `waits`: it has said
    /// something since it was asked. Nothing: all is as it is.
    std::optional<CircuitOrder> hear(const Reply& reply, resilience::CircuitState here, bool waits);
};

}  // namespace adit::state

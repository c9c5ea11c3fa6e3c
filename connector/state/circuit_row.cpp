// What is said again, and what is made of an answer; see circuit_row.h.
#include "connector/state/circuit_row.h"

#include <algorithm>

namespace adit::state {

using resilience::CircuitForced;
using resilience::CircuitNews;
using resilience::CircuitState;

namespace {

/// As long as a configuration may say at most: who can write into the store shall not open a circuit for ever, nor have
/// times added up that no clock has.
constexpr std::int64_t kLeftMost = std::chrono::milliseconds(std::chrono::hours(24)).count();

std::optional<CircuitForced> forced_of(std::string_view word) {
    for (const auto forced : {CircuitForced::no, CircuitForced::open, CircuitForced::closed}) {
        if (word == name(forced)) return forced;
    }
    return std::nullopt;
}

}  // namespace

void CircuitWord::add(CircuitWord later) {
    wants_probes = wants_probes || later.wants_probes;
    if (!later.force.empty()) force = std::move(later.force);
    if (later.event.empty()) return;
    event = std::move(later.event);
    cooldown = later.cooldown;
    why = std::move(later.why);
}

void CircuitRow::count(const resilience::CircuitCounts& more) {
    const bool succeeded = more.calls > more.failures;
    counts.calls += more.calls;
    counts.failures += more.failures;
    counts.slow += more.slow;
    counts.trailing = succeeded ? more.trailing : counts.trailing + more.trailing;
    counts.last_success = more.last_success;
    counts.last_failure = more.last_failure;
}

void CircuitRow::taken() {
    word = {};
    counts = {};
}

void CircuitRow::not_taken(Loss loss) {
    if (loss == Loss::likely) counts = {};
}

std::optional<CircuitOrder> CircuitRow::hear(const Reply& reply, CircuitState here, bool waits) {
    const auto generation = reply.number(0), state = reply.number(1), left = reply.number(2), ours = reply.number(3),
               said = reply.number(6), repeats = reply.number(7);
    if (!generation || !state || !left || !ours || !said || !repeats || *state < 0 || *state > 3) return std::nullopt;
    const auto there = static_cast<CircuitState>(*state);
    const bool forced = *said != 0 && *said != forced_known;
    CircuitOrder order{.changed = *generation != known, .probes = there == CircuitState::half_open && *ours == 1};
    known = *generation;
    forced_known = *said;
    // While another connector probes it is open for us; he says what came of it.
    const CircuitState shown = there == CircuitState::half_open ? CircuitState::open : there;
    // Of one generation both are the same, but where one of them went on alone and the other has not heard of it.
    const bool apart = !order.changed && !order.probes && !waits && here != shown;
    if (!order.changed && !forced && !apart) return std::nullopt;
    if (forced || !order.probes) {
        order.news = CircuitNews{
            .state = shown,
            .forced = forced ? forced_of(reply.items[5].text) : std::nullopt,
            .cooldown = std::chrono::milliseconds(order.probes ? 0 : std::clamp<std::int64_t>(*left, 0, kLeftMost)),
            .repeats = static_cast<std::uint32_t>(*repeats),
            .why = reply.items[4].text};
    }
    return order;
}

}  // namespace adit::state

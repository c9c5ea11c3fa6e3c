// What operators are told of as it happens: the kinds of events, as logs, metrics and webhooks name them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace adit::config {

enum class EventKind : std::uint8_t {
    circuit_opened,
    circuit_half_open,
    circuit_recovering,
    circuit_closed,
    circuit_forced,  ///< by an operator, in whatever direction
    endpoint_ejected,
    endpoint_returned,
    endpoint_unhealthy,
    endpoint_healthy,
    degrade_on,
    degrade_off,
    shed_on,
    shed_off,
    state_lost,
    state_back,
    ban,
};

/// By kind.
inline constexpr std::array<std::string_view, 16> kEventKinds{
    "circuit.opened",   "circuit.half_open", "circuit.recovering", "circuit.closed",
    "circuit.forced",   "endpoint.ejected",  "endpoint.returned",  "endpoint.unhealthy",
    "endpoint.healthy", "degrade.on",        "degrade.off",        "shed.on",
    "shed.off",         "state.lost",        "state.back",         "ban"};
static_assert(kEventKinds.size() == static_cast<std::size_t>(EventKind::ban) + 1);

constexpr std::string_view name(EventKind kind) {
    return kEventKinds[static_cast<std::size_t>(kind)];
}

/// Whether a kind is meant by a pattern: its name, "circuit.*", or "*".
constexpr bool meets(std::string_view pattern, std::string_view kind) {
    if (pattern.ends_with('*')) {
        pattern.remove_suffix(1);
        return kind.starts_with(pattern) && (pattern.empty() || pattern.ends_with('.'));
    }
    return pattern == kind;
}

}  // namespace adit::config

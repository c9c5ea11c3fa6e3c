// W3C trace context, level 1 (https://www.w3.org/TR/trace-context/): which trace a request belongs to. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace adit::telemetry {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

/// What a traceparent field says.
struct TraceParent {
    TraceId trace{};
    SpanId span{};  ///< the caller's
    bool sampled = false;
};

/// Nothing when the field is not valid (§3.2.2): then the trace begins anew.
std::optional<TraceParent> parse_traceparent(std::string_view text);
/// Version 00 (§3.2.2.2).
std::string format_traceparent(const TraceParent& parent);

}  // namespace adit::telemetry

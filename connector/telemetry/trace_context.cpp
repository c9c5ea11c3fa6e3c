// Reading and writing of traceparent; see trace_context.h.
#include "connector/telemetry/trace_context.h"

#include <algorithm>
#include <span>

#include "common/base/encoding.h"

namespace adit::telemetry {
namespace {

constexpr std::size_t kLength = 55;  ///< of version 00; later ones only add to it

int digit_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Lower case only (§3.2.2.1: HEXDIGLC); false when there is another character.
bool read_hex(std::string_view text, std::span<std::uint8_t> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit_of(text[2 * i]);
        const int low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

bool all_zero(std::span<const std::uint8_t> bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
    std::uint8_t version = 0;
    std::uint8_t flags = 0;
    TraceParent parent;
    if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-' ||
        !read_hex(text.substr(0, 2), {&version, 1}) || !read_hex(text.substr(3, 32), parent.trace) ||
        !read_hex(text.substr(36, 16), parent.span) || !read_hex(text.substr(53, 2), {&flags, 1})) {
        return std::nullopt;
    }
    const bool good_end = text.size() == kLength || (version > 0 && text[kLength] == '-');
    if (version == 0xff || !good_end || all_zero(parent.trace) || all_zero(parent.span)) {
        return std::nullopt;
    }
    parent.sampled = (flags & 1) != 0;
    return parent;
}

std::string format_traceparent(const TraceParent& parent) {
    return "00-" + hex_encode(parent.trace) + "-" + hex_encode(parent.span) + (parent.sampled ? "-01" : "-00");
}

}  // namespace adit::telemetry

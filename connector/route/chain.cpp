// Signing and reading a hop's word; see chain.h.
#include "connector/route/chain.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <span>

#include "common/base/encoding.h"
#include "common/base/secret.h"
#include "common/tls/digest.h"

namespace adit::route {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kParts = 5;  ///< version, time, attempt, retries, left; the code stands behind them

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = bad == std::errc() && end == text.data() + text.size() && !text.empty();
    return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

/// The parts between dots; nothing when there are more or less.
std::optional<std::array<std::string_view, kParts>> split(std::string_view text) {
    std::array<std::string_view, kParts> parts;
    for (std::size_t i = 0; i < kParts; ++i) {
        const std::size_t dot = i + 1 < kParts ? text.find('.') : text.size();
        if (dot == std::string_view::npos) {
            return std::nullopt;
        }
        parts[i] = text.substr(0, dot);
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return parts;
}

std::int64_t ms_of(WallTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

std::string Chain::code(std::string_view text, std::string_view request_id) const {
    std::string covered("adit hop\n");
    covered.append(request_id).append("\n").append(text);
    return base64url_encode(tls::hmac_sha256(bytes_of(key_.reveal()), covered));
}

std::string Chain::sign(const Hop& hop, std::string_view request_id, WallTime now) const {
    std::string text(kVersion);
    text.append(".").append(std::to_string(ms_of(now)));
    text.append(".").append(std::to_string(hop.attempt));
    text.append(hop.retries ? ".1." : ".0.");
    text.append(hop.left ? std::to_string(hop.left->count()) : "-");
    const std::string signature = code(text, request_id);
    return text.append(".").append(signature);
}

std::optional<Hop> Chain::read(std::string_view field, std::string_view request_id, WallTime now) const {
    const std::size_t dot = field.rfind('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view text = field.substr(0, dot);
    if (!equal_in_constant_time(bytes_of(field.substr(dot + 1)), bytes_of(code(text, request_id)))) {
        return std::nullopt;
    }
    const auto parts = split(text);
    if (!parts || (*parts)[0] != kVersion) {
        return std::nullopt;
    }
    const auto at = number((*parts)[1]);
    const auto attempt = number((*parts)[2]);
    const auto left = number((*parts)[4]);
    const std::int64_t age_most = std::chrono::milliseconds(kAgeMost).count();
    if (!at || !attempt || std::abs(ms_of(now) - *at) > age_most) {
        return std::nullopt;
    }
    Hop hop{.attempt = static_cast<std::uint32_t>(*attempt), .retries = (*parts)[3] == "1"};
    if (left) {
        hop.left = std::chrono::milliseconds(*left);
    }
    return hop;
}

}  // namespace adit::route

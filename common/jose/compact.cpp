// Splitting of compact forms, and what may be read before a signature is checked; see compact.h and jose.h.
#include "common/jose/compact.h"

#include "common/jose/jose.h"
#include "common/jose/json_strict.h"

namespace json = boost::json;

namespace adit::jose {
namespace {

std::optional<json::object> parse_part(std::string_view encoded) {
    const auto bytes = base64url_decode(encoded);
    if (!bytes) {
        return std::nullopt;
    }
    return parse_strict({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

std::optional<std::string> text_member(const std::optional<json::object>& object, std::string_view name) {
    const json::value* value = object ? object->if_contains(name) : nullptr;
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::nullopt : std::optional(std::string(std::string_view(*text)));
}

}  // namespace

std::optional<Compact> parse_compact(std::string_view token) {
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
        return std::nullopt;  // five parts: encrypted
    }
    Compact parts;
    parts.signed_text = token.substr(0, second);
    parts.payload = token.substr(first + 1, second - first - 1);
    auto header = parse_part(token.substr(0, first));
    auto signature = base64url_decode(token.substr(second + 1));
    if (!header || !signature || signature->empty()) {
        return std::nullopt;
    }
    parts.header = std::move(*header);
    parts.signature = std::move(*signature);
    return parts;
}

std::optional<json::object> parse_claims(std::string_view payload) {
    return parse_part(payload);
}

std::optional<std::string> key_id(std::string_view token) {
    if (token.size() > Requirements{}.most) {
        return std::nullopt;
    }
    const auto parts = parse_compact(token);
    return parts ? text_member(parts->header, "kid") : std::nullopt;
}

std::optional<std::string> claimed_issuer(std::string_view token) {
    if (token.size() > Requirements{}.most) {
        return std::nullopt;
    }
    const auto parts = parse_compact(token);
    return parts ? text_member(parse_claims(parts->payload), "iss") : std::nullopt;
}

}  // namespace adit::jose

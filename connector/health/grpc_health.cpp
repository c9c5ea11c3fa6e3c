// Length-prefixed messages and varints; see grpc_health.h.
#include "connector/health/grpc_health.h"

namespace adit::health {
namespace {

constexpr std::size_t kPrefix = 5;          ///< compressed-flag, and the length in four bytes
constexpr char kServiceTag = 0x0A;          ///< field 1, length-delimited
constexpr std::uint64_t kStatusTag = 0x08;  ///< field 1, varint

void append_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& from) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(from.front());
        from.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    return std::nullopt;
}

/// Drops the value of a field that is not known, by its wire type.
bool skip(std::string_view& from, std::uint64_t tag) {
    std::uint64_t length = 0;
    switch (tag & 7) {
        case 0:
            return take_varint(from).has_value();
        case 1:
            length = 8;
            break;
        case 2: {
            const auto said = take_varint(from);
            if (!said) {
                return false;
            }
            length = *said;
            break;
        }
        case 5:
            length = 4;
            break;
        default:
            return false;
    }
    if (length > from.size()) {
        return false;
    }
    from.remove_prefix(static_cast<std::size_t>(length));
    return true;
}

}  // namespace

std::string grpc_health_request(std::string_view service) {
    std::string message;
    if (!service.empty()) {
        message += kServiceTag;
        append_varint(message, service.size());
        message += service;
    }
    std::string framed(1, '\0');
    for (int shift = 24; shift >= 0; shift -= 8) {
        framed += static_cast<char>(message.size() >> shift);
    }
    return framed + message;
}

std::optional<Serving> grpc_health_response(std::string_view message) {
    if (message.size() < kPrefix || message[0] != 0) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (std::size_t i = 1; i < kPrefix; ++i) {
        length = length << 8 | static_cast<unsigned char>(message[i]);
    }
    message.remove_prefix(kPrefix);
    if (message.size() != length) {
        return std::nullopt;
    }
    Serving serving = Serving::unknown;  // proto3: what is left out is 0
    while (!message.empty()) {
        const auto tag = take_varint(message);
        if (!tag) {
            return std::nullopt;
        }
        if (*tag != kStatusTag) {
            if (!skip(message, *tag)) {
                return std::nullopt;
            }
            continue;
        }
        const auto value = take_varint(message);
        if (!value) {
            return std::nullopt;
        }
        serving = *value <= 3 ? static_cast<Serving>(*value) : Serving::unknown;
    }
    return serving;
}

std::string_view name(Serving serving) {
    switch (serving) {
        case Serving::serving:
            return "SERVING";
        case Serving::not_serving:
            return "NOT_SERVING";
        case Serving::service_unknown:
            return "SERVICE_UNKNOWN";
        case Serving::unknown:
            break;
    }
    return "UNKNOWN";
}

}  // namespace adit::health

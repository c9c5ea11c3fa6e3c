// Deadlines and failures of gRPC calls; see grpc.h.
#include "connector/http/grpc.h"

#include <array>
#include <charconv>

#include "common/base/strings.h"

namespace adit::http {
namespace {

using namespace std::chrono_literals;

struct Unit {
    char letter;
    std::chrono::nanoseconds length;
};
constexpr std::array kUnits{Unit{'n', 1ns}, Unit{'u', 1us},  Unit{'m', 1ms},
                            Unit{'S', 1s},  Unit{'M', 1min}, Unit{'H', 1h}};
constexpr std::size_t kDigitsMost = 8;

}  // namespace

bool is_grpc(const Head& head) {
    const Field* type = head.find(Known::content_type);
    if (type == nullptr || !iequals(type->value.substr(0, 16), "application/grpc")) {
        return false;
    }
    const char next = type->value.size() > 16 ? type->value[16] : ';';
    return next == ';' || next == '+' || next == ' ';  // application/grpc-web is another protocol
}

std::optional<std::chrono::nanoseconds> grpc_timeout(const RequestHead& request) {
    const Field* field = is_grpc(request) ? request.find("grpc-timeout") : nullptr;
    if (field == nullptr || field->value.size() < 2 || field->value.size() > kDigitsMost + 1) {
        return std::nullopt;
    }
    std::uint64_t count = 0;
    const char* last = field->value.data() + field->value.size() - 1;
    const auto [end, error] = std::from_chars(field->value.data(), last, count);
    for (const Unit& unit : kUnits) {
        if (error == std::errc() && end == last && unit.letter == *last) {
            // The longest, eight digits of hours, is over eleven thousand years: more than nanoseconds can count.
            const auto most = std::chrono::nanoseconds::max() / unit.length;
            return unit.length * std::min<std::int64_t>(static_cast<std::int64_t>(count), most);
        }
    }
    return std::nullopt;
}

std::string grpc_timeout_text(std::chrono::nanoseconds left) {
    for (const Unit& unit : kUnits) {
        const auto count = std::max<std::int64_t>(left / unit.length, 0);
        if (count < 100'000'000) {
            return std::to_string(count) + unit.letter;
        }
    }
    return "99999999H";
}

int grpc_code(std::string_view field) {
    int code = 0;
    const auto [end, bad] = std::from_chars(field.data(), field.data() + field.size(), code);
    return bad == std::errc() && end == field.data() + field.size() && code >= 0 ? code : -1;
}

int grpc_status(const problem::Failure& failure) {
    switch (failure.status) {
        case 400:
        case 413:
        case 431:
            return 13;  // INTERNAL
        case 401:
            return 16;  // UNAUTHENTICATED
        case 403:
            return 7;  // PERMISSION_DENIED
        case 404:
            return 12;  // UNIMPLEMENTED
        case 408:
        case 504:
            return 4;  // DEADLINE_EXCEEDED
        case 429:
            return 8;  // RESOURCE_EXHAUSTED
        default:
            return 14;  // UNAVAILABLE
    }
}

std::string grpc_message(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && byte != '%') {
            out += c;
        } else {
            out += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return out;
}

}  // namespace adit::http

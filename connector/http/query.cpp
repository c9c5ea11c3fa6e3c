// Splitting at '&', unescaping; see query.h.
#include "connector/http/query.h"

#include <algorithm>

namespace adit::http {
namespace {

int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/// https://url.spec.whatwg.org/#urlencoded-parsing: '+' is a blank, an escape that is none stands for itself.
std::string unescape(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            plain += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            plain += text[i] == '+' ? ' ' : text[i];
        }
    }
    return plain;
}

/// Takes the next parameter off the query; false when none is left.
bool next(std::string_view& rest, std::string_view& parameter) {
    if (rest.empty()) {
        return false;
    }
    const std::size_t end = rest.find('&');
    parameter = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return true;
}

std::string_view after_mark(std::string_view query) {
    return query.starts_with('?') ? query.substr(1) : query;
}

}  // namespace

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
    std::string_view rest = after_mark(query);
    std::string_view one;
    while (next(rest, one)) {
        const std::size_t equals = one.find('=');
        if (unescape(one.substr(0, equals)) == name) {
            return equals == std::string_view::npos ? std::string() : unescape(one.substr(equals + 1));
        }
    }
    return std::nullopt;
}

std::string without_parameters(std::string_view query, std::span<const std::string_view> names) {
    std::string left;
    std::string_view rest = after_mark(query);
    std::string_view one;
    while (next(rest, one)) {
        if (std::ranges::find(names, unescape(one.substr(0, one.find('=')))) == names.end()) {
            left.append(left.empty() ? "?" : "&").append(one);
        }
    }
    return left;
}

}  // namespace adit::http

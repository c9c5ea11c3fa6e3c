// Looking a request over; see conditions.h.
#include "connector/route/conditions.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::route {
namespace {

constexpr std::string_view kAny = "*";

/// Whether the query ("?a=1&b") has the parameter, as it is written there (no decoding: what is not written as the
/// operator wrote it does not match).
bool has_parameter(std::string_view query, std::string_view name, std::string_view value) {
    if (!query.empty()) {
        query.remove_prefix(1);
    }
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view has = pair.substr(std::min(pair.size(), equals + 1));
        if (pair.substr(0, equals) == name && (value == kAny || has == value)) {
            return true;
        }
    }
    return false;
}

bool has_header(const http::RequestHead& request, std::string_view name, std::string_view value) {
    return std::ranges::any_of(request.fields, [&](const http::Field& field) {
        return iequals(field.name, name) && (value == kAny || field.value == value);
    });
}

}  // namespace

Conditions::Conditions(const config::Match& match)
    : methods_(match.methods),
      headers_(match.headers.begin(), match.headers.end()),
      parameters_(match.parameters.begin(), match.parameters.end()) {}

bool Conditions::met_by(const http::RequestHead& request) const {
    const bool method = methods_.empty() || std::ranges::find(methods_, request.method) != methods_.end();
    return method &&
           std::ranges::all_of(headers_,
                               [&](const auto& header) { return has_header(request, header.first, header.second); }) &&
           std::ranges::all_of(parameters_, [&](const auto& parameter) {
               return has_parameter(request.query, parameter.first, parameter.second);
           });
}

}  // namespace adit::route

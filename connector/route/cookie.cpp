// Finding a cookie; see cookie.h.
#include "connector/route/cookie.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::route {

std::optional<std::string_view> cookie(const http::RequestHead& request, std::string_view name) {
    for (const http::Field& field : request.fields) {
        if (!iequals(field.name, "cookie")) {
            continue;
        }
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::string_view pair = trim(rest.substr(0, rest.find(';')));
            rest.remove_prefix(std::min(rest.size(), rest.find(';')));
            rest.remove_prefix(std::min<std::size_t>(rest.size(), 1));
            const std::size_t equals = pair.find('=');
            if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
                return pair.substr(equals + 1);
            }
        }
    }
    return std::nullopt;
}

}  // namespace adit::route

// Parts that the kinds of policies share; see authenticator.h.
#include "connector/policy/authenticator.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::policy {

std::optional<std::string_view> Visit::credentials(std::string_view scheme) const {
    const http::Field* field = find_authorization();
    if (field == nullptr || field->value.size() <= scheme.size() || field->value[scheme.size()] != ' ' ||
        !iequals(field->value.substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    std::string_view rest = field->value.substr(scheme.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    return rest;
}

const http::Field* Visit::find_authorization() const {
    return request.find(proxy ? std::string_view("proxy-authorization") : std::string_view("authorization"));
}

void Visit::note_fields(std::string_view name, Shown& into) const {
    for (const http::Field& field : request.fields) {
        if (iequals(field.name, name)) {
            into.fields.push_back(&field);
        }
    }
}

net::Task<Finding> Authenticator::wait(const Visit&) const {
    co_return Finding::absent();
}

}  // namespace adit::policy

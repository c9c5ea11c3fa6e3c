// Parts that the kinds of policies share; see authenticator.h.
#include "connector/policy/authenticator.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/fields.h"

namespace adit::policy {
namespace {

constexpr std::string_view kBlanks = " \t";

}  // namespace

std::optional<std::string_view> Visit::credentials(std::string_view scheme) const {
    const http::Field* field = find_authorization();
    if (field == nullptr || field->value.size() <= scheme.size() ||
        !iequals(field->value.substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    // A tab is no separator (RFC 9110 §11.4), but an origin may take it for one: then it is looked at, too.
    std::string_view rest = field->value.substr(scheme.size());
    if (!kBlanks.contains(rest.front())) {
        return std::nullopt;
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    return rest;
}

bool Visit::repeats_authorization() const {
    const std::string_view name = proxy ? "proxy-authorization" : "authorization";
    return std::ranges::count_if(request.fields,
                                 [name](const http::Field& field) { return http::same_name(field.name, name); }) > 1;
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

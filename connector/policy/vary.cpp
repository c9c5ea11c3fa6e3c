// One name more in Vary; see vary.h.
#include "connector/policy/vary.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/parse.h"

namespace adit::policy {

void add_vary(std::vector<http::Field>& fields, std::string_view name) {
    const bool there = std::ranges::any_of(fields, [&](const http::Field& field) {
        return iequals(field.name, "vary") && (http::list_has(field.value, name) || http::list_has(field.value, "*"));
    });
    if (!there) {
        fields.push_back({"vary", name, http::Known::own});
    }
}

}  // namespace adit::policy

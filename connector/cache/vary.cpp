// Fields that select; see vary.h.
#include "connector/cache/vary.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/fields.h"

namespace adit::cache {
namespace {

std::optional<std::string> value_of(const http::RequestHead& request, std::string_view name) {
    std::optional<std::string> value;
    for (const http::Field& field : request.fields) {
        if (iequals(field.name, name)) {
            value = value ? *value + ", " + std::string(trim(field.value)) : std::string(trim(field.value));
        }
    }
    return value;
}

/// What an origin gets under this name is written by us, for each request anew. The host is in every key.
bool ours(std::string_view name) {
    switch (http::known(name)) {
        case http::Known::x_forwarded:
        case http::Known::forwarded:
        case http::Known::client_cert:
        case http::Known::request_id:
        case http::Known::via:
            return true;
        default:
            return iequals(name, "traceparent");
    }
}

}  // namespace

std::optional<std::vector<Selecting>> selecting_fields(const http::ResponseHead& answer,
                                                       const http::RequestHead& request) {
    std::vector<Selecting> all;
    for (const http::Field& field : answer.fields) {
        if (!iequals(field.name, "vary")) {
            continue;
        }
        for (const std::string_view name : split_list(field.value, ',')) {
            if (name == "*" || ours(name)) {
                return std::nullopt;
            }
            if (std::ranges::none_of(all, [&](const Selecting& one) { return iequals(one.name, name); })) {
                all.push_back({to_lower(name), value_of(request, name)});
            }
        }
    }
    return all;
}

bool selects(const std::vector<Selecting>& fields, const http::RequestHead& request) {
    return std::ranges::all_of(fields, [&](const Selecting& one) { return value_of(request, one.name) == one.value; });
}

}  // namespace adit::cache

// Fields that select; see vary.h.
#include "connector/cache/vary.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/fields.h"
#include "connector/http/forward.h"

namespace adit::cache {
namespace {

/// A client could else have an answer for those without a field stored as one for those with it: by naming the field
/// in Connection, say.
bool stays_behind(const Shown& shown, const http::Field& field) {
    return (field.known == http::Known::credential && !shown.credential) || http::hop_by_hop(shown.request, field) ||
           http::is_reserved(field.name, shown.reserved);
}

std::optional<std::string> value_of(const Shown& shown, std::string_view name) {
    std::optional<std::string> value;
    for (const http::Field& field : shown.request.fields) {
        if (iequals(field.name, name) && !stays_behind(shown, field)) {
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
        case http::Known::identity:
        case http::Known::te:
        case http::Known::request_id:
        case http::Known::via:
            return true;
        default:
            return iequals(name, "traceparent") || iequals(name, "grpc-timeout");
    }
}

}  // namespace

std::optional<std::vector<Selecting>> selecting_fields(const http::ResponseHead& answer, const Shown& shown) {
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
                all.push_back({to_lower(name), value_of(shown, name)});
            }
        }
    }
    return all;
}

bool selects(const std::vector<Selecting>& fields, const Shown& shown) {
    return std::ranges::all_of(fields, [&](const Selecting& one) { return value_of(shown, one.name) == one.value; });
}

}  // namespace adit::cache

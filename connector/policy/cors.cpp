// Preflights and answers to pages of other origins; see cors.h.
#include "connector/policy/cors.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/policy/vary.h"

namespace adit::policy {
namespace {

constexpr std::string_view kRequestHeaders = "access-control-request-headers";

std::string_view value_of(const http::RequestHead& request, std::string_view name) {
    const http::Field* field = request.find(name);
    return field == nullptr ? std::string_view() : field->value;
}

std::string joined(const std::vector<std::string>& list) {
    std::string all;
    for (const std::string& one : list) {
        all.append(all.empty() ? "" : ", ").append(one);
    }
    return all;
}

/// Whether `origin` is "https://" + one or more labels + ".example.com" for the pattern "https://*.example.com".
bool fits(std::string_view pattern, std::string_view origin) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) {
        return pattern == origin;
    }
    const std::string_view before = pattern.substr(0, star);
    const std::string_view after = pattern.substr(star + 1);
    if (origin.size() <= before.size() + after.size() || !origin.starts_with(before) || !origin.ends_with(after)) {
        return false;
    }
    const std::string_view labels = origin.substr(before.size(), origin.size() - before.size() - after.size());
    return labels.front() != '.' && std::ranges::all_of(labels, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
           });
}

}  // namespace

bool is_preflight(const http::RequestHead& request) {
    return request.method == "OPTIONS" && request.find("origin") != nullptr && !preflight_method(request).empty();
}

std::string_view preflight_method(const http::RequestHead& request) {
    return value_of(request, "access-control-request-method");
}

Cors::Cors(const config::Cors& settings)
    : origins_(settings.origins),
      any_origin_(std::ranges::find(settings.origins, "*") != settings.origins.end()),
      any_header_(std::ranges::find(settings.headers, "*") != settings.headers.end()),
      credentials_(settings.credentials),
      methods_(joined(settings.methods)),
      headers_(joined(settings.headers)),
      expose_(joined(settings.expose)),
      max_age_(std::to_string(std::chrono::floor<std::chrono::seconds>(settings.max_age).count())) {}

std::string_view Cors::allowed_origin(const http::RequestHead& request) const {
    const std::string_view origin = value_of(request, "origin");
    const auto allowed = [&](const std::string& pattern) { return fits(pattern, origin); };
    return any_origin_ || std::ranges::any_of(origins_, allowed) ? origin : std::string_view();
}

/// An answer that is the same for every origin says so; others must be told apart by caches.
void Cors::allow(std::vector<http::Field>& fields, std::string_view origin) const {
    if (!any_origin_) {
        add_vary(fields, "Origin");
    }
    if (origin.empty()) {
        return;
    }
    fields.push_back({"access-control-allow-origin", any_origin_ ? "*" : origin, http::Known::own});
    if (credentials_) {
        fields.push_back({"access-control-allow-credentials", "true", http::Known::own});
    }
}

std::vector<http::Field> Cors::preflight(const http::RequestHead& request) const {
    std::vector<http::Field> fields;
    const std::string_view origin = allowed_origin(request);
    allow(fields, origin);
    if (any_header_) {
        add_vary(fields, "Access-Control-Request-Headers");
    }
    if (origin.empty()) {
        return fields;
    }
    fields.push_back({"access-control-allow-methods", methods_, http::Known::own});
    // The names that were asked for and not "*", which does not cover Authorization (Fetch §3.3.4).
    const std::string_view headers = any_header_ ? value_of(request, kRequestHeaders) : std::string_view(headers_);
    if (!headers.empty()) {
        fields.push_back({"access-control-allow-headers", headers, http::Known::own});
    }
    fields.push_back({"access-control-max-age", max_age_, http::Known::own});
    return fields;
}

void Cors::answer(std::vector<http::Field>& fields, std::string_view origin) const {
    std::erase_if(fields, [](const http::Field& field) {
        static constexpr std::string_view prefix = "access-control-";
        return field.name.size() > prefix.size() && iequals(field.name.substr(0, prefix.size()), prefix);
    });
    allow(fields, origin);
    if (!origin.empty() && !expose_.empty()) {
        fields.push_back({"access-control-expose-headers", expose_, http::Known::own});
    }
}

}  // namespace adit::policy

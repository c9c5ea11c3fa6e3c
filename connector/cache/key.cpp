// Keys and their parts; see key.h.
#include "connector/cache/key.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::cache {
namespace {

constexpr char kPart = '\x1f';   ///< between parts
constexpr char kScope = '\x1e';  ///< between the site and what stands behind it

/// The part with that number; the last one goes to the end.
std::string_view part(std::string_view text, int number) {
    for (; number > 0; --number) {
        text.remove_prefix(std::min(text.find(kPart) + 1, text.size()));
    }
    return text.substr(0, text.find(kPart));
}

/// With its length: claims may hold any character, also those that set parts apart.
void append_counted(std::string& out, std::string_view text) {
    out.append(std::to_string(text.size())).append(":").append(text);
}

void append_caller(std::string& out, const access::Caller& caller) {
    append_counted(out, caller.consumer);
    append_counted(out, caller.project);
    append_counted(out, caller.environment);
    for (const auto& [name, value] : caller.attributes) {
        append_counted(out, name);
        append_counted(out, value);
    }
}

}  // namespace

std::string make_site(const KeyParts& parts) {
    std::string out;
    out.reserve(parts.backend.size() + parts.authority.size() + parts.path.size() + parts.query.size() + 64);
    out.append(parts.backend).push_back(kPart);
    out.append(parts.tls ? "https" : "http").push_back(kPart);
    out.append(to_lower(parts.authority)).push_back(kPart);
    out.append(parts.path).append(parts.query);
    return out;
}

Key make_key(const KeyParts& parts) {
    Key key{.text = make_site(parts)};
    key.site_length = key.text.size();
    key.text.push_back(kScope);
    key.text.append(parts.route).push_back(kPart);
    append_counted(key.text, parts.told);
    if (parts.alone != nullptr) {
        append_caller(key.text, *parts.alone);
    }
    return key;
}

std::string_view route_of(std::string_view key) {
    return part(key.substr(std::min(key.find(kScope) + 1, key.size())), 0);
}

std::string_view path_of(std::string_view key) {
    return part(key.substr(0, key.find(kScope)), 3);
}

}  // namespace adit::cache

// Reading metadata; see issuer_metadata.h.
#include "connector/policy/issuer_metadata.h"

#include "common/jose/json_strict.h"

namespace adit::policy {

config::Url openid_metadata(const config::Url& issuer) {
    std::string path = issuer.target;
    while (path.ends_with('/')) {
        path.pop_back();
    }
    return {issuer.origin, path + "/.well-known/openid-configuration"};
}

config::Url oauth_metadata(const config::Url& issuer) {
    return {issuer.origin, "/.well-known/oauth-authorization-server" + (issuer.target == "/" ? "" : issuer.target)};
}

Result<config::Url> key_set_url(std::string_view document, const std::string& from, std::string_view issuer) {
    const auto metadata = jose::parse_strict(document);
    if (!metadata) {
        return failure(from + " is not an object of JSON with each name once");
    }
    const auto text = [&](std::string_view name) {
        const auto* value = metadata->if_contains(name);
        return value != nullptr && value->is_string() ? std::string(std::string_view(value->get_string()))
                                                      : std::string();
    };
    // RFC 8414 §3.3: identical, or another issuer's keys would be taken for this one's.
    if (text("issuer") != issuer) {
        return failure(from + " is of another issuer than " + std::string(issuer));
    }
    auto url = config::parse_trusted_url(text("jwks_uri"));
    if (!url) {
        return failure(from + ": its jwks_uri cannot be used: " + url.error().message);
    }
    return url;
}

}  // namespace adit::policy

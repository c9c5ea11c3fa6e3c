// Rules over issuers and those who use them; see issuers.h.
#include "connector/config/issuers.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <iterator>
#include <map>

#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/net/address.h"

namespace adit::config {
namespace {

using yaml::Diagnostics;
using yaml::Node;
using yaml::place_of;

bool is_this_machine(const std::string& host) {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(host, no_address);
    return host == "localhost" || (!no_address && address.is_loopback());
}

const Node* member_of(const Node* node, std::string_view key) {
    const yaml::Member* member = node == nullptr ? nullptr : node->find(key);
    return member == nullptr ? nullptr : &member->value;
}

void check_use(const Node& root, const IssuerUse& use, const Configuration& configuration, Diagnostics& diagnostics) {
    const auto place = [&](std::string_view key) {
        const Node* at = &root;
        for (const std::string_view step :
             {std::string_view("backends"), std::string_view(use.backend->name), std::string_view("credential")})
            at = member_of(at, step);
        for (const std::string_view step : use.path) at = member_of(at, step);
        return at == nullptr ? root.place : place_of(*at, {key});
    };
    const auto issuer = std::ranges::find(configuration.issuers, use.issuer, &Issuer::name);
    if (issuer == configuration.issuers.end()) {
        std::vector<std::string> names;
        std::ranges::transform(configuration.issuers, std::back_inserter(names), &Issuer::name);
        const auto meant = closest_match(use.issuer, names);
        diagnostics.error(place("issuer"), "there is no issuer '" + std::string(use.issuer) + "'" +
                                               (meant           ? "; did you mean '" + *meant + "'?"
                                                : names.empty() ? "; 'issuers' names none"
                                                                : ""));
        return;
    }
    if (std::ranges::find(issuer->algorithms, use.algorithm) == issuer->algorithms.end())
        diagnostics.error(place("algorithm"), "issuer '" + issuer->name + "' has no keys for " +
                                                  std::string(use.algorithm) + "; add it to its algorithms");
    if (use.lifetime > issuer->keep_after)
        diagnostics.error(place("lifetime"), "the token lives for " + format_duration(use.lifetime) + ", but issuer '" +
                                                 issuer->name + "' publishes its key for only " +
                                                 format_duration(issuer->keep_after) + " more (keep_after)");
}

}  // namespace

Result<Endpoint> parse_issuer_url(std::string_view text) {
    auto url = parse_endpoint(text);
    if (!url) return url;
    const bool https = url->scheme == Endpoint::Scheme::https;
    if (!https && url->scheme != Endpoint::Scheme::http) return usage_error("an issuer is an https:// URL");
    if (!https && !is_this_machine(url->host))
        return usage_error("verifiers fetch keys from it: it must be https (http is for this machine alone)");
    url->host = to_lower(url->host);
    // Verifiers compare it character by character (OpenID Connect Discovery 1.0 §4.3).
    if (const std::string written = issuer_url(*url); written != text)
        return usage_error("write it as " + written + ", exactly as verifiers will compare it");
    return url;
}

std::string issuer_url(const Endpoint& url) {
    const bool https = url.scheme == Endpoint::Scheme::https;
    const std::string authority = net::HostPort{url.host, url.port}.text();
    const bool usual = url.port == (https ? 443 : 80);
    return (https ? "https://" : "http://") + (usual ? authority.substr(0, authority.rfind(':')) : authority) +
           url.base_path;
}

std::vector<IssuerUse> issuer_uses(const Backend& backend) {
    std::vector<IssuerUse> uses;
    const Credential& credential = backend.credential;
    const auto add = [&](const std::optional<Assertion>& assertion, std::vector<std::string_view> path) {
        if (!assertion || assertion->issuer.empty()) return;
        const std::string_view algorithm =
            assertion->algorithm.empty() ? federation_algorithm : std::string_view(assertion->algorithm);
        uses.push_back(
            {&backend, std::move(path), assertion->issuer, algorithm, assertion->subject, assertion->audience, {}});
    };
    if (const auto& jwt = credential.signed_jwt)
        uses.push_back(
            {&backend, {"signed_jwt"}, jwt->issuer, jwt->algorithm, jwt->subject, jwt->audience, jwt->lifetime});
    if (const auto& oauth2 = credential.oauth2_client_credentials)
        add(oauth2->assertion, {"oauth2_client_credentials", "assertion"});
    if (const auto& azure = credential.azure_ad) add(azure->federated, {"azure_ad", "federated"});
    if (const auto& gcp = credential.gcp_federated) add(gcp->federated, {"gcp_federated", "federated"});
    if (const auto& gcp = credential.gcp_federated; gcp && gcp->aws)
        add(gcp->aws->federated, {"gcp_federated", "aws", "federated"});
    if (const auto& aws = credential.aws_sigv4) add(aws->keys.federated, {"aws_sigv4", "keys", "federated"});
    return uses;
}

std::vector<IssuerUse> issuer_uses(const Configuration& configuration) {
    std::vector<IssuerUse> uses;
    for (const Backend& backend : configuration.backends)
        std::ranges::move(issuer_uses(backend), std::back_inserter(uses));
    return uses;
}

void check_issuers(const Node& root, const Configuration& configuration, Diagnostics& diagnostics) {
    std::map<std::string, std::string_view> urls;
    std::map<std::filesystem::path, std::string_view> directories;
    for (const Issuer& issuer : configuration.issuers) {
        if (issuer.url.host.empty()) continue;  // reported already
        if (const auto [first, is_new] = urls.emplace(issuer_url(issuer.url), issuer.name); !is_new)
            diagnostics.error(place_of(root, {"issuers", issuer.name, "url"}),
                              "issuer '" + std::string(first->second) + "' has this URL already");
        // One tenant's tokens must not verify as another's.
        if (const auto [first, is_new] = directories.emplace(issuer.directory.lexically_normal(), issuer.name); !is_new)
            diagnostics.error(place_of(root, {"issuers", issuer.name, "directory"}),
                              "issuer '" + std::string(first->second) + "' has its keys in this directory already");
    }
    for (const IssuerUse& use : issuer_uses(configuration)) check_use(root, use, configuration, diagnostics);
}

}  // namespace adit::config

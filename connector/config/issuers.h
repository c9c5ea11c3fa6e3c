// Issuers as configured: their identity, who uses them, and the rules that both follow.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// What all of Google, Entra ID and AWS take; of assertions that name no algorithm.
inline constexpr std::string_view federation_algorithm = "RS256";

/// An issuer's URL: https, or http of this very machine, in the one way of writing it that verifiers compare with.
Result<Endpoint> parse_issuer_url(std::string_view text);
/// The identity that stands in tokens and documents: without a default port and without a slash at its end.
std::string issuer_url(const Endpoint& url);

/// One part of a backend's credential that an issuer of ours signs for. Points into the configuration.
struct IssuerUse {
    const Backend* backend = nullptr;
    std::vector<std::string_view> path;  ///< of keys below its credential: signed_jwt; gcp_federated, federated
    std::string_view issuer;
    std::string_view algorithm;
    std::string_view subject;         ///< as written; may be empty
    std::string_view audience;        ///< likewise
    std::chrono::seconds lifetime{};  ///< of signed_jwt; 0: an assertion, which a provider takes or refuses at once
};
std::vector<IssuerUse> issuer_uses(const Backend& backend);
std::vector<IssuerUse> issuer_uses(const Configuration& configuration);

/// Part of validate(): no two issuers are one, credentials name issuers that there are, with algorithms that they have,
/// and no token outlives the key that verifies it.
void check_issuers(const yaml::Node& root, const Configuration& configuration, yaml::Diagnostics& diagnostics);

}  // namespace adit::config

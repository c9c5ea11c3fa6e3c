// Who may call, as configured: consumers, how they prove who they are, and what they may use.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/net/network.h"
#include "connector/access/rule.h"
#include "connector/config/defaults.h"
#include "connector/config/endpoint.h"
#include "connector/config/limits.h"

namespace adit::config {

/// SHA-256 of an API key or password: that is all of it that is ever stored.
using Digest = std::array<std::uint8_t, 32>;

/// A secret that a caller shows as it is.
struct HashedSecret {
    Digest digest{};
    std::string id;  ///< how logs call it; the first digits of the digest when left out
    std::optional<WallTime> expires = {};
};

struct Login {
    std::string user;
    HashedSecret password;
};

/// What in a client certificate stands for a consumer; exactly one is given.
struct CertificateName {
    std::string san;      ///< "dns:gateway.example.com", "uri:spiffe://…", "email:…", "ip:…"
    std::string subject;  ///< the whole name (RFC 4514), or "CN=…" alone
    std::string spki;     ///< base64url of the SHA-256 of the key
};

/// What in a token stands for a consumer.
struct TokenName {
    std::string issuer;
    std::map<std::string, std::string> claims;  ///< all of them with these values, such as sub or azp
};

/// An authenticated caller: a gateway, or a project in one environment.
struct Consumer {
    std::string name;
    std::string project;      ///< its name when left out
    std::string environment;  ///< may be empty
    std::map<std::string, std::string> attributes;
    std::vector<HashedSecret> api_keys;
    std::vector<Login> logins;
    std::vector<CertificateName> certificates;
    std::vector<TokenName> tokens;
    std::vector<net::Network> addresses;
};

struct ApiKeyPolicy {
    std::string header = "x-api-key";
    std::string query;  ///< a parameter instead; empty: none
};

struct BasicPolicy {
    std::string realm = "adit";
};

/// The listener asks for the certificate (tls.client_ca); this gives it a consumer.
struct MtlsPolicy {
    enum class Unlisted { refuse, common_name, first_san };
    Unlisted unlisted = Unlisted::refuse;  ///< whose name a caller has that no consumer's `certificates` list
};

struct IpPolicy {
    std::vector<net::Network> from;
    std::string consumer;  ///< that these addresses are; empty: the consumer that lists the address
};

/// RFC 7519 with the advice of RFC 8725.
struct JwtPolicy {
    std::string issuer;
    std::vector<std::string> audiences;                                  ///< one of them must be the token's
    std::vector<std::string> algorithms = defaults::token_algorithms();  ///< pinned; never none, never HS*
    std::string jwks_url;             ///< https, or http to this machine; else by OpenID discovery from the issuer
    std::filesystem::path jwks_file;  ///< instead of an URL
    std::filesystem::path ca;         ///< of the URL's server; the system's when empty
    std::string through;              ///< as that of TokenEndpoint
    std::string header = "authorization";
    std::chrono::milliseconds clock_skew = defaults::clock_skew;
    std::chrono::milliseconds refresh = defaults::jwks_refresh;  ///< how long a key set counts as fresh
    std::chrono::milliseconds stale = defaults::jwks_stale;      ///< and is used while no other can be had
    std::string consumer_claim = "sub";  ///< the name of a caller that no consumer's `tokens` list
    std::string environment_claim;
    std::string environment;          ///< where no claim says it
    std::vector<std::string> claims;  ///< that become attributes; "a.b" is a member of a member
    bool listed_only = false;         ///< a token that no consumer lists is refused
    friend bool operator==(const JwtPolicy&, const JwtPolicy&) = default;
};

struct AnonymousPolicy {};

/// What routes name in their `policies`: a way to tell who calls, or a limit of what callers may have; exactly one is
/// given.
struct Policy {
    std::string name;
    std::optional<ApiKeyPolicy> api_key = {};
    std::optional<BasicPolicy> basic = {};
    std::optional<MtlsPolicy> mtls = {};
    std::optional<IpPolicy> ip = {};
    std::optional<JwtPolicy> jwt = {};
    std::optional<AnonymousPolicy> anonymous = {};
    std::optional<RateLimit> rate_limit = {};
    std::optional<BulkheadPolicy> bulkhead = {};

    /// Whether it tells who calls.
    bool authenticates() const { return !rate_limit && !bulkhead; }
};

/// Who may use services and tunnels, besides what the tunnels' own files say.
struct Access {
    std::map<std::string, access::Rules, std::less<>> services;
    std::map<std::string, access::Rules, std::less<>> tunnels;
};

}  // namespace adit::config

// How a backend learns that a call came from us, as configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/secret.h"
#include "connector/config/defaults.h"
#include "connector/config/endpoint.h"

namespace adit::config {

/// A token endpoint or another service of a provider, and how it is reached.
struct TokenEndpoint {
    std::optional<Endpoint> url = {};  ///< nothing: the provider's own
    std::string through;       ///< "service://NAME": by a tunnel; "http://[user:password@]host:port": by a proxy;
                               ///< "environment": as HTTPS_PROXY and NO_PROXY say; empty: directly
    std::filesystem::path ca;  ///< PEM; empty: the system's
    std::chrono::milliseconds timeout = defaults::token_timeout;
    friend bool operator==(const TokenEndpoint&, const TokenEndpoint&) = default;
};

/// How a token that was fetched is put into a request, and kept.
struct TokenUse {
    std::string header = "authorization";
    std::string prefix = "Bearer";                                              ///< with a blank after it; empty: none
    std::chrono::milliseconds expiration_offset = defaults::expiration_offset;  ///< refreshed so long before its end
    bool prefetch = false;  ///< fetched at start, before any request wants it
    friend bool operator==(const TokenUse&, const TokenUse&) = default;
};

/// A JWT that we sign to prove to a provider who we are: by an issuer's key, or by a key in a file.
struct Assertion {
    std::string issuer;                 ///< the name of one of `issuers`; empty: `key` signs
    std::filesystem::path key;          ///< PEM
    std::filesystem::path certificate;  ///< PEM; its thumbprint stands in the header (x5t#S256)
    std::string key_id;
    std::string algorithm;  ///< empty: what the key is for, RS256, ES256 or EdDSA
    std::string subject;
    std::string audience;
    friend bool operator==(const Assertion&, const Assertion&) = default;
};

/// RFC 6749 §4.4.
struct OAuth2ClientCredentials {
    TokenEndpoint endpoint;
    std::string client_id;
    SharedSecret client_secret;
    enum class Authentication { basic, post, private_key_jwt };
    Authentication authentication = Authentication::basic;
    std::optional<Assertion> assertion = {};  ///< with private_key_jwt (RFC 7523)
    std::vector<std::string> scopes;
    std::string audience;
    std::string resource;  ///< RFC 8707
    std::map<std::string, std::string> parameters;
    TokenUse use;
    friend bool operator==(const OAuth2ClientCredentials&, const OAuth2ClientCredentials&) = default;
};

/// Entra ID, v2.0.
struct AzureAd {
    TokenEndpoint endpoint;
    std::string tenant;
    std::string client_id;
    std::string scope;  ///< https://resource/.default
    SharedSecret client_secret;
    std::optional<Assertion> certificate = {};   ///< signs the assertion
    std::optional<Assertion> federated = {};     ///< by an issuer of ours: no secret at all
    std::filesystem::path federated_token_file;  ///< another issuer's, such as Kubernetes'
    TokenUse use;
    friend bool operator==(const AzureAd&, const AzureAd&) = default;
};

/// Where AWS keys come from; automatic: as AWS's own libraries look for them.
struct AwsKeys {
    enum class From { automatic, environment, container, instance, web_identity, fixed };
    From from = From::automatic;
    std::string access_key_id;
    SharedSecret secret_access_key;
    SharedSecret session_token;
    std::string role_arn;  ///< with web_identity
    std::string session_name = "adit";
    std::optional<Assertion> federated = {};  ///< the web identity, signed by an issuer of ours
    std::filesystem::path web_identity_token_file;
    std::chrono::seconds duration{3600};
    std::string region;      ///< of STS; empty: the requests', else the environment's
    TokenEndpoint endpoint;  ///< of STS, the container's or the instance's metadata
    friend bool operator==(const AwsKeys&, const AwsKeys&) = default;
};

/// Workload identity federation: RFC 8693 at Google's STS.
struct GcpFederated {
    std::string provider;         ///< projects/N/locations/global/workloadIdentityPools/P/providers/X
    std::string service_account;  ///< impersonated; empty: the federated access token itself
    std::string audience;         ///< of an ID token; empty: an access token
    std::vector<std::string> scopes;
    std::chrono::seconds lifetime{3600};
    std::optional<Assertion> federated = {};  ///< the subject token, signed by an issuer of ours
    std::filesystem::path subject_token_file;
    std::optional<TokenEndpoint> subject_token_url = {};
    std::map<std::string, std::string> subject_token_headers;
    std::string subject_token_field;  ///< of a JSON file or answer; empty: all of it is the token
    std::optional<AwsKeys> aws = {};
    TokenEndpoint sts;
    TokenEndpoint iam;
    TokenUse use;
    friend bool operator==(const GcpFederated&, const GcpFederated&) = default;
};

struct GcpService {
    std::string audience;  ///< of an ID token (Cloud Run, IAP); empty: an access token
    std::vector<std::string> scopes;
    SharedSecret service_account_json;  ///< the key's JSON, as ${file:PATH} gives it; empty: the metadata server
    bool self_signed = false;         ///< the key signs the token itself for `audience`: an API's URL; nobody is asked
    std::string account = "default";  ///< of the metadata server
    TokenEndpoint endpoint;
    TokenUse use;
    friend bool operator==(const GcpService&, const GcpService&) = default;
};

struct AwsSigV4 {
    std::string region;
    std::string service;
    AwsKeys keys;
    enum class Payload { is_signed, is_unsigned };
    Payload payload = Payload::is_signed;
    std::uint64_t body_bytes = defaults::signed_body_bytes;  ///< a larger body is refused (413)
    bool prefetch = false;
    friend bool operator==(const AwsSigV4&, const AwsSigV4&) = default;
};

/// A short-lived JWT of our own: "this came from our gateway".
struct SignedJwt {
    std::string issuer;  ///< the name of one of `issuers`
    std::string audience;
    std::string subject;  ///< a template; the consumer when empty
    std::string algorithm = "ES256";
    std::chrono::seconds lifetime{300};
    std::map<std::string, std::string> claims;  ///< templates
    std::string header = "authorization";
    std::string prefix = "Bearer";
    friend bool operator==(const SignedJwt&, const SignedJwt&) = default;
};

struct SecretHeader {
    std::string name;
    SharedSecret value;
    friend bool operator==(const SecretHeader&, const SecretHeader&) = default;
};

/// The client certificate that we show: another spelling of a backend's tls.certificate and tls.key.
struct ClientCertificate {
    std::filesystem::path certificate;
    std::filesystem::path key;
    friend bool operator==(const ClientCertificate&, const ClientCertificate&) = default;
};

/// What a backend's requests carry; several combine as long as each has a header of its own.
struct Credential {
    std::optional<OAuth2ClientCredentials> oauth2_client_credentials = {};
    std::optional<AzureAd> azure_ad = {};
    std::optional<GcpFederated> gcp_federated = {};
    std::optional<GcpService> gcp_service = {};
    std::optional<AwsSigV4> aws_sigv4 = {};
    std::optional<SignedJwt> signed_jwt = {};
    std::vector<SecretHeader> header = {};
    std::optional<ClientCertificate> mtls = {};
    bool forward = false;  ///< what the caller authenticated with goes on to the origin
    friend bool operator==(const Credential&, const Credential&) = default;
};

/// We as an OpenID issuer: keys, their rotation, and the documents by which others verify.
struct Issuer {
    std::string name;
    Endpoint url;  ///< its base path, and host where several have the same path, is where documents are served
    std::filesystem::path directory;  ///< of the keys; may be shared by connectors, or read-only
    std::vector<std::string> algorithms = {"ES256", "RS256"};
    std::chrono::seconds rotate{30 * 24 * 3600};    ///< how long a key signs
    std::chrono::seconds publish_ahead{24 * 3600};  ///< how long it was published before
    std::chrono::seconds keep_after{24 * 3600};     ///< how long it is published afterwards
    friend bool operator==(const Issuer&, const Issuer&) = default;
};

}  // namespace adit::config

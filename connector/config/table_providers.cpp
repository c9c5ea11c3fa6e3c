// What credentials share that ask providers: where those are, and the tokens by which we prove to them who we are.
#include "common/net/proxy_environment.h"
#include "connector/config/issuers.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

Result<Endpoint> parse_provider_url(std::string_view text) {
    auto url = parse_endpoint(text);
    if (url && url->scheme != Endpoint::Scheme::https && url->scheme != Endpoint::Scheme::http)
        return usage_error("a provider is an https:// (or http://) URL; 'through' says by which way it is reached");
    return url;
}

Result<std::string> parse_through(std::string_view text) {
    constexpr std::string_view service = "service://";
    if (text == "environment") return std::string(text);
    if (text.starts_with(service)) {
        if (auto endpoint = parse_endpoint(text); !endpoint) return std::unexpected(endpoint.error());
        return std::string(text);
    }
    if (auto proxy = net::ProxyEnvironment::parse(std::string(text), ""); !proxy || text.empty())
        return usage_error("write service://NAME, http://host:port of a proxy, or environment");
    return std::string(text);
}

}  // namespace

Object<TokenEndpoint> token_endpoint_table(std::string name, std::string doc) {
    return Object<TokenEndpoint>(std::move(name), std::move(doc))
        .field("url", &TokenEndpoint::url, Parsed<Endpoint>("a provider's URL", parse_provider_url),
               "Where it is; the provider's own when left out.")
        .field("through", &TokenEndpoint::through, Parsed<std::string>("a way", parse_through),
               "By which way: service://NAME by a tunnel, http://host:port by a proxy, environment as HTTPS_PROXY and "
               "NO_PROXY say; directly when left out.")
        .field("ca", &TokenEndpoint::ca, Path(),
               "PEM file with the CAs that it is checked against; the system's when left out.")
        .field("timeout", &TokenEndpoint::timeout, timeout(), "How long one exchange with it may take.");
}

Object<Assertion> federated_table() {
    return Object<Assertion>("federated",
                             "A token of one of 'issuers', by which the provider knows us: no secret at all.")
        .required("issuer", &Assertion::issuer, Name(), "One of 'issuers', whose keys sign.")
        .required("subject", &Assertion::subject, Text(), "Who we are to the provider (sub).")
        .field("audience", &Assertion::audience, Text(),
               "Whom the token is for (aud); the provider's usual one when left out.")
        .field("algorithm", &Assertion::algorithm,
               Choice<std::string>({{"RS256", "RS256"}, {"ES256", "ES256"}, {"PS256", "PS256"}}),
               "How it is signed; RS256 when left out, which all clouds take.");
}

}  // namespace adit::config

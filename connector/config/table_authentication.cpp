// Policies: the ways to tell who calls; limits of what callers may have are in table_limits.cpp.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

/// RFC 9110 §5.6.2; framing fields and those that the connector writes are none.
Result<std::string> parse_credential_field(std::string_view text) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    for (const char c : text) {
        const bool good =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
        if (!good) return usage_error("it has a character that a field name cannot have");
    }
    if (text.empty() || text.size() > 256) return usage_error("a field name has 1 to 256 characters");
    return std::string(text);
}

void header_or_query(const Node& node, const ApiKeyPolicy&, Diagnostics& diagnostics) {
    if (node.find("header") && node.find("query"))
        diagnostics.error(place_of(node, {"query"}),
                          "an API key stands in a header or in the query; two policies take both");
}

Object<ApiKeyPolicy> api_key() {
    return Object<ApiKeyPolicy>("api_key", "An API key of a consumer.")
        .field("header", &ApiKeyPolicy::header, Parsed<std::string>("a field name", parse_credential_field),
               "The header field in which it stands.")
        .field("query", &ApiKeyPolicy::query, Text(), "The parameter of the query in which it stands, instead.")
        .rule(header_or_query);
}

/// RFC 9110 §11.5: stands in a quoted string.
Result<std::string> parse_realm(std::string_view text) {
    for (const char c : text)
        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') return usage_error("it is printable text without quotes");
    if (text.empty()) return usage_error("it is empty");
    return std::string(text);
}

Object<BasicPolicy> basic() {
    return Object<BasicPolicy>("basic", "A user's name and password (RFC 7617).")
        .field("realm", &BasicPolicy::realm, Parsed<std::string>("a realm", parse_realm),
               "What the challenge calls the place that is protected.");
}

Object<MtlsPolicy> mtls() {
    return Object<MtlsPolicy>("mtls", "A client certificate that the listener has verified (tls.client_ca).")
        .field("unlisted", &MtlsPolicy::unlisted,
               Choice<MtlsPolicy::Unlisted>({{"refuse", MtlsPolicy::Unlisted::refuse},
                                             {"common-name", MtlsPolicy::Unlisted::common_name},
                                             {"first-san", MtlsPolicy::Unlisted::first_san}}),
               "What becomes of a certificate that no consumer lists: it is refused, or names the caller itself.");
}

Object<IpPolicy> ip() {
    return Object<IpPolicy>("ip", "The address of the caller, as trusted proxies say it.")
        .field("from", &IpPolicy::from,
               List(Parsed<net::Network>("a block of addresses", net::Network::parse), bounds::trusted_proxies),
               "Addresses and blocks (CIDR) that count; all when left out.")
        .field("consumer", &IpPolicy::consumer, Name(),
               "Who calls from there; the consumer whose addresses have it when left out.");
}

void sensible_ip(const Node& node, const Policy& policy, Diagnostics& diagnostics) {
    if (policy.ip && !policy.ip->consumer.empty() && policy.ip->from.empty())
        diagnostics.error(place_of(node, {"ip"}), "without 'from' every address would be consumer '" +
                                                      policy.ip->consumer + "'; list the addresses that are");
}

void one_kind(const Node& node, const Policy&, Diagnostics& diagnostics) {
    if (node.members.size() != 1)
        diagnostics.error(node.place,
                          "a policy has one of api_key, basic, mtls, ip, jwt, anonymous, rate_limit and bulkhead");
}

}  // namespace

yaml::Object<Policy> policy_table() {
    return Object<Policy>("a policy", "One way to tell who calls, or one limit of what callers may have.")
        .field("api_key", &Policy::api_key, api_key(), "An API key, in a header field or in the query.")
        .field("basic", &Policy::basic, basic(), "A user's name and password.")
        .field("mtls", &Policy::mtls, mtls(), "A client certificate.")
        .field("ip", &Policy::ip, ip(), "The caller's address.")
        .field("jwt", &Policy::jwt, jwt_policy_table(), "A signed token of an issuer.")
        .field("anonymous", &Policy::anonymous, Object<AnonymousPolicy>("anonymous", "Whoever shows no credential."),
               "Whoever shows no credential.")
        .field("rate_limit", &Policy::rate_limit, rate_limit_table(), "How much each caller may ask for in a time.")
        .field("bulkhead", &Policy::bulkhead, bulkhead_policy_table(),
               "How many requests each caller may have in progress.")
        .rule(one_kind)
        .rule(sensible_ip);
}

}  // namespace adit::config

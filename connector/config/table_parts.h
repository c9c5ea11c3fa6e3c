// The parts of the configuration's table, one file each, and what they share.
#pragma once

#include <string>

#include "common/config/collections.h"
#include "common/config/object.h"
#include "common/config/types.h"
#include "connector/config/config.h"

namespace adit::config {

yaml::Object<Admin> admin_table();
yaml::Object<Listener> listener_table();
yaml::Object<TimeoutSettings> timeouts_table();
yaml::Object<Retry> retry_table();
yaml::Object<Circuit> circuit_table();
yaml::Object<Bulkhead> bulkhead_table();
yaml::Object<BulkheadPolicy> bulkhead_policy_table();
yaml::Object<RateLimit> rate_limit_table();
yaml::Choice<Priority> priority();
yaml::Object<Shed> shed_table();
yaml::Object<Balance> balance_table();
yaml::Object<Health> health_table();
yaml::Object<Outlier> outlier_table();
yaml::Object<StaticAnswer> static_answer_table();
yaml::Object<Cache> cache_table();
yaml::Object<CacheStore> cache_store_table();
yaml::Object<Fallback> fallback_table();
yaml::Object<Degrade> degrade_table();
yaml::Object<Webhook> webhook_table();
yaml::Object<Chain> chain_table();
yaml::Object<Problems> problems_table();
yaml::Object<Tunnels> tunnels_table();
yaml::Object<Backend> backend_table();
yaml::Object<RouteRule> route_table();
yaml::Object<Log> log_table();
yaml::Object<Tracing> tracing_table();
yaml::List<yaml::Object<SplitShare>> split_table();
yaml::Parsed<SplitBy> split_by();
yaml::Object<Mirror> mirror_table();
yaml::Object<HeaderEdits> headers_table();
yaml::Object<Cors> cors_table();
yaml::Object<Compression> compression_table();
yaml::Object<Consumer> consumer_table();
yaml::Object<Access> access_table();
yaml::Object<Policy> policy_table();
yaml::Object<JwtPolicy> jwt_policy_table();
yaml::Object<Credential> credential_table();
yaml::Object<OAuth2ClientCredentials> oauth2_table();
yaml::Object<AzureAd> azure_ad_table();
yaml::Object<GcpService> gcp_service_table();
/// Where a provider is; `name` and `doc` stand for the key.
yaml::Object<TokenEndpoint> token_endpoint_table(std::string name, std::string doc);
yaml::Object<TokenUse> token_use_table();
/// A JWT that one of `issuers` signs, or a key in a file.
enum class SignedBy { issuer, issuer_or_key, key_of_certificate };
yaml::Object<Assertion> assertion_table(std::string name, std::string doc, SignedBy by);
/// A token of an issuer of ours, by which a provider knows us.
yaml::Object<Assertion> federated_table();
/// Whether it is one line of printable ASCII: what secrets in header fields are (RFC 9110 §5.5 would allow more).
bool is_printable_line(std::string_view text);
/// The name of a header field that credentials may write, in lower case.
Result<std::string> parse_field_name(std::string_view text);
/// The word before a token, such as Bearer; may be empty.
Result<std::string> parse_prefix(std::string_view text);

/// Parsed text that shows its default.
class ShownText : public yaml::Parsed<std::string> {
  public:
    using Parsed::Parsed;
    std::string show(const std::string& value) const { return value; }
};
yaml::Object<GcpFederated> gcp_federated_table();
yaml::Object<AwsSigV4> aws_sigv4_table();
yaml::Object<AwsKeys> aws_keys_table(std::string name);
yaml::Object<SignedJwt> signed_jwt_table();
yaml::Object<Issuer> issuer_table();

/// A list of ends of a try: words, statuses, codes of gRPC.
class ConditionList {
  public:
    using value_type = Conditions;
    bool read(const yaml::Node& node, Conditions& conditions, yaml::Diagnostics& diagnostics) const;
    yaml::Schema schema() const;
    std::string show(const Conditions&) const { return {}; }
};

/// A list of statuses and ranges of them.
class StatusRanges {
  public:
    using value_type = std::vector<StatusRange>;
    bool read(const yaml::Node& node, value_type& ranges, yaml::Diagnostics& diagnostics) const;
    yaml::Schema schema() const;
    std::string show(const value_type&) const { return {}; }
};

/// An endpoint: its URL, or a map of that and its place among the others.
class EndpointEntry {
  public:
    using value_type = Endpoint;
    bool read(const yaml::Node& node, Endpoint& endpoint, yaml::Diagnostics& diagnostics) const;
    yaml::Schema schema() const;
    std::string show(const Endpoint&) const { return {}; }
};

/// A Redis: its URL, or a map of that and how it is reached.
class StateEntry {
  public:
    using value_type = State;
    bool read(const yaml::Node& node, State& state, yaml::Diagnostics& diagnostics) const;
    yaml::Schema schema() const;
    std::string show(const State&) const { return {}; }
};

/// An access rule; without environments it is for any.
class AccessRule {
  public:
    using value_type = access::Rule;
    bool read(const yaml::Node& node, access::Rule& rule, yaml::Diagnostics& diagnostics) const;
    yaml::Schema schema() const;
    std::string show(const access::Rule&) const { return {}; }
};

/// The values that a route's headers get use only names that a request, or the route's path, has.
void check_field_templates(const yaml::Node& node, const RouteRule& rule, yaml::Diagnostics& diagnostics);

/// A payload that is not signed needs TLS.
void check_aws_payload(const yaml::Node& node, const Backend& backend, yaml::Diagnostics& diagnostics);

/// How long something may take.
yaml::Duration timeout();

}  // namespace adit::config

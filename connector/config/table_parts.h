// The parts of the configuration's table, one file each, and what they share.
#pragma once

#include <string>

#include "common/config/collections.h"
#include "common/config/object.h"
#include "common/config/types.h"
#include "connector/config/config.h"

namespace adit::config {

yaml::Object<Listener> listener_table();
yaml::Object<Timeouts> timeouts_table();
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
yaml::Object<AuthenticationPolicy> authentication_table();
yaml::Object<JwtPolicy> jwt_policy_table();
yaml::Object<Credential> credential_table();
yaml::Object<OAuth2ClientCredentials> oauth2_table();
yaml::Object<GcpFederated> gcp_federated_table();
yaml::Object<AwsSigV4> aws_sigv4_table();
yaml::Object<Issuer> issuer_table();

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

/// How long something may take.
yaml::Duration timeout();

}  // namespace adit::config

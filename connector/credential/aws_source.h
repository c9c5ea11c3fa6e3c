// Where AWS keys come from: chosen once, from the configuration and the environment, as AWS's own libraries do. Pure.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "connector/config/credential.h"
#include "connector/credential/sigv4.h"

namespace adit::credential {

/// A variable of the environment; empty: it is not there.
using Environment = std::function<std::string(const char* name)>;
/// That of this process.
std::string process_environment(const char* name);

/// Keys that were given as they are.
struct FixedKeys {
    AwsCredentials credentials;
};

/// AssumeRoleWithWebIdentity at STS.
struct WebIdentitySource {
    std::string role_arn;
    std::string session_name;
    std::filesystem::path token_file;  ///< read each time, since it is renewed; empty: an issuer of ours signs
    config::Endpoint sts;              ///< where the configuration names no other
};

/// The agent of ECS, or of EKS Pod Identity, that gives a container its role's keys.
struct ContainerSource {
    config::Endpoint endpoint;
    std::string target;  ///< path and query
    Secret authorization;
    std::filesystem::path authorization_file;  ///< read each time; goes before `authorization`
};

/// The metadata service of an EC2 instance, version 2.
struct InstanceSource {
    config::Endpoint endpoint;
};

using AwsSource = std::variant<FixedKeys, WebIdentitySource, ContainerSource, InstanceSource>;

/// For logs: "the environment", "STS (web identity)", "the container", "the instance".
std::string_view name(const AwsSource& source);

/// The source that is configured, else the first that the environment describes: its keys, a web identity, the
/// container's agent, the instance. `region` is that of STS; empty: the environment's, else us-east-1.
Result<AwsSource> choose_aws_source(const config::AwsKeys& keys, const std::string& region,
                                    const Environment& environment);

/// The region as configured, else the environment's, else empty.
std::string aws_region(const std::string& configured, const Environment& environment);
/// STS of a region; those of China have a domain of their own.
config::Endpoint sts_endpoint(const std::string& region);

}  // namespace adit::credential

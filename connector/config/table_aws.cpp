// Credentials of AWS: keys, and requests that are signed with them.
#include <algorithm>

#include "common/base/time.h"
#include "common/config/collections.h"
#include "common/config/seconds.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;
using From = AwsKeys::From;

/// Regions and services, as they stand in signatures and host names.
Result<std::string> parse_scope_name(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!good) return usage_error("it is written in lower case, such as eu-central-1 or execute-api");
    return std::string(text);
}

/// As AssumeRoleWithWebIdentity takes it.
Result<std::string> parse_session_name(std::string_view text) {
    const bool good = text.size() >= 2 && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                 std::string_view("_+=,.@-").contains(c);
                      });
    if (!good) return usage_error("it has 2 to 64 letters, digits and _+=,.@-");
    return std::string(text);
}

Result<std::string> parse_role_arn(std::string_view text) {
    if (!text.starts_with("arn:") || !text.contains(":role/") || text.size() > 2048)
        return usage_error("a role is arn:aws:iam::ACCOUNT:role/NAME");
    return std::string(text);
}

class SessionName : public Parsed<std::string> {
  public:
    SessionName() : Parsed("a session's name", parse_session_name) {}
    std::string show(const std::string& value) const { return value; }
};

void fixed_keys_whole(const Node& node, const AwsKeys& keys, Diagnostics& diagnostics) {
    if (keys.access_key_id.empty() != keys.secret_access_key.empty())
        diagnostics.error(node.place, "access_key_id and secret_access_key belong together: one of them is missing");
    else if (!keys.session_token.empty() && keys.access_key_id.empty())
        diagnostics.error(place_of(node, {"session_token"}), "a session_token belongs to an access_key_id");
    else if (keys.from == From::fixed && keys.access_key_id.empty())
        diagnostics.error(place_of(node, {"from"}), "fixed keys need access_key_id and secret_access_key");
    else if (keys.from != From::fixed && keys.from != From::automatic && !keys.access_key_id.empty())
        diagnostics.error(place_of(node, {"access_key_id"}), "these keys are not used: 'from' says otherwise");
}

/// They stand in headers of signed requests: a file's line end would become a second line of the head.
void good_fixed_keys(const Node& node, const AwsKeys& keys, Diagnostics& diagnostics) {
    const auto check = [&](const char* key, std::string_view value) {
        if (!is_printable_line(value))
            diagnostics.error(place_of(node, {key}), "AWS keys and tokens are one line of printable characters");
    };
    check("access_key_id", keys.access_key_id);
    check("secret_access_key", keys.secret_access_key.reveal());
    check("session_token", keys.session_token.reveal());
}

void web_identity_whole(const Node& node, const AwsKeys& keys, Diagnostics& diagnostics) {
    const bool of_identity = keys.from == From::web_identity || keys.from == From::automatic;
    for (const char* key : {"role_arn", "federated", "web_identity_token_file", "session_name", "duration"})
        if (const auto* member = node.find(key); member && !of_identity)
            diagnostics.error(member->key_place,
                              std::string(key) + " is for a web identity, but 'from' says otherwise");
    if (keys.federated && !keys.web_identity_token_file.empty())
        diagnostics.error(place_of(node, {"web_identity_token_file"}),
                          "federated and web_identity_token_file are two web identities; one is needed");
    const bool chosen = keys.from == From::web_identity;  // then AWS_ROLE_ARN may say the role
    if ((keys.federated || !keys.web_identity_token_file.empty()) && keys.role_arn.empty() && !chosen)
        diagnostics.error(node.place, "a web identity assumes a role: role_arn is missing");
    if (!keys.role_arn.empty() && !keys.access_key_id.empty())
        diagnostics.error(place_of(node, {"role_arn"}),
                          "keys that are given assume no role here; one of both is needed");
    const bool elsewhere = keys.from == From::fixed || keys.from == From::environment;
    const bool unknown = keys.from == From::automatic && keys.role_arn.empty();
    if (const auto* member = node.find("endpoint"); member && (elsewhere || unknown))
        diagnostics.error(member->key_place, elsewhere ? "nobody is asked for these keys"
                                                       : "say by 'from' whose endpoint it is: container, instance or "
                                                         "web_identity");
}

}  // namespace

Object<AwsKeys> aws_keys_table(std::string name) {
    return Object<AwsKeys>(std::move(name),
                           "Where AWS keys come from; as AWS's own libraries look for them when left out.")
        .field(
            "from", &AwsKeys::from,
            Choice<From>({{"automatic", From::automatic},
                          {"environment", From::environment},
                          {"web_identity", From::web_identity},
                          {"container", From::container},
                          {"instance", From::instance},
                          {"fixed", From::fixed}}),
            "The source. automatic: the keys or the role given here, else the first that the environment describes of "
            "its keys, a web identity, the agent of ECS or EKS, and the instance's metadata (version 2).")
        .field("access_key_id", &AwsKeys::access_key_id, Text(), "Keys that are given as they are; better is a role.")
        .field("secret_access_key", &AwsKeys::secret_access_key, SecretText(),
               "Their secret; take it from ${file:PATH}.")
        .field("session_token", &AwsKeys::session_token, SecretText(), "The token of keys that are temporary.")
        .field("role_arn", &AwsKeys::role_arn, Parsed<std::string>("a role's ARN", parse_role_arn),
               "The role that a web identity assumes; AWS_ROLE_ARN when left out.")
        .field("session_name", &AwsKeys::session_name, SessionName(), "How CloudTrail calls its sessions.")
        .field("federated", &AwsKeys::federated, federated_table(),
               "The web identity, signed by an issuer of ours; its audience is sts.amazonaws.com when left out.")
        .field("web_identity_token_file", &AwsKeys::web_identity_token_file, Path(),
               "A file with the web identity of another issuer, such as Kubernetes'; read each time.")
        .field("duration", &AwsKeys::duration, Seconds(bounds::min_aws_session, bounds::max_aws_session),
               "How long a session of the role lasts.")
        .field("region", &AwsKeys::region, Parsed<std::string>("a region", parse_scope_name),
               "The region of STS; that of the requests when left out, else AWS_REGION, else us-east-1.")
        .field("endpoint", &AwsKeys::endpoint, token_endpoint_table("endpoint", "Who is asked for the keys."),
               "STS, the container's agent or the instance's metadata, where they are not at their usual place.")
        .rule(fixed_keys_whole)
        .rule(good_fixed_keys)
        .rule(web_identity_whole);
}

Object<AwsSigV4> aws_sigv4_table() {
    using Payload = AwsSigV4::Payload;
    return Object<AwsSigV4>("aws_sigv4", "Each request signed for AWS (Signature Version 4).")
        .required("region", &AwsSigV4::region, Parsed<std::string>("a region", parse_scope_name),
                  "The region of the service, such as eu-central-1.")
        .required("service", &AwsSigV4::service, Parsed<std::string>("a service", parse_scope_name),
                  "The service's name in signatures: execute-api, lambda, es, s3.")
        .field("keys", &AwsSigV4::keys, aws_keys_table("keys"), "Where the keys come from.")
        .field(
            "payload", &AwsSigV4::payload,
            Choice<Payload>({{"signed", Payload::is_signed}, {"unsigned", Payload::is_unsigned}}),
            "Whether the signature covers the body, which is held in memory for it. unsigned streams it: S3 takes that "
            "over https.")
        .field("body_bytes", &AwsSigV4::body_bytes, Size(1, bounds::max_signed_body_bytes),
               "The largest body that is held; a larger one is refused (413).")
        .field("prefetch", &AwsSigV4::prefetch, Boolean(), "Whether the keys are fetched before a request wants them.");
}

void check_aws_payload(const Node& node, const Backend& backend, Diagnostics& diagnostics) {
    const auto& sigv4 = backend.credential.aws_sigv4;
    if (!sigv4 || sigv4->payload == AwsSigV4::Payload::is_signed) return;
    for (const Endpoint& endpoint : backend.endpoints)
        if (endpoint.scheme == Endpoint::Scheme::http)
            diagnostics.error(place_of(node, {"credential", "aws_sigv4", "payload"}),
                              "an unsigned payload needs TLS, but " + endpoint.text() + " is reached without");
}

}  // namespace adit::config

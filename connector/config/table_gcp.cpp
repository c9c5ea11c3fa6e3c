// Credentials of Google Cloud.
#include "common/config/collections.h"
#include "common/config/seconds.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

Result<std::string> parse_pool_provider(std::string_view text) {
    for (const std::string_view prefix : {"https://iam.googleapis.com/", "//iam.googleapis.com/"})
        if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    if (!text.starts_with("projects/") || !text.contains("/workloadIdentityPools/") || !text.contains("/providers/"))
        return usage_error("write projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER");
    return std::string(text);
}

void federated_whole(const Node& node, const GcpFederated& of, Diagnostics& diagnostics) {
    const int sources = static_cast<int>(of.federated.has_value()) + static_cast<int>(!of.subject_token_file.empty()) +
                        static_cast<int>(of.subject_token_url.has_value()) + static_cast<int>(of.aws.has_value());
    if (sources != 1)
        diagnostics.error(node.place,
                          "give one of federated, subject_token_file, subject_token_url and aws: how we prove to "
                          "Google who we are");
    if (of.federated && of.federated->subject.empty())
        diagnostics.error(place_of(node, {"federated"}), "the subject is missing: what the pool's conditions look at");
    if (of.subject_token_url && !of.subject_token_url->url)
        diagnostics.error(place_of(node, {"subject_token_url"}), "its url is missing");
    if (!of.audience.empty() && of.service_account.empty())
        diagnostics.error(place_of(node, {"audience"}),
                          "an ID token (audience) is one of a service account: add service_account");
    if (!of.audience.empty() && !of.scopes.empty())
        diagnostics.error(place_of(node, {"scopes"}), "an ID token has an audience, an access token scopes: give one");
}

/// They go into a request as they are. Names of a map are tokens of RFC 9110 §5.6.2 anyway.
void good_subject_headers(const Node& node, const GcpFederated& of, Diagnostics& diagnostics) {
    for (const auto& [name, value] : of.subject_token_headers)
        if (!is_printable_line(value))
            diagnostics.error(place_of(node, {"subject_token_headers", name}),
                              "a header's value is one line of printable characters");
}

void service_whole(const Node& node, const GcpService& of, Diagnostics& diagnostics) {
    if (!of.audience.empty() && !of.scopes.empty())
        diagnostics.error(place_of(node, {"scopes"}), "an ID token has an audience, an access token scopes: give one");
    if (of.self_signed && (of.service_account_json.empty() || of.audience.empty()))
        diagnostics.error(place_of(node, {"self_signed"}),
                          "a token that the key signs itself needs service_account_json and the API as audience");
}

}  // namespace

Object<GcpFederated> gcp_federated_table() {
    return Object<GcpFederated>("gcp_federated", "Workload identity federation with Google Cloud: no key of Google's.")
        .required("provider", &GcpFederated::provider,
                  Parsed<std::string>("a provider of a workload identity pool", parse_pool_provider),
                  "projects/N/locations/global/workloadIdentityPools/P/providers/X.")
        .field("service_account", &GcpFederated::service_account, Text(),
               "The e-mail address of the account in whose name we call; the federated identity itself when left out.")
        .field("audience", &GcpFederated::audience, Text(),
               "Of an ID token, for Cloud Run (its URL) and IAP (its client id); an access token when left out.")
        .field("scopes", &GcpFederated::scopes, List(Text(), bounds::attributes),
               "Of an access token; cloud-platform when left out.")
        .field("lifetime", &GcpFederated::lifetime, Seconds(300s, 12h), "Of an access token of the account.")
        .field("federated", &GcpFederated::federated, federated_table(),
               "A token of one of 'issuers', which the pool's provider trusts.")
        .field("subject_token_file", &GcpFederated::subject_token_file, Path(),
               "A file with the token of another issuer; read for each exchange.")
        .field("subject_token_url", &GcpFederated::subject_token_url,
               token_endpoint_table("subject_token_url", "Gives the token of another issuer."),
               "Gives the token of another issuer to a GET.")
        .field("subject_token_headers", &GcpFederated::subject_token_headers,
               TextMap(bounds::push_fields, Secrecy::secret), "Header fields of that GET.")
        .field("subject_token_field", &GcpFederated::subject_token_field, Text(),
               "Where file or answer is a JSON object, its member with the token.")
        .field("aws", &GcpFederated::aws, aws_keys_table("aws"),
               "AWS keys, where the pool's provider trusts an AWS account; all defaults are written aws: {}.")
        .field("sts", &GcpFederated::sts, token_endpoint_table("sts", "Google's Security Token Service."),
               "Google's Security Token Service, where it is not sts.googleapis.com.")
        .field("iam", &GcpFederated::iam, token_endpoint_table("iam", "Google's IAM Service Account Credentials."),
               "Google's IAM Service Account Credentials, where it is not iamcredentials.googleapis.com.")
        .with(&GcpFederated::use, token_use_table())
        .rule(federated_whole)
        .rule(good_subject_headers);
}

Object<GcpService> gcp_service_table() {
    return Object<GcpService>("gcp_service", "A token of a service account of Google Cloud.")
        .field("audience", &GcpService::audience, Text(),
               "Of an ID token, for Cloud Run (its URL) and IAP (its client id); an access token when left out.")
        .field("scopes", &GcpService::scopes, List(Text(), bounds::attributes),
               "Of an access token; cloud-platform when left out.")
        .field("service_account_json", &GcpService::service_account_json, SecretText(),
               "The account's key as JSON, by ${file:PATH}; the metadata server of this machine when left out.")
        .field("self_signed", &GcpService::self_signed, Boolean(),
               "The key signs the token itself, for a Google API as audience; nobody is asked.")
        .field("account", &GcpService::account, Text(), "Which of the machine's accounts, where it has several.")
        .field("endpoint", &GcpService::endpoint,
               token_endpoint_table("endpoint", "The token endpoint or the metadata server."),
               "The token endpoint or the metadata server, where it is not the usual one.")
        .with(&GcpService::use, token_use_table())
        .rule(service_whole);
}

}  // namespace adit::config

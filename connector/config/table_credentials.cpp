// Credentials of backends: how an origin learns that a call came from us.
#include <map>

#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

constexpr const char* kSigV4 = "aws_sigv4";

Object<SecretHeader> secret_header() {
    return Object<SecretHeader>("a header", "A field that every request gets.")
        .required("name", &SecretHeader::name, ShownText("a field name", parse_field_name), "Its name.")
        .required("value", &SecretHeader::value, SecretText(), "Its value.");
}

void good_values(const Node& node, const Credential& credential, Diagnostics& diagnostics) {
    for (std::size_t i = 0; i < credential.header.size(); ++i)
        if (!is_printable_line(credential.header[i].value.reveal()))
            diagnostics.error(place_of(node, {"header", i, "value"}),
                              "a header's value is one line of printable characters");
}

Object<ClientCertificate> mtls() {
    return Object<ClientCertificate>("mtls", "The client certificate that origins see.")
        .required("certificate", &ClientCertificate::certificate, Path(), "PEM file with the certificate chain.")
        .required("key", &ClientCertificate::key, Path(), "PEM file with its key.");
}

/// An origin that got two would believe one of them, and nobody could say which.
void one_each(const Node& node, const Credential& credential, Diagnostics& diagnostics) {
    std::map<std::string, std::string> writers;
    const auto add = [&](const std::string& header, const std::string& who, Place place) {
        if (credential.aws_sigv4 && who != kSigV4 && header.starts_with("x-amz-")) {
            diagnostics.error(std::move(place), "aws_sigv4 signs all x-amz- headers of a request, and '" + header +
                                                    "' would come after it; give it another name");
            return;
        }
        const auto [first, is_new] = writers.emplace(header, who);
        if (!is_new)
            diagnostics.error(std::move(place), "the header '" + header + "' is written by " + first->second +
                                                    " already; give one of them a header of its own");
    };
    const auto token = [&](const char* kind, const auto& of) {
        if (of) add(of->use.header, kind, place_of(node, {kind, "header"}));
    };
    token("oauth2_client_credentials", credential.oauth2_client_credentials);
    token("azure_ad", credential.azure_ad);
    token("gcp_federated", credential.gcp_federated);
    token("gcp_service", credential.gcp_service);
    if (credential.aws_sigv4)
        for (const char* header : {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
            add(header, kSigV4, place_of(node, {kSigV4}));
    if (credential.signed_jwt)
        add(credential.signed_jwt->header, "signed_jwt", place_of(node, {"signed_jwt", "header"}));
    for (std::size_t i = 0; i < credential.header.size(); ++i)
        add(credential.header[i].name, "header", place_of(node, {"header", i, "name"}));
}

}  // namespace

Object<Credential> credential_table() {
    return Object<Credential>("credential", "How origins learn that a call came from us; several combine.")
        .field("oauth2_client_credentials", &Credential::oauth2_client_credentials, oauth2_table(),
               "A token of an OAuth 2.0 server, by the client credentials grant.")
        .field("azure_ad", &Credential::azure_ad, azure_ad_table(), "A token of Entra ID for an application.")
        .field("gcp_federated", &Credential::gcp_federated, gcp_federated_table(),
               "A token of Google Cloud by workload identity federation.")
        .field("gcp_service", &Credential::gcp_service, gcp_service_table(),
               "A token of a service account of Google Cloud.")
        .field("aws_sigv4", &Credential::aws_sigv4, aws_sigv4_table(), "Each request signed for AWS.")
        .field("signed_jwt", &Credential::signed_jwt, signed_jwt_table(),
               "A short-lived token that one of 'issuers' signs: this call came from this gateway.")
        .field("header", &Credential::header, List(secret_header(), bounds::credentials),
               "Header fields with fixed values, such as a secret that the origin shares with us.")
        .field("mtls", &Credential::mtls, mtls(), "The same as certificate and key of the backend's tls.")
        .field("forward", &Credential::forward, Boolean(),
               "Whether what the caller authenticated with goes on to the origin.")
        .rule(good_values)
        .rule(one_each);
}

}  // namespace adit::config

// Credentials that providers' token endpoints give.
#include <array>

#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;
using Authentication = OAuth2ClientCredentials::Authentication;

/// What the grant itself is made of; parameters do not overrule it.
constexpr std::array<std::string_view, 8> kOwn{"grant_type", "client_id",        "client_secret",         "scope",
                                               "audience",   "client_assertion", "client_assertion_type", "resource"};

void oauth2_whole(const Node& node, const OAuth2ClientCredentials& of, Diagnostics& diagnostics) {
    if (!of.endpoint.url) diagnostics.error(place_of(node, {"endpoint"}), "the token endpoint's url is missing");
    const bool by_key = of.authentication == Authentication::private_key_jwt;
    if (by_key != of.assertion.has_value())
        diagnostics.error(node.place, "'assertion' goes with authentication: private_key_jwt, and only with that");
    if (by_key != of.client_secret.empty())
        diagnostics.error(node.place,
                          by_key ? "with private_key_jwt there is no client_secret" : "client_secret is missing");
    for (const std::string_view name : kOwn)
        if (of.parameters.contains(std::string(name)))
            diagnostics.error(place_of(node, {"parameters", name}),
                              std::string(name) + " is no further parameter of the request, it is one of its own");
}

void one_proof(const Node& node, const AzureAd& of, Diagnostics& diagnostics) {
    const int proofs = static_cast<int>(!of.client_secret.empty()) + static_cast<int>(of.certificate.has_value()) +
                       static_cast<int>(of.federated.has_value()) + static_cast<int>(!of.federated_token_file.empty());
    if (proofs != 1)
        diagnostics.error(node.place,
                          "give one of client_secret, certificate, federated and federated_token_file: how the "
                          "application proves who it is");
    if (of.certificate && of.certificate->certificate.empty())
        diagnostics.error(place_of(node, {"certificate"}), "the certificate that goes with the key is missing");
}

}  // namespace

Object<OAuth2ClientCredentials> oauth2_table() {
    return Object<OAuth2ClientCredentials>("oauth2_client_credentials",
                                           "A token by the client credentials grant (RFC 6749 §4.4).")
        .required("endpoint", &OAuth2ClientCredentials::endpoint,
                  token_endpoint_table("endpoint", "The token endpoint."), "The token endpoint.")
        .required("client_id", &OAuth2ClientCredentials::client_id, Text(), "Who we are to the provider.")
        .field("client_secret", &OAuth2ClientCredentials::client_secret, SecretText(),
               "Our secret there; better ${file:PATH} or ${NAME} than written out.")
        .field("authentication", &OAuth2ClientCredentials::authentication,
               Choice<Authentication>({{"basic", Authentication::basic},
                                       {"post", Authentication::post},
                                       {"private_key_jwt", Authentication::private_key_jwt}}),
               "How the secret is shown: in the Authorization field, in the body, or not at all: a signed assertion "
               "stands for it (RFC 7523).")
        .field("assertion", &OAuth2ClientCredentials::assertion,
               assertion_table("assertion", "Proves who we are.", SignedBy::issuer_or_key),
               "Proves who we are; its subject is the client_id and its audience the endpoint's URL when left out.")
        .field("scopes", &OAuth2ClientCredentials::scopes, List(Text(), bounds::attributes), "What is asked for.")
        .field("audience", &OAuth2ClientCredentials::audience, Text(),
               "Whom the token is for, where the provider asks.")
        .field("resource", &OAuth2ClientCredentials::resource, Text(), "The same of RFC 8707.")
        .field("parameters", &OAuth2ClientCredentials::parameters, TextMap(bounds::attributes, Secrecy::secret),
               "Further parameters of the request.")
        .with(&OAuth2ClientCredentials::use, token_use_table())
        .rule(oauth2_whole);
}

Object<AzureAd> azure_ad_table() {
    return Object<AzureAd>("azure_ad", "A token of Entra ID for an application (v2.0).")
        .field("endpoint", &AzureAd::endpoint, token_endpoint_table("endpoint", "Entra ID."),
               "Entra ID, where it is not login.microsoftonline.com; a URL without a path gets the tenant's.")
        .required("tenant", &AzureAd::tenant, Name(), "The directory's id or domain name.")
        .required("client_id", &AzureAd::client_id, Text(), "The application's id.")
        .required("scope", &AzureAd::scope, Text(), "The backend's application id URI with /.default behind it.")
        .field("client_secret", &AzureAd::client_secret, SecretText(), "A secret of the application.")
        .field("certificate", &AzureAd::certificate,
               assertion_table("certificate", "A certificate of the application.", SignedBy::key_of_certificate),
               "A certificate of the application and its key, instead of a secret.")
        .field("federated", &AzureAd::federated, federated_table(),
               "A token of one of 'issuers' that the application trusts as a federated credential: no secret at all.")
        .field("federated_token_file", &AzureAd::federated_token_file, Path(),
               "A file with the token of another issuer, such as Kubernetes; read for each token.")
        .with(&AzureAd::use, token_use_table())
        .rule(one_proof);
}

}  // namespace adit::config

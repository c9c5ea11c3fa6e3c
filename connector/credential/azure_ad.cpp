// The request to Entra ID; see azure_ad.h.
#include "connector/credential/azure_ad.h"

#include "connector/credential/assertion.h"
#include "connector/credential/form.h"
#include "connector/credential/subject_token.h"

namespace adit::credential {
namespace {

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr const char* kFederationAudience = "api://AzureADTokenExchange";

struct Source {
    config::AzureAd settings;
    std::shared_ptr<Provider> provider;
    Signer assertion;  ///< signed here, or read; none: the secret is shown
};

net::Task<fetch::Made> once(std::shared_ptr<const Source> source, net::Time deadline) {
    const config::AzureAd& with = source->settings;
    Secrets secrets;
    secrets.add(with.client_secret.reveal());
    Form form;
    form.add("grant_type", "client_credentials").add("client_id", with.client_id).add("scope", with.scope);
    if (source->assertion) {
        const auto assertion = source->assertion();
        if (!assertion) {
            co_return passing(assertion.error().message);
        }
        secrets.add(*assertion);
        form.add("client_assertion_type", kJwtBearer).add("client_assertion", *assertion);
    } else {
        form.add("client_secret", with.client_secret.reveal());
    }
    auto reply = co_await source->provider->ask(std::move(form).post(), deadline, std::move(secrets));
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    co_return source->provider->name(read_token(*reply));
}

Result<Signer> assertion_of(const config::AzureAd& settings, const std::string& token_url, const Sources& sources) {
    if (settings.certificate) {
        return make_signer(*settings.certificate, {settings.client_id, token_url}, sources.issuers);
    }
    if (settings.federated) {
        return make_signer(*settings.federated, {settings.client_id, kFederationAudience}, sources.issuers);
    }
    if (!settings.federated_token_file.empty()) {
        return Signer([file = settings.federated_token_file] { return read_token_file(file, {}); });
    }
    return Signer();
}

}  // namespace

Result<fetch::Fetch> fetch_azure_ad(const config::AzureAd& settings, const Sources& sources) {
    const config::Endpoint usual = https("login.microsoftonline.com", "/" + settings.tenant + "/oauth2/v2.0/token");
    auto provider = Provider::make(sources.desk, with_path(settings.endpoint, usual), usual);
    if (!provider) {
        return std::unexpected(std::move(provider.error()));
    }
    auto assertion = assertion_of(settings, (*provider)->url(), sources);
    if (!assertion) {
        return std::unexpected(std::move(assertion.error()));
    }
    auto source = std::make_shared<Source>(settings, std::move(*provider), std::move(*assertion));
    return with_tries<Source>(sources.desk, source, &once, settings.endpoint.timeout);
}

}  // namespace adit::credential

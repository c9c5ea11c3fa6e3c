// The grant and how the client proves who it is; see oauth2.h.
#include "connector/credential/oauth2.h"

#include "common/base/encoding.h"
#include "connector/credential/assertion.h"
#include "connector/credential/form.h"
#include "connector/credential/uri_encoding.h"

namespace adit::credential {
namespace {

using Authentication = config::OAuth2ClientCredentials::Authentication;

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::string_view kBasic = "Basic ";

struct Source {
    config::OAuth2ClientCredentials settings;
    std::shared_ptr<Provider> provider;
    Signer signer;
};

/// RFC 6749 §2.3.1: each part is encoded as a form's value first.
std::string basic(const std::string& id, std::string_view secret) {
    std::string both = uri_encode(id) + ":" + uri_encode(secret);
    std::string field =
        std::string(kBasic) + base64_encode({reinterpret_cast<const std::uint8_t*>(both.data()), both.size()});
    wipe_memory(both.data(), both.size());
    return field;
}

/// The request and what of it is secret.
Result<fetch::Request> token_request(const Source& source, Secrets& secrets) {
    const config::OAuth2ClientCredentials& with = source.settings;
    secrets.add(with.client_secret.reveal());
    Form form;
    form.add("grant_type", "client_credentials");
    if (with.authentication == Authentication::post) {
        form.add("client_id", with.client_id).add("client_secret", with.client_secret.reveal());
    } else if (with.authentication == Authentication::private_key_jwt) {
        auto assertion = source.signer();
        if (!assertion) {
            return std::unexpected(std::move(assertion.error()));
        }
        secrets.add(*assertion);
        form.add("client_id", with.client_id);
        form.add("client_assertion_type", kJwtBearer).add("client_assertion", *assertion);
    }
    std::string scopes;
    for (const std::string& scope : with.scopes) {
        scopes += (scopes.empty() ? "" : " ") + scope;
    }
    form.add("scope", scopes).add("audience", with.audience).add("resource", with.resource);
    for (const auto& [name, value] : with.parameters) {
        form.add(name, value);
        secrets.add_long(value);
    }
    fetch::Request request = std::move(form).post();
    if (with.authentication == Authentication::basic) {
        std::string field = basic(with.client_id, with.client_secret.reveal());
        secrets.add(std::string_view(field).substr(kBasic.size()));
        request.fields.emplace_back("authorization", std::move(field));
    }
    return request;
}

net::Task<fetch::Made> once(std::shared_ptr<const Source> source, net::Time deadline) {
    Secrets secrets;
    auto request = token_request(*source, secrets);
    if (!request) {
        co_return passing(std::move(request.error().message));
    }
    auto reply = co_await source->provider->ask(std::move(*request), deadline, std::move(secrets));
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    co_return source->provider->name(read_token(*reply));
}

}  // namespace

Result<fetch::Fetch> fetch_oauth2(const config::OAuth2ClientCredentials& settings, const Sources& sources) {
    auto source = std::make_shared<Source>();
    source->settings = settings;
    auto provider = Provider::make(sources.desk, settings.endpoint, {});
    if (!provider) {
        return std::unexpected(std::move(provider.error()));
    }
    source->provider = std::move(*provider);
    if (settings.assertion) {
        auto signer = make_signer(*settings.assertion, {settings.client_id, source->provider->url()}, sources.issuers);
        if (!signer) {
            return std::unexpected(std::move(signer.error()));
        }
        source->signer = std::move(*signer);
    }
    return with_tries<Source>(sources.desk, source, &once, settings.endpoint.timeout);
}

}  // namespace adit::credential

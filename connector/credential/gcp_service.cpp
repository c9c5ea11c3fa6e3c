// Both ways to a service account's token; see gcp_service.h.
#include "connector/credential/gcp_service.h"

#include <boost/json/object.hpp>
#include <cstdlib>

#include "connector/credential/account_key.h"
#include "connector/credential/form.h"
#include "connector/credential/google.h"
#include "connector/credential/uri_encoding.h"

namespace adit::credential {
namespace {

namespace json = boost::json;

constexpr const char* kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::chrono::seconds kLife{3600};

struct Source {
    config::GcpService settings;
    AccountKey account;  ///< without a key: the metadata server
    std::shared_ptr<Provider> provider;
};

std::string joined(const std::vector<std::string>& scopes, char separator) {
    std::string text;
    for (const std::string& scope : scopes) {
        if (!text.empty()) {
            text += separator;
        }
        text += scope;
    }
    return text;
}

std::string sign(const AccountKey& account, json::object claims) {
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    claims["iss"] = account.email;
    claims["iat"] = now;
    claims["exp"] = now + kLife.count();
    json::object header;
    if (!account.key_id.empty()) {
        header["kid"] = account.key_id;
    }
    return account.key->sign(std::move(header), claims);
}

net::Task<fetch::Made> once_by_key(std::shared_ptr<const Source> source, net::Time deadline) {
    const config::GcpService& with = source->settings;
    json::object claims{{"aud", source->account.token_uri}};
    if (with.audience.empty()) {
        claims["scope"] = with.scopes.empty() ? kCloudPlatform : joined(with.scopes, ' ');
    } else {
        claims["target_audience"] = with.audience;
    }
    const std::string assertion = sign(source->account, std::move(claims));
    Secrets secrets;
    secrets.add(assertion);
    Form form;
    form.add("grant_type", kGrant).add("assertion", assertion);
    auto reply = co_await source->provider->ask(std::move(form).post(), deadline, std::move(secrets));
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    co_return source->provider->name(read_token(*reply, with.audience.empty() ? "access_token" : "id_token"));
}

/// Signed for the API itself; nobody has to be asked.
net::Task<fetch::Made> once_by_itself(std::shared_ptr<const Source> source, net::Time) {
    json::object claims{{"aud", source->settings.audience}, {"sub", source->account.email}};
    co_return make_token(sign(source->account, std::move(claims)), kLife);
}

net::Task<fetch::Made> once_by_metadata(std::shared_ptr<const Source> source, net::Time deadline) {
    const config::GcpService& with = source->settings;
    fetch::Request request;
    request.fields = {{"metadata-flavor", "Google"}};
    request.target = "/computeMetadata/v1/instance/service-accounts/" + uri_encode(with.account);
    if (!with.audience.empty()) {
        request.target += "/identity?audience=" + uri_encode(with.audience) + "&format=full";
    } else if (with.scopes.empty()) {
        request.target += "/token";
    } else {
        request.target += "/token?scopes=" + uri_encode(joined(with.scopes, ','));
    }
    auto reply = co_await source->provider->ask(std::move(request), deadline, Secrets());
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    if (reply->field("metadata-flavor") != "Google") {
        co_return passing(source->provider->url() + ": what answers there is no metadata server of Google's");
    }
    co_return source->provider->name(with.audience.empty() ? read_token(*reply) : read_bare_token(*reply));
}

/// As Google's own clients find it.
Result<config::Endpoint> metadata_server() {
    for (const char* variable : {"GCE_METADATA_HOST", "GCE_METADATA_ROOT"}) {
        if (const char* host = std::getenv(variable); host != nullptr && *host != '\0') {
            auto url = config::parse_endpoint("http://" + std::string(host));
            return url ? url : std::unexpected(std::move(url.error()).with(variable));
        }
    }
    return config::parse_endpoint("http://metadata.google.internal");
}

}  // namespace

Result<fetch::Fetch> fetch_gcp_service(const config::GcpService& settings, const Sources& sources) {
    auto source = std::make_shared<Source>();
    source->settings = settings;
    auto* once = &once_by_metadata;
    auto usual = metadata_server();
    if (!settings.service_account_json.empty()) {
        auto account = parse_account_key(settings.service_account_json.reveal());
        if (!account) {
            return std::unexpected(std::move(account.error()));
        }
        source->account = std::move(*account);
        once = settings.self_signed ? &once_by_itself : &once_by_key;
        usual = config::parse_endpoint(source->account.token_uri);
    }
    if (!usual) {
        return std::unexpected(std::move(usual.error()));
    }
    auto provider = Provider::make(sources.desk, settings.endpoint, *usual);
    if (!provider) {
        return std::unexpected(std::move(provider.error()));
    }
    source->provider = std::move(*provider);
    return with_tries<Source>(sources.desk, source, once, settings.endpoint.timeout);
}

}  // namespace adit::credential

// The exchange at STS and the impersonation after it; see gcp_federated.h.
#include "connector/credential/gcp_federated.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "connector/credential/assertion.h"
#include "connector/credential/aws_keeper.h"
#include "connector/credential/form.h"
#include "connector/credential/google.h"
#include "connector/credential/subject_token.h"
#include "connector/credential/uri_encoding.h"

namespace adit::credential {
namespace {

namespace json = boost::json;

constexpr const char* kExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr const char* kAccessToken = "urn:ietf:params:oauth:token-type:access_token";

struct Source {
    config::GcpFederated settings;
    SubjectSource subject;
    std::shared_ptr<Provider> sts;
    std::shared_ptr<Provider> iam;  ///< null: the federated token itself is what is wanted
};

using Subject = std::expected<SubjectToken, fetch::Trouble>;

/// Of signers and files, which need not wait.
net::Task<Subject> at_once(Result<std::string> token) {
    if (!token) {
        co_return passing("the subject token: " + token.error().message);
    }
    co_return SubjectToken{std::move(*token)};
}

net::Task<Subject> ask_for_subject(std::shared_ptr<Provider> provider, config::GcpFederated settings,
                                   net::Time deadline) {
    fetch::Request request;
    Secrets secrets;
    for (const auto& [name, value] : settings.subject_token_headers) {
        request.fields.emplace_back(name, value);
        secrets.add_long(value);
        // The part behind the scheme, such as Bearer, may be repeated without it.
        secrets.add_long(std::string_view(value).substr(value.find(' ') + 1));
    }
    auto reply = co_await provider->ask(std::move(request), deadline, std::move(secrets));
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    auto token = token_in(reply->body, settings.subject_token_field);
    if (!token) {
        co_return passing(provider->url() + ": " + token.error().message);
    }
    co_return SubjectToken{std::move(*token)};
}

Result<SubjectSource> subject_of(const config::GcpFederated& settings, const Sources& sources) {
    if (settings.federated) {
        auto signer =
            make_signer(*settings.federated, {{}, "https://iam.googleapis.com/" + settings.provider}, sources.issuers);
        if (!signer) {
            return std::unexpected(std::move(signer.error()));
        }
        return [sign = std::move(*signer)](net::Time) { return at_once(sign()); };
    }
    if (settings.aws) {
        return aws_subject(*settings.aws, "AWS keys for " + settings.provider,
                           "//iam.googleapis.com/" + settings.provider, sources);
    }
    if (settings.subject_token_url) {
        auto provider = Provider::make(sources.desk, *settings.subject_token_url, {});
        if (!provider) {
            return std::unexpected(std::move(provider.error()));
        }
        return [provider = std::move(*provider), settings](net::Time deadline) {
            return ask_for_subject(provider, settings, deadline);
        };
    }
    return [file = settings.subject_token_file, field = settings.subject_token_field](net::Time) {
        return at_once(read_token_file(file, field));
    };
}

std::string joined(const std::vector<std::string>& scopes) {
    std::string text;
    for (const std::string& scope : scopes) {
        text += (text.empty() ? "" : " ") + scope;
    }
    return text.empty() ? kCloudPlatform : text;
}

fetch::Request exchange_request(const Source& source, const SubjectToken& subject) {
    Form form;
    form.add("grant_type", kExchange)
        .add("audience", "//iam.googleapis.com/" + source.settings.provider)
        .add("scope", source.iam ? kCloudPlatform : joined(source.settings.scopes))
        .add("requested_token_type", kAccessToken)
        .add("subject_token", subject.text)
        .add("subject_token_type", subject.type);
    return std::move(form).post();
}

fetch::Request impersonation_request(const config::GcpFederated& settings, const Token& federated) {
    json::object body{{"delegates", json::array()}};
    if (settings.audience.empty()) {
        json::array scopes(settings.scopes.begin(), settings.scopes.end());
        body["scope"] = scopes.empty() ? json::array{kCloudPlatform} : scopes;
        body["lifetime"] = std::to_string(settings.lifetime.count()) + "s";
    } else {
        body["audience"] = settings.audience;
        body["includeEmail"] = true;
    }
    fetch::Request request;
    request.method = "POST";
    request.target = "/v1/projects/-/serviceAccounts/" + uri_encode(settings.service_account) +
                     (settings.audience.empty() ? ":generateAccessToken" : ":generateIdToken");
    request.fields = {{"content-type", "application/json"},
                      {"accept", "application/json"},
                      {"authorization", "Bearer " + std::string(federated.text.reveal())}};
    request.body = json::serialize(body);
    return request;
}

net::Task<fetch::Made> once(std::shared_ptr<const Source> source, net::Time deadline) {
    Subject subject = co_await source->subject(deadline);
    if (!subject) {
        co_return std::unexpected(std::move(subject.error()));
    }
    Secrets secrets;
    secrets.add(subject->text);
    auto reply = co_await source->sts->ask(exchange_request(*source, *subject), deadline, std::move(secrets));
    wipe_memory(subject->text.data(), subject->text.size());
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    fetch::Made federated = source->sts->name(read_token(*reply));
    if (!federated || !source->iam) {
        co_return federated;
    }
    const auto& token = static_cast<const Token&>(**federated);
    Secrets bearer;
    bearer.add(token.text.reveal());
    reply = co_await source->iam->ask(impersonation_request(source->settings, token), deadline, std::move(bearer));
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    co_return source->iam->name(read_token(*reply, source->settings.audience.empty() ? "accessToken" : "token"));
}

}  // namespace

Result<fetch::Fetch> fetch_gcp_federated(const config::GcpFederated& settings, const Sources& sources) {
    auto source = std::make_shared<Source>();
    source->settings = settings;
    const config::Endpoint sts = https("sts.googleapis.com", "/v1/token");
    auto provider = Provider::make(sources.desk, with_path(settings.sts, sts), sts);
    if (!provider) {
        return std::unexpected(std::move(provider.error()));
    }
    source->sts = std::move(*provider);
    if (!settings.service_account.empty()) {
        auto iam = Provider::make(sources.desk, settings.iam, https("iamcredentials.googleapis.com", ""));
        if (!iam) {
            return std::unexpected(std::move(iam.error()));
        }
        source->iam = std::move(*iam);
    }
    auto subject = subject_of(settings, sources);
    if (!subject) {
        return std::unexpected(std::move(subject.error()));
    }
    source->subject = std::move(*subject);
    return with_tries<Source>(sources.desk, source, &once, settings.sts.timeout + settings.iam.timeout);
}

}  // namespace adit::credential

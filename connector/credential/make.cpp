// One line per kind of credential; see make.h.
#include "connector/credential/make.h"

#include "connector/credential/aws_keeper.h"
#include "connector/credential/aws_sigv4.h"
#include "connector/credential/aws_source.h"
#include "connector/credential/azure_ad.h"
#include "connector/credential/fixed_header.h"
#include "connector/credential/gcp_federated.h"
#include "connector/credential/gcp_service.h"
#include "connector/credential/oauth2.h"
#include "connector/credential/signed_jwt.h"
#include "connector/credential/token_credential.h"

namespace adit::credential {
namespace {

/// Collects what is made for one backend, until something cannot be.
class Maker {
  public:
    Maker(const config::Backend& backend, const Sources& sources, ConnectorMetrics* metrics)
        : backend_(backend), sources_(sources), metrics_(metrics) {}

    template <class Settings, class Fetcher>
    Result<> token(const char* kind, const std::optional<Settings>& settings, Fetcher fetcher) {
        if (!settings) {
            return {};
        }
        Result<fetch::Fetch> fetch = fetcher(*settings, sources_);
        if (!fetch) {
            return std::unexpected(std::move(fetch.error()).with("backend " + backend_.name + ": " + kind));
        }
        made.push_back(std::make_shared<TokenCredential>(
            sources_.desk, TokenCredential::About{backend_.name, kind}, settings->use,
            metrics_ == nullptr ? nullptr : metrics_->credential(backend_.name, kind), std::move(*fetch)));
        return {};
    }

    Result<> aws_sigv4() {
        const auto& settings = backend_.credential.aws_sigv4;
        if (!settings) {
            return {};
        }
        const auto metrics = metrics_ == nullptr ? nullptr : metrics_->credential(backend_.name, "aws_sigv4");
        auto as = keeper_settings({backend_.name, "aws_sigv4"}, metrics);
        const std::string name = as.name;
        auto keys = keep_aws_keys(settings->keys, std::move(as), settings->region, sources_);
        if (!keys) {
            return std::unexpected(std::move(keys.error()).with(name));
        }
        made.push_back(std::make_shared<AwsSigV4>(*settings, std::move(*keys)));
        return {};
    }

    Result<> signed_jwt() {
        const auto& settings = backend_.credential.signed_jwt;
        if (!settings) {
            return {};
        }
        const auto issuer = sources_.issuers.find(settings->issuer);
        if (issuer == sources_.issuers.end()) {
            return usage_error("backend " + backend_.name + ": there is no issuer '" + settings->issuer + "'");
        }
        made.push_back(std::make_shared<SignedJwt>(*settings, issuer->second, sources_.gateway));
        return {};
    }

    backend::Credentials made;

  private:
    const config::Backend& backend_;
    const Sources& sources_;
    ConnectorMetrics* metrics_;
};

void add(std::vector<std::filesystem::path>& files, const config::TokenEndpoint& endpoint) {
    files.push_back(endpoint.ca);
}

void add(std::vector<std::filesystem::path>& files, const std::optional<config::Assertion>& assertion) {
    if (assertion) {
        files.insert(files.end(), {assertion->key, assertion->certificate});
    }
}

}  // namespace

Result<backend::Credentials> make_credentials(const config::Backend& backend, const Sources& sources,
                                              ConnectorMetrics* metrics) {
    const config::Credential& from = backend.credential;
    Maker maker(backend, sources, metrics);
    Result<> done = maker.token("oauth2_client_credentials", from.oauth2_client_credentials, fetch_oauth2);
    done = done ? maker.token("azure_ad", from.azure_ad, fetch_azure_ad) : std::move(done);
    done = done ? maker.token("gcp_federated", from.gcp_federated, fetch_gcp_federated) : std::move(done);
    done = done ? maker.token("gcp_service", from.gcp_service, fetch_gcp_service) : std::move(done);
    done = done ? maker.aws_sigv4() : std::move(done);
    done = done ? maker.signed_jwt() : std::move(done);
    if (!done) {
        return std::unexpected(std::move(done.error()));
    }
    if (!from.header.empty()) {
        maker.made.push_back(std::make_shared<FixedHeader>(from.header));
    }
    return std::move(maker.made);
}

std::vector<std::filesystem::path> files_of(const config::Credential& credential) {
    std::vector<std::filesystem::path> files;
    if (const auto& oauth2 = credential.oauth2_client_credentials) {
        add(files, oauth2->endpoint);
        add(files, oauth2->assertion);
    }
    if (const auto& azure = credential.azure_ad) {
        add(files, azure->endpoint);
        add(files, azure->certificate);
    }
    if (const auto& gcp = credential.gcp_federated) {
        add(files, gcp->sts);
        add(files, gcp->iam);
        if (gcp->subject_token_url) {
            add(files, *gcp->subject_token_url);
        }
    }
    if (const auto& gcp = credential.gcp_service) {
        add(files, gcp->endpoint);
    }
    if (const auto& aws = credential.aws_sigv4) {
        add(files, aws->keys.endpoint);
    }
    std::erase(files, std::filesystem::path());
    return files;
}

std::set<std::filesystem::path> renewed_files_of(const config::Credential& credential) {
    std::set<std::filesystem::path> files;
    const auto add_aws = [&files](const config::AwsKeys& keys) {
        files.insert(keys.web_identity_token_file);
        for (const char* name : {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}) {
            files.insert(process_environment(name));
        }
    };
    if (credential.azure_ad) {
        files.insert(credential.azure_ad->federated_token_file);
    }
    if (const auto& gcp = credential.gcp_federated) {
        files.insert(gcp->subject_token_file);
        if (gcp->aws) {
            add_aws(*gcp->aws);
        }
    }
    if (credential.aws_sigv4) {
        add_aws(credential.aws_sigv4->keys);
    }
    files.erase(std::filesystem::path());
    return files;
}

}  // namespace adit::credential

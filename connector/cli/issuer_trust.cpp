// The shapes of Google Cloud, Entra ID and AWS IAM; see issuer_trust.h.
#include "connector/cli/issuer_trust.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/strings.h"
#include "connector/config/issuers.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

constexpr const char* kAnyProvider =
    "projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";
constexpr const char* kAnyAccount = "NAME@PROJECT_ID.iam.gserviceaccount.com";
constexpr const char* kAnyApplication = "APPLICATION_ID";
constexpr const char* kAnyRole = "arn:aws:iam::ACCOUNT_ID:role/ROLE";
constexpr const char* kAzureAudience = "api://AzureADTokenExchange";
constexpr const char* kAwsAudience = "sts.amazonaws.com";
constexpr std::size_t kGoogleSubjectMost = 127;  ///< bytes of google.subject

/// As one word for a POSIX shell.
std::string quoted(std::string_view text) {
    static constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@,";
    if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) {
        return std::string(text);
    }
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

/// As a string of the Common Expression Language.
std::string cel_string(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out.append(c == '\'' || c == '\\' ? "\\" : "").append(1, c);
    }
    return out + "'";
}

/// The part of a path "…/key/VALUE/…" behind its key.
std::string part_of(std::string_view path, std::string_view key) {
    const std::size_t at = path.find(std::string(key) + "/");
    if (at == std::string_view::npos) {
        return {};
    }
    path.remove_prefix(at + key.size() + 1);
    return std::string(path.substr(0, path.find('/')));
}

std::string without_scheme(std::string_view url) {
    return std::string(url.substr(url.find("://") + 3));
}

std::string command(std::initializer_list<std::string_view> words) {
    std::string line;
    for (const std::string_view word : words) {
        line += (line.empty() ? "" : " ") + quoted(word);
    }
    return line;
}

void explain_gcp(const Trust& trust, json::object& told) {
    const std::string project = part_of(trust.party, "projects");
    const std::string pool = part_of(trust.party, "workloadIdentityPools");
    const std::string condition = "assertion.sub == " + cel_string(trust.subject);
    const std::string member = "principal://iam.googleapis.com/projects/" + project +
                               "/locations/global/workloadIdentityPools/" + pool + "/subject/" + trust.subject;
    told["provider"] = {{"attributeMapping", {{"google.subject", "assertion.sub"}}},
                        {"attributeCondition", condition},
                        {"oidc", {{"issuerUri", trust.url}, {"allowedAudiences", json::array{trust.audience}}}}};
    told["binding"] = {
        {"serviceAccount", trust.account}, {"role", "roles/iam.workloadIdentityUser"}, {"member", member}};
    told["commands"] = {
        command(
            {"gcloud", "iam", "workload-identity-pools", "create", pool, "--project=" + project, "--location=global"}),
        command({"gcloud", "iam", "workload-identity-pools", "providers", "create-oidc",
                 part_of(trust.party, "providers"), "--project=" + project, "--location=global",
                 "--workload-identity-pool=" + pool, "--issuer-uri=" + trust.url,
                 "--allowed-audiences=" + trust.audience, "--attribute-mapping=google.subject=assertion.sub",
                 "--attribute-condition=" + condition}),
        command({"gcloud", "iam", "service-accounts", "add-iam-policy-binding", trust.account,
                 "--role=roles/iam.workloadIdentityUser", "--member=" + member})};
}

void explain_azure(const Trust& trust, json::object& told) {
    std::string name = "adit-" + trust.issuer;
    std::ranges::replace(name, '.', '-');
    const json::object credential{
        {"name", name}, {"issuer", trust.url}, {"subject", trust.subject}, {"audiences", json::array{trust.audience}}};
    told["federated_credential"] = credential;
    told["commands"] = {command({"az", "ad", "app", "federated-credential", "create", "--id", trust.party,
                                 "--parameters", json::serialize(credential)})};
}

void explain_aws(const Trust& trust, json::object& told) {
    // arn:PARTITION:iam::ACCOUNT:role/PATH/NAME
    const std::size_t role = trust.party.find(":role/");
    const std::string account = trust.party.substr(0, role);
    const std::string name = trust.party.substr(trust.party.rfind('/') + 1);
    const std::string site = without_scheme(trust.url);
    const json::object policy{
        {"Version", "2012-10-17"},
        {"Statement",
         json::array{json::object{
             {"Effect", "Allow"},
             {"Principal", {{"Federated", account + ":oidc-provider/" + site}}},
             {"Action", "sts:AssumeRoleWithWebIdentity"},
             {"Condition", {{"StringEquals", {{site + ":aud", trust.audience}, {site + ":sub", trust.subject}}}}}}}}};
    told["oidc_provider"] = {{"Url", trust.url}, {"ClientIDList", json::array{trust.audience}}};
    told["role"] = trust.party;
    told["trust_policy"] = policy;
    told["commands"] = {command({"aws", "iam", "create-open-id-connect-provider", "--url", trust.url,
                                 "--client-id-list", trust.audience}),
                        command({"aws", "iam", "create-role", "--role-name", name, "--assume-role-policy-document",
                                 json::serialize(policy)})};
}

/// What would make the cloud refuse, whatever is pasted.
void add_warnings(Trust& trust, const config::Issuer& issuer, Cloud cloud) {
    if (issuer.url.scheme != config::Endpoint::Scheme::https) {
        trust.warnings.emplace_back("the cloud fetches the keys from the issuer's URL: it must be https");
    }
    if (std::ranges::find(issuer.algorithms, config::federation_algorithm) == issuer.algorithms.end()) {
        trust.warnings.push_back("the issuer has no keys for " + std::string(config::federation_algorithm) +
                                 ", which every cloud takes");
    }
    if (cloud == Cloud::aws && issuer.url.port != 443) {
        trust.warnings.emplace_back("AWS takes no issuer with a port in its URL");
    }
    if (cloud == Cloud::gcp && trust.subject.size() > kGoogleSubjectMost) {
        trust.warnings.push_back("Google takes subjects of at most " + std::to_string(kGoogleSubjectMost) + " bytes");
    }
}

/// The credential of that cloud, as far as it is one of an issuer of ours.
struct Found {
    const config::Assertion* assertion = nullptr;
    std::string party;
    std::string account;
};

Found find(const config::Credential& credential, Cloud cloud) {
    const auto at = [](const std::optional<config::Assertion>& assertion) { return assertion ? &*assertion : nullptr; };
    if (const auto& gcp = credential.gcp_federated; gcp && cloud == Cloud::gcp) {
        return {at(gcp->federated), gcp->provider, gcp->service_account};
    }
    if (const auto& azure = credential.azure_ad; azure && cloud == Cloud::azure) {
        return {at(azure->federated), azure->client_id, {}};
    }
    if (const auto& aws = credential.aws_sigv4; aws && cloud == Cloud::aws) {
        return {at(aws->keys.federated), aws->keys.role_arn, {}};
    }
    if (const auto& gcp = credential.gcp_federated; gcp && gcp->aws && cloud == Cloud::aws) {
        return {at(gcp->aws->federated), gcp->aws->role_arn, {}};
    }
    return {};
}

Trust make_trust(const config::Issuer& issuer, Cloud cloud, std::string_view subject, const Found& found) {
    const config::Assertion none;
    const config::Assertion& assertion = found.assertion != nullptr ? *found.assertion : none;
    const auto either = [](std::string_view first, std::string_view second) {
        return std::string(first.empty() ? second : first);
    };
    Trust trust;
    trust.issuer = issuer.name;
    trust.url = config::issuer_url(issuer.url);
    trust.party = either(found.party, cloud == Cloud::gcp     ? kAnyProvider
                                      : cloud == Cloud::azure ? kAnyApplication
                                                              : kAnyRole);
    trust.account = either(found.account, cloud == Cloud::gcp ? kAnyAccount : "");
    // As the credentials themselves do where their configuration is silent.
    trust.subject = either(subject, either(assertion.subject, cloud == Cloud::azure ? found.party : ""));
    trust.audience = either(assertion.audience, cloud == Cloud::gcp     ? "https://iam.googleapis.com/" + trust.party
                                                : cloud == Cloud::azure ? std::string(kAzureAudience)
                                                                        : std::string(kAwsAudience));
    add_warnings(trust, issuer, cloud);
    return trust;
}

}  // namespace

std::vector<Trust> trusts_of(const config::Configuration& configuration, const config::Issuer& issuer, Cloud cloud,
                             std::string_view subject) {
    std::vector<Trust> trusts;
    for (const config::Backend& backend : configuration.backends) {
        const Found found = find(backend.credential, cloud);
        if (found.assertion != nullptr && found.assertion->issuer == issuer.name) {
            trusts.push_back(make_trust(issuer, cloud, subject, found));
            trusts.back().backend = backend.name;
        }
    }
    if (trusts.empty()) {
        trusts.push_back(make_trust(issuer, cloud, subject, {}));
    }
    return trusts;
}

json::object explain_trust(const Trust& trust, Cloud cloud) {
    json::object told{{"issuer", trust.url}, {"subject", trust.subject}, {"audience", trust.audience}};
    if (!trust.backend.empty()) {
        told["backend"] = trust.backend;
    }
    switch (cloud) {
        case Cloud::gcp:
            explain_gcp(trust, told);
            break;
        case Cloud::azure:
            explain_azure(trust, told);
            break;
        case Cloud::aws:
            explain_aws(trust, told);
            break;
    }
    json::array warnings;
    for (const std::string& warning : trust.warnings) {
        warnings.emplace_back(warning);
    }
    told["warnings"] = std::move(warnings);
    return told;
}

}  // namespace adit::cli

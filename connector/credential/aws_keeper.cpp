// From AWS keys' configuration to their keeper; see aws_keeper.h.
#include "connector/credential/aws_keeper.h"

#include "connector/credential/assertion.h"
#include "connector/credential/aws_caller_identity.h"
#include "connector/credential/aws_keys.h"

namespace adit::credential {
namespace {

constexpr const char* kAudience = "sts.amazonaws.com";
constexpr const char* kType = "urn:ietf:params:aws:token-type:aws4_request";

net::Task<std::expected<SubjectToken, fetch::Trouble>> sign_for_google(std::shared_ptr<fetch::Keeper> keys,
                                                                       fetch::Desk& desk, std::string region,
                                                                       std::string audience, net::Time deadline) {
    auto value = co_await keys->get(desk.loop(), deadline);
    if (!value) {
        co_return std::unexpected(std::move(value.error()));
    }
    co_return SubjectToken{
        aws_subject_token(aws_credentials(**value), region, audience, std::chrono::system_clock::now()), kType};
}

}  // namespace

Result<std::shared_ptr<fetch::Keeper>> keep_aws_keys(const config::AwsKeys& keys, fetch::Keeper::Settings as,
                                                     const std::string& region, const Sources& sources) {
    AwsKeysSettings settings{.keys = keys, .region = keys.region.empty() ? region : keys.region};
    if (keys.federated) {
        auto signer = make_signer(*keys.federated, {{}, kAudience}, sources.issuers);
        if (!signer) {
            return std::unexpected(std::move(signer.error()));
        }
        settings.sign = std::move(*signer);
    }
    auto fetch = aws_keys_fetch(sources.desk, std::move(settings));
    if (!fetch) {
        return std::unexpected(std::move(fetch.error()));
    }
    return fetch::Keeper::make(sources.desk, std::move(as), std::move(*fetch));
}

Result<SubjectSource> aws_subject(const config::AwsKeys& keys, const std::string& name, const std::string& audience,
                                  const Sources& sources) {
    const std::string region = aws_region(keys.region, process_environment);
    fetch::Keeper::Settings settings;
    settings.name = name;
    auto keeper = keep_aws_keys(keys, std::move(settings), region, sources);
    if (!keeper) {
        return std::unexpected(std::move(keeper.error()));
    }
    return [keeper = std::move(*keeper), &desk = sources.desk, region, audience](net::Time deadline) {
        return sign_for_google(keeper, desk, region, audience, deadline);
    };
}

}  // namespace adit::credential

// From a keeper's value to a request's field; see token_credential.h.
#include "connector/credential/token_credential.h"

#include <utility>

namespace adit::credential {
namespace {

fetch::Keeper::Settings settings_of(const TokenCredential::About& about, const config::TokenUse& use,
                                    const std::shared_ptr<CredentialMetrics>& metrics) {
    fetch::Keeper::Settings settings = keeper_settings(about, metrics);
    settings.schedule.offset = use.expiration_offset;
    return settings;
}

}  // namespace

fetch::Keeper::Settings keeper_settings(const TokenCredential::About& about,
                                        const std::shared_ptr<CredentialMetrics>& metrics) {
    fetch::Keeper::Settings settings;
    settings.name = "backend " + about.backend + ": " + about.kind;
    if (metrics) {
        settings.fetched = [metrics](const fetch::Made& made, std::chrono::nanoseconds) {
            using Result = CredentialMetrics::Result;
            if (made) {
                metrics->expires((*made)->fetched + (*made)->life);
            }
            metrics->fetched(made                                            ? Result::ok
                             : made.error().fault == fetch::Fault::transient ? Result::failed
                                                                             : Result::refused);
        };
        settings.waited = [metrics](std::chrono::nanoseconds took) { metrics->waited(took); };
    }
    return settings;
}

TokenCredential::TokenCredential(fetch::Desk& desk, About about, const config::TokenUse& use,
                                 const std::shared_ptr<CredentialMetrics>& metrics, fetch::Fetch fetch)
    : about_(std::move(about)),
      names_{use.header},
      prefix_(use.prefix.empty() ? std::string() : use.prefix + " "),
      prefetch_(use.prefetch),
      keeper_(fetch::Keeper::make(desk, settings_of(about_, use, metrics), std::move(fetch))) {}

net::Task<std::expected<void, problem::Failure>> TokenCredential::attach(const backend::Occasion& occasion,
                                                                         backend::Attached& attached) {
    std::shared_ptr<const fetch::Value> value = keeper_->value();
    if (!value) {
        fetch::Made made = co_await keeper_->get(occasion.loop, occasion.deadline);
        if (!made) {
            co_return std::unexpected(failure(made.error()));
        }
        value = std::move(*made);
    }
    const auto& token = static_cast<const Token&>(*value);
    attached.fields.emplace_back(names_.front(), prefix_).second += token.text.reveal();
    attached.token = std::move(value);
    co_return std::expected<void, problem::Failure>();
}

net::Task<bool> TokenCredential::renew(const backend::Attached& attached, std::string_view challenge, net::Loop& loop,
                                       net::Time deadline) {
    const auto* used = static_cast<const fetch::Value*>(attached.token.get());
    if (used == nullptr || !blames_token(challenge) || !keeper_->renew(used)) {
        co_return false;
    }
    const fetch::Made other = co_await keeper_->get_other(loop, used, deadline);
    co_return other.has_value();
}

problem::Failure TokenCredential::failure(const fetch::Trouble& trouble) const {
    std::string words = "no credential for backend '" + about_.backend + "' (" + about_.kind + "): " + trouble.words;
    if (trouble.fault == fetch::Fault::permanent) {
        return problem::credential_misconfigured(std::move(words));
    }
    const auto wait = trouble.retry_after.value_or(std::chrono::seconds(1));
    return problem::credential_unavailable(std::move(words), static_cast<int>(wait.count()));
}

backend::CredentialStanding TokenCredential::standing() const {
    return standing_of(about_.kind, *keeper_);
}

backend::CredentialStanding standing_of(std::string kind, const fetch::Keeper& keeper) {
    const fetch::Keeper::Standing now = keeper.standing();
    backend::CredentialStanding standing{.kind = std::move(kind),
                                         .has_value = now.has_value,
                                         .trouble = now.trouble,
                                         .fetches = now.fetches,
                                         .failures = now.failures};
    if (now.fetches > now.failures) {
        standing.expires = now.expires;
    }
    return standing;
}

void TokenCredential::prefetch() {
    if (prefetch_) {
        keeper_->prefetch();
    }
}

bool blames_token(std::string_view challenge) {
    const std::size_t at = challenge.find("error=");
    return at == std::string_view::npos || challenge.substr(at + 6).starts_with("\"invalid_token\"") ||
           challenge.substr(at + 6).starts_with("invalid_token");
}

}  // namespace adit::credential

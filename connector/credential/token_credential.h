// A token that a keeper keeps fresh, as requests carry it.
#pragma once

#include <memory>
#include <string>

#include "connector/admin/metrics.h"
#include "connector/backend/credential.h"
#include "connector/config/credential.h"
#include "connector/credential/token.h"
#include "connector/fetch/keeper.h"

namespace adit::credential {

class TokenCredential final : public backend::Credential {
  public:
    struct About {
        std::string backend;
        std::string kind;  ///< the key of the configuration, such as oauth2_client_credentials
    };
    /// `metrics` may be null.
    TokenCredential(fetch::Desk& desk, About about, const config::TokenUse& use,
                    const std::shared_ptr<CredentialMetrics>& metrics, fetch::Fetch fetch);

    const std::vector<std::string>& names() const override { return names_; }
    net::Task<std::expected<void, problem::Failure>> attach(const backend::Occasion& occasion,
                                                            backend::Attached& attached) override;
    net::Task<bool> renew(const backend::Attached& attached, std::string_view challenge, net::Loop& loop,
                          net::Time deadline) override;
    backend::CredentialStanding standing() const override;
    void prefetch() override;

  private:
    problem::Failure failure(const fetch::Trouble& trouble) const;

    const About about_;
    const std::vector<std::string> names_;
    const std::string prefix_;  ///< with its blank
    const bool prefetch_;
    std::shared_ptr<fetch::Keeper> keeper_;
};

/// A keeper's name, and what it tells `metrics` (which may be null) of fetches and waits.
fetch::Keeper::Settings keeper_settings(const TokenCredential::About& about,
                                        const std::shared_ptr<CredentialMetrics>& metrics);
/// What the operator learns of a keeper.
backend::CredentialStanding standing_of(std::string kind, const fetch::Keeper& keeper);

/// Whether a challenge (RFC 9110 §11.6.1) leaves it open that the token was the trouble: no other error is named (RFC
/// 6750 §3.1).
bool blames_token(std::string_view challenge);

}  // namespace adit::credential

// "This call came from our gateway", as a short-lived token that backends verify by our published keys.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connector/backend/credential.h"
#include "connector/config/credential.h"
#include "connector/credential/claims.h"
#include "connector/credential/issuer.h"

namespace adit::credential {

/// Signs for each try anew: with ES256 that takes 25 to 30 us (`test_credential -tc=*cost*` prints it), so that no two
/// requests share a jti and a backend may insist on that. Never waits.
class SignedJwt final : public backend::Credential {
  public:
    /// `gateway` tells this connector from others. The settings are those of a checked configuration.
    SignedJwt(const config::SignedJwt& settings, std::shared_ptr<const Issuer> issuer, std::string gateway);

    const std::vector<std::string>& names() const override { return names_; }
    net::Task<std::expected<void, problem::Failure>> attach(const backend::Occasion& occasion,
                                                            backend::Attached& attached) override;

    backend::CredentialStanding standing() const override { return {.kind = "signed_jwt", .has_value = true}; }

    /// The claims of a token that is made at `now`.
    boost::json::object claims(const backend::Occasion& occasion, WallTime now) const;

  private:
    std::string subject(const backend::Occasion& occasion) const;

    const config::SignedJwt settings_;
    const std::shared_ptr<const Issuer> issuer_;
    const std::string gateway_;
    const jose::Algorithm algorithm_;
    const std::vector<std::string> names_;
    const ClaimTemplate subject_;
    std::vector<std::pair<std::string, ClaimTemplate>> further_;
};

}  // namespace adit::credential

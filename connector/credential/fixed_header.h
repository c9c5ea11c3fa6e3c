// Header fields that never change, such as a secret that an origin shares with us.
#pragma once

#include "common/base/secret.h"
#include "connector/backend/credential.h"
#include "connector/config/credential.h"

namespace adit::credential {

class FixedHeader final : public backend::Credential {
  public:
    explicit FixedHeader(const std::vector<config::SecretHeader>& headers);

    const std::vector<std::string>& names() const override { return names_; }
    net::Task<std::expected<void, problem::Failure>> attach(const backend::Occasion&,
                                                            backend::Attached& attached) override;
    backend::CredentialStanding standing() const override { return {.kind = "header", .has_value = true}; }

  private:
    std::vector<std::string> names_;
    std::vector<std::pair<std::string, Secret>> headers_;
};

}  // namespace adit::credential

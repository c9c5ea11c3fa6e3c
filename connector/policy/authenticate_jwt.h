// The policy `jwt`: a token that an issuer has signed.
#pragma once

#include "connector/policy/authenticator.h"
#include "connector/policy/consumers.h"
#include "connector/policy/key_sets.h"
#include "connector/policy/token_callers.h"

namespace adit::policy {

class Jwt final : public Authenticator {
  public:
    Jwt(std::string name, const config::JwtPolicy& policy, const Consumers& consumers, std::shared_ptr<KeySets> keys);

    /// For the next generation, which may want the same.
    const std::shared_ptr<KeySets>& keys() const { return keys_; }

    std::optional<Finding> look(const Visit& visit) const override;
    net::Task<Finding> wait(const Visit& visit) const override;
    std::string challenge(bool refused) const override;
    void shown(const Visit& visit, Shown& into) const override;

  private:
    using Claims = std::expected<boost::json::object, jose::Refusal>;

    bool is_authorization() const { return header_ == "authorization"; }
    bool is_repeated(const Visit& visit) const;
    std::optional<std::string_view> token(const Visit& visit) const;
    bool is_of_issuer(std::string_view token) const;
    Finding finding(const Claims& claims) const;

    const std::string header_;
    const jose::Requirements requirements_;
    const TokenCallers callers_;
    const std::shared_ptr<KeySets> keys_;
};

}  // namespace adit::policy

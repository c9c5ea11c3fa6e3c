// Each request signed for AWS: API Gateway with IAM, Lambda function URLs, OpenSearch, S3.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector/backend/credential.h"
#include "connector/config/credential.h"
#include "connector/credential/sigv4.h"
#include "connector/fetch/keeper.h"
#include "connector/fetch/published.h"

namespace adit::credential {

/// Signs what goes to the origin, each try anew: host, content-type and x-amz-*, path, query, and the body, which is
/// held for it unless the payload is unsigned.
class AwsSigV4 final : public backend::Credential {
  public:
    /// `keys` keeps what aws_keys_fetch() fetches.
    AwsSigV4(const config::AwsSigV4& settings, std::shared_ptr<fetch::Keeper> keys);

    const std::vector<std::string>& names() const override { return names_; }
    net::Task<std::expected<void, problem::Failure>> attach(const backend::Occasion& occasion,
                                                            backend::Attached& attached) override;
    std::size_t body_most() const override { return body_most_; }
    /// By 403, or 400, and the type of the error; S3, which says it in the body, is not understood.
    bool disbelieved(const http::ResponseHead& answer) const override;
    net::Task<bool> renew(const backend::Attached& attached, std::string_view challenge, net::Loop& loop,
                          net::Time deadline) override;
    backend::CredentialStanding standing() const override;
    void prefetch() override;

  private:
    /// The key of a day, with the keys that it was derived from.
    struct DayKey {
        std::shared_ptr<const fetch::Value> keys;
        SigningKey key;
    };
    std::shared_ptr<const DayKey> key_of(const std::shared_ptr<const fetch::Value>& keys, const std::string& day);

    const SigningScope scope_;
    const PayloadHash payload_hash_;
    const std::size_t body_most_;
    const bool prefetch_;
    const std::vector<std::string> names_;
    const std::shared_ptr<fetch::Keeper> keys_;
    fetch::Published<const DayKey> last_;
};

}  // namespace adit::credential

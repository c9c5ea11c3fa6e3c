// The policy `anonymous`: whoever shows nothing may call.
#include "connector/policy/authenticators.h"

namespace adit::policy {
namespace {

class Anonymous final : public Authenticator {
  public:
    explicit Anonymous(std::string name)
        : Authenticator(std::move(name)),
          caller_(std::make_shared<const access::Caller>(access::Caller{.consumer = std::string(access::kAnonymous),
                                                                        .project = {},
                                                                        .environment = {},
                                                                        .attributes = {},
                                                                        .by = "anonymous"})) {}

    std::optional<Finding> look(const Visit&) const override { return Finding::good(caller_); }
    bool anonymous() const override { return true; }

  private:
    const CallerPtr caller_;
};

}  // namespace

std::shared_ptr<const Authenticator> make_anonymous(std::string name) {
    return std::make_shared<const Anonymous>(std::move(name));
}

}  // namespace adit::policy

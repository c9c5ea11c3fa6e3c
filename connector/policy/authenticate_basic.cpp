// The policy `basic`: a user's name and password (RFC 7617).
#include "connector/policy/authenticators.h"
#include "connector/policy/basic_credentials.h"

namespace adit::policy {
namespace {

constexpr std::string_view kScheme = "Basic";

class Basic final : public Authenticator {
  public:
    Basic(std::string name, const config::BasicPolicy& policy, std::shared_ptr<const Consumers> consumers)
        : Authenticator(std::move(name)),
          challenge_("Basic realm=\"" + policy.realm + "\", charset=\"UTF-8\""),
          consumers_(std::move(consumers)) {}

    std::optional<Finding> look(const Visit& visit) const override {
        const auto shown = visit.credentials(kScheme);
        if (!shown) {
            return Finding::absent();
        }
        const auto login = BasicCredentials::read(*shown);
        if (!login) {
            return Finding::refused(login.error());
        }
        Consumers::Match match = consumers_->by_login(login->user(), login->password(), visit.now);
        if (!match.caller) {
            return Finding::refused("user or password is wrong");
        }
        return match.expired ? Finding::refused("the password has expired") : Finding::good(std::move(match.caller));
    }

    std::string challenge(bool) const override { return challenge_; }

    void shown(const Visit& visit, Shown& into) const override {
        if (visit.credentials(kScheme)) {
            into.fields.push_back(visit.find_authorization());
        }
    }

  private:
    const std::string challenge_;
    const std::shared_ptr<const Consumers> consumers_;
};

}  // namespace

std::shared_ptr<const Authenticator> make_basic(std::string name, const config::BasicPolicy& policy,
                                                std::shared_ptr<const Consumers> consumers) {
    return std::make_shared<const Basic>(std::move(name), policy, std::move(consumers));
}

}  // namespace adit::policy

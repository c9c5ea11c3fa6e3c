// The policy `basic`: a user's name and password (RFC 7617).
#include "common/base/encoding.h"
#include "common/base/secret.h"
#include "connector/policy/authenticators.h"

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
        auto bytes = base64_decode(*shown);
        if (!bytes) {
            return Finding::refused("the credentials are not in base64");
        }
        const Secret text(std::string(bytes->begin(), bytes->end()));
        wipe_memory(bytes->data(), bytes->size());
        // RFC 7617 §2: the first colon ends the user's name.
        const std::size_t colon = text.reveal().find(':');
        if (colon == std::string_view::npos) {
            return Finding::refused("the credentials have no colon");
        }
        Consumers::Match match =
            consumers_->by_login(text.reveal().substr(0, colon), text.reveal().substr(colon + 1), visit.now);
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

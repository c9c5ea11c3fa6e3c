// The policy `api-key`: a secret in a field of the request, or in a parameter of its query. Towards a proxy, which can
// be told no more than a user and a password, it is the password, or the user where there is none.
#include "connector/http/query.h"
#include "connector/policy/authenticators.h"
#include "connector/policy/basic_credentials.h"

namespace adit::policy {
namespace {

class ApiKey final : public Authenticator {
  public:
    ApiKey(std::string name, const config::ApiKeyPolicy& policy, std::shared_ptr<const Consumers> consumers)
        : Authenticator(std::move(name)), policy_(policy), consumers_(std::move(consumers)) {}

    std::optional<Finding> look(const Visit& visit) const override {
        if (visit.proxy) {
            return look_at_password(visit);
        }
        if (!policy_.query.empty()) {
            const auto value = http::parameter(visit.request.shown_query(), policy_.query);
            return value ? find(*value, visit) : Finding::absent();
        }
        const http::Field* field = visit.request.find(policy_.header);
        return field == nullptr ? Finding::absent() : find(field->value, visit);
    }

    void shown(const Visit& visit, Shown& into) const override {
        if (visit.proxy) {
            return;  // Proxy-Authorization goes no further in any case
        }
        if (!policy_.query.empty()) {
            into.parameters.emplace_back(policy_.query);
            return;
        }
        visit.note_fields(policy_.header, into);
    }

  private:
    Finding look_at_password(const Visit& visit) const {
        const auto shown = visit.credentials("Basic");
        if (!shown) {
            return Finding::absent();
        }
        const auto login = BasicCredentials::read(*shown);
        if (!login) {
            return Finding::refused(login.error());
        }
        return find(login->password().empty() ? login->user() : login->password(), visit);
    }

    Finding find(std::string_view key, const Visit& visit) const {
        if (key.empty()) {
            return Finding::refused("the key is empty");
        }
        Consumers::Match match = consumers_->by_api_key(key, visit.now);
        if (!match.caller) {
            return Finding::refused("the key is not known");
        }
        return match.expired ? Finding::refused("the key has expired") : Finding::good(std::move(match.caller));
    }

    const config::ApiKeyPolicy policy_;
    const std::shared_ptr<const Consumers> consumers_;
};

}  // namespace

std::shared_ptr<const Authenticator> make_api_key(std::string name, const config::ApiKeyPolicy& policy,
                                                  std::shared_ptr<const Consumers> consumers) {
    return std::make_shared<const ApiKey>(std::move(name), policy, std::move(consumers));
}

}  // namespace adit::policy

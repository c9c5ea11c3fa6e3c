// The policy `ip`: who calls from which addresses. A source address is no secret: it counts for closed networks.
#include <algorithm>

#include "connector/policy/authenticators.h"

namespace adit::policy {
namespace {

class Ip final : public Authenticator {
  public:
    Ip(std::string name, const config::IpPolicy& policy, std::shared_ptr<const Consumers> consumers)
        : Authenticator(std::move(name)), policy_(policy), consumers_(std::move(consumers)) {}

    /// Every request comes from somewhere, so an address that does not fit is no credential that was shown.
    std::optional<Finding> look(const Visit& visit) const override {
        boost::system::error_code bad;
        const auto address = boost::asio::ip::make_address(std::string(visit.client_ip), bad);
        if (bad || (!policy_.from.empty() && std::ranges::none_of(policy_.from, [&](const net::Network& network) {
                return network.contains(address);
            }))) {
            return Finding::absent();
        }
        CallerPtr caller =
            policy_.consumer.empty() ? consumers_->by_address(address) : consumers_->by_name(policy_.consumer);
        return caller ? Finding::good(std::move(caller)) : Finding::absent();
    }

  private:
    const config::IpPolicy policy_;
    const std::shared_ptr<const Consumers> consumers_;
};

}  // namespace

std::shared_ptr<const Authenticator> make_ip(std::string name, const config::IpPolicy& policy,
                                             std::shared_ptr<const Consumers> consumers) {
    return std::make_shared<const Ip>(std::move(name), policy, std::move(consumers));
}

}  // namespace adit::policy

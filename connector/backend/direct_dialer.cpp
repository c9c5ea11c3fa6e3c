// The direct way; see direct_dialer.h.
#include "connector/backend/direct_dialer.h"

#include "common/net/connect.h"

namespace adit::backend {

DirectDialer::DirectDialer(net::Loop& loop, net::Resolver& resolver, net::HostPort target, std::string base_path)
    : loop_(loop),
      resolver_(resolver),
      target_(std::move(target)),
      authority_(target_.port == 80 ? target_.text().substr(0, target_.text().size() - 3) : target_.text()),
      base_path_(std::move(base_path)) {}

std::expected<Way, problem::Failure> DirectDialer::choose() {
    Way way;
    way.authority = authority_;
    way.base_path = base_path_;
    return way;
}

net::Task<bool> DirectDialer::await_way(net::Time) {
    co_return false;
}

net::Task<Dialled> DirectDialer::dial(const Way&, net::Time deadline) {
    auto addresses = co_await resolver_.resolve(loop_, target_, deadline);
    if (!addresses) {
        co_return std::unexpected(std::move(addresses.error()));
    }
    auto connected = co_await net::connect(loop_, std::move(*addresses), deadline, target_.text());
    if (!connected) {
        co_return std::unexpected(std::move(connected.error()));
    }
    co_return std::move(*connected);
}

}  // namespace adit::backend

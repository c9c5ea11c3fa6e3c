// The direct way; see direct_dialer.h.
#include "connector/backend/direct_dialer.h"

#include "common/net/connect.h"

namespace adit::backend {

namespace {

/// RFC 9110 §4.2: a scheme's own port is left out.
std::string authority_of(const net::HostPort& target, bool secure) {
    std::string text = target.text();
    const std::string own = secure ? ":443" : ":80";
    return target.port == (secure ? 443 : 80) ? text.substr(0, text.size() - own.size()) : text;
}

}  // namespace

DirectDialer::DirectDialer(net::Loop& loop, net::Resolver& resolver, net::HostPort target, std::string base_path,
                           bool secure)
    : loop_(loop),
      resolver_(resolver),
      target_(std::move(target)),
      secure_(secure),
      authority_(authority_of(target_, secure)),
      base_path_(std::move(base_path)) {}

std::expected<Way, problem::Failure> DirectDialer::choose() {
    Way way;
    way.authority = authority_;
    way.base_path = base_path_;
    if (secure_) {
        way.tls_name = target_.host;
    }
    return way;
}

net::Task<bool> DirectDialer::await_way(net::Time) {
    co_return false;
}

net::Task<Dialled> DirectDialer::dial(const Way&, Versions, net::Time deadline) {
    auto addresses = co_await resolver_.resolve(loop_, target_, deadline);
    if (!addresses) {
        co_return std::unexpected(std::move(addresses.error()));
    }
    auto connected = co_await net::connect(loop_, std::move(*addresses), deadline, target_.text());
    if (!connected) {
        co_return std::unexpected(std::move(connected.error()));
    }
    co_return Connected{std::move(*connected)};
}

}  // namespace adit::backend

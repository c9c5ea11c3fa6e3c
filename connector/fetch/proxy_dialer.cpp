// TCP to the proxy, then its CONNECT; see proxy_dialer.h.
#include "connector/fetch/proxy_dialer.h"

#include "common/net/alarm.h"
#include "common/net/connect.h"
#include "common/net/proxy_connect.h"

namespace adit::fetch {

ProxyDialer::ProxyDialer(net::Loop& loop, net::Resolver& resolver, net::Proxy proxy, const net::HostPort& target,
                         const std::string& base_path, bool secure)
    : loop_(loop),
      resolver_(resolver),
      proxy_(std::move(proxy)),
      target_(target.text()),
      direct_(loop, resolver, target, base_path, secure) {}

net::Task<backend::Dialled> ProxyDialer::dial(const backend::Way&, backend::Versions, net::Time deadline) {
    const net::HostPort name{proxy_.host, proxy_.port};
    auto addresses = co_await resolver_.resolve(loop_, name, deadline);
    if (!addresses) {
        co_return std::unexpected(std::move(addresses.error()));
    }
    auto stream = co_await net::connect(loop_, std::move(*addresses), deadline, "proxy " + name.text());
    if (!stream) {
        co_return std::unexpected(std::move(stream.error()));
    }
    std::optional<net::BasicCredentials> credentials;
    if (!proxy_.user.empty()) {
        credentials = net::BasicCredentials{proxy_.user, proxy_.password};
    }
    const net::AbortAt guard(**stream, deadline);
    if (auto through = co_await net::proxy_connect(**stream, target_, std::move(credentials)); !through) {
        co_return std::unexpected(std::move(through.error()));
    }
    co_return backend::Connected{std::move(*stream)};
}

}  // namespace adit::fetch

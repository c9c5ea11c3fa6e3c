// Dials a host through a forward proxy, by CONNECT.
#pragma once

#include <string>

#include "common/net/proxy_environment.h"
#include "common/net/resolver.h"
#include "connector/backend/direct_dialer.h"

namespace adit::fetch {

/// Its ways are those of a direct dialer; only the streams come about differently.
class ProxyDialer final : public backend::Dialer {
  public:
    ProxyDialer(net::Loop& loop, net::Resolver& resolver, net::Proxy proxy, const net::HostPort& target,
                const std::string& base_path, bool secure);

    std::expected<backend::Way, problem::Failure> choose() override { return direct_.choose(); }
    net::Task<bool> await_way(net::Time deadline) override { return direct_.await_way(deadline); }
    net::Task<backend::Dialled> dial(const backend::Way& way, backend::Versions versions, net::Time deadline) override;

  private:
    net::Loop& loop_;
    net::Resolver& resolver_;
    net::Proxy proxy_;
    std::string target_;
    backend::DirectDialer direct_;
};

}  // namespace adit::fetch

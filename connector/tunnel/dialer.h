// Dials a service's origin through the sessions of its tunnel.
#pragma once

#include <string>

#include "connector/backend/dialer.h"
#include "connector/tunnel/pool.h"

namespace adit::tunnel {

/// One per service endpoint and worker. Looks the service up anew for each exchange, so changes of the tunnels' files
/// take effect at once.
class TunnelDialer final : public backend::Dialer {
  public:
    TunnelDialer(Pool& pool, std::string service) : pool_(pool), service_(std::move(service)) {}

    backend::Hop hop() const override;
    std::expected<backend::Way, problem::Failure> choose() override;
    net::Task<bool> await_way(net::Time deadline) override;
    net::Task<backend::Dialled> dial(const backend::Way& way, backend::Versions versions, net::Time deadline) override;

  private:
    Pool& pool_;
    std::string service_;
};

}  // namespace adit::tunnel

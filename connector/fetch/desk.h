// Where the connector's own exchanges run: one worker's loop, with the ways that lead from there.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/net/resolver.h"
#include "common/net/worker.h"
#include "connector/backend/dialer.h"
#include "connector/config/credential.h"
#include "connector/fetch/client.h"

namespace adit::fetch {

/// Made before the workers; keepers and clients may be made at any time, but run only once it is open.
class Desk {
  public:
    /// A dialer of the streams that lead to a service's origin, on home's thread; null: there are no tunnels.
    using ThroughTunnel = std::function<std::unique_ptr<backend::Dialer>(const std::string& service)>;

    explicit Desk(net::Resolver& resolver) : resolver_(resolver) {}
    void open(net::Worker& home, ThroughTunnel through_tunnel);
    bool is_open() const { return home_ != nullptr; }
    net::Worker& home() const { return *home_; }
    /// A client of an endpoint; `otherwise` is its URL where the configuration names none. On home's thread; fails when
    /// a CA file cannot be read.
    Result<std::unique_ptr<Client>> client(const config::TokenEndpoint& endpoint,
                                           const config::Endpoint& otherwise) const;

  private:
    net::Resolver& resolver_;
    net::Worker* home_ = nullptr;
    ThroughTunnel through_tunnel_;
};

}  // namespace adit::fetch

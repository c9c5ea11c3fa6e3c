// Where the connector's own exchanges run: one worker's loop, with the ways that lead from there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/net/resolver.h"
#include "common/net/worker.h"
#include "connector/backend/dialer.h"
#include "connector/config/credential.h"
#include "connector/fetch/client.h"

namespace adit::fetch {

/// Made before the workers. Keepers and clients may be made at any time; they run only while it is open. It opens
/// before other threads know of it and closes when they have ended, so that it needs no lock.
class Desk {
  public:
    /// A dialer of the streams that lead to a service's origin, called on home's thread. Empty: there are no tunnels.
    using ThroughTunnel = std::function<std::unique_ptr<backend::Dialer>(const std::string& service)>;

    explicit Desk(net::Resolver& resolver) : resolver_(resolver) {}
    void open(net::Worker& home, ThroughTunnel through_tunnel);
    /// Home has ended: nothing is posted to it any more.
    void close() { home_ = nullptr; }
    /// While it is open.
    net::Loop& loop() const { return home_->loop(); }
    /// Runs `function` on home's thread; once there is one, if it has not opened yet; never, if it has closed.
    void post(std::function<void()> function);

    /// A client of an endpoint; `otherwise` is its URL where the configuration names none. It may be made on any thread
    /// and asks on home's. Fails when a CA file or the proxy's address cannot be used.
    Result<std::unique_ptr<Client>> client(const config::TokenEndpoint& endpoint,
                                           const config::Endpoint& otherwise) const;

  private:
    net::Resolver& resolver_;
    net::Worker* home_ = nullptr;
    ThroughTunnel through_tunnel_;
    std::vector<std::function<void()>> early_;
    bool opened_ = false;
};

}  // namespace adit::fetch

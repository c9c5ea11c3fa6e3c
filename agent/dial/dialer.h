// From a token to a channel with the right connector, whatever carries it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/address.h"
#include "common/net/stream.h"
#include "common/problem/failure.h"
#include "common/protocol/transport.h"
#include "common/tls/tls_stream.h"

namespace adit::agent {

/// Where a session may be dialled: one address of one of the connector's names; behind a proxy, which resolves names
/// itself, only the name.
struct Target {
    net::HostPort name;
    std::optional<net::Address> address;
    protocol::Transport transport = protocol::Transport::tls;

    std::string text() const { return address ? address->text() : name.text(); }
};

/// A channel over which HTTP/2 may begin: the connector's identity has been checked.
struct Channel {
    std::unique_ptr<net::Stream> stream;
    Target target;
    const tls::TlsStream* tls = nullptr;  ///< the stream, where it is one: it knows why it ended
};

/// Dials on behalf of one token. Used on one loop; lives as long as that runs.
class Dialer {
  public:
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;
    virtual ~Dialer() = default;

    /// All targets of the token's names at the moment. A failure only when no name gave any.
    virtual net::Task<std::expected<std::vector<Target>, problem::Failure>> targets() = 0;
    /// Opens a channel to the first of `targets` (one or more) that answers, within `timeout` for all steps.
    virtual net::Task<std::expected<Channel, problem::Failure>> dial(std::vector<Target> targets,
                                                                     std::chrono::milliseconds timeout) = 0;
    /// The same to one target, while sessions to others stand: that it fails says nothing about the rest.
    virtual net::Task<std::expected<Channel, problem::Failure>> dial_beside(Target target,
                                                                            std::chrono::milliseconds timeout) {
        return dial({std::move(target)}, timeout);
    }
    /// The connector at this target refused a session because another agent has our place there.
    virtual void displaced(const Target&) {}

  protected:
    Dialer() = default;
};

}  // namespace adit::agent

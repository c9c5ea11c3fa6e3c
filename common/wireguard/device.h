// One end of a WireGuard network: its peers, and TCP connections inside it as streams.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/net/address.h"
#include "common/net/stream.h"
#include "common/problem/failure.h"
#include "common/wireguard/key.h"

namespace adit::wireguard {

/// The largest packet inside the tunnel that is safe where the outer path carries 1500 bytes, over IPv4 or IPv6.
inline constexpr unsigned kMtu = 1420;

/// Who may be at the other end of a device. A peer has one address in the network: its identity.
struct Peer {
    PublicKey public_key;
    Secret preshared_key;                  ///< as `wg` prints it; empty: none
    boost::asio::ip::address address;      ///< inside the network
    std::optional<net::Address> endpoint;  ///< where it is dialled; none: it comes to us
    std::chrono::seconds keepalive{0};     ///< 0: none
};

/// What a device knows of a peer at the moment.
struct PeerStatus {
    PublicKey public_key;
    std::optional<net::Address> endpoint;  ///< where it was last heard from
    std::optional<WallTime> handshake;     ///< the last one that succeeded
    std::uint64_t received = 0;            ///< bytes, since the device was made
    std::uint64_t sent = 0;
};

/// What makes a device.
struct Settings {
    Secret private_key;                ///< as `wg` prints it
    boost::asio::ip::address address;  ///< ours inside the network
    unsigned prefix = 32;              ///< of the network, for devices that set routes
    unsigned mtu = kMtu;
    net::HostPort bind{"0.0.0.0", 0};  ///< UDP; port 0: any
    std::uint16_t accept_port = 0;     ///< TCP inside the network; 0: nothing is accepted
    /// Told, in user space, when somebody whose key is no peer's has begun a handshake: once a second at most. Whoever
    /// knows our public key can cause it, with any address. May be empty.
    std::function<void(const net::Address& from)> stranger;
};

/// Owned by its program; all calls and callbacks on one loop's thread. Errors of making one come from the functions
/// that make the three kinds (user_space.h, kernel.h, existing.h).
class Device {
  public:
    /// Takes over a connected descriptor (non-blocking, close-on-exec) of a peer's connection.
    using Accepted = std::function<void(int fd, const net::Address& from)>;

    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    virtual ~Device() = default;

    /// These peers and no others, from here on; only what changed is told, and those that stay keep their handshakes.
    /// Connections of those that go end in user space; those of the operating system get no more bytes, and whoever
    /// took the peer away ends them. Nothing happens on an interface of somebody else.
    virtual void set_peers(std::vector<Peer> peers) = 0;
    /// Opens TCP inside the network. `peer` is whose handshake is renewed when nothing answers: its other end may have
    /// restarted (in user space; the kernel does it by itself after 15 s). connection_timeout, connection_refused, or
    /// why the device does not work. The device may be destroyed meanwhile.
    virtual net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> dial(net::Address to,
                                                                                          PublicKey peer,
                                                                                          net::Time deadline) = 0;
    /// What it knows of its peers now; those it may not look at are left out. The device may be destroyed meanwhile.
    virtual net::Task<Result<std::vector<PeerStatus>>> statistics() = 0;
    /// "user-space", "kernel" or "existing", and the interface's name where there is one: for people.
    virtual std::string description() const = 0;
    /// Where it listens for datagrams; port 0 when that is not known.
    virtual net::Address bound() const = 0;

  protected:
    Device() = default;
};

}  // namespace adit::wireguard

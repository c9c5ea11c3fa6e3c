// Our peers and settings as the embeddable-wg-library wants them, and back; see kernel_library.h.
#include "common/wireguard/kernel_library.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>

#include "common/base/bounded_time.h"
#include "common/base/encoding.h"

extern "C" {
#include <wireguard.h>
}

namespace adit::wireguard::kernel_library {
namespace {

constexpr const char* kNobody = "adit-probe";  ///< an interface that nobody has
constexpr int kErrnoMost = 4095;               ///< MAX_ERRNO of the kernel

/// Flags of the library are C enumerations, which C++ does not combine.
template <class Flags>
void set(Flags& flags, Flags more) {
    flags = static_cast<Flags>(static_cast<unsigned>(flags) | static_cast<unsigned>(more));
}

/// Wiped when it dies: what is configured holds keys.
template <class T>
class Wiped {
  public:
    Wiped() = default;
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { wipe_memory(&value_, sizeof value_); }
    T* operator->() { return &value_; }
    T& operator*() { return value_; }

  private:
    T value_{};
};

bool copy_key(const Secret& text, wg_key& key) {
    auto bytes = base64_decode(text.reveal());
    if (!bytes || bytes->size() != sizeof key) {
        return false;
    }
    std::memcpy(key, bytes->data(), sizeof key);
    wipe_memory(bytes->data(), bytes->size());
    return true;
}

void name(wg_device& device, const std::string& interface) {
    interface.copy(device.name, sizeof device.name - 1);
}

/// A device with peers, linked as the library walks them.
class Configuration {
  public:
    explicit Configuration(const std::string& interface) { name(*device_, interface); }
    wg_device& device() { return *device_; }

    void add(const Peer& peer) {
        wg_peer& made = append(peer.public_key);
        set(made.flags, WGPEER_REPLACE_ALLOWEDIPS);
        // A peer without a preshared key has one of zeros: nothing of an earlier one stays.
        set(made.flags, WGPEER_HAS_PRESHARED_KEY);
        copy_key(peer.preshared_key, made.preshared_key);
        set(made.flags, WGPEER_HAS_PERSISTENT_KEEPALIVE_INTERVAL);
        made.persistent_keepalive_interval = static_cast<std::uint16_t>(peer.keepalive.count());
        if (peer.endpoint) {
            sockaddr_storage storage;
            const socklen_t size = peer.endpoint->to_socket(storage);
            std::memcpy(&made.endpoint, &storage, std::min<std::size_t>(size, sizeof made.endpoint));
        }
        made.first_allowedip = made.last_allowedip = &allow(peer.address);
    }
    void remove(const PublicKey& key) { set(append(key).flags, WGPEER_REMOVE_ME); }

  private:
    wg_peer& append(const PublicKey& key) {
        wg_peer& peer = *peers_.emplace_back();
        std::ranges::copy(key.bytes, peer.public_key);
        set(peer.flags, WGPEER_HAS_PUBLIC_KEY);
        if (device_->last_peer != nullptr) {
            device_->last_peer->next_peer = &peer;
        } else {
            device_->first_peer = &peer;
        }
        device_->last_peer = &peer;
        return peer;
    }
    wg_allowedip& allow(const boost::asio::ip::address& address) {
        wg_allowedip& allowed = allowed_.emplace_back();
        if (address.is_v6()) {
            allowed.family = AF_INET6;
            allowed.cidr = 128;
            std::ranges::copy(address.to_v6().to_bytes(), allowed.ip6.s6_addr);
        } else {
            allowed.family = AF_INET;
            allowed.cidr = 32;
            allowed.ip4.s_addr = htonl(address.to_v4().to_uint());
        }
        return allowed;
    }

    Wiped<wg_device> device_;
    std::deque<Wiped<wg_peer>> peers_;  // stay where they are: they are linked
    std::deque<wg_allowedip> allowed_;
};

std::optional<net::Address> endpoint_of(const wg_peer& peer) {
    if (peer.endpoint.addr.sa_family == AF_INET) {
        const sockaddr_in& v4 = peer.endpoint.addr4;
        return net::Address{boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
    }
    if (peer.endpoint.addr.sa_family == AF_INET6) {
        boost::asio::ip::address_v6::bytes_type bytes;
        std::ranges::copy(peer.endpoint.addr6.sin6_addr.s6_addr, bytes.begin());
        return net::Address{boost::asio::ip::address_v6(bytes, peer.endpoint.addr6.sin6_scope_id),
                            ntohs(peer.endpoint.addr6.sin6_port)};
    }
    return std::nullopt;
}

PeerStatus status_of(const wg_peer& peer) {
    PeerStatus status;
    std::ranges::copy(peer.public_key, status.public_key.bytes.begin());
    status.endpoint = endpoint_of(peer);
    if (peer.last_handshake_time.tv_sec != 0) {
        constexpr std::int64_t kSecond = 1'000'000'000;
        const std::chrono::nanoseconds rest(std::clamp<std::int64_t>(peer.last_handshake_time.tv_nsec, 0, kSecond - 1));
        status.handshake =
            bounded_time(peer.last_handshake_time.tv_sec) + std::chrono::duration_cast<WallTime::duration>(rest);
    }
    status.received = peer.rx_bytes;
    status.sent = peer.tx_bytes;
    return status;
}

struct Release {
    void operator()(wg_device* device) const {
        wipe_memory(device->private_key, sizeof device->private_key);
        for (wg_peer* peer = device->first_peer; peer != nullptr; peer = peer->next_peer) {
            wipe_memory(peer->preshared_key, sizeof peer->preshared_key);
        }
        wg_free_device(device);
    }
};

/// The library answers 0 or a negative errno; what is none of the kernel's is EIO.
std::expected<std::unique_ptr<wg_device, Release>, int> get(const char* interface) {
    wg_device* device = nullptr;
    if (const int error = wg_get_device(&device, interface); error != 0) {
        return std::unexpected(error < 0 && error >= -kErrnoMost ? -error : EIO);
    }
    return std::unique_ptr<wg_device, Release>(device);
}

}  // namespace

bool built() {
    return true;
}

int probe() {
    const auto device = get(kNobody);
    return device ? ENODEV : device.error();
}

int add(const std::string& interface) {
    return -wg_add_device(interface.c_str());
}

int configure(const std::string& interface, const Secret& private_key, std::uint16_t port) {
    Configuration configuration(interface);
    wg_device& device = configuration.device();
    if (!copy_key(private_key, device.private_key)) {
        return EINVAL;
    }
    device.listen_port = port;
    set(device.flags, WGDEVICE_HAS_PRIVATE_KEY);
    set(device.flags, WGDEVICE_HAS_LISTEN_PORT);
    set(device.flags, WGDEVICE_REPLACE_PEERS);
    return -wg_set_device(&device);
}

int change_peers(const std::string& interface, const PeerChanges& changes) {
    if (changes.empty()) {
        return 0;
    }
    Configuration configuration(interface);
    for (const PublicKey& key : changes.remove) {
        configuration.remove(key);
    }
    for (const Peer* peer : changes.add) {
        configuration.add(*peer);
    }
    return -wg_set_device(&configuration.device());
}

std::expected<State, int> read(const std::string& interface) {
    const auto device = get(interface.c_str());
    if (!device) {
        return std::unexpected(device.error());
    }
    State state{(*device)->listen_port, {}};
    for (const wg_peer* peer = (*device)->first_peer; peer != nullptr; peer = peer->next_peer) {
        state.peers.push_back(status_of(*peer));
    }
    return state;
}

}  // namespace adit::wireguard::kernel_library

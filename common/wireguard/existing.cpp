// Using an interface without touching it; see existing.h.
#include "common/wireguard/existing.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/wireguard/interface_connections.h"
#include "common/wireguard/kernel_library.h"

namespace adit::wireguard {
namespace {

using boost::asio::ip::address;

std::optional<address> address_of(const sockaddr* socket) {
    if (socket != nullptr && socket->sa_family == AF_INET) {
        return boost::asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(socket)->sin_addr.s_addr));
    }
    if (socket != nullptr && socket->sa_family == AF_INET6) {
        boost::asio::ip::address_v6::bytes_type bytes;
        std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(socket)->sin6_addr, bytes.size());
        return boost::asio::ip::address_v6(bytes);
    }
    return std::nullopt;
}

struct Interface {
    bool there = false;
    bool up = false;
    std::vector<address> addresses;
};

Result<Interface> read_interface(const std::string& name) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return failure(std::string("the interfaces cannot be listed: ") + std::strerror(errno));
    }
    Interface found;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (name != entry->ifa_name) {
            continue;
        }
        found.there = true;
        found.up = (entry->ifa_flags & IFF_UP) != 0;
        if (const auto one = address_of(entry->ifa_addr)) {
            found.addresses.push_back(*one);
        }
    }
    ::freeifaddrs(list);
    return found;
}

/// What stands against using it.
Result<> look_at(const std::string& interface, const address& wanted) {
    const auto found = read_interface(interface);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!found->there) {
        return usage_error("there is no such interface; device: existing uses one that somebody else has made");
    }
    if (std::ranges::find(found->addresses, wanted) == found->addresses.end()) {
        std::string others;
        for (const address& one : found->addresses) {
            others += (others.empty() ? "" : ", ") + one.to_string();
        }
        return usage_error("it does not have the address " + wanted.to_string() + ", but " +
                           (others.empty() ? "none" : others));
    }
    if (!found->up) {
        return usage_error("it is down; `ip link set " + interface + " up` takes it up");
    }
    return {};
}

net::Task<Result<std::vector<PeerStatus>>> statistics_if_permitted(std::string interface) {
    auto state = kernel_library::read(interface);
    co_return state ? std::move(state->peers) : std::vector<PeerStatus>();
}

class ExistingDevice final : public Device {
  public:
    ExistingDevice(std::string interface, std::unique_ptr<InterfaceConnections> connections)
        : interface_(std::move(interface)), connections_(std::move(connections)) {}

    void set_peers(std::vector<Peer>) override {}  // they are its maker's
    net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> dial(net::Address to, PublicKey,
                                                                                  net::Time deadline) override {
        return connections_->dial(std::move(to), deadline);
    }
    net::Task<Result<std::vector<PeerStatus>>> statistics() override { return statistics_if_permitted(interface_); }
    std::string description() const override { return "existing " + interface_; }
    net::Address bound() const override {
        const auto state = kernel_library::read(interface_);
        return {boost::asio::ip::address_v4::any(), state ? state->port : std::uint16_t{0}};
    }

  private:
    std::string interface_;
    std::unique_ptr<InterfaceConnections> connections_;
};

}  // namespace

std::vector<address> addresses_of(const std::string& interface) {
    auto found = read_interface(interface);
    return found ? std::move(found->addresses) : std::vector<address>();
}

Result<std::unique_ptr<Device>> open_existing(net::Loop& loop, const std::string& interface, const Settings& settings,
                                              Device::Accepted accepted) {
    const std::string what = "WireGuard interface " + interface;
    if (auto fine = look_at(interface, settings.address); !fine) {
        return std::unexpected(std::move(fine).error().with(what));
    }
    auto connections =
        InterfaceConnections::open(loop, interface, settings.address, settings.accept_port, std::move(accepted));
    if (!connections) {
        return std::unexpected(std::move(connections).error().with(what));
    }
    return std::make_unique<ExistingDevice>(interface, std::move(*connections));
}

}  // namespace adit::wireguard

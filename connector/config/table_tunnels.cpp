// Tunnels: where agents connect, over TLS and over WireGuard.
#include "common/config/collections.h"
#include "common/wireguard/interface.h"
#include "common/wireguard/mtu.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;
using wireguard::DeviceKind;

Object<TunnelTls> tunnel_tls() {
    return Object<TunnelTls>("tunnels.tls", "Where agents connect over TLS.")
        .required("address", &TunnelTls::address, Address<HostPort>(ZeroPort::allowed), "host:port to listen on.")
        .required(
            "key", &TunnelTls::key, Path(),
            "PEM file with the Ed25519 or ECDSA private key by which agents know this connector; made on first use.")
        .field(
            "next_key", &TunnelTls::next_key, Path(),
            "PEM file with the key that will replace it: tokens made from now on are good for both. Made on first use; "
            "none when left out.")
        .field("advertise", &TunnelTls::advertise, List(Address<HostPort>(ZeroPort::refused), bounds::advertised),
               "The addresses that tokens tell agents to dial; by default the address to listen on.");
}

/// A private block with room for the connector and a token at least, and few enough bits to be meant.
Result<net::Network> tunnel_network(std::string_view text) {
    auto network = net::Network::parse(text);
    if (!network) return network;
    const auto first = network->first();
    const bool v4 = first.is_v4();
    if (first.is_loopback() || first.is_multicast() || (v4 && first.to_v4().to_uint() >> 24 == 127))
        return usage_error("loopback and multicast addresses are of no use here");
    const unsigned most = v4 ? bounds::max_prefix_v4 : bounds::max_prefix_v6;
    if (network->prefix() < bounds::min_prefix || network->prefix() > most)
        return usage_error("the prefix length must be from " + std::to_string(bounds::min_prefix) + " to " +
                           std::to_string(most) + ", since each token takes eight addresses");
    return network;
}

/// A name that shows as it is.
class InterfaceName : public Parsed<std::string> {
  public:
    InterfaceName() : Parsed("the name of a network interface", wireguard::parse_interface) {}
    std::string show(const std::string& name) const { return name; }
};

void interface_of_device(const Node& node, const TunnelWireGuard& part, Diagnostics& diagnostics) {
    const Member* interface = node.find("interface");
    if (part.device == DeviceKind::existing && !interface)
        diagnostics.error(place_of(node, {"device"}),
                          "'device: existing' needs 'interface', the name of the WireGuard interface that is there");
    if (part.device == DeviceKind::user_space && interface)
        diagnostics.error(place_of(node, {"interface"}),
                          "a user-space device has no interface; leave this out, or say 'device: kernel'");
}

Object<TunnelWireGuard> tunnel_wireguard() {
    return Object<TunnelWireGuard>("tunnels.wireguard", "Where agents connect over WireGuard.")
        .required("address", &TunnelWireGuard::address, Address<HostPort>(ZeroPort::allowed),
                  "host:port to listen on, UDP.")
        .required("network", &TunnelWireGuard::network,
                  Parsed<net::Network>("a network such as 10.77.0.0/16", tunnel_network),
                  "The block of addresses inside the tunnels' network; the connector has the first, each key eight.")
        .field("key", &TunnelWireGuard::key, Path(),
               "File with the connector's private key as `wg genkey` writes it, made on first use; by default "
               "wireguard.key beside the key of TLS, else beside the directory.")
        .field("advertise", &TunnelWireGuard::advertise, List(Address<HostPort>(ZeroPort::refused), bounds::advertised),
               "The endpoints that tokens tell agents to dial; by default the address to listen on.")
        .field("device", &TunnelWireGuard::device, choice_of<DeviceKind>(wireguard::kDeviceKindWords),
               "What carries the network: the kernel where it can and else user space (auto), one of them, or an "
               "interface that someone else made and configured (existing).")
        .field("interface", &TunnelWireGuard::interface, InterfaceName(),
               "The interface's name, of a kernel device or an existing one; adit0 for one that is made.")
        .field("mtu", &TunnelWireGuard::mtu, Integer<std::uint32_t>(wireguard::kMinMtu, wireguard::kMaxMtu),
               "The largest packet inside the network, of both ends: 80 bytes less than what the way between them "
               "carries.")
        .field("keepalive", &TunnelWireGuard::keepalive, Duration(0s, bounds::max_keepalive),
               "How often a silent peer is sent something, so that NAT stays open; 0s is never.")
        .rule(interface_of_device);
}

void some_way_in(const Node& node, const Tunnels& tunnels, Diagnostics& diagnostics) {
    if (!tunnels.tls && !tunnels.wireguard)
        diagnostics.error(node.place, "'tunnels' needs 'tls' or 'wireguard': where agents connect");
}

}  // namespace

yaml::Object<Tunnels> tunnels_table() {
    return Object<Tunnels>("tunnels", "The tunnels and where their agents connect: tls, wireguard, or both.")
        .required("directory", &Tunnels::directory, Path(), "Folder with one file per tunnel.")
        .field("sessions_per_key", &Tunnels::sessions_per_key, Integer<std::uint32_t>(0, bounds::max_sessions_per_key),
               "Sessions at one time that agents with one token may have, all together; 0 is no bound.")
        .field("tls", &Tunnels::tls, tunnel_tls(), "Where agents connect over TLS; not over TLS when left out.")
        .field("wireguard", &Tunnels::wireguard, tunnel_wireguard(),
               "Where agents connect over WireGuard; not over WireGuard when left out.")
        .rule(some_way_in);
}

}  // namespace adit::config

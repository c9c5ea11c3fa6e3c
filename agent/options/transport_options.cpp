// Flags, variables and file about the way to the connector; see transport_options.h.
#include "agent/options/transport_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

#include "agent/options/environment.h"
#include "common/wireguard/mtu.h"

namespace adit::agent {
namespace {

using wireguard::DeviceKind;

/// A value with its name where it came from, for errors: "--wireguard-mtu" or "TUNNEL_WIREGUARD_MTU".
struct Given {
    std::string from;
    std::string text;

    Given(const std::string& flag, const char* option, const char* variable)
        : from(flag.empty() ? variable : option), text(chosen(flag, variable)) {}
    std::unexpected<Error> wrong(const std::string& expected) const {
        return usage_error(from + "=" + text + " is not known; use " + expected);
    }
};

template <std::size_t N>
std::string listed(const std::array<std::string_view, N>& words) {
    std::string text;
    for (std::size_t i = 0; i < N; ++i) {
        text += std::string(i == 0 ? "" : i + 1 == N ? " or " : ", ") + std::string(words[i]);
    }
    return text;
}

template <std::size_t N>
std::set<std::string> set_of(const std::array<std::string_view, N>& words) {
    return {words.begin(), words.end()};
}

Result<> take_protocol(const Given& given, TransportOptions& options) {
    if (given.text.empty()) {
        return {};
    }
    const auto found = std::ranges::find(kTransportWords, given.text);
    if (found == kTransportWords.end()) {
        return given.wrong(listed(kTransportWords));
    }
    options.protocol = static_cast<TransportProtocol>(found - kTransportWords.begin());
    return {};
}

Result<> take_device(const Given& given, TransportOptions& options) {
    if (given.text.empty()) {
        return {};
    }
    const auto kind = wireguard::parse_device_kind(given.text);
    if (!kind) {
        return given.wrong(listed(wireguard::kDeviceKindWords));
    }
    options.device = *kind;
    return {};
}

Result<> take_interface(const Given& given, TransportOptions& options) {
    if (given.text.empty()) {
        return {};
    }
    auto name = wireguard::parse_interface(given.text);
    if (!name) {
        return usage_error(given.from + "=" + given.text +
                           " is not the name of a network interface: " + name.error().message);
    }
    options.interface = std::move(*name);
    return {};
}

Result<> take_mtu(const Given& given, TransportOptions& options) {
    if (given.text.empty()) {
        return {};
    }
    unsigned mtu = 0;
    const char* const end = given.text.data() + given.text.size();
    const auto [stopped, error] = std::from_chars(given.text.data(), end, mtu);
    if (error != std::errc() || stopped != end || mtu < wireguard::kMinMtu || mtu > wireguard::kMaxMtu) {
        return usage_error(given.from + "=" + given.text + ": a number from " + std::to_string(wireguard::kMinMtu) +
                           " to " + std::to_string(wireguard::kMaxMtu) + " was expected");
    }
    options.mtu = mtu;
    return {};
}

}  // namespace

void add_transport_flags(CLI::App& command, TypedTransport& typed) {
    command
        .add_option("--transport-protocol", typed.protocol,
                    "auto prefers TLS and takes WireGuard where that does not connect (or TUNNEL_TRANSPORT_PROTOCOL)")
        ->type_name("PROTOCOL")
        ->check(CLI::IsMember(set_of(kTransportWords)));
    command
        .add_option("--wireguard-device", typed.device,
                    "What carries the WireGuard network; auto is the kernel where it can, else user space (or "
                    "TUNNEL_WIREGUARD_DEVICE)")
        ->type_name("DEVICE")
        ->check(CLI::IsMember(set_of(wireguard::kDeviceKindWords)));
    command
        .add_option("--wireguard-interface", typed.interface,
                    "Name of the kernel's or the existing interface (or TUNNEL_WIREGUARD_INTERFACE)")
        ->type_name("NAME");
    command
        .add_option("--wireguard-mtu", typed.mtu,
                    "Largest packet inside the network, instead of the token's (or TUNNEL_WIREGUARD_MTU)")
        ->type_name("BYTES");
}

Result<TransportOptions> merge_transport(const TypedTransport& typed, const FileConfig& file) {
    TransportOptions options;
    options.protocol = file.transport_protocol.value_or(options.protocol);
    options.device = file.wireguard.device.value_or(options.device);
    options.interface = file.wireguard.interface.value_or(options.interface);
    options.mtu = file.wireguard.mtu;
    const Given interface(typed.interface, "--wireguard-interface", "TUNNEL_WIREGUARD_INTERFACE");
    for (const Result<>& step :
         {take_protocol({typed.protocol, "--transport-protocol", "TUNNEL_TRANSPORT_PROTOCOL"}, options),
          take_device({typed.device, "--wireguard-device", "TUNNEL_WIREGUARD_DEVICE"}, options),
          take_interface(interface, options),
          take_mtu({typed.mtu, "--wireguard-mtu", "TUNNEL_WIREGUARD_MTU"}, options)}) {
        if (!step) {
            return std::unexpected(step.error());
        }
    }
    if (options.device == DeviceKind::existing && interface.text.empty() && !file.wireguard.interface) {
        return usage_error(
            "an existing WireGuard device needs the name of its interface: --wireguard-interface, "
            "TUNNEL_WIREGUARD_INTERFACE, or wireguard.interface in the file");
    }
    return options;
}

}  // namespace adit::agent

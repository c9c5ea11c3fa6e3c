// How the agent reaches its connector, in the words of options and files.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace adit::agent {

/// `automatic` prefers TLS and takes WireGuard where TLS does not connect.
enum class TransportProtocol : std::uint8_t { automatic, tls, wireguard };

/// Their words, in the order of TransportProtocol.
inline constexpr std::array<std::string_view, 3> kTransportWords{"auto", "tls", "wireguard"};

}  // namespace adit::agent

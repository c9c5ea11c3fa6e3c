// Sizes of packets inside a WireGuard network.
#pragma once

namespace adit::wireguard {

/// What every path of IPv6 carries (RFC 8200 §5).
inline constexpr unsigned kMinMtu = 1280;
/// The largest packet whose datagram is still an IP packet: WireGuard adds 32 bytes, UDP 8, IPv6 40.
inline constexpr unsigned kMaxMtu = 65'535 - 80;

}  // namespace adit::wireguard

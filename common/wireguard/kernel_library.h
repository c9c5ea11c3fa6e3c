// The kernel's WireGuard settings, by the embeddable-wg-library of wireguard-tools where the build found it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "common/wireguard/device.h"
#include "common/wireguard/messages.h"

namespace adit::wireguard::kernel_library {

/// Whether the library is part of this build; without it every call answers ENOSYS.
bool built();

/// An errno; ENODEV is the good one: the kernel has WireGuard and we may use it, only no interface of that name.
/// EPROTONOSUPPORT: no WireGuard. EPERM: it is there, but not for us.
int probe();
/// Makes an interface without settings. An errno, 0: made.
int add(const std::string& interface);
/// Private key and port; no peers from before stay. An errno.
int configure(const std::string& interface, const Secret& private_key, std::uint16_t port);
/// An errno.
int change_peers(const std::string& interface, const PeerChanges& changes);

struct State {
    std::uint16_t port = 0;
    std::vector<PeerStatus> peers;
};
std::expected<State, int> read(const std::string& interface);

}  // namespace adit::wireguard::kernel_library

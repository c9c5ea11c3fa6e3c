// The kernel's own WireGuard: an interface that we make, configure and remove. Needs CAP_NET_ADMIN.
#pragma once

#include <memory>
#include <string>

#include "common/wireguard/device.h"

namespace adit::wireguard {

/// Whether the kernel's WireGuard can be used, and in words why not.
struct KernelVerdict {
    bool usable = false;
    std::string why;
};

/// Asks the kernel; changes nothing.
KernelVerdict kernel_available();
/// What an errno of that question means. Pure.
KernelVerdict kernel_verdict(int error);

/// Makes `interface` with its key, port, address (whose prefix sets the route to the peers), MTU, and takes it up. One
/// that another Adit left behind when it was killed is made anew; one that is in use or of another's making is refused.
/// The port is bound on all addresses, as the kernel does, so `settings.bind` must not name one. Destroying the device
/// removes the interface. Connections of a peer that is removed get no more bytes and are ended by their sessions.
Result<std::unique_ptr<Device>> open_kernel(net::Loop& loop, const std::string& interface, Settings settings,
                                            Device::Accepted accepted);

}  // namespace adit::wireguard

// A WireGuard interface that somebody else made and configured: wg-quick, a daemon on a TUN device, an orchestrator.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/wireguard/device.h"

namespace adit::wireguard {

/// Opens and accepts connections over `interface`, which must be up and have `settings.address`; key, port, MTU and
/// peers are its maker's, and set_peers() changes nothing. An error says what is missing. Statistics are there when the
/// interface is the kernel's and we may read them (CAP_NET_ADMIN), else empty. An interface that is taken away and made
/// again is another one to the listening socket: what accepts has to be opened again, too.
Result<std::unique_ptr<Device>> open_existing(net::Loop& loop, const std::string& interface, const Settings& settings,
                                              Device::Accepted accepted);

/// Those that the interface has now; none when there is no such interface.
std::vector<boost::asio::ip::address> addresses_of(const std::string& interface);

}  // namespace adit::wireguard

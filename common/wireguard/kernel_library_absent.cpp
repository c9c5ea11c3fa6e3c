// A build without the embeddable-wg-library: the kernel's WireGuard is refused in words; see kernel_library.h.
#include <cerrno>

#include "common/wireguard/kernel_library.h"

namespace adit::wireguard::kernel_library {

bool built() {
    return false;
}

int probe() {
    return ENOSYS;
}

int add(const std::string&) {
    return ENOSYS;
}

int configure(const std::string&, const Secret&, std::uint16_t) {
    return ENOSYS;
}

int change_peers(const std::string&, const PeerChanges&) {
    return ENOSYS;
}

std::expected<State, int> read(const std::string&) {
    return std::unexpected(ENOSYS);
}

}  // namespace adit::wireguard::kernel_library

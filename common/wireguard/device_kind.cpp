// Words of device kinds; see device_kind.h.
#include "common/wireguard/device_kind.h"

#include <algorithm>

namespace adit::wireguard {

std::optional<DeviceKind> parse_device_kind(std::string_view text) {
    const auto found = std::ranges::find(kDeviceKindWords, text);
    if (found == kDeviceKindWords.end()) {
        return std::nullopt;
    }
    return static_cast<DeviceKind>(found - kDeviceKindWords.begin());
}

std::string_view device_kind_text(DeviceKind kind) {
    return kDeviceKindWords[static_cast<std::size_t>(kind)];
}

}  // namespace adit::wireguard

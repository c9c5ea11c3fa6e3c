// Which device carries a WireGuard network, as people choose it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace adit::wireguard {

/// The kinds of device that a configuration or an option can ask for; `automatic` leaves the choice to the program: the
/// kernel's when it is there and may be used, else user space.
enum class DeviceKind { automatic, user_space, kernel, existing };

/// Their words in configurations and options, in the order of DeviceKind.
inline constexpr std::array<std::string_view, 4> kDeviceKindWords{"auto", "user-space", "kernel", "existing"};

/// The kind of this word; none when it is none of them.
std::optional<DeviceKind> parse_device_kind(std::string_view text);
/// Its word: lives as long as the program.
std::string_view device_kind_text(DeviceKind kind);

}  // namespace adit::wireguard

// Names of network interfaces.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit::wireguard {

/// The interface that we make where nobody gives another name.
inline constexpr std::string_view kInterface = "adit0";

/// A name that Linux takes for an interface (dev_valid_name() of the kernel, and no ':', which means an alias).
Result<std::string> parse_interface(std::string_view text);

}  // namespace adit::wireguard

// Digests that protocols ask for where nothing depends on their strength.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace adit::tls {

/// For the handshake of WebSockets (RFC 6455 §4.2.2), and no security.
std::array<std::uint8_t, 20> sha1(std::string_view bytes);

}  // namespace adit::tls

// What the opening of a WebSocket needs in HTTP/1.1 (RFC 6455 §4) and HTTP/2 leaves out (RFC 8441 §5).
#pragma once

#include <string>
#include <string_view>

namespace adit::http {

/// The only protocol that we upgrade to.
inline constexpr std::string_view kWebsocket = "websocket";

/// A Sec-WebSocket-Key for a client that has sent none, because it speaks HTTP/2.
std::string new_websocket_key();

/// The Sec-WebSocket-Accept that a client of HTTP/1.1 waits for (RFC 6455 §4.2.2), where the origin speaks HTTP/2.
std::string websocket_accept(std::string_view key);

}  // namespace adit::http

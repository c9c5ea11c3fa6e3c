// Keys and their answers; see websocket.h.
#include "connector/http/websocket.h"

#include <algorithm>

#include "common/base/encoding.h"
#include "common/base/random.h"
#include "common/tls/digest.h"

namespace adit::http {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

/// 16 octets in base64 (RFC 6455 §4.1); their first 126 bits are chance, which is enough to be told apart.
std::string new_websocket_key() {
    return random_base62(21) + "A==";
}

std::string websocket_accept(std::string_view key) {
    std::string text = base64url_encode(tls::sha1(std::string(key).append(kGuid)));
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    return text + "=";  // 20 octets leave one place of the last four
}

}  // namespace adit::http

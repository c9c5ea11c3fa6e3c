// The opening of WebSockets where one side speaks HTTP/1.1 and the other HTTP/2.
#include "connector/http/websocket.h"

#include <doctest/doctest.h>

using namespace adit::http;

TEST_CASE("a key is answered as RFC 6455 section 1.3 shows") {
    CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("a key of our own is sixteen octets in base64, and another each time") {
    const std::string key = new_websocket_key();
    CHECK(key.size() == 24);
    CHECK(key.ends_with("A=="));
    CHECK(key != new_websocket_key());
}

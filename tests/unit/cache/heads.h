// Heads for tests of caches, written as they stand on the wire.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "connector/cache/entry.h"
#include "connector/http/parse.h"

namespace adit::cache {

inline std::unique_ptr<http::RequestHead> request(std::string_view fields = "", std::string_view method = "GET") {
    auto head = std::make_unique<http::RequestHead>();
    head->bytes() = std::string(method).append(" /x HTTP/1.1\r\nHost: a\r\n").append(fields).append("\r\n");
    REQUIRE(http::parse_request(*head, {}));
    return head;
}

inline std::unique_ptr<http::ResponseHead> answer(std::string_view fields = "", int status = 200,
                                                  std::string_view length = "Content-Length: 5\r\n") {
    auto head = std::make_unique<http::ResponseHead>();
    head->bytes() =
        "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(length) + std::string(fields) + "\r\n";
    REQUIRE(http::parse_response(*head, "GET", {}));
    return head;
}

/// The beginning of all tests' time; the clock on the wall shows 12:00 on 1 January 2026.
inline constexpr Time kStart{std::chrono::hours(1000)};
inline const WallTime kWall = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::hours(12);

inline Moment at(std::chrono::milliseconds after, std::chrono::milliseconds took = std::chrono::milliseconds(0)) {
    return {kStart + after, kStart + after + took, kWall + after + took};
}

/// Stored at the beginning.
inline std::shared_ptr<Entry> entry(std::string_view fields, std::string body = "hello", std::string_view asked = "",
                                    milliseconds heuristic = {}, const Moment& moment = at(milliseconds(0))) {
    const auto by = request(asked);
    const auto head = answer(fields);
    auto made = std::make_shared<Entry>(*head, *selecting_fields(*head, *by), moment, heuristic);
    made->give_body(std::move(body));
    return made;
}

}  // namespace adit::cache

// The two messages of gRPC's health protocol, byte by byte.
#include "connector/health/grpc_health.h"

#include <doctest/doctest.h>

using namespace adit::health;
using namespace std::string_literals;

TEST_CASE("a request is an empty message, or the name of a service") {
    CHECK(grpc_health_request("") == "\0\0\0\0\0"s);
    CHECK(grpc_health_request("shop") == "\0\0\0\0\6\n\4shop"s);
    const std::string long_name(200, 'x');
    CHECK(grpc_health_request(long_name) == "\0\0\0\0\xCB\n\xC8\1"s + long_name);
}

TEST_CASE("an answer says how the server is") {
    CHECK(grpc_health_response("\0\0\0\0\2\x08\1"s) == Serving::serving);
    CHECK(grpc_health_response("\0\0\0\0\2\x08\2"s) == Serving::not_serving);
    CHECK(grpc_health_response("\0\0\0\0\2\x08\3"s) == Serving::service_unknown);
    CHECK(grpc_health_response("\0\0\0\0\0"s) == Serving::unknown);
    CHECK(grpc_health_response("\0\0\0\0\2\x08\x09"s) == Serving::unknown);
}

TEST_CASE("fields that are not known are passed over, the last status counts") {
    CHECK(grpc_health_response("\0\0\0\0\x0B\x12\2hi\x08\2\x10\x96\1\x08\1"s) == Serving::serving);
    CHECK(grpc_health_response("\0\0\0\0\7\x25"
                               "abcd\x08\1"s) == Serving::serving);
}

TEST_CASE("what is no answer is none") {
    for (const std::string& text :
         {""s, "\0\0\0\0"s, "\0\0\0\0\3\x08\1"s, "\1\0\0\0\2\x08\1"s, "\0\0\0\0\1\x08"s, "\0\0\0\0\2\x08\x80"s,
          "\0\0\0\0\3\x12\5h"s, "\0\0\0\0\1\x0B"s, "\0\0\0\0\3\x12\xFF\xFF"s}) {
        CHECK_FALSE(grpc_health_response(text));
    }
}

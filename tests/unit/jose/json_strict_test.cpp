// JSON with one meaning.
#include "common/jose/json_strict.h"

#include <doctest/doctest.h>

#include <boost/json/serialize.hpp>
#include <string>

using namespace adit::jose;

TEST_CASE("an object is read as it stands") {
    const auto object = parse_strict(R"( {"a":{"b":[1,-2,2.5,"x\n",true,null,18446744073709551615]},"":{}} )");
    REQUIRE(object);
    CHECK(boost::json::serialize(*object) == R"({"a":{"b":[1,-2,2.5E0,"x\n",true,null,18446744073709551615]},"":{}})");
}

TEST_CASE("what has no single meaning is refused") {
    for (const std::string text : {
             R"({"a":1,"a":1})",
             R"({"a":1,"\u0061":2})",
             R"({"x":[{"b":{"c":1,"d":2,"c":3}}]})",
             R"({"a":{"a":1},"b":{},"a":{}})",
             R"([])",
             R"("a")",
             R"()",
             R"({"a":1)",
             R"({"a":1}x)",
             R"({"a":1}{})",
             R"({"a":1,})",
             R"({a:1})",
             R"({'a':1})",
             R"({"a":NaN})",
             R"({"a":01})",
             R"({"a":1/*c*/})",
             "{\"a\":\"\xff\"}",
             "\xef\xbb\xbf{}",
             "{\"a\":\"\n\"}",
         }) {
        CAPTURE(text);
        CHECK_FALSE(parse_strict(text));
    }
}

TEST_CASE("nesting is bounded") {
    const auto nested = [](std::size_t depth) {
        return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    CHECK(parse_strict(nested(kDepthMost)));
    CHECK_FALSE(parse_strict(nested(kDepthMost + 1)));
    CHECK_FALSE(parse_strict(nested(100'000)));
}

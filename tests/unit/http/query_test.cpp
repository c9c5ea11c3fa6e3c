// Parameters out of queries, and queries without them.
#include "connector/http/query.h"

#include <doctest/doctest.h>

#include <array>

namespace adit::http {

TEST_CASE("the first parameter of a name counts, with its escapes resolved") {
    CHECK(parameter("?a=1&b=2", "b") == "2");
    CHECK(parameter("a=1", "a") == "1");
    CHECK(parameter("?%61=x%20y+z", "a") == "x y z");
    CHECK(parameter("?a=1&a=2", "a") == "1");
    CHECK(parameter("?a", "a") == "");
    CHECK(parameter("?a=b=c", "a") == "b=c");
    CHECK(parameter("?a=%4", "a") == "%4");
    CHECK(parameter("?a=%zz", "a") == "%zz");
    CHECK_FALSE(parameter("?A=1", "a"));
    CHECK_FALSE(parameter("", "a"));
    CHECK_FALSE(parameter("?", "a"));
}

TEST_CASE("a query loses all parameters of a name, and the others stay as they are written") {
    constexpr std::array<std::string_view, 2> names{"key", "token"};
    CHECK(without_parameters("?a=%2f&key=1&b", names) == "?a=%2f&b");
    CHECK(without_parameters("?key=1", names).empty());
    CHECK(without_parameters("?ke%79=1&token&a", names) == "?a");
    CHECK(without_parameters("?keys=1", names) == "?keys=1");
    CHECK(without_parameters("", names).empty());
}

}  // namespace adit::http

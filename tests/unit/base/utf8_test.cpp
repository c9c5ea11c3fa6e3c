// Bytes of strangers become text that every reader takes.
#include "common/base/utf8.h"

#include <doctest/doctest.h>

#include "common/base/strings.h"

using namespace adit;

TEST_CASE("text stays as it is, and what is none is replaced byte by byte") {
    CHECK(as_utf8("") == "");
    CHECK(as_utf8("plain, gr\xC3\xBC\xC3\x9F, \xE2\x82\xAC, \xF0\x9F\x90\xA6") ==
          "plain, gr\xC3\xBC\xC3\x9F, \xE2\x82\xAC, \xF0\x9F\x90\xA6");
    CHECK(as_utf8("a\xFFz") == "a\xEF\xBF\xBDz");
    CHECK(as_utf8("\xC3") == "\xEF\xBF\xBD");
    CHECK(as_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
}

TEST_CASE("text is cut between characters") {
    CHECK(as_utf8("abc", 2) == "ab");
    CHECK(as_utf8("abc", 0) == "");
    CHECK(as_utf8("a\xE2\x82\xAC"
                  "b",
                  3) == "a");
    CHECK(as_utf8("a\xE2\x82\xAC"
                  "b",
                  4) == "a\xE2\x82\xAC");
    for (std::size_t most = 0; most < 12; ++most) {
        CHECK(is_utf8(as_utf8("\xFF\xC3\xBC\xE2\x82\xAC\xF0\x9F\x90\xA6\xE2\x82", most)));
    }
}

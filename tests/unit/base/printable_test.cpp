// Words of strangers command no terminal.
#include "common/base/printable.h"

#include <doctest/doctest.h>

#include <sstream>

#include "common/base/strings.h"

using namespace adit;

TEST_CASE("what a terminal shows as it is stays as it is") {
    for (const char* text : {"", "plain", "gr\u00fc\u00df\u00a0\u20ac \U0001F426", "\u0623\u0628", "a\\u001b"}) {
        CHECK(printable(text) == text);
    }
}

TEST_CASE("controls, marks of direction and separators of lines are shown as escapes") {
    CHECK(printable("\x1b[2J\x07\x7f") == "\\u001b[2J\\u0007\\u007f");
    CHECK(printable("a\n! forged\r\t") == "a\\n! forged\\u000d\\u0009");
    CHECK(printable(std::string_view("\0z", 2)) == "\\u0000z");
    CHECK(printable("\u0080\u009b31m\u009f") == "\\u0080\\u009b31m\\u009f");
    CHECK(printable("\u061c\u200e\u200f") == "\\u061c\\u200e\\u200f");
    CHECK(printable("\u2028\u2029\u202a\u202e") == "\\u2028\\u2029\\u202a\\u202e");
    CHECK(printable("\u2066\u2069\u206a") == "\\u2066\\u2069\u206a");
}

TEST_CASE("bytes that are no characters are replaced") {
    CHECK(printable("a\x9b") == "a\xEF\xBF\xBD");
    CHECK(printable("\xE2\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("a guarded stream keeps its lines, and nothing else that commands a terminal") {
    std::ostringstream out;
    {
        const PrintableOutput guard(out);
        out << "NAME\tHOST\n" << "\x1b[2J" << '\x1b' << "\u202e" << 7 << '\n' << std::flush;
    }
    out << "\x1b";
    CHECK(out.str() == "NAME\tHOST\n\\u001b[2J\\u001b\\u202e7\n\x1b");
}

TEST_CASE("JSON that is read on a terminal commands none either") {
    std::string line;
    append_json_string(line, "\u009b31m \u202e \u00e9 \n");
    CHECK(line == "\"\\u009b31m \\u202e \u00e9 \\n\"");
}

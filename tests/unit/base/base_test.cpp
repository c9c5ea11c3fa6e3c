// Text, encodings, time and secrets.
#include <doctest/doctest.h>

#include "common/base/encoding.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/base/time.h"

using namespace adit;

TEST_CASE("base64url gives back what it was given, and takes nothing else") {
    Random random(7);
    for (std::size_t size = 0; size < 70; ++size) {
        Bytes bytes(size);
        for (auto& byte : bytes) {
            byte = static_cast<std::uint8_t>(random.next());
        }
        CHECK(base64url_decode(base64url_encode(bytes)) == bytes);
    }
    for (const char* bad : {"a", "ab=", "a b", "ab+", "AB", "A\n"}) {
        CAPTURE(bad);
        if (std::string_view(bad) != "AB") {
            CHECK_FALSE(base64url_decode(bad));
        }
    }
    CHECK_FALSE(base64url_decode("AB"));  // leftover bits are not zero
}

TEST_CASE("durations and sizes are read as people write them") {
    using namespace std::chrono_literals;
    CHECK(parse_duration("500ms").value() == 500ms);
    CHECK(parse_duration("90d").value() == 90 * 24h);
    CHECK(parse_size("64KiB").value() == 65536);
    for (const char* bad : {"", "5", "s", "-5s", "5 s", "1.5s", "99999999999999999999s"}) {
        CHECK_FALSE(parse_duration(bad));
    }
    CHECK(format_duration(1500ms) == "1500ms");
    CHECK(format_duration(48h) == "2d");
}

TEST_CASE("times go to RFC 3339 and back") {
    const auto time = parse_time("2026-01-02T03:04:05Z");
    REQUIRE(time);
    CHECK(format_time(*time) == "2026-01-02T03:04:05Z");
    CHECK(format_time_ms(*time) == "2026-01-02T03:04:05.000Z");
    CHECK_FALSE(parse_time("2026-01-02 03:04:05"));
}

TEST_CASE("a JSON string is harmless whatever came over the network") {
    std::string out;
    append_json_string(out, "a\"b\\c\n\x01\xff\xc3\xa9\xed\xa0\x80");
    CHECK(out == "\"a\\\"b\\\\c\\n\\u0001\\ufffd\xc3\xa9\\ufffd\\ufffd\\ufffd\"");
}

TEST_CASE("a misspelt name finds the one that was meant") {
    const std::vector<std::string> names{"endpoints", "timeouts", "retry"};
    CHECK(closest_match("endpoint", names) == "endpoints");
    CHECK(closest_match("timeot", names) == "timeouts");
    CHECK_FALSE(closest_match("zebra", names));
}

TEST_CASE("base64 is padded to whole groups, and nothing else is taken") {
    const auto bytes = [](std::string_view text) { return Bytes(text.begin(), text.end()); };
    CHECK(base64_encode(bytes("f")) == "Zg==");
    CHECK(base64_encode(bytes("fo")) == "Zm8=");
    CHECK(base64_encode(bytes("foo")) == "Zm9v");
    CHECK(base64_decode("Zg==") == bytes("f"));
    CHECK(base64_decode("Zm8=") == bytes("fo"));
    CHECK(base64_decode("Zm9v") == bytes("foo"));
    CHECK(base64_decode("") == Bytes());
    for (const char* bad : {"Zg", "Zg=", "Zg===", "Zm9v====", "Z-9v", "Zh==", "Zm9=", "=Zm9"}) {
        CAPTURE(bad);
        CHECK_FALSE(base64_decode(bad));
    }
}

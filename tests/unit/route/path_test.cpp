// Path normalisation: what is resolved, what stays, what is refused.
#include "connector/route/path.h"

#include <doctest/doctest.h>

#include <random>

namespace adit::route {

TEST_CASE("paths that need nothing are returned without copying") {
    for (const auto* raw : {"/", "/a", "/a/", "/a/b", "//", "/a//b", "/a.b/c", "/a/b.", "/a..b", "/a;b=c", "/~a"}) {
        CAPTURE(raw);
        std::string scratch = "untouched";
        const std::string_view given = raw;
        const auto path = normalise_path(given, scratch);
        REQUIRE(path);
        CHECK(path->data() == given.data());
        CHECK(*path == given);
        CHECK(scratch == "untouched");
    }
}

TEST_CASE("dot segments and needless escapes are resolved") {
    struct Case {
        const char* raw;
        const char* path;
    };
    const Case cases[] = {
        {"/a/./b", "/a/b"},
        {"/a/../b", "/b"},
        {"/a/b/..", "/a/"},
        {"/a/.", "/a/"},
        {"/.", "/"},
        {"/a/..", "/"},
        {"/./././a", "/a"},
        {"/a/b/c/../../d", "/a/d"},
        {"/a//../b", "/a/b"},
        {"/a/..//b", "//b"},
        {"/a/%2e%2e/b", "/b"},
        {"/a/%2E./b", "/b"},
        {"/a/.%2e", "/"},
        {"/%2e", "/"},
        {"/.a/..b", "/.a/..b"},
        {"/...", "/..."},
        {"/%61dmin", "/admin"},
        {"/a%7eb", "/a~b"},
        {"/%c3%bc", "/%C3%BC"},
        {"/a%20b", "/a%20b"},
        {"/%252e%252e/a", "/%252e%252e/a"},
        {"/a%3fb", "/a%3Fb"},
        {"/a%3b", "/a%3B"},
        {"/a/../", "/"},
        {"/a/b/../../", "/"},
    };
    for (const auto& [raw, expected] : cases) {
        CAPTURE(raw);
        std::string scratch;
        const auto path = normalise_path(raw, scratch);
        REQUIRE(path);
        CHECK(*path == expected);
        std::string again;
        CHECK(normalise_path(*path, again) == *path);
    }
}

TEST_CASE("paths that two programs could read differently are refused") {
    struct Case {
        std::string_view raw;
        PathError error;
    };
    const Case cases[] = {
        {"", PathError::not_absolute},
        {"a", PathError::not_absolute},
        {"*", PathError::not_absolute},
        {"/a%2fb", PathError::encoded_separator},
        {"/a%2Fb", PathError::encoded_separator},
        {"/a%5cb", PathError::encoded_separator},
        {"/a\\b", PathError::encoded_separator},
        {"/..%2f", PathError::encoded_separator},
        {"/a%00", PathError::forbidden_byte},
        {std::string_view("/a\0b", 4), PathError::forbidden_byte},
        {"/a b", PathError::forbidden_byte},
        {"/a\x7f", PathError::forbidden_byte},
        {"/a?b", PathError::forbidden_byte},
        {"/a#b", PathError::forbidden_byte},
        {"/a%", PathError::bad_escape},
        {"/a%2", PathError::bad_escape},
        {"/a%zz", PathError::bad_escape},
        {"/a%2g", PathError::bad_escape},
        {"/a%%32e", PathError::bad_escape},
        {"/..", PathError::above_root},
        {"/../a", PathError::above_root},
        {"/a/../../b", PathError::above_root},
        {"/%2e%2e", PathError::above_root},
        {"/a/..;/b", PathError::dot_parameter},
        {"/a/%2e%2e;x/b", PathError::dot_parameter},
        {"/a/.;/b", PathError::dot_parameter},
    };
    for (const auto& [raw, error] : cases) {
        CAPTURE(raw);
        std::string scratch;
        const auto path = normalise_path(raw, scratch);
        REQUIRE_FALSE(path);
        CHECK(path.error() == error);
        CHECK_FALSE(describe(error).empty());
    }
}

TEST_CASE("normalising is idempotent and leaves no dot segment, whatever comes") {
    std::mt19937 random(20260101);
    constexpr std::string_view alphabet = "/./.%2eEfa;/";
    for (int round = 0; round < 20'000; ++round) {
        std::string raw = "/";
        for (auto length = random() % 16; length > 0; --length) raw += alphabet[random() % alphabet.size()];
        CAPTURE(raw);
        std::string scratch;
        const auto path = normalise_path(raw, scratch);
        if (!path) continue;
        REQUIRE(path->starts_with('/'));
        REQUIRE(path->size() <= raw.size());
        REQUIRE_FALSE((std::string(*path) + "/").contains("/../"));
        REQUIRE_FALSE((std::string(*path) + "/").contains("/./"));
        std::string again;
        REQUIRE(normalise_path(*path, again) == *path);
    }
}

}  // namespace adit::route

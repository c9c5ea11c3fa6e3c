// What of a line is shown, and that nothing else is.
#include "common/config/quote.h"

#include <doctest/doctest.h>

#include <string>

namespace adit::yaml {
namespace {

std::string shown(std::string_view line) {
    static const Words known{"headers", "password", "set", "url", "use"};
    return masked(line, 1, known).line;
}

}  // namespace

TEST_CASE("keys that are known and punctuation stay, everything else is masked") {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"url: http://u:p@h/t", "url: ..."},
        {"  url : 'it''s'  # was p4ss", "  url : ...  # ..."},
        {"passwrd: x", "...: ..."},
        {"- - password: x", "- - password: ..."},
        {"-password: x", "...: ..."},
        {"- x", "- ..."},
        {"url:", "url:"},
        {"url:x", "..."},
        {"password: set: url: x", "password: ..."},
        {"password: a{b,c}: d", "password: ..."},
        {"password: - set", "password: ..."},
        {"password: a #b", "password: ... # ..."},
        {"password: a#b", "password: ..."},
        {"headers: { set: { x-key: \"a, url: b\", use: [ a, 'b' ] }, url: x",
         "headers: { set: { ...: ..., use: [ ..., ... ] }, url: ..."},
        {"{password:x, \"url\":y, use:}", "{..., \"url\":..., use:}"},
        {"} , password: x", "} , password: ..."},
        {"\"open password: x", "..."},
        {"\"a\\\" password: x\" : y", "... : ..."},
        {"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "..."},
        {"url: | password: x", "url: ..."},
    };
    for (const auto& [line, expected] : cases) {
        CAPTURE(line);
        CHECK(shown(line) == expected);
    }
}

TEST_CASE("the words are the keys of all depths") {
    const Schema schema{
        .fields = {{.items = {{.fields = {{.key = "inner"}}}}, .key = "outer"}, {.key = "other"}},
    };
    CHECK(words_of(schema) == Words{"include", "inner", "other", "outer"});
}

}  // namespace adit::yaml

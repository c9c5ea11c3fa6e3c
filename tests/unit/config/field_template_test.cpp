// Templates of field values: their pieces, and mistakes in them.
#include "connector/config/field_template.h"

#include <doctest/doctest.h>

namespace adit::config {
namespace {

/// Text in quotes, names as they are; "!" for an error.
std::string pieces(std::string_view text) {
    const auto parsed = parse_field_template(text);
    std::string out;
    for (const TemplatePiece& piece : parsed.value_or(std::vector<TemplatePiece>{{TemplatePiece::Kind::name, "!"}})) {
        out += piece.kind == TemplatePiece::Kind::text ? "\"" + piece.text + "\"" : piece.text;
    }
    return out;
}

}  // namespace

TEST_CASE("a template is text and names in braces") {
    CHECK(pieces("for {client_ip}, {header.X-A}") == "\"for \"client_ip\", \"header.X-A");
    CHECK(pieces("{a}{b}") == "ab");
    CHECK(pieces("{{\"a\":\"{b}\"}}") == "\"{\"a\":\"\"b\"\"}\"");
    CHECK(pieces("plain") == "\"plain\"");
}

TEST_CASE("braces without a partner and characters that end a line are refused") {
    for (const char* text : {"{a", "a}", "{", "}", "a\nb", "a\rb", "a\x7f"}) {
        CAPTURE(text);
        CHECK(pieces(text) == "!");
    }
}

TEST_CASE("a header's name follows its prefix") {
    CHECK(header_of("header.X-A.b") == "X-A.b");
    CHECK(header_of("headers") == "");
    CHECK(request_value("scheme") == RequestValue::scheme);
    CHECK_FALSE(request_value("Scheme"));
}

}  // namespace adit::config

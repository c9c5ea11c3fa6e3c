// The parser: values with their places, and what it refuses that yaml-cpp lets pass.
#include "common/config/parser.h"

#include <doctest/doctest.h>

#include <string>

#include "common/config/limits.h"
#include "tests/unit/yaml/support.h"

namespace adit::yaml {
namespace {

struct Parsed {
    std::optional<Node> root;
    Diagnostics diagnostics;
};

Parsed parse_text(std::string text) {
    Parsed result;
    result.root = parse(std::make_shared<const Source>("f.yaml", "", std::move(text), 0), result.diagnostics);
    return result;
}

const Node& at(const Node& node, std::string_view key) {
    const auto* member = node.find(key);
    REQUIRE(member != nullptr);
    return member->value;
}

/// "line:column".
std::string spot(const Place& place) {
    return std::to_string(place.line) + ':' + std::to_string(place.column);
}

}  // namespace

TEST_CASE("every key and value knows its place, counted from 1") {
    const auto [root, diagnostics] = parse_text("# about\na: 1\nb:\n  - x\n  - {c: \"y\"}\n");
    REQUIRE(diagnostics.ok());
    REQUIRE(root);
    CHECK(spot(root->place) == "2:1");
    CHECK(spot(root->find("b")->key_place) == "3:1");
    CHECK(spot(at(*root, "a").place) == "2:4");
    const auto& list = at(*root, "b");
    REQUIRE(list.items.size() == 2);
    CHECK(spot(list.items[0].place) == "4:5");
    CHECK(list.items[0].text == "x");
    CHECK(spot(list.items[1].members[0].key_place) == "5:6");
    CHECK(spot(list.items[1].members[0].value.place) == "5:9");
}

TEST_CASE("lines are counted the same with carriage returns") {
    const auto [root, diagnostics] = parse_text("a: 1\r\nb: 2\r\n");
    REQUIRE(root);
    CHECK(spot(root->find("b")->key_place) == "2:1");
    CHECK(root->place.source->line(1) == "a: 1");
}

TEST_CASE("a value that was left out stands at its key") {
    const auto [root, diagnostics] = parse_text("a:\n\n\nb: 1\n");
    REQUIRE(root);
    CHECK(at(*root, "a").kind == Node::Kind::nothing);
    CHECK(spot(at(*root, "a").place) == "1:1");
}

TEST_CASE("an empty text is a document of nothing") {
    for (const auto* text : {"", "# only a comment\n", "\n\n"}) {
        CAPTURE(text);
        const auto [root, diagnostics] = parse_text(text);
        REQUIRE(root);
        CHECK(root->kind == Node::Kind::nothing);
        CHECK(diagnostics.ok());
    }
}

TEST_CASE("what is refused, and where") {
    struct Case {
        const char* name;
        std::string text;
        const char* errors;
    };
    const Case cases[] = {
        {"duplicate key", "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: \"a\" is given twice; first at f.yaml:1:1\n"},
        {"duplicate key in a flow map", "x: {b: 1, b: 2}\n",
         "f.yaml:1:11: \"b\" is given twice; first at f.yaml:1:5\n"},
        {"both duplicates of one run", "a: 1\na: 2\nb: 1\nb: 2\n",
         "f.yaml:2:1: \"a\" is given twice; first at f.yaml:1:1\n"
         "f.yaml:4:1: \"b\" is given twice; first at f.yaml:3:1\n"},
        {"two colons", "a: b: c\n", "f.yaml:1:5: not valid YAML: illegal map value\n"},
        {"tab", "a:\n\tb: 1\n",
         "f.yaml:2:3: not valid YAML: illegal map value; indent with spaces, YAML does not allow tabs\n"},
        {"wrong indentation", "l:\n  - a: 1\n   b: 2\n", "f.yaml:3:4: not valid YAML: end of sequence not found\n"},
        {"unquoted wildcard", "host: *.example.com\n",
         "f.yaml:1:7: not valid YAML: the referenced anchor is not defined; a value that begins with \"*\" needs "
         "quotes, "
         "as in \"*.example.com\"\n"},
        {"unquoted reference in a flow list", "a: [${X}]\n",
         "f.yaml:1:6: not valid YAML: end of sequence flow not found; within [ ] and { } put \"${NAME}\" in quotes\n"},
        {"special character", "a: @b\n",
         "f.yaml:1:4: not valid YAML: unknown token; a value that begins with a special character needs quotes\n"},
        {"open single quote", "a: 'b\nc: d\n",
         "f.yaml:1:4: not valid YAML: the quote that opens here is never closed\n"},
        {"open double quote", "a: \"b\\\"\nc: d\n",
         "f.yaml:1:4: not valid YAML: the quote that opens here is never closed\n"},
        {"second document", "a: 1\n---\nb: 2\n",
         "f.yaml:2:1: a second document begins here; a file holds one (or is this line indented wrongly?)\n"},
        {"documents without end", ",llow# Se:th%",
         "f.yaml:1:1: a second document begins here; a file holds one (or is this line indented wrongly?)\n"},
        {"list then map", "- a\nb: 1\n",
         "f.yaml:2:1: a second document begins here; a file holds one (or is this line indented wrongly?)\n"},
        {"list as key", "? [a]\n: b\n", "f.yaml:1:3: a key must be a word, not a list or a map\n"},
        {"alias as key", "a: &x b\n*x : c\n", "f.yaml:2:1: an alias cannot be a key\n"},
        {"tag", "a: !secret b\n", "f.yaml:1:4: tags have no meaning here; a value that begins with '!' needs quotes\n"},
        {"alias in itself", "a: &x [*x]\n", "f.yaml:1:8: this alias stands within the value that it repeats\n"},
        {"merge of a scalar", "a:\n  <<: b\n", "f.yaml:2:7: \"<<\" merges a map or a list of maps\n"},
        {"binary", std::string("a: \0b", 5), "f.yaml: this is not a text file in UTF-8\n"},
    };
    for (const auto& [name, text, errors] : cases) {
        CAPTURE(name);
        CHECK(test::lines(parse_text(text).diagnostics) == errors);
    }
}

TEST_CASE("a duplicate key keeps the first value and lets parsing go on") {
    const auto [root, diagnostics] = parse_text("a: 1\na: 2\n");
    REQUIRE(root);
    REQUIRE(root->members.size() == 1);
    CHECK(at(*root, "a").text == "1");
}

TEST_CASE("quotes that are closed are never mistaken for open ones") {
    for (const auto* text : {"a: 'it''s'\n", "a: \"say \\\"x\\\"\"", "a: &k 'x'", "a: |\n  it's\n", "a: it's\n",
                             "a: 'x' # don't\n", "a: \"\\\\\"\n", "a: ''"}) {
        CAPTURE(text);
        CHECK(test::lines(parse_text(text).diagnostics) == "");
    }
}

TEST_CASE("an alias repeats its anchor's value") {
    const auto [root, diagnostics] = parse_text("a: &t {x: 1}\nb: *t\n");
    REQUIRE(root);
    CHECK(at(at(*root, "b"), "x").text == "1");
}

TEST_CASE("a merge key adds what the map does not say itself") {
    const auto [root, diagnostics] = parse_text(
        "one: &one {x: 1, y: 1}\n"
        "two: &two {y: 2, z: 2}\n"
        "all:\n  <<: [*one, *two]\n  x: 3\n");
    REQUIRE(root);
    const auto& all = at(*root, "all");
    CHECK(all.members.size() == 3);
    CHECK(at(all, "x").text == "3");
    CHECK(at(all, "y").text == "1");
    CHECK(at(all, "z").text == "2");
}

TEST_CASE("a quoted << is a key like any other") {
    const auto [root, diagnostics] = parse_text("\"<<\": 1\n");
    REQUIRE(root);
    CHECK(at(*root, "<<").text == "1");
}

TEST_CASE("aliases cannot make a small file large") {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const auto previous = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int n = 0; n < 10; ++n) text += (n == 0 ? "" : ", ") + previous;
        text += "]\n";
    }
    const auto [root, diagnostics] = parse_text(text);
    CHECK_FALSE(root);
    CHECK(test::lines(diagnostics).contains("with aliases expanded this file has more than 500000 values"));
}

TEST_CASE("nesting is bounded, also by way of aliases") {
    const auto [deep, of_brackets] =
        parse_text("a: " + std::string(limits::depth, '[') + std::string(limits::depth, ']'));
    CHECK_FALSE(deep);
    CHECK(test::lines(of_brackets).contains("nested more than 64 deep"));

    std::string text = "a0: &a0 [x]\n";
    for (std::size_t i = 1; i < limits::depth + 2; ++i)
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    const auto [chain, of_aliases] = parse_text(text);
    CHECK_FALSE(chain);
    CHECK(test::lines(of_aliases).contains("nested more than 64 deep"));

    const auto [hostile, of_hundred_thousand] = parse_text(std::string(100'000, '['));
    CHECK_FALSE(hostile);
    CHECK_FALSE(of_hundred_thousand.ok());
}

}  // namespace adit::yaml

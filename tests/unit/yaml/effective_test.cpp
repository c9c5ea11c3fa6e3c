// What a document shows of itself where it may be secret.
#include "common/config/effective.h"

#include <doctest/doctest.h>

#include <string>

namespace adit::yaml {
namespace {

Node scalar(std::string text, std::string written = {}) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.written = std::move(written);
    return node;
}

Node map(std::vector<Member> members) {
    Node node;
    node.kind = Node::Kind::map;
    node.members = std::move(members);
    return node;
}

/// The line of a secret of that type.
std::string shown(Node value, const std::string& type = "text") {
    const Schema schema{.fields = {{.name = type, .key = "it", .secret = true}}};
    return effective(map({{"it", {}, std::move(value)}}), schema);
}

}  // namespace

TEST_CASE("of a secret, references are shown, and nothing that stands beside or within them") {
    CHECK(shown(scalar("x")) == "it: masked\n");
    const std::pair<const char*, const char*> cases[] = {
        {"${NAME}", "it: \"${NAME}\"\n"},
        {"${file:a:-b}", "it: \"${file:a:-b}\"\n"},
        {"${NAME:-x}", "it: \"${NAME:-masked}\"\n"},
        {"Bearer ${NAME}", "it: \"Bearer ${NAME}\"\n"},
        {"pass word ${NAME}", "it: \"masked${NAME}\"\n"},
        {"x$y${A}z${B}$", "it: \"masked${A}masked${B}masked\"\n"},
        {"a$$b", "it: masked\n"},
        {"$${x}${A}", "it: \"masked${A}\"\n"},
        {"Basic $$x", "it: \"Basic masked\"\n"},
    };
    for (const auto& [written, line] : cases) {
        CAPTURE(written);
        CHECK(shown(scalar("value", written)) == line);
    }
}

TEST_CASE("of a secret URL the origin is shown, without who it is for") {
    CHECK(shown(scalar("https://u:p@h:1/x?y"), "a URL") == "it: \"https://h:1/masked\"\n");
    CHECK(shown(scalar("https://h"), "a URL") == "it: \"https://h\"\n");
    CHECK(shown(scalar("h/x"), "a URL") == "it: masked\n");
}

TEST_CASE("a map of fields shows those whose names do not speak of credentials") {
    const Schema schema{.fields = {{.kind = Schema::Kind::named, .items = {{}}, .key = "set", .secret_by_name = true}}};
    std::vector<Member> fields;
    for (const char* name : {"Authorization", "x-Api-Key", "cookie", "x-colour", "x-csrf-token"}) {
        fields.push_back({name, {}, scalar("v")});
    }
    CHECK(effective(map({{"set", {}, map(std::move(fields))}}), schema) ==
          "set:\n  Authorization: masked\n  x-Api-Key: masked\n  cookie: masked\n  x-colour: v\n  x-csrf-token: "
          "masked\n");
}

}  // namespace adit::yaml

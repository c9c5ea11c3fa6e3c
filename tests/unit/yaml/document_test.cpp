// Whole configurations: references, includes, merging.
#include "common/config/document.h"

#include <doctest/doctest.h>

#include "tests/unit/yaml/support.h"

namespace adit::yaml {
namespace {

using test::environment;
using test::TemporaryFiles;

struct Loaded {
    std::optional<Node> root;
    std::string errors;
};

Loaded load(const TemporaryFiles& files, const std::string& main, const Environment& variables = environment()) {
    const auto path = files.write("main.yaml", main);
    Diagnostics diagnostics;
    auto root = load_document(path, variables, diagnostics);
    return {std::move(root), test::lines(diagnostics, files.directory())};
}

std::string text_of(const Loaded& loaded, std::string_view key) {
    REQUIRE_MESSAGE(loaded.root, loaded.errors);
    const auto* member = loaded.root->find(key);
    REQUIRE(member != nullptr);
    return member->value.text;
}

}  // namespace

TEST_CASE("references are replaced") {
    const TemporaryFiles files;
    files.write("secret", "s3cret\n");
    files.write("two-lines", "one\n\n");
    files.write("windows", "one\r\n");
    const auto variables = environment({{"NAME", "value"}, {"EMPTY", ""}, {"HOSTILE", "${NAME} $$"}});
    struct Case {
        const char* written;
        const char* value;
    };
    const Case cases[] = {
        {"plain", "plain"},
        {"${NAME}", "value"},
        {"a-${NAME}-b-${NAME}", "a-value-b-value"},
        {"'${NAME}'", "value"},
        {"\"${NAME}\"", "value"},
        {"${EMPTY}", ""},
        {"${EMPTY:-default}", "default"},
        {"${MISSING:-default}", "default"},
        {"${MISSING:-}", ""},
        {"${MISSING:-a:-b}", "a:-b"},
        {"${NAME:-default}", "value"},
        {"$${NAME}", "${NAME}"},
        {"a$$b", "a$b"},
        {"a$b $", "a$b $"},
        {"${file:secret}", "s3cret"},
        {"Bearer ${file:secret}!", "Bearer s3cret!"},
        {"\"${file:two-lines}\"", "one\n"},
        {"${file:windows}", "one"},
        {"${HOSTILE}", "${NAME} $$"},
    };
    for (const auto& [written, value] : cases) {
        CAPTURE(written);
        CHECK(text_of(load(files, "k: " + std::string(written) + "\n", variables), "k") == value);
    }
}

TEST_CASE("a reference that cannot be resolved is told at its place") {
    const TemporaryFiles files;
    struct Case {
        const char* written;
        const char* error;
    };
    const Case cases[] = {
        {"${MISSING}",
         "the environment variable MISSING is not set; set it, or give a default as in ${MISSING:-value}"},
        {"${file:nowhere}", "cannot read: nowhere: No such file or directory"},
        {"${file:}", "${file:} needs a path"},
        {"${open", "\"${\" is not closed; write $${ for a plain ${"},
        {"${a b}", "a reference is one of ${NAME}, ${NAME:-default} and ${file:PATH}; write $${ for a plain ${"},
        {"${}", "a reference is one of ${NAME}, ${NAME:-default} and ${file:PATH}; write $${ for a plain ${"},
    };
    for (const auto& [written, error] : cases) {
        CAPTURE(written);
        CHECK(load(files, "a: 1\nb: [\"" + std::string(written) + "\"]\n").errors ==
              "main.yaml:2:5: " + std::string(error) + "\n");
    }
}

TEST_CASE("the substituted value of a scalar is not what errors show") {
    const TemporaryFiles files;
    files.write("secret", "s3cret\n");
    const auto loaded = load(files, "k: ${file:secret}\n");
    REQUIRE(loaded.root);
    CHECK(loaded.root->find("k")->value.shown() == "${file:secret}");
}

TEST_CASE("included files are merged: maps by key, lists one after the other") {
    const TemporaryFiles files;
    files.write("parts/routes.yaml", "routes: [b]\nbackends: {two: {x: 2}}\ninclude: [more.yaml]\n");
    files.write("parts/more.yaml", "routes: [c]\nextra: 1\nbackends: {one: {y: 3}}\n");
    const auto loaded = load(files, "include: [parts/routes.yaml]\nroutes: [a]\nbackends: {one: {x: 1}}\n");
    CHECK(loaded.errors == "");
    REQUIRE(loaded.root);
    CHECK_FALSE(loaded.root->find("include"));
    const auto& routes = loaded.root->find("routes")->value.items;
    REQUIRE(routes.size() == 3);
    CHECK(routes[0].text + routes[1].text + routes[2].text == "abc");
    CHECK(routes[2].place.file().ends_with("parts/more.yaml"));
    const auto& backends = loaded.root->find("backends")->value;
    CHECK(backends.members.size() == 2);
    CHECK(backends.find("one")->value.find("x")->value.text == "1");
    CHECK(backends.find("one")->value.find("y")->value.text == "3");
    CHECK(loaded.root->find("extra")->value.text == "1");
}

TEST_CASE("a list that the main file leaves empty is filled by an include") {
    const TemporaryFiles files;
    files.write("a.yaml", "routes: [x]\n");
    const auto loaded = load(files, "routes:\ninclude: [a.yaml]\n");
    REQUIRE(loaded.root);
    CHECK(loaded.root->find("routes")->value.items.size() == 1);
}

TEST_CASE("references in includes are relative to the file that names them") {
    const TemporaryFiles files;
    files.write("parts/a.yaml", "k: ${file:secret}\n");
    files.write("parts/secret", "inner");
    files.write("secret", "outer");
    CHECK(text_of(load(files, "include: [parts/a.yaml]\n"), "k") == "inner");
    CHECK(text_of(load(files, "include: [\"${DIR}/a.yaml\"]\n", environment({{"DIR", "parts"}})), "k") == "inner");
}

TEST_CASE("what is wrong with includes") {
    struct Case {
        const char* name;
        const char* main;
        const char* other;
        const char* errors;
    };
    const Case cases[] = {
        {"same scalar", "include: [a.yaml]\nworkers: 1\n", "workers: 2\n",
         "a.yaml:1:1: \"workers\" is given in two files; also at main.yaml:2:1\n"},
        {"same scalar, deeper", "include: [a.yaml]\nlog: {level: info}\n", "log:\n  level: info\n",
         "a.yaml:2:3: \"level\" is given in two files; also at main.yaml:2:7\n"},
        {"other kind", "include: [a.yaml]\nroutes: []\n", "routes: {}\n",
         "a.yaml:1:1: \"routes\" is a map here but a list at main.yaml:2:1\n"},
        {"itself", "include: [main.yaml]\n", "",
         "main.yaml:1:11: the files include each other in a circle: main.yaml -> main.yaml\n"},
        {"circle", "include: [a.yaml]\n", "x: 1\ninclude: [main.yaml]\n",
         "a.yaml:2:11: the files include each other in a circle: main.yaml -> a.yaml -> main.yaml\n"},
        {"twice", "include:\n  - a.yaml\n  - ./a.yaml\n", "x: 1\n",
         "main.yaml:3:5: \"./a.yaml\" is already included at main.yaml:2:5\n"},
        {"missing", "include: [nowhere.yaml]\n", "",
         "main.yaml:1:11: cannot read nowhere.yaml: No such file or directory\n"},
        {"empty", "include: [a.yaml]\n", "# nothing\n", "a.yaml:1:1: the file is empty\n"},
        {"not a map", "include: [a.yaml]\n", "- x\n", "a.yaml:1:1: a configuration is a map of keys, found a list\n"},
        {"not a list", "include: a.yaml\n", "",
         "main.yaml:1:10: \"include\" is a list of files, as in include: [other.yaml]\n"},
        {"not a name", "include: [{a: b}]\n", "", "main.yaml:1:11: expected the name of a file, found a map\n"},
        {"errors of both", "include: [a.yaml]\nx: ${A}\n", "y: 1\ny: 2\n",
         "main.yaml:2:4: the environment variable A is not set; set it, or give a default as in ${A:-value}\n"
         "a.yaml:2:1: \"y\" is given twice; first at a.yaml:1:1\n"},
    };
    for (const auto& [name, main, other, errors] : cases) {
        CAPTURE(name);
        const TemporaryFiles files;
        files.write("a.yaml", other);
        CHECK(load(files, main).errors == errors);
    }
}

TEST_CASE("a file that cannot be read or is empty is an error of the file") {
    const TemporaryFiles files;
    Diagnostics diagnostics;
    CHECK_FALSE(load_document(files.directory() / "nowhere.yaml", environment(), diagnostics));
    CHECK(test::lines(diagnostics, files.directory()) ==
          "nowhere.yaml: cannot read nowhere.yaml: No such file or directory\n");
    CHECK(load(files, "").errors == "main.yaml:1:1: the file is empty\n");
    CHECK(load(files, "# nothing\n").errors == "main.yaml:1:1: the file is empty\n");
}

TEST_CASE("a byte order mark does not shift columns") {
    const TemporaryFiles files;
    CHECK(load(files, "\xEF\xBB\xBFk: ${X}\n").errors.starts_with("main.yaml:1:4: "));
}

}  // namespace adit::yaml

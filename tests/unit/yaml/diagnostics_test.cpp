// How errors are ordered and printed.
#include "common/config/diagnostics.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace adit::yaml {
namespace {

std::shared_ptr<const Source> source(std::string text, std::size_t order = 0, std::string name = "f.yaml") {
    return std::make_shared<const Source>(std::move(name), "", std::move(text), order);
}

const Words known{"routes", "secret", "token"};

}  // namespace

TEST_CASE("an error prints its place and its message; on a terminal its line as well, with a caret") {
    Diagnostics diagnostics;
    diagnostics.error({source("routes:\n  - bakend: x\n"), 2, 5}, "unknown key 'bakend'");
    diagnostics.quote(known);
    CHECK(diagnostics.text() == "f.yaml:2:5: error: unknown key 'bakend'\n");
    CHECK(diagnostics.text_with_lines() ==
          "f.yaml:2:5: error: unknown key 'bakend'\n"
          "  2 |   - ...: ...\n"
          "    |     ^\n");
}

TEST_CASE("no error has the text of its file once its line was taken") {
    Diagnostics diagnostics;
    diagnostics.error({source("a\nsecret: x\n"), 2, 9}, "here");
    diagnostics.quote(known);
    CHECK(diagnostics.sorted().at(0).place.source->text().empty());
    CHECK(diagnostics.sorted().at(0).place.text() == "f.yaml:2:9");
}

TEST_CASE("errors are sorted by file, line and column, and each is told once") {
    const auto first = source("a\nb\n", 0, "first.yaml");
    const auto second = source("c\n", 1, "second.yaml");
    Diagnostics diagnostics;
    diagnostics.error({second, 1, 1}, "z");
    diagnostics.error({first, 2, 1}, "y");
    diagnostics.error({first, 1, 9}, "x");
    diagnostics.error({first, 2, 1}, "y");
    diagnostics.error({first, 2, 1}, "other");
    std::string order;
    for (const auto& [place, message, excerpt] : diagnostics.sorted()) order += place.text() + " " + message + "\n";
    CHECK(order == "first.yaml:1:9 x\nfirst.yaml:2:1 other\nfirst.yaml:2:1 y\nsecond.yaml:1:1 z\n");
}

TEST_CASE("an error of a whole file has no line") {
    Diagnostics diagnostics;
    diagnostics.error({source(""), 0, 0}, "cannot read it");
    CHECK(diagnostics.text() == "f.yaml: error: cannot read it\n");
}

TEST_CASE("the caret stands below the key or the mask of a value, also after letters of several bytes and tabs") {
    const auto shown = [](const std::string& text, std::size_t column) {
        Diagnostics diagnostics;
        diagnostics.error({source(text), 1, column}, "here");
        diagnostics.quote(known);
        return diagnostics.text_with_lines();
    };
    CHECK(shown("\xC3\xA9\t\xC3\xA9: x\n", 8) ==
          "f.yaml:1:8: error: here\n"
          "  1 | ...: ...\n"
          "    |      ^\n");
    CHECK(shown("{ web: \"a longer value\", secret: x }", 34)
              .ends_with("  1 | { ...: ..., secret: ... }\n"
                         "    |                     ^\n"));
    CHECK(shown("secret: x", 99).ends_with("    |            ^\n"));
}

TEST_CASE("control characters of a file do not reach the terminal") {
    Diagnostics diagnostics;
    diagnostics.error({source("a: \x1b[2Jb\n"), 1, 1}, "here");
    diagnostics.quote(known);
    CHECK_FALSE(diagnostics.text_with_lines().contains('\x1b'));
}

TEST_CASE("of a long line, the part around the column is shown") {
    Diagnostics diagnostics;
    std::string line;
    for (int i = 0; i < 1000; ++i) line += "[1], ";
    diagnostics.error({source(line + "{secret: x}" + line + "\n"), 1, line.size() + 2}, "here");
    diagnostics.quote(known);
    const auto text = diagnostics.text_with_lines();
    CHECK(text.size() < 500);
    const auto caret = text.rfind('^') - (text.rfind('\n', text.rfind('^')) + 1);
    const auto shown = text.find("secret") - (text.rfind('\n', text.find("secret")) + 1);
    CHECK(caret == shown);
}

TEST_CASE("a flood of errors is counted, not printed") {
    Diagnostics diagnostics;
    const auto file = source(std::string(500, '\n'));
    for (std::size_t line = 1; line <= 250; ++line) diagnostics.error({file, line, 1}, "wrong");
    CHECK(diagnostics.text().ends_with("and 150 more errors\n"));
    CHECK(diagnostics.sorted().size() == 250);
}

}  // namespace adit::yaml

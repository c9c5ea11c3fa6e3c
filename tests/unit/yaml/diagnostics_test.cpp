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

}  // namespace

TEST_CASE("an error prints its place, its message, and its line with a caret") {
    Diagnostics diagnostics;
    diagnostics.error({source("routes:\n  - bakend: x\n"), 2, 5}, "unknown key 'bakend'");
    CHECK(diagnostics.text() ==
          "f.yaml:2:5: error: unknown key 'bakend'\n"
          "  2 |   - bakend: x\n"
          "    |     ^\n");
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
    for (const auto& [place, message] : diagnostics.sorted()) order += place.text() + " " + message + "\n";
    CHECK(order == "first.yaml:1:9 x\nfirst.yaml:2:1 other\nfirst.yaml:2:1 y\nsecond.yaml:1:1 z\n");
}

TEST_CASE("an error of a whole file has no line") {
    Diagnostics diagnostics;
    diagnostics.error({source(""), 0, 0}, "cannot read it");
    CHECK(diagnostics.text() == "f.yaml: error: cannot read it\n");
}

TEST_CASE("the caret stands below the character, also after letters of several bytes and tabs") {
    Diagnostics diagnostics;
    diagnostics.error({source("é\té: x\n"), 1, 8}, "here");
    CHECK(diagnostics.text() ==
          "f.yaml:1:8: error: here\n"
          "  1 | é é: x\n"
          "    |      ^\n");
}

TEST_CASE("control characters of a file do not reach the terminal") {
    Diagnostics diagnostics;
    diagnostics.error({source("a: \x1b[2Jb\n"), 1, 1}, "here");
    CHECK_FALSE(diagnostics.text().contains('\x1b'));
}

TEST_CASE("of a long line, the part around the column is shown") {
    Diagnostics diagnostics;
    diagnostics.error({source(std::string(5000, 'x') + "HERE" + std::string(5000, 'y') + "\n"), 1, 5001}, "here");
    const auto text = diagnostics.text();
    CHECK(text.size() < 500);
    const auto caret = text.rfind('^') - (text.rfind('\n', text.rfind('^')) + 1);
    const auto shown = text.find("HERE") - (text.rfind('\n', text.find("HERE")) + 1);
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

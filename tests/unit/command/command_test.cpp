// Reading command definitions, and writing them out for shells and manuals.
#include <doctest/doctest.h>

#include "common/base/roff.h"
#include "common/command/describe.h"
#include "common/command/man_page.h"

using namespace adit;

namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// A program with a bit of everything.
class Program {
  public:
    Program() {
        CLI::App* paint = app_.add_subcommand("paint", "Paint it: [all] of it, don't stop");
        paint->add_option("thing", thing_, "What is painted")->type_name("THING")->required();
        paint->add_option("-c,--colour", colour_, "red or blue")
            ->type_name("WORD")
            ->check(CLI::IsMember({"red", "blue"}));
        paint->add_option("--plan", plan_, "A drawing")->type_name("FILE");
        paint->add_flag("--dry", dry_, "Only say it");
        paint->add_option("--secret", plan_, "Not shown")->group("");
        app_.add_subcommand("tool", "Tools")->add_subcommand("clean", "Wash the brushes");
    }
    command::Command tree() const { return command::describe(app_); }

  private:
    CLI::App app_{"Paints things", "my-painter"};
    std::string thing_;
    std::string colour_;
    std::string plan_;
    bool dry_ = false;
};

const command::WordSources kSources{{"THING", "my-painter things"}};

}  // namespace

TEST_CASE("the tree has names, values, choices and what is required, and nothing that is hidden") {
    const command::Command tree = Program().tree();
    REQUIRE(tree.commands.size() == 2);
    const command::Command& paint = tree.commands[0];
    REQUIRE(paint.arguments.size() == 1);
    CHECK(paint.arguments[0].value == "THING");
    CHECK(paint.arguments[0].required);
    REQUIRE(paint.options.size() == 4);
    CHECK(paint.options[1].names == std::vector<std::string>{"-c", "--colour"});
    CHECK(paint.options[1].choices == std::vector<std::string>{"red", "blue"});
    CHECK(paint.options[2].value == "FILE");
    CHECK(paint.options[3].value.empty());
}

TEST_CASE("commands are visited with the words that lead to them") {
    std::string paths;
    command::visit(Program().tree(), [&](const std::string& path, const command::Command&) { paths += path + ";"; });
    CHECK(paths == "; paint; tool; tool clean;");
}

TEST_CASE("help texts cannot break out of the scripts") {
    const command::Command tree = Program().tree();
    CHECK(contains(command::zsh_completion(tree, kSources), R"('paint:Paint it\: [all] of it, don'\''t stop')"));
    CHECK(contains(command::fish_completion(tree, kSources), R"(-d 'Paint it: [all] of it, don\'t stop')"));
    CHECK_FALSE(contains(command::bash_completion(tree, kSources), "don't"));
}

TEST_CASE("values are completed by their choices, by files or by a command") {
    const command::Command tree = Program().tree();
    const std::string bash = command::bash_completion(tree, kSources);
    CHECK(contains(bash, "' paint -c' | ' paint --colour') mapfile -t COMPREPLY < <(compgen -W \"red blue\""));
    CHECK(contains(bash, "$(my-painter things 2> /dev/null)"));
    CHECK(contains(bash, "complete -F _my_painter my-painter"));
    const std::string zsh = command::zsh_completion(tree, kSources);
    CHECK(contains(zsh, "'--colour[red or blue]:WORD:(red blue)'"));
    CHECK(contains(zsh, "'--plan[A drawing]:FILE:_files'"));
    CHECK(contains(zsh, "'--dry[Only say it]'"));
}

TEST_CASE("a manual page has every command, and what else there is to know") {
    const command::Notes notes{{{"PAINT", "The paint."}}, {}, {{"0", "Painted."}}, {{"brush", 7}}};
    const std::string page = command::man_page(Program().tree(), notes);
    CHECK(page.starts_with(".TH \"MY\\-PAINTER\" 1 "));
    CHECK(contains(page, ".SS \\fBmy\\-painter paint\\fR [\\fIoptions\\fR] \\fITHING\\fR\n"));
    CHECK(contains(page, ".SS \\fBmy\\-painter tool clean\\fR\nWash the brushes.\n"));
    CHECK(contains(page, ".TP\n\\fB\\-c\\fR, \\fB\\-\\-colour\\fR \\fIWORD\\fR\nred or blue\n"));
    CHECK(contains(page, ".SH ENVIRONMENT\n.TP\n\\fBPAINT\\fR\nThe paint.\n"));
    CHECK_FALSE(contains(page, ".SH FILES"));
    CHECK(contains(page, ".SH SEE ALSO\n\\fBbrush\\fR(7)\n"));
}

TEST_CASE("text for roff says what it said before") {
    CHECK(roff::text(".local is a -suffix\\") == "\\&.local is a \\-suffix\\e");
    CHECK(roff::text("'quoted'") == "\\(aqquoted\\(aq");
}

// What is said of a command line that is wrong.
#include "common/command/failure.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

using namespace adit;

namespace {

std::string told(std::vector<std::string> arguments) {
    CLI::App app("A program", "program");
    app.failure_message(command::failure_message);
    app.require_subcommand(1);
    CLI::App* tunnel = app.add_subcommand("tunnel", "Tunnels");
    tunnel->require_subcommand(1);
    tunnel->add_subcommand("list", "All of them")->add_option("--file")->required();
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        app.exit(error, out, err);
        return err.str();
    }
    return {};
}

}  // namespace

TEST_CASE("a command that does not exist is named, at any depth") {
    CHECK(told({"tunel"}).starts_with("there is no command 'tunel'\n"));
    CHECK(told({"tunnel", "lst"}).starts_with("there is no command 'lst'\n"));
    CHECK(told({}).starts_with("A subcommand is required\n"));
    CHECK(told({"--tunel"}).starts_with("A subcommand is required\n"));
    CHECK(told({"tunnel"}).starts_with("A subcommand is required\n"));
    CHECK(told({"tunnel", "list"}).starts_with("--file is required\n"));
}

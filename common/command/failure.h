// What somebody is told whose command line is wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace adit::command {

/// As CLI11 says it, but for a command that does not exist: CLI11 then says only that one is required.
std::string failure_message(const CLI::App* app, const CLI::Error& error);

}  // namespace adit::command

// From the objects that parse a command line to plain data.
#pragma once

#include <CLI/CLI.hpp>

#include "common/command/command.h"

namespace adit::command {

/// Everything that `--help` of the program and of its commands would show.
Command describe(const CLI::App& program);

}  // namespace adit::command

// The verbs `completion` and `man`, which every program of ours has.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "common/command/command.h"
#include "common/command/man_page.h"

namespace adit::command {

/// What the verbs need beside the definitions.
struct Manual {
    Notes notes;
    WordSources sources;
    std::function<std::string()> file_page;  ///< of section 5: the program's configuration file
};

/// Hangs the verbs under `program`, which must live until it has parsed. The one that was typed hands its text to
/// `print` while the command line is parsed.
void add_manual_verbs(CLI::App& program, Manual manual, std::function<void(std::string)> print);

}  // namespace adit::command

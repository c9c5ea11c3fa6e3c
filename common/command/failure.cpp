// Naming what is unknown; see failure.h.
#include "common/command/failure.h"

#include <string_view>
#include <vector>

namespace adit::command {

std::string failure_message(const CLI::App* app, const CLI::Error& error) {
    const std::vector<std::string> unknown = app->remaining(true);
    const bool wants_command = std::string_view(error.what()) == "A subcommand is required";
    if (!wants_command || unknown.empty() || unknown.front().starts_with('-')) {
        return CLI::FailureMessage::simple(app, error);
    }
    return "there is no command '" + unknown.front() + "'\nRun with --help for more information.\n";
}

}  // namespace adit::command

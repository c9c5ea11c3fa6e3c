// The manual page of a program, section 1.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/command/command.h"

namespace adit::command {

/// What a manual says beside the commands: terms with their meaning.
struct Notes {
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::pair<std::string, std::string>> files;
    std::vector<std::pair<std::string, std::string>> exit_statuses;
    std::vector<std::pair<std::string, int>> see_also;  ///< pages with their sections
};

std::string man_page(const Command& program, const Notes& notes);

}  // namespace adit::command

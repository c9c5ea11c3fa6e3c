// Options and errors of verbs; see options.h.
#include "connector/cli/options.h"

#include <iostream>

namespace adit::cli {

int report(const Error& error) {
    std::cerr << "adit-connector: " << error.message << '\n';
    return error.usage ? 2 : 1;
}

void add_config(CLI::App& command, std::string& file) {
    command.add_option("--config", file, "The connector's configuration file")->type_name("FILE");
}

void add_output(CLI::App& command, std::string& form) {
    command.add_option("--output", form, "text or json")->type_name("FORM")->check(CLI::IsMember({"text", "json"}));
}

}  // namespace adit::cli

// Commands as sections of a page; see man_page.h.
#include "common/command/man_page.h"

#include <algorithm>

#include "common/base/roff.h"

namespace adit::command {
namespace {

/// Which every command has.
bool is_help(const Option& option) {
    return !option.names.empty() && option.names.back() == "--help";
}

std::string synopsis(const Command& program, const std::string& path, const Command& command) {
    std::string line = roff::bold(program.name + path);
    if (!command.commands.empty()) {
        return line + " " + roff::italic("command");
    }
    if (!std::ranges::all_of(command.options, is_help)) {
        line += " [" + roff::italic("options") + "]";
    }
    for (const Option& argument : command.arguments) {
        line += argument.required ? " " + roff::italic(argument.value) : " [" + roff::italic(argument.value) + "]";
    }
    return line;
}

std::string option_term(const Option& option) {
    std::string term;
    for (const std::string& name : option.names) {
        term += (term.empty() ? "" : ", ") + roff::bold(name);
    }
    if (!option.value.empty()) {
        term += (term.empty() ? "" : " ") + roff::italic(option.value);
    }
    return ".TP\n" + term + "\n" + roff::text(option.help) + "\n";
}

std::string section(const Command& program, const std::string& path, const Command& command) {
    std::string out = ".SS " + synopsis(program, path, command) + "\n" + roff::text(command.help) + ".\n";
    for (const auto* list : {&command.arguments, &command.options}) {
        for (const Option& option : *list) {
            out += is_help(option) ? "" : option_term(option);
        }
    }
    return out;
}

std::string see_also(const std::vector<std::pair<std::string, int>>& pages) {
    std::string out;
    for (const auto& [page, number] : pages) {
        out += (out.empty() ? ".SH SEE ALSO\n" : ",\n") + roff::bold(page) + "(" + std::to_string(number) + ")";
    }
    return out.empty() ? out : out + "\n";
}

}  // namespace

std::string man_page(const Command& program, const Notes& notes) {
    std::string out = roff::head(program.name, 1, program.name, program.help);
    out += ".SH SYNOPSIS\n" + synopsis(program, "", program) + "\n.SH COMMANDS\nEach command knows " +
           roff::bold("--help") + ".\n";
    visit(program, [&](const std::string& path, const Command& command) {
        if (!path.empty() && command.commands.empty()) {
            out += section(program, path, command);
        }
    });
    out += roff::terms("ENVIRONMENT", notes.environment) + roff::terms("FILES", notes.files) +
           roff::terms("EXIT STATUS", notes.exit_statuses) + see_also(notes.see_also);
    return out;
}

}  // namespace adit::command

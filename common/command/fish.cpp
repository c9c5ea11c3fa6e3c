// Completion for fish: one `complete` per word, each on the condition that its command is the one being typed.
#include "common/command/command.h"

namespace adit::command {
namespace {

std::string quoted(std::string_view text) {
    return "'" + escaped(text, "'\\") + "'";
}

/// The flags of `complete` for a value.
std::string value_flags(const Option& option, const WordSources& sources) {
    if (!option.choices.empty()) {
        return " -a " + quoted(joined(option.choices, " "));
    }
    if (const auto source = sources.find(option.value); source != sources.end()) {
        return " -a " + quoted("(" + source->second + " 2> /dev/null)");
    }
    return option.value == "FILE" ? " -F" : "";
}

std::string option_lines(const std::string& start, const Command& command, const WordSources& sources) {
    std::string lines;
    for (const Option& option : command.options) {
        std::string line = start;
        for (const std::string& name : option.names) {
            line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        }
        if (!option.value.empty()) {
            line += " -r" + value_flags(option, sources);
        }
        lines += line + " -d " + quoted(option.help) + "\n";
    }
    return lines;
}

}  // namespace

std::string fish_completion(const Command& program, const WordSources& sources) {
    const std::string condition = "__" + identifier(program) + "_at";
    std::string paths;
    std::string lines;
    visit(program, [&](const std::string& path, const Command& command) {
        if (!path.empty()) {
            paths += " " + quoted(path);
        }
        const std::string start = "complete -c " + program.name + " -n " + quoted(condition + " " + quoted(path));
        for (const Command& inner : command.commands) {
            lines += start + " -a " + inner.name + " -d " + quoted(inner.help) + "\n";
        }
        if (command.commands.empty() && !command.arguments.empty()) {
            const std::string flags = value_flags(command.arguments.front(), sources);
            lines += flags.empty() ? "" : start + flags + "\n";
        }
        lines += option_lines(start, command, sources);
    });
    return "# fish completion of " + program.name + "; printed by '" + program.name + " completion fish'\nfunction " +
           condition +
           " --description 'Whether the words typed so far end at this command'\n"
           "    set -l at ''\n"
           "    set -l typed (commandline -opc)\n"
           "    set -e typed[1]\n"
           "    for word in $typed\n"
           "        contains -- \"$at $word\"" +
           paths +
           "; or break\n"
           "        set at \"$at $word\"\n"
           "    end\n"
           "    test \"$at\" = \"$argv[1]\"\n"
           "end\n"
           "complete -c " +
           program.name + " -f\n" + lines;
}

}  // namespace adit::command

// Completion for zsh: finds the command among the words, then lets _arguments or _describe offer what fits there.
#include "common/command/command.h"

namespace adit::command {
namespace {

/// Within single quotes.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

/// ":VALUE:ACTION" of _arguments.
std::string action(const Option& option, const WordSources& sources) {
    std::string what = ":" + escaped(option.value, ":") + ":";
    if (!option.choices.empty()) {
        return what + "(" + joined(option.choices, " ") + ")";
    }
    if (const auto source = sources.find(option.value); source != sources.end()) {
        return what + "{compadd -- ${(f)\"$(" + source->second + " 2> /dev/null)\"}}";
    }
    return what + (option.value == "FILE" ? "_files" : " ");
}

std::string arguments(const Command& command, const WordSources& sources) {
    std::string specs;
    for (const Option& option : command.options) {
        for (const std::string& name : option.names) {
            specs += " \\\n            " +
                     quoted((option.repeatable ? "*" : "") + name + "[" + escaped(option.help, "[]:\\") + "]" +
                            (option.value.empty() ? "" : action(option, sources)));
        }
    }
    for (std::size_t i = 0; i < command.arguments.size(); ++i) {
        specs += " \\\n            " + quoted(std::to_string(i + 1) + action(command.arguments[i], sources));
    }
    return "_arguments -S" + specs;
}

std::string commands(const Command& command) {
    std::string list;
    for (const Command& inner : command.commands) {
        list += "\n            " + quoted(inner.name + ":" + escaped(inner.help, ":\\"));
    }
    return "commands=(" + list + ")\n        _describe -t commands command commands";
}

}  // namespace

std::string zsh_completion(const Command& program, const WordSources& sources) {
    std::string paths;
    std::string cases;
    visit(program, [&](const std::string& path, const Command& command) {
        if (!path.empty()) {
            paths += (paths.empty() ? "'" : "|'") + path + "'";
        }
        cases += "    ('" + path + "')\n        " +
                 (command.commands.empty() ? arguments(command, sources) : commands(command)) + " ;;\n";
    });
    const std::string function = "_" + identifier(program);
    return "#compdef " + program.name + "\n# Printed by '" + program.name + " completion zsh'\n" + function +
           "() {\n"
           "    local at='' word\n"
           "    local -i depth=0\n"
           "    local -a commands\n"
           "    for word in ${words[2,CURRENT-1]}; do\n"
           "        case \"$at $word\" in\n"
           "        (" +
           paths +
           ") at=\"$at $word\"; (( ++depth )) ;;\n"
           "        (*) break ;;\n"
           "        esac\n"
           "    done\n"
           "    # What follows sees the innermost command as the program.\n"
           "    shift $depth words\n"
           "    (( CURRENT -= depth ))\n"
           "    case \"$at\" in\n" +
           cases + "    esac\n}\nif [[ $funcstack[1] == " + function + " ]]; then\n    " + function +
           " \"$@\"\nelse\n    compdef " + function + " " + program.name + "\nfi\n";
}

}  // namespace adit::command

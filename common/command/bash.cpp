// Completion for bash: one function that finds the command among the words and offers what fits there.
#include "common/command/command.h"

namespace adit::command {
namespace {

std::string from_words(const std::string& words) {
    return "mapfile -t COMPREPLY < <(compgen -W \"" + words + "\" -- \"$cur\")";
}

/// What makes COMPREPLY from the words of an option's value; nothing for values that only their author knows.
std::string completes(const Option& option, const WordSources& sources) {
    if (!option.choices.empty()) {
        return from_words(joined(option.choices, " "));
    }
    if (const auto source = sources.find(option.value); source != sources.end()) {
        return from_words("$(" + source->second + " 2> /dev/null)");
    }
    return option.value == "FILE"
               ? "compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
               : ":";
}

/// Patterns of a case, by what is done where one of them fits.
using Cases = std::map<std::string, std::vector<std::string>>;

/// Of a command's options that take a value: by the command and the word before.
void add_values(Cases& cases, const std::string& path, const Command& command, const WordSources& sources) {
    for (const Option& option : command.options) {
        for (const std::string& name : option.names) {
            if (!option.value.empty()) {
                std::string pattern = "'";
                pattern.append(path).append(" ").append(name).append("'");
                cases[completes(option, sources)].push_back(std::move(pattern));
            }
        }
    }
}

/// What may stand at a command: its inner commands or its first argument, and its options.
std::string words(const std::string& path, const Command& command, const WordSources& sources) {
    std::vector<std::string> names;
    for (const Option& option : command.options) {
        names.insert(names.end(), option.names.begin(), option.names.end());
    }
    const std::string options = joined(names, " ");
    names.clear();
    for (const Command& one : command.commands) {
        names.push_back(one.name);
    }
    const std::string inner = joined(names, " ");
    const std::string start = "        '" + path + "') ";
    if (inner.empty() && command.arguments.empty()) {
        return start + from_words(options) + " ;;\n";
    }
    const std::string others = inner.empty() ? completes(command.arguments.front(), sources) : from_words(inner);
    return start + "if [[ $cur == -* ]]; then " + from_words(options) + "; else " + others + "; fi ;;\n";
}

}  // namespace

std::string bash_completion(const Command& program, const WordSources& sources) {
    std::vector<std::string> paths;
    Cases values;
    std::string cases;
    visit(program, [&](const std::string& path, const Command& command) {
        if (!path.empty()) {
            paths.push_back("'" + path + "'");
        }
        add_values(values, path, command, sources);
        cases += words(path, command, sources);
    });
    std::string value_cases;
    for (const auto& [action, patterns] : values) {
        value_cases += "        " + joined(patterns, " | ") + ") " + action + "; return ;;\n";
    }
    const std::string function = "_" + identifier(program);
    return "# bash completion of " + program.name + "; printed by '" + program.name + " completion bash'\n" + function +
           "() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at='' i\n"
           "    COMPREPLY=()\n"
           "    # bash splits --name=value at the sign.\n"
           "    [[ $cur == = ]] && cur=''\n"
           "    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        case \"$at ${COMP_WORDS[i]}\" in\n"
           "            " +
           joined(paths, " | ") +
           ") at=\"$at ${COMP_WORDS[i]}\" ;;\n"
           "            *) break ;;\n"
           "        esac\n"
           "    done\n"
           "    case \"$at $prev\" in\n" +
           value_cases +
           "    esac\n"
           "    case \"$at\" in\n" +
           cases + "    esac\n}\ncomplete -F " + function + " " + program.name + "\n";
}

}  // namespace adit::command

// The commands of a program as plain data: what completions and manual pages are written from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace adit::command {

/// A flag, an option with a value, or an argument without a name of its own.
struct Option {
    std::vector<std::string> names;    ///< as typed, "--config"; empty for an argument
    std::string value;                 ///< what its value is, "FILE"; empty for a flag
    std::vector<std::string> choices;  ///< the only values there are, if they are few
    std::string help;
    bool required = false;
    bool repeatable = false;
};

struct Command {
    std::string name;
    std::string help;
    std::vector<Option> options;
    std::vector<Option> arguments;
    std::vector<Command> commands;
};

/// Shell commands that print the words for a value, one a line, by the value's name: {"TUNNEL", "..."}. Values called
/// FILE are completed with the names of files, all others with nothing.
using WordSources = std::map<std::string, std::string>;

/// A command with the words that lead to it, each after a space: " tunnel create"; of the program itself: "".
using Visit = std::function<void(const std::string& path, const Command& command)>;

/// The program and all of its commands, outer before inner.
void visit(const Command& program, const Visit& visitor);

/// A name that shells accept for a function: "adit_connector".
std::string identifier(const Command& program);

/// `text` with each of `special` after a backslash.
std::string escaped(std::string_view text, std::string_view special);

std::string joined(const std::vector<std::string>& words, std::string_view separator);

/// Completion scripts that know nothing but what stands in the tree; `sources` are run when a word is completed.
std::string bash_completion(const Command& program, const WordSources& sources);
std::string zsh_completion(const Command& program, const WordSources& sources);
std::string fish_completion(const Command& program, const WordSources& sources);

}  // namespace adit::command

// Reading CLI11's objects, and walking what was read; see describe.h and command.h.
#include "common/command/describe.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::command {
namespace {

/// CLI11 writes the name of a type, then the words of a check: "TEXT:{text,json}".
void read_type(const std::string& type, Option& option) {
    const std::size_t check = type.find(":{");
    option.value = type.substr(0, check);
    if (check != std::string::npos) {
        const std::string_view words = std::string_view(type).substr(check + 2, type.size() - check - 3);
        for (const std::string_view word : split_list(words, ',')) {
            option.choices.emplace_back(word);
        }
    }
}

Option describe(const CLI::Option& from) {
    Option option;
    for (const std::string& name : from.get_snames()) {
        option.names.push_back("-" + name);
    }
    for (const std::string& name : from.get_lnames()) {
        option.names.push_back("--" + name);
    }
    if (from.get_items_expected_max() > 0) {
        read_type(from.get_type_name(), option);
    }
    option.help = from.get_description();
    option.required = from.get_required();
    option.repeatable = from.get_items_expected_max() > 1;
    return option;
}

void visit(const std::string& path, const Command& command, const Visit& visitor) {
    visitor(path, command);
    for (const Command& inner : command.commands) {
        visit(path + " " + inner.name, inner, visitor);
    }
}

}  // namespace

Command describe(const CLI::App& program) {
    Command command{program.get_name(), program.get_description(), {}, {}, {}};
    for (const CLI::Option* option : program.get_options()) {
        if (option->get_group().empty()) {
            continue;  // hidden
        }
        Option described = describe(*option);
        if (option->get_positional()) {
            command.arguments.push_back(described);
            command.arguments.back().names.clear();
        }
        if (!described.names.empty()) {
            command.options.push_back(std::move(described));
        }
    }
    for (const CLI::App* inner : program.get_subcommands([](const CLI::App*) { return true; })) {
        command.commands.push_back(describe(*inner));
    }
    return command;
}

void visit(const Command& program, const Visit& visitor) {
    visit("", program, visitor);
}

std::string identifier(const Command& program) {
    std::string name = program.name;
    std::ranges::replace(name, '-', '_');
    return name;
}

std::string escaped(std::string_view text, std::string_view special) {
    std::string out;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string out;
    for (const std::string& word : words) {
        out += out.empty() ? "" : separator;
        out += word;
    }
    return out;
}

}  // namespace adit::command

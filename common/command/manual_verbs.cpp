// See manual_verbs.h.
#include "common/command/manual_verbs.h"

#include <memory>

#include "common/command/describe.h"

namespace adit::command {

void add_manual_verbs(CLI::App& program, Manual manual, std::function<void(std::string)> print) {
    struct Typed {
        Manual manual;
        std::function<void(std::string)> print;
        std::string shell;
        std::string section = "1";
    };
    const auto typed = std::make_shared<Typed>(Typed{std::move(manual), std::move(print), {}, "1"});

    CLI::App* completion = program.add_subcommand("completion", "Print a completion script for a shell");
    completion->add_option("shell", typed->shell, "bash, zsh or fish")
        ->required()
        ->type_name("SHELL")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->callback([typed, &program] {
        const Command tree = describe(program);
        const auto write = typed->shell == "bash"  ? bash_completion
                           : typed->shell == "zsh" ? zsh_completion
                                                   : fish_completion;
        typed->print(write(tree, typed->manual.sources));
    });

    CLI::App* man = program.add_subcommand("man", "Print a manual page, to be read with 'man -l -'");
    man->add_option("section", typed->section, "1: the commands; 5: the configuration file")
        ->type_name("SECTION")
        ->check(CLI::IsMember({"1", "5"}));
    man->callback([typed, &program] {
        typed->print(typed->section == "5" ? typed->manual.file_page()
                                           : man_page(describe(program), typed->manual.notes));
    });
}

}  // namespace adit::command

// Asking the admin server; see admin_verbs.h.
#include "connector/cli/admin_verbs.h"

#include <boost/json.hpp>
#include <iostream>

namespace adit::cli {

namespace json = boost::json;

std::string reason_of(const json::object& told, const std::string& otherwise) {
    for (const char* name : {"error", "errors", "detail"}) {
        const json::value* reason = told.if_contains(name);
        if (reason != nullptr && reason->is_string()) {
            return std::string(reason->as_string());
        }
    }
    return otherwise;
}

CLI::App* AdminVerbs::add(CLI::App& under, const char* name, const char* help, const AdminVerb& verb) const {
    CLI::App* command = under.add_subcommand(name, help);
    add_config(*command, arguments_->config);
    add_admin(*command, arguments_->admin);
    add_output(*command, arguments_->output);
    command->callback([arguments = arguments_, find_file = find_file_, verb, &chosen = chosen_] {
        chosen = [=] {
            const auto admin = admin_of(arguments->admin, arguments->config, find_file);
            return admin ? verb(*admin) : report(admin.error());
        };
    });
    return command;
}

int ask_admin(const AdminArguments& arguments, const status::Target& admin, const char* method, const std::string& path,
              const std::function<void(const json::object&)>& print, std::chrono::seconds patience) {
    const auto reply = status::ask(admin, method, path, patience);
    if (!reply) {
        return report(reply.error());
    }
    boost::system::error_code unreadable;
    const json::value told = json::parse(reply->body, unreadable);
    if (unreadable || !told.is_object()) {
        return report({"what answers at " + admin.text() + " is no connector of this version", false});
    }
    if (arguments.output == "json") {
        std::cout << reply->body;
    } else if (reply->status == 200) {
        print(told.as_object());
    } else {
        return report({reason_of(told.as_object(), reply->body), false});
    }
    return reply->status == 200 ? 0 : 1;
}

}  // namespace adit::cli

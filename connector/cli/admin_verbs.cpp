// Asking the admin server; see admin_verbs.h.
#include "connector/cli/admin_verbs.h"

#include <boost/json.hpp>
#include <iostream>

#include "common/status/probe.h"
#include "connector/cli/admin_address.h"

namespace adit::cli {

namespace json = boost::json;

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

int ask_admin(const AdminArguments& arguments, const net::HostPort& admin, const char* method, const std::string& path,
              const std::function<void(const json::object&)>& print) {
    const auto reply = status::ask(admin, method, path);
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
        const json::value* error = told.as_object().if_contains("error");
        return report({error != nullptr && error->is_string() ? std::string(error->as_string()) : reply->body, false});
    }
    return reply->status == 200 ? 0 : 1;
}

}  // namespace adit::cli

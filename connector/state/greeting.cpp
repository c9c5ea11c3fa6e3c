// What is said first; see greeting.h.
#include "connector/state/greeting.h"

namespace adit::state {
namespace {

Greeting::Step authentication(std::initializer_list<std::string_view> words) {
    return {.what = "AUTH", .command = plain_command(words), .is_secret = true};
}

}  // namespace

Greeting Greeting::of_server(const config::State& state, std::string_view client,
                             std::span<const Script* const> scripts) {
    Greeting greeting;
    std::vector<Step>& steps = greeting.steps;
    const config::State::Server& server = state.server;
    if (!server.user.empty()) {
        steps.push_back(authentication({"AUTH", server.user, server.password.reveal()}));
    } else if (!server.password.empty()) {
        steps.push_back(authentication({"AUTH", server.password.reveal()}));
    }
    if (server.database != 0) {
        steps.push_back({"SELECT", plain_command({"SELECT", std::to_string(server.database)})});
    }
    steps.push_back({"CLIENT SETNAME", plain_command({"CLIENT", "SETNAME", client}), false});
    const bool found_by_sentinels = server.kind == config::State::Server::Kind::sentinel;
    steps.push_back({"ROLE", plain_command({"ROLE"}), found_by_sentinels, true});
    for (const Script* script : scripts) {
        steps.push_back({"SCRIPT LOAD", plain_command({"SCRIPT", "LOAD", script->source})});
    }
    return greeting;
}

Greeting Greeting::of_sentinel(const config::State& state) {
    Greeting greeting;
    if (!state.sentinel_password.empty()) {
        greeting.steps.push_back(authentication({"AUTH", state.sentinel_password.reveal()}));
    }
    greeting.steps.push_back({"SENTINEL", plain_command({"SENTINEL", "get-master-addr-by-name", state.server.master})});
    return greeting;
}

Result<> judge(const Greeting::Step& step, const Reply& reply) {
    if (reply.is_error()) {
        if (!step.required && reply.code() != "NOAUTH") return {};
        return failure(std::string(step.what) + ": " + (step.is_secret ? std::string(reply.code()) : reply.text));
    }
    if (!step.is_role || reply.items.empty()) return {};
    // A replica takes no writes, and what it says is late.
    if (reply.items.front().text != "master")
        return failure("it is a " + reply.items.front().text + ", not the master");
    return {};
}

Result<net::HostPort> master_of(const Reply& reply, std::string_view name) {
    if (reply.kind == Reply::Kind::nil) return failure("it knows no master '" + std::string(name) + "'");
    if (reply.items.size() != 2) return failure("it does not answer as a sentinel");
    const std::string& host = reply.items[0].text;
    auto parsed = net::HostPort::parse(host.contains(':') ? "[" + host + "]:" + reply.items[1].text
                                                          : host + ":" + reply.items[1].text);
    if (!parsed) return failure("it names a master without a usable address");
    return *parsed;
}

}  // namespace adit::state

// The first words to a server, and what its answers mean. No I/O.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connector/config/fleet.h"
#include "connector/state/resp.h"
#include "connector/state/script.h"

namespace adit::state {

/// Commands that leave together, each with what an error in answer to it means.
struct Greeting {
    struct Step {
        const char* what;        ///< for the error: "AUTH"
        std::string command;     ///< may hold a secret
        bool required = true;    ///< an error ends the connection; else it is taken as a no (an ACL forbids it)
        bool is_role = false;    ///< the answer says what the server is
        bool is_secret = false;  ///< of an error only its code is repeated: an odd server may echo what it was told
    };
    std::vector<Step> steps;

    /// Of a server that is to be the master: who we are, which database, whether it is what we look for, our scripts.
    static Greeting of_server(const config::State& state, std::string_view client,
                              std::span<const Script* const> scripts);
    /// Of a sentinel: who we are, and who the master is.
    static Greeting of_sentinel(const config::State& state);
};

/// Whether an answer lets the greeting go on; the error never has a secret in it.
Result<> judge(const Greeting::Step& step, const Reply& reply);
/// The master that a sentinel names, from the last answer to its greeting.
Result<net::HostPort> master_of(const Reply& reply, std::string_view name);

}  // namespace adit::state

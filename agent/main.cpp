// adit-agent: from the command line to one of its few verbs.
#include <csignal>
#include <iostream>

#include "agent/app.h"
#include "agent/diagnose/diagnose.h"
#include "common/base/locked_memory.h"
#include "common/base/printable.h"
#include "common/base/secret_scope.h"
#include "common/status/healthcheck.h"
#include "common/tls/key_memory.h"
#include "common/token/token.h"
#include "common/token/wg_quick.h"

namespace {

using namespace adit;

int report(const Error& error) {
    std::cerr << "adit-agent: " << error.message << '\n';
    return error.usage ? 2 : 1;
}

int perform(agent::RunOptions&& options) {
    return agent::run(std::move(options));
}

int perform(const agent::DiagnoseOptions& options) {
    return agent::diagnose(options);
}

Result<token::Token> token_of(const std::optional<std::filesystem::path>& file) {
    const auto text = agent::read_token(file, true);
    return text ? token::parse(text->reveal()) : std::unexpected(text.error());
}

int perform(const agent::InspectOptions& options) {
    const auto token = token_of(options.token_file);
    if (!token) {
        return report(token.error());
    }
    std::cout << (options.json ? token::inspect_json(*token) : token::inspect_text(*token));
    return 0;
}

int perform(const agent::WireGuardConfOptions& options) {
    const auto token = token_of(options.token_file);
    const auto file = token ? token::wg_quick_file(*token, options.seat) : std::unexpected(token.error());
    if (!file) {
        return report(file.error());
    }
    std::cout << file->reveal();
    return 0;
}

int perform(const agent::HealthOptions& options) {
    return status::healthcheck("adit-agent", {.address = options.metrics});
}

int perform(const agent::VersionOptions&) {
    std::cout << "adit-agent " ADIT_VERSION "\n";
    return 0;
}

int perform(const agent::Leave& leave) {
    std::cout << leave.out;
    std::cerr << leave.err;
    return leave.status;
}

}  // namespace

int main(int argc, char** argv) {
    raise_lock_limit();
    tls::keep_keys_locked();
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    logging::set_up(logging::Level::info, logging::Format::automatic);
    const PrintableOutput out(std::cout);
    const PrintableOutput err(std::cerr);
    auto options = [&] {
        const SecretScope scope;  // the token is read
        return agent::parse_options(argc, argv);
    }();
    return std::visit([](auto& chosen) { return perform(std::move(chosen)); }, options);
}

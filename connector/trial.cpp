// Making things to see whether they can be made; see trial.h.
#include "connector/trial.h"

#include <filesystem>
#include <utility>

#include "common/tls/context.h"
#include "common/wireguard/key_file.h"
#include "connector/config/tunnel_settings.h"
#include "connector/generation.h"
#include "connector/operators_guard.h"

namespace adit {
namespace {

template <class Made>
void note(const Result<Made>& made, std::vector<Error>& errors) {
    if (!made) {
        errors.push_back(made.error());
    }
}

/// A key that a connector would make is none to be read.
bool is_there(const std::filesystem::path& file) {
    std::error_code ignored;
    return !file.empty() && std::filesystem::exists(file, ignored);
}

void try_tunnels(const config::Configuration& configuration, std::vector<Error>& errors) {
    const auto settings = config::tunnel_settings(configuration, config::machine_name());
    if (!settings) {
        return errors.push_back(settings.error());
    }
    bool made = false;
    if (settings->tls) {
        for (const auto& file : {settings->tls->key, settings->tls->next_key}) {
            if (is_there(file)) {
                note(tls::PrivateKey::load_or_make(file, made), errors);
            }
        }
    }
    if (settings->wireguard) {
        for (const auto& file : {settings->wireguard->key, settings->wireguard->preshared}) {
            if (is_there(file)) {
                note(wireguard::load_or_make_key(file, made), errors);
            }
        }
    }
}

void try_collectors(const config::Configuration& configuration, std::vector<Error>& errors) {
    for (const config::LogSink& sink : configuration.log.sinks) {
        if (sink.http && !sink.http->ca.empty()) {
            note(tls::Context::origin(sink.http->ca, {}, {}), errors);
        }
    }
    if (configuration.tracing && !configuration.tracing->ca.empty()) {
        note(tls::Context::origin(configuration.tracing->ca, {}, {}), errors);
    }
}

}  // namespace

std::vector<Error> try_out(config::Configuration configuration) {
    std::vector<Error> errors;
    note(guard_of(configuration.admin), errors);
    if (configuration.tunnels) {
        try_tunnels(configuration, errors);
    }
    try_collectors(configuration, errors);
    metrics::Registry registry;
    ConnectorMetrics metrics(registry);
    net::Resolver resolver;
    fetch::Desk desk(resolver);
    Fabric fabric(registry, desk);
    fabric.state = std::make_unique<state::Store>(registry, resolver, "adit-check");
    fabric.shared_circuits = state::SharedCircuits::make(*fabric.state, fabric.circuits);
    const Generation::Means means{metrics, desk, "adit-check", fabric, credential::Issuer::Upkeep::later};
    note(Generation::make(std::move(configuration), means, nullptr), errors);
    return errors;
}

}  // namespace adit

// The root of the configuration's table; one function per struct, from the leaves up. Rules that need more than one
// object are in validate.cpp.
#include "connector/config/table.h"

#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Parsed<std::string> name() {
    return {"a name", [](std::string_view text) -> Result<std::string> {
                if (yaml::is_name(text)) return std::string(text);
                return usage_error("use 1 to 64 letters, digits, '-', '_' and '.'");
            }};
}

yaml::Duration timeout() {
    return yaml::Duration(bounds::min_timeout, bounds::max_timeout);
}

namespace {

using namespace yaml;

Object<Log> log() {
    return Object<Log>("log", "What is logged, and how.")
        .field("level", &Log::level,
               Choice<logging::Level>({{"trace", logging::Level::trace},
                                       {"debug", logging::Level::debug},
                                       {"info", logging::Level::info},
                                       {"warn", logging::Level::warn},
                                       {"error", logging::Level::error}}),
               "The least important messages that are logged.")
        .field("format", &Log::format,
               Choice<logging::Format>({{"auto", logging::Format::automatic},
                                        {"json", logging::Format::json},
                                        {"text", logging::Format::text}}),
               "JSON lines or text; auto is text on a terminal and JSON otherwise.");
}

Object<Admin> admin() {
    return Object<Admin>("admin", "The operator's own server: /live, /ready, /metrics, /sessions.")
        .required("address", &Admin::address, Address<HostPort>(ZeroPort::allowed),
                  "Where it listens; keep it private.");
}

Object<TunnelTls> tunnel_tls() {
    return Object<TunnelTls>("tunnels.tls", "Where agents connect over TLS.")
        .required("address", &TunnelTls::address, Address<HostPort>(ZeroPort::allowed), "host:port to listen on.")
        .required(
            "key", &TunnelTls::key, Path(),
            "PEM file with the Ed25519 or ECDSA private key by which agents know this connector; made on first use.")
        .field("advertise", &TunnelTls::advertise, List(Address<HostPort>(ZeroPort::refused), bounds::advertised),
               "The addresses that tokens tell agents to dial; by default the address to listen on.");
}

Object<Tunnels> tunnels() {
    return Object<Tunnels>("tunnels", "The tunnels and where their agents connect.")
        .required("directory", &Tunnels::directory, Path(), "Folder with one file per tunnel.")
        .required("tls", &Tunnels::tls, tunnel_tls(), "Where agents connect over TLS.")
        .later({"wireguard"});
}

}  // namespace

yaml::Object<Configuration> configuration_table() {
    return Object<Configuration>("the configuration", "The connector's configuration.")
        .field("log", &Configuration::log, log(), "What is logged, and how.")
        .field("workers", &Configuration::workers, Integer<std::uint32_t>(1, bounds::max_workers),
               "Threads that serve requests; by default one per core.")
        .field("admin", &Configuration::admin, admin(), "The operator's own server; none when left out.")
        .field("listeners", &Configuration::listeners, List(listener_table(), bounds::listeners),
               "Where clients connect.")
        .field("tunnels", &Configuration::tunnels, tunnels(), "The tunnels and where their agents connect.")
        .field("backends", &Configuration::backends, Named(backend_table(), &Backend::name, bounds::backends),
               "What routes forward to, by name.")
        .field("routes", &Configuration::routes, List(route_table(), bounds::routes),
               "Which requests go to which backend.")
        .later(
            {"access", "audit", "consumers", "credentials", "issuer", "policies", "rate_limits", "state", "tracing"});
}

}  // namespace adit::config

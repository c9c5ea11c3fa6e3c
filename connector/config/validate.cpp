// Each rule is a function over the whole configuration; places are looked up in the document only when a rule is
// broken.
#include "connector/config/validate.h"

#include <filesystem>
#include <set>
#include <string>
#include <unordered_map>

#include "common/config/effective.h"
#include "connector/config/circuits.h"
#include "connector/config/credentials.h"
#include "connector/config/issuers.h"
#include "connector/config/pattern.h"
#include "connector/config/targets.h"
#include "connector/config/validate_admin.h"
#include "connector/config/validate_limits.h"
#include "connector/config/validate_trust.h"

namespace adit::config {
namespace {

using yaml::Diagnostics;
using yaml::Node;
using yaml::Place;
using yaml::place_of;

/// Values that may each be used once, with the place of their first use.
class Uses {
  public:
    Uses(std::string what, Diagnostics& diagnostics) : what_(std::move(what)), diagnostics_(diagnostics) {}

    void add(const std::string& value, Place place) { add(value, value, std::move(place)); }
    /// The same of a value that is not to be told as it is.
    void add(const std::string& value, const std::string& shown, Place place) {
        const auto [first, is_new] = places_.emplace(value, place);
        if (!is_new)
            diagnostics_.error(std::move(place),
                               what_ + " '" + shown + "' is used twice; first at " + first->second.text());
    }

  private:
    std::string what_;
    Diagnostics& diagnostics_;
    std::unordered_map<std::string, Place> places_;
};

void check_listeners(const Node& root, Configuration& configuration, Diagnostics& diagnostics) {
    Uses addresses("the address", diagnostics);
    Uses names("the listener name", diagnostics);
    const auto add_address = [&](const HostPort& address, Place place) {
        // An empty one was reported already, and port 0 is a different port each time.
        if (!address.host.empty() && address.port != 0) addresses.add(address.text(), std::move(place));
    };
    for (std::size_t i = 0; i < configuration.listeners.size(); ++i) {
        auto& listener = configuration.listeners[i];
        add_address(listener.address, place_of(root, {"listeners", i, "address"}));
        if (!listener.name.empty())
            names.add(listener.name, place_of(root, {"listeners", i, "name"}));
        else if (!listener.address.host.empty())
            listener.name = listener.address.text();
    }
    if (configuration.tunnels && configuration.tunnels->tls)
        add_address(configuration.tunnels->tls->address, place_of(root, {"tunnels", "tls", "address"}));
    if (configuration.admin) add_address(configuration.admin->address.tcp, place_of(root, {"admin", "address"}));
    if (configuration.admin && configuration.admin->metrics)
        add_address(*configuration.admin->metrics, place_of(root, {"admin", "metrics"}));
}

/// Sinks without a name are called by their kind, with a number where that is taken.
void name_sinks(const Node& root, Configuration& configuration, Diagnostics& diagnostics) {
    Uses names("the sink name", diagnostics);
    std::set<std::string> taken{"tracing"};
    for (std::size_t i = 0; i < configuration.log.sinks.size(); ++i) {
        const LogSink& sink = configuration.log.sinks[i];
        if (!sink.name.empty()) {
            names.add(sink.name, place_of(root, {"log", "sinks", i, "name"}));
            if (sink.name == "tracing")
                diagnostics.error(place_of(root, {"log", "sinks", i, "name"}), "'tracing' is the sink of spans");
            taken.insert(sink.name);
        }
    }
    for (LogSink& sink : configuration.log.sinks) {
        if (!sink.name.empty()) continue;
        const std::string kind = sink.error_stream    ? "stderr"
                                 : sink.output_stream ? "stdout"
                                 : sink.file          ? "file"
                                 : sink.syslog        ? "syslog"
                                                      : "http";
        sink.name = kind;
        for (int number = 2; !taken.insert(sink.name).second; ++number) sink.name = kind + "-" + std::to_string(number);
    }
}

void check_files(const Node& root, const Configuration& configuration, Diagnostics& diagnostics) {
    for (std::size_t i = 0; i < configuration.listeners.size(); ++i) {
        const auto& tls = configuration.listeners[i].tls;
        if (!tls) continue;
        expect_readable(tls->certificate, "certificate", place_of(root, {"listeners", i, "tls", "certificate"}),
                        diagnostics);
        expect_readable(tls->key, "key", place_of(root, {"listeners", i, "tls", "key"}), diagnostics);
        expect_readable(tls->client_ca, "CA file", place_of(root, {"listeners", i, "tls", "client_ca"}), diagnostics);
        expect_readable(tls->client_crl, "revocation list", place_of(root, {"listeners", i, "tls", "client_crl"}),
                        diagnostics);
        expect_readable(tls->ocsp_response, "OCSP response", place_of(root, {"listeners", i, "tls", "ocsp_response"}),
                        diagnostics);
        for (std::size_t k = 0; k < tls->certificates.size(); ++k) {
            expect_readable(tls->certificates[k].certificate, "certificate",
                            place_of(root, {"listeners", i, "tls", "certificates", k, "certificate"}), diagnostics);
            expect_readable(tls->certificates[k].key, "key",
                            place_of(root, {"listeners", i, "tls", "certificates", k, "key"}), diagnostics);
            expect_readable(tls->certificates[k].ocsp_response, "OCSP response",
                            place_of(root, {"listeners", i, "tls", "certificates", k, "ocsp_response"}), diagnostics);
        }
    }
    for (std::size_t i = 0; i < configuration.log.sinks.size(); ++i) {
        if (const auto& http = configuration.log.sinks[i].http)
            expect_readable(http->ca, "CA file", place_of(root, {"log", "sinks", i, "http", "ca"}), diagnostics);
    }
    for (const Webhook& webhook : configuration.webhooks)
        expect_readable(webhook.ca, "CA file", place_of(root, {"webhooks", webhook.name, "ca"}), diagnostics);
    if (configuration.tracing)
        expect_readable(configuration.tracing->ca, "CA file", place_of(root, {"tracing", "ca"}), diagnostics);
    for (const Backend& backend : configuration.backends) {
        const auto place = [&](const char* key) { return place_of(root, {"backends", backend.name, "tls", key}); };
        expect_readable(backend.tls.ca, "CA file", place("ca"), diagnostics);
        expect_readable(backend.tls.certificate, "certificate", place("certificate"), diagnostics);
        expect_readable(backend.tls.key, "key", place("key"), diagnostics);
    }
    if (!configuration.tunnels) return;
    std::error_code ignored;
    const auto& [directory, sessions_per_key, tls, wireguard] = *configuration.tunnels;
    // Keys and directory are made on first use; what exists must be of use.
    if (tls && std::filesystem::exists(tls->key, ignored))
        expect_readable(tls->key, "key", place_of(root, {"tunnels", "tls", "key"}), diagnostics);
    if (tls && std::filesystem::exists(tls->next_key, ignored))
        expect_readable(tls->next_key, "key", place_of(root, {"tunnels", "tls", "next_key"}), diagnostics);
    if (wireguard && std::filesystem::exists(wireguard->key, ignored))
        expect_readable(wireguard->key, "key", place_of(root, {"tunnels", "wireguard", "key"}), diagnostics);
    if (!directory.empty() && std::filesystem::exists(directory, ignored) &&
        !std::filesystem::is_directory(directory, ignored))
        diagnostics.error(place_of(root, {"tunnels", "directory"}), "'" + directory.string() + "' is not a directory");
}

void check_services(const Node& root, const Configuration& configuration, Diagnostics& diagnostics) {
    if (root.find("tunnels")) return;
    for (std::size_t i = 0; i < configuration.listeners.size(); ++i)
        if (configuration.listeners[i].forward_proxy)
            diagnostics.error(place_of(root, {"listeners", i, "forward_proxy"}),
                              "a forward proxy leads to services of tunnels, but 'tunnels' is missing");
    for (const auto& backend : configuration.backends)
        for (std::size_t i = 0; i < backend.endpoints.size(); ++i)
            if (backend.endpoints[i].scheme == Endpoint::Scheme::service)
                diagnostics.error(
                    place_of(root, {"backends", backend.name, "endpoints", i}),
                    backend.endpoints[i].text() + " is reached through a tunnel, but 'tunnels' is missing");
}

/// What a match asks for besides host and path: as it is, and as logs and metrics may say it.
struct Conditions {
    std::string exact;
    std::string shown;

    explicit Conditions(const Match& match) {
        for (const std::string& method : match.methods) add(" " + method, "", Shown::yes);
        for (const auto& [header, value] : match.headers)
            add(" " + header + "=", value, yaml::names_credential(header) ? Shown::no : Shown::yes);
        for (const auto& [parameter, value] : match.parameters)
            add(" ?" + parameter + "=", value, yaml::names_credential(parameter) ? Shown::no : Shown::yes);
    }

  private:
    enum class Shown { no, yes };
    void add(const std::string& name, const std::string& value, Shown is) {
        exact += name + value;
        shown += name + (is == Shown::yes ? value : "...");
    }
};

void check_routes(const Node& root, Configuration& configuration, Diagnostics& diagnostics) {
    Uses names("the route name", diagnostics);
    Uses matches("the match", diagnostics);
    std::unordered_map<std::string, std::size_t> called;
    for (std::size_t i = 0; i < configuration.routes.size(); ++i) {
        auto& route = configuration.routes[i];
        const std::string host = route.match.host.empty() ? "*" : route.match.host;
        const Conditions conditions(route.match);
        if (!route.name.empty()) {
            names.add(route.name, place_of(root, {"routes", i, "name"}));
        } else {
            route.name = host + route.match.path + conditions.shown;
            // Several may differ in what is not shown alone.
            if (const std::size_t number = ++called[route.name]; number > 1)
                route.name.append(" #").append(std::to_string(number));
        }
        // A second route with the same match would never be taken, whatever names its path has.
        const std::string where = bare_pattern(route.match.path).insert(0, host);
        if (root.find("routes")->value.items[i].find("match"))
            matches.add(where + conditions.exact, where + conditions.shown, place_of(root, {"routes", i, "match"}));
    }
}

/// What a narrower place leaves out, the wider one says.
void resolve_timeouts(Configuration& configuration) {
    const Timeouts usual = configuration.timeouts.over({});
    for (Backend& backend : configuration.backends) backend.timeouts = backend.timeout_settings.over(usual);
    for (Listener& listener : configuration.listeners)
        if (listener.forward_proxy)
            listener.forward_proxy->timeouts = listener.forward_proxy->timeout_settings.over(usual);
}

}  // namespace

void validate(const Node& root, Configuration& configuration, Diagnostics& diagnostics) {
    resolve_timeouts(configuration);
    check_listeners(root, configuration, diagnostics);
    check_admin(root, configuration, diagnostics);
    name_sinks(root, configuration, diagnostics);
    check_credentials(root, configuration, diagnostics);
    check_files(root, configuration, diagnostics);
    check_services(root, configuration, diagnostics);
    resolve_targets(root, configuration, diagnostics);
    check_circuits(root, configuration, diagnostics);
    check_issuers(root, configuration, diagnostics);
    check_routes(root, configuration, diagnostics);
    check_trust(root, configuration, diagnostics);
    check_limits(root, configuration, diagnostics);
}

}  // namespace adit::config

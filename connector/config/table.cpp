// One function per struct, from the leaves to the root. Rules that need more than one object are in validate.cpp.
#include "connector/config/table.h"

#include <algorithm>
#include <array>

#include "common/base/time.h"
#include "common/config/collections.h"
#include "connector/config/pattern.h"
#include "connector/config/table_telemetry.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

/// RFC 9110 §9.1: case-sensitive; written in capitals by all of them.
Result<std::string> parse_method(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 32 &&
                      std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    if (!good) return usage_error("methods are written in capitals, as GET");
    return std::string(text);
}

Duration timeout() {
    return Duration(bounds::min_timeout, bounds::max_timeout);
}

Object<Admin> admin() {
    return Object<Admin>("admin", "The operator's own server: /live, /ready, /metrics, /sessions.")
        .required("address", &Admin::address, Address<HostPort>(ZeroPort::allowed),
                  "Where it listens; keep it private.");
}

Object<Certificate> certificate() {
    return Object<Certificate>("a certificate", "A certificate for the names that stand in it.")
        .required("certificate", &Certificate::certificate, Path(), "PEM file with the certificate and its chain.")
        .required("key", &Certificate::key, Path(), "PEM file with the private key.");
}

Object<ListenerTls> listener_tls() {
    return Object<ListenerTls>("tls", "TLS towards clients.")
        .required("certificate", &ListenerTls::certificate, Path(), "PEM file with the certificate and its chain.")
        .required("key", &ListenerTls::key, Path(), "PEM file with the private key.")
        .field("certificates", &ListenerTls::certificates, List(certificate(), bounds::certificates),
               "Further certificates; the one that has the name a client asks for (SNI) is shown.")
        .field(
            "min_version", &ListenerTls::min_version,
            Choice<ListenerTls::Version>({{"1.2", ListenerTls::Version::tls12}, {"1.3", ListenerTls::Version::tls13}}),
            "The oldest version of TLS that is spoken.")
        .later({"client_ca", "client_certificates", "alpn"});
}

Object<ListenerLimits> listener_limits() {
    return Object<ListenerLimits>("limits", "What clients may take.")
        .field("header_bytes", &ListenerLimits::header_bytes, Size(bounds::min_header_bytes, bounds::max_header_bytes),
               "Request line and header section together.")
        .field("header_timeout", &ListenerLimits::header_timeout, timeout(),
               "From the first byte of a request to the end of its header section.")
        .field("idle_timeout", &ListenerLimits::idle_timeout, timeout(),
               "How long a connection may wait for a request.")
        .field("body_bytes", &ListenerLimits::body_bytes, Size(0, bounds::max_body_bytes),
               "The largest request body; 0 is no bound.")
        .field("connections", &ListenerLimits::connections, Integer<std::uint32_t>(1, bounds::max_connections),
               "Client connections at one time.");
}

void redirect_from_clear_text(const Node& node, const Listener& listener, Diagnostics& diagnostics) {
    if (listener.tls && listener.https_redirect_port != 0)
        diagnostics.error(place_of(node, {"https_redirect_port"}),
                          "this listener speaks TLS itself; https_redirect_port is for one without tls");
}

Object<Listener> listener() {
    return Object<Listener>("a listener", "Where clients connect.")
        .field("name", &Listener::name, Name(), "How logs and metrics call it; its address when left out.")
        .required("address", &Listener::address, Address<HostPort>(ZeroPort::allowed),
                  "host:port; port 0 is any free one.")
        .field("tls", &Listener::tls, listener_tls(), "Clear text when left out.")
        .field("https_redirect_port", &Listener::https_redirect_port, Integer<std::uint16_t>(1, 65535),
               "Sends every request to https on this port of the same host, instead of serving it.")
        .field("limits", &Listener::limits, listener_limits(), "What clients may take.")
        .later({"http2", "proxy_protocol", "trusted_proxies"})
        .rule(redirect_from_clear_text);
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

/// Only what the file says: a default that exceeds a short total simply never comes to pass.
void connect_within_total(const Node& node, const Timeouts& timeouts, Diagnostics& diagnostics) {
    const auto* connect = node.find("connect");
    if (!connect || timeouts.total == 0ms || timeouts.connect <= timeouts.total) return;
    diagnostics.error(connect->value.place, "connect (" + format_duration(timeouts.connect) +
                                                ") is longer than total (" + format_duration(timeouts.total) + ")");
}

Object<Timeouts> timeouts() {
    return Object<Timeouts>("timeouts", "How long each phase of a request may take.")
        .field("connect", &Timeouts::connect, timeout(), "Until the connection stands.")
        .field("first_byte", &Timeouts::first_byte, timeout(), "From the end of the request to the response head.")
        .field("idle", &Timeouts::idle, timeout(), "Between two pieces of a response body.")
        .field("total", &Timeouts::total, Duration(0ms, bounds::max_timeout), "The whole exchange; 0 is no bound.")
        .later({"per_try"})
        .rule(connect_within_total);
}

void certificate_with_key(const Node& node, const OriginTls& tls, Diagnostics& diagnostics) {
    if (tls.certificate.empty() == tls.key.empty()) return;
    diagnostics.error(node.place, "certificate and key belong together: one of them is missing");
}

Object<OriginTls> origin_tls() {
    return Object<OriginTls>("tls", "TLS towards https endpoints and services.")
        .field("ca", &OriginTls::ca, Path(),
               "PEM file with the CAs that origins are checked against; the system's when left out.")
        .field(
            "server_name", &OriginTls::server_name, Text(),
            "The name that is asked for (SNI) and that the certificate must have; the endpoint's host when left out.")
        .field("certificate", &OriginTls::certificate, Path(), "PEM file with the certificate that we show (mTLS).")
        .field("key", &OriginTls::key, Path(), "PEM file with the private key of that certificate.")
        .later({"alpn", "min_version", "insecure"})
        .rule(certificate_with_key);
}

void has_endpoints(const Node& node, const Backend& backend, Diagnostics& diagnostics) {
    if (backend.endpoints.empty())
        diagnostics.error(node.find("endpoints")->value.place, "a backend needs an endpoint");
}

Object<Backend> backend() {
    return Object<Backend>("a backend", "What routes forward to.")
        .required("endpoints", &Backend::endpoints,
                  List(Parsed<Endpoint>("an endpoint", parse_endpoint), bounds::endpoints),
                  "service://NAME through a tunnel, http://host:port/base or https:// directly; requests are spread "
                  "over them.")
        .field("timeouts", &Backend::timeouts, timeouts(), "How long each phase of a request may take.")
        .field("tls", &Backend::tls, origin_tls(), "TLS towards https endpoints and services.")
        .later({"balance", "bulkhead", "cache", "circuit", "credential", "fallback", "health", "outlier", "policies",
                "retry"})
        .rule(has_endpoints);
}

Object<Match> match() {
    return Object<Match>("match", "What a request must look like.")
        .field("host", &Match::host, Parsed<std::string>("a host pattern", parse_host_pattern),
               "A host, or *.suffix; any when left out.")
        .field("path", &Match::path, Parsed<std::string>("a path pattern", parse_path_pattern),
               "A path; * or {name} is one segment, a final ** or {name**} the rest; any when left out.")
        .field("methods", &Match::methods, List(Parsed<std::string>("a method", parse_method), bounds::conditions),
               "Methods such as GET; any when left out.")
        .field("headers", &Match::headers, TextMap(bounds::conditions),
               "Header fields that must be there with these values; * is any value.")
        .field("query", &Match::parameters, TextMap(bounds::conditions),
               "Parameters of the query that must be there with these values; * is any value.");
}

/// A template with names that stand in braces.
Parsed<std::string> path_template() {
    return {"a path template", [](std::string_view text) -> Result<std::string> {
                if (!text.starts_with('/')) return usage_error("a path begins with '/'");
                if (text.find_first_of(" \t\r\n?#") != std::string_view::npos)
                    return usage_error("a path has no blanks, no query and no fragment");
                if (const auto names = template_names(text); !names) return std::unexpected(names.error());
                return std::string(text);
            }};
}

Parsed<std::string> location_template() {
    return {"a URL or path to go to", [](std::string_view text) -> Result<std::string> {
                const bool known = text.starts_with('/') || text.starts_with("https://") || text.starts_with("http://");
                if (!known || text.starts_with("//")) return usage_error("it begins with '/', https:// or http://");
                if (text.find_first_of(" \t\r\n") != std::string_view::npos) return usage_error("it has a blank");
                if (const auto names = template_names(text); !names) return std::unexpected(names.error());
                return std::string(text);
            }};
}

Object<Rewrite> rewrite() {
    return Object<Rewrite>("rewrite", "What of the request is written anew for the backend.")
        .required("path", &Rewrite::path, path_template(), "The path; {name} is what the match's segment stood for.")
        .field("keep_query", &Rewrite::keep_query, Boolean(), "Whether the query goes along.");
}

void redirect_status(const Node& node, const Redirect& redirect, Diagnostics& diagnostics) {
    constexpr std::array known{301U, 302U, 303U, 307U, 308U};
    if (std::ranges::find(known, redirect.status) != known.end()) return;
    diagnostics.error(place_of(node, {"status"}), "a redirect's status is 301, 302, 303, 307 or 308");
}

Object<Redirect> redirect() {
    return Object<Redirect>("redirect", "Sends the client elsewhere.")
        .required("to", &Redirect::to, location_template(), "A URL or a path; {name}, {host} and {path} are filled in.")
        .field("status", &Redirect::status, Integer<std::uint32_t>(301, 308), "301, 302, 303, 307 or 308.")
        .field("keep_query", &Redirect::keep_query, Boolean(), "Whether the query goes along.")
        .rule(redirect_status);
}

/// RFC 9110 §5.5, of which content types need no more than printable characters.
Result<std::string> parse_field_value(std::string_view text) {
    const bool good = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!good) return usage_error("it is one line of printable characters");
    return std::string(text);
}

Object<StaticAnswer> static_answer() {
    return Object<StaticAnswer>("static", "An answer of the connector's own.")
        .field("status", &StaticAnswer::status, Integer<std::uint32_t>(200, 599), "Its status.")
        .field("content_type", &StaticAnswer::content_type, Parsed<std::string>("a content type", parse_field_value),
               "Its Content-Type.")
        .field("body", &StaticAnswer::body, Text(), "Its body; none when left out.");
}

/// A route does one thing, and its templates use only names that its path gives.
void one_handler(const Node& node, const RouteRule& rule, Diagnostics& diagnostics) {
    const int handlers = (rule.backend.empty() ? 0 : 1) + (rule.redirect ? 1 : 0) + (rule.fixed ? 1 : 0);
    if (handlers != 1) diagnostics.error(node.place, "a route has one of backend, redirect and static");
    if (rule.rewrite && rule.backend.empty())
        diagnostics.error(place_of(node, {"rewrite"}), "rewrite belongs to a route with a backend");
    const auto names = capture_names(rule.match.path);
    const auto check = [&](const std::string& text, const Place& place) {
        for (const std::string& name : template_names(text).value_or(std::vector<std::string>())) {
            if (name != "host" && name != "path" && std::ranges::find(names, name) == names.end())
                diagnostics.error(place, "{" + name + "} is not in the route's path " + rule.match.path);
        }
    };
    if (rule.rewrite) check(rule.rewrite->path, place_of(node, {"rewrite", "path"}));
    if (rule.redirect) check(rule.redirect->to, place_of(node, {"redirect", "to"}));
}

Object<RouteRule> route() {
    return Object<RouteRule>("a route", "What becomes of which requests.")
        .field("name", &RouteRule::name, Name(), "How logs and metrics call it; its match when left out.")
        .required("match", &RouteRule::match, match(), "What a request must look like.")
        .field("backend", &RouteRule::backend, Text(), "The name of a backend that answers.")
        .field("rewrite", &RouteRule::rewrite, rewrite(), "What of the request is written anew for the backend.")
        .field("redirect", &RouteRule::redirect, redirect(), "Sends the client elsewhere.")
        .field("static", &RouteRule::fixed, static_answer(), "An answer of the connector's own.")
        .later({"handler", "policies", "timeouts"})
        .rule(one_handler);
}

}  // namespace

yaml::Object<Configuration> configuration_table() {
    return Object<Configuration>("the configuration", "The connector's configuration.")
        .field("log", &Configuration::log, log_table(), "What is logged, how, and where it goes.")
        .field("workers", &Configuration::workers, Integer<std::uint32_t>(1, bounds::max_workers),
               "Threads that serve requests; by default one per core.")
        .field("admin", &Configuration::admin, admin(), "The operator's own server; none when left out.")
        .field("listeners", &Configuration::listeners, List(listener(), bounds::listeners), "Where clients connect.")
        .field("tunnels", &Configuration::tunnels, tunnels(), "The tunnels and where their agents connect.")
        .field("backends", &Configuration::backends, Named(backend(), &Backend::name, bounds::backends),
               "What routes forward to, by name.")
        .field("routes", &Configuration::routes, List(route(), bounds::routes), "Which requests go to which backend.")
        .field("tracing", &Configuration::tracing, tracing_table(),
               "Taking part in W3C traces, with spans for a collector; no part is taken when left out.")
        .later({"access", "audit", "consumers", "credentials", "issuer", "policies", "rate_limits", "state"});
}

}  // namespace adit::config

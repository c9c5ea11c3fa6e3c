// Backends: endpoints, and how they are spoken to.
#include "connector/config/table_parts.h"

#include <algorithm>

#include "common/config/collections.h"

namespace adit::config {
namespace {

using namespace yaml;

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
        .field("ciphers", &OriginTls::any_cipher, Choice<bool>({{"aead", false}, {"any", true}}),
               "Of TLS 1.2. aead: with forward secrecy and authenticated encryption (ECDHE; AES-GCM or ChaCha20). any: "
               "all that OpenSSL has, for origins that are too old for these.")
        .later({"alpn", "min_version", "insecure"})
        .rule(certificate_with_key);
}

/// A host with or without a port, or one of the words.
Result<std::string> parse_host_choice(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const bool has_port = colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
    if (has_port) {
        if (const auto port = parse_port(text.substr(colon + 1), ZeroPort::refused); !port)
            return std::unexpected(port.error());
    }
    if (const auto host = parse_host(has_port ? text.substr(0, colon) : text); !host)
        return std::unexpected(host.error());
    return std::string(text);
}

/// Parsed text that shows its default.
class HostChoice : public Parsed<std::string> {
  public:
    HostChoice() : Parsed("origin, preserve or a host", parse_host_choice) {}
    std::string show(const std::string& value) const { return value; }
};

Object<Forwarding> forwarding() {
    const auto hops = [] {
        using enum Forwarding::Hops;
        return Choice<Forwarding::Hops>({{"replace", replace}, {"append", append}, {"off", off}});
    };
    return Object<Forwarding>("forwarding", "What origins are told about the request's way.")
        .field(
            "host", &Forwarding::host, HostChoice(),
            "The Host (:authority) that origins get: origin is the endpoint's own, preserve the one the client asked "
            "for, anything else is said as it is.")
        .field("x_forwarded", &Forwarding::x_forwarded, hops(),
               "X-Forwarded-For, -Proto, -Host: written anew, continued where a trusted proxy wrote them, or left out.")
        .field("forwarded", &Forwarding::forwarded, hops(), "The same of Forwarded (RFC 7239).")
        .field("via", &Forwarding::via, Boolean(),
               "Whether this connector adds itself to Via, in both directions; loops are found by it.")
        .field("deadline", &Forwarding::deadline, ShownText("a field name", parse_field_name),
               "The field by which origins learn how many milliseconds they have, such as x-request-timeout-ms; "
               "trusted proxies may shorten that by the same field. Left out: nobody is told.")
        .field("disclose_attempts", &Forwarding::disclose_attempts, Boolean(),
               "Whether the attempts in problem answers name endpoints and agents; else endpoints have numbers.");
}

void has_endpoints(const Node& node, const Backend& backend, Diagnostics& diagnostics) {
    if (backend.endpoints.empty())
        diagnostics.error(node.find("endpoints")->value.place, "a backend needs an endpoint");
}

/// A route goes on in this process: there is nothing to balance, to connect to or to wait for.
void internal_alone(const Node& node, const Backend& backend, Diagnostics& diagnostics) {
    const auto& endpoints = backend.endpoints;
    const auto internal = std::ranges::find(endpoints, Endpoint::Scheme::internal, &Endpoint::scheme);
    if (internal == endpoints.end()) return;
    const auto index = static_cast<std::size_t>(internal - endpoints.begin());
    if (endpoints.size() > 1)
        diagnostics.error(place_of(node, {"endpoints", index}),
                          internal->text() + " is a backend's only endpoint; split requests over backends instead");
    for (const char* key : {"protocol", "timeouts", "tls", "credential", "retry", "circuit", "bulkhead", "balance",
                            "health", "outlier", "cache", "fallback"})
        if (const auto* member = node.find(key))
            diagnostics.error(member->key_place, std::string(key) + " means nothing to " + internal->text() +
                                                     ": the backend of that route has its own");
}

}  // namespace

yaml::Object<Backend> backend_table() {
    return Object<Backend>("a backend", "What routes forward to.")
        .required("endpoints", &Backend::endpoints, List(EndpointEntry(), bounds::endpoints),
                  "service://NAME through a tunnel, http://host:port/base or https:// directly; requests are spread "
                  "over them. internal://ROUTE, alone, goes on by another route of this file.")
        .field("protocol", &Backend::protocol,
               Choice<Protocol>({{"auto", Protocol::automatic},
                                 {"http/1.1", Protocol::http1},
                                 {"h2", Protocol::http2},
                                 {"h2c", Protocol::http2}}),
               "The version of HTTP towards origins. auto is what ALPN says over TLS and HTTP/1.1 over clear text; h2 "
               "is HTTP/2 always, over clear text by prior knowledge (h2c), as gRPC servers want it.")
        .field("timeouts", &Backend::timeout_settings, timeouts_table(), "How long each phase of a request may take.")
        .field("tls", &Backend::tls, origin_tls(), "TLS towards https endpoints and services.")
        .field("forwarding", &Backend::forwarding, forwarding(), "What origins are told about the request's way.")
        .field("credential", &Backend::credential, credential_table(),
               "How origins learn that a call came from us; several combine.")
        .field("retry", &Backend::retry, retry_table(), "When a request is tried again.")
        .field("circuit", &Backend::circuit, circuit_table(), "When calls are not made any more for a while.")
        .field("bulkhead", &Backend::bulkhead, bulkhead_table(), "How many requests may be in progress at once.")
        .field("balance", &Backend::balance, balance_table(),
               "How requests are spread over the endpoints that are well.")
        .field("health", &Backend::health, health_table(), "How endpoints are asked how they are.")
        .field("outlier", &Backend::outlier, outlier_table(),
               "Endpoints whose own traffic says that they are ill get none for a while.")
        .field("cache", &Backend::cache, cache_table(),
               "Answers that are kept, of all routes that have no cache of their own.")
        .field("fallback", &Backend::fallback, fallback_table(), "Who answers when this backend cannot.")
        .field("essential", &Backend::essential, Boolean(),
               "Whether its stress is a reason to do without routes that are not essential.")
        .rule(has_endpoints)
        .rule(internal_alone)
        .rule(check_aws_payload);
}

}  // namespace adit::config

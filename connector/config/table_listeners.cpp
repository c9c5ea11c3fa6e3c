// Listeners: addresses, TLS and limits towards clients.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

constexpr const char* kOcspResponse =
    "DER file with what the certificate's CA says of it by OCSP: it is stapled to handshakes while it is valid, and "
    "read again when it changes.";

Object<Certificate> certificate() {
    return Object<Certificate>("a certificate", "A certificate for the names that stand in it.")
        .required("certificate", &Certificate::certificate, Path(), "PEM file with the certificate and its chain.")
        .required("key", &Certificate::key, Path(), "PEM file with the private key.")
        .field("ocsp_response", &Certificate::ocsp_response, Path(), kOcspResponse);
}

void certificates_of_a_ca(const Node& node, const ListenerTls& tls, Diagnostics& diagnostics) {
    if (!tls.client_ca.empty()) return;
    for (const char* key : {"client_crl", "client_crl_of", "client_certificates"})
        if (node.find(key))
            diagnostics.error(place_of(node, {key}), std::string(key) + " belongs to client_ca, which is missing");
}

void lists_of_whom(const Node& node, const ListenerTls& tls, Diagnostics& diagnostics) {
    if (tls.client_crl.empty() && !tls.client_ca.empty() && node.find("client_crl_of"))
        diagnostics.error(place_of(node, {"client_crl_of"}), "client_crl_of belongs to client_crl, which is missing");
}

Object<ListenerTls> listener_tls() {
    return Object<ListenerTls>("tls", "TLS towards clients.")
        .required("certificate", &ListenerTls::certificate, Path(), "PEM file with the certificate and its chain.")
        .required("key", &ListenerTls::key, Path(), "PEM file with the private key.")
        .field("certificates", &ListenerTls::certificates, List(certificate(), bounds::certificates),
               "Further certificates; the one that has the name a client asks for (SNI) is shown.")
        .field("ocsp_response", &ListenerTls::ocsp_response, Path(), kOcspResponse)
        .field(
            "min_version", &ListenerTls::min_version,
            Choice<ListenerTls::Version>({{"1.2", ListenerTls::Version::tls12}, {"1.3", ListenerTls::Version::tls13}}),
            "The oldest version of TLS that is spoken.")
        .field("client_ca", &ListenerTls::client_ca, Path(),
               "PEM file of CAs: clients are asked for a certificate of theirs, for the policy mtls.")
        .field("client_crl", &ListenerTls::client_crl, Path(),
               "PEM file with the revocation lists of these CAs: what stands there is refused, and so are clients of "
               "a CA whose list is out of date.")
        .field("client_crl_of", &ListenerTls::client_crl_of_all, Choice<bool>({{"issuer", false}, {"chain", true}}),
               "Whose list has to be there: that of the CA that issued a client's certificate, or of every CA up to "
               "the root. Lists that are there count in any case.")
        .field("client_certificates", &ListenerTls::client_certificate_required,
               Choice<bool>({{"optional", false}, {"required", true}}),
               "Whether a handshake without a certificate is refused.")
        .field("session_tickets", &ListenerTls::ticket_interval, Duration(0ms, bounds::max_ticket_interval),
               "How long a key of session tickets is used for new ones; it opens them for as long again and is wiped "
               "then. 0: no session is resumed; nor is any where client_ca is set.")
        .later({"alpn"})
        .rule(certificates_of_a_ca)
        .rule(lists_of_whom);
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
               "Client connections at one time; beyond, whoever has waited longest without a request gives way.")
        .field("connections_per_client", &ListenerLimits::connections_per_client,
               Integer<std::uint32_t>(0, bounds::max_connections),
               "Of these, those of one address, or one /64 of IPv6; 0 is no bound.")
        .field("min_rate", &ListenerLimits::min_rate, Size(0, bounds::max_min_rate),
               "Bytes a second at which a request body has to come and an answer to be taken; 0 is no least rate.")
        .field("min_rate_after", &ListenerLimits::min_rate_after, timeout(),
               "How far a client may fall behind that rate.")
        .field("concurrent_streams", &ListenerLimits::concurrent_streams,
               Integer<std::uint32_t>(1, bounds::max_concurrent_streams),
               "Requests at one time on one HTTP/2 connection.");
}

Object<ForwardProxy> forward_proxy() {
    return Object<ForwardProxy>("forward_proxy", "A proxy for clients that are told of it, as by HTTPS_PROXY.")
        .required("policies", &ForwardProxy::policies, List(Text(), bounds::policies),
                  "Names of policies that tell who calls, by Proxy-Authorization or a client certificate.")
        .field("access", &ForwardProxy::access, List(AccessRule(), bounds::access_rules),
               "Who may use it at all; the rules of services and tunnels hold besides.")
        .field("timeouts", &ForwardProxy::timeout_settings, timeouts_table(),
               "How long each phase of a request may take; connect is that of CONNECT, too.")
        .field("idle_timeout", &ForwardProxy::idle_timeout, timeout(),
               "How long a CONNECT may go without a byte in either direction.");
}

void proxy_or_routes(const Node& node, const Listener& listener, Diagnostics& diagnostics) {
    if (!listener.forward_proxy) return;
    if (listener.https_redirect_port != 0)
        diagnostics.error(place_of(node, {"https_redirect_port"}),
                          "this listener is a forward proxy; https_redirect_port is for one that serves routes");
    const auto* proxy = node.find("forward_proxy");
    if (proxy && proxy->value.find("policies") && listener.forward_proxy->policies.empty())
        diagnostics.error(place_of(node, {"forward_proxy", "policies"}),
                          "a forward proxy has to know who calls: name a policy, or 'anonymous' to let anybody in");
}

void redirect_from_clear_text(const Node& node, const Listener& listener, Diagnostics& diagnostics) {
    if (listener.tls && listener.https_redirect_port != 0)
        diagnostics.error(place_of(node, {"https_redirect_port"}),
                          "this listener speaks TLS itself; https_redirect_port is for one without tls");
}

}  // namespace

yaml::Object<Listener> listener_table() {
    return Object<Listener>("a listener", "Where clients connect.")
        .field("name", &Listener::name, Name(), "How logs and metrics call it; its address when left out.")
        .required("address", &Listener::address, Address<HostPort>(ZeroPort::allowed),
                  "host:port; port 0 is any free one.")
        .field("tls", &Listener::tls, listener_tls(), "Clear text when left out.")
        .field("https_redirect_port", &Listener::https_redirect_port, Integer<std::uint16_t>(1, 65535),
               "Sends every request to https on this port of the same host, instead of serving it.")
        .field("http2", &Listener::http2, Boolean(),
               "Whether HTTP/2 is spoken besides HTTP/1.1: by ALPN over TLS, by prior knowledge over clear text.")
        .field("limits", &Listener::limits, listener_limits(), "What clients may take.")
        .field("trusted_proxies", &Listener::trusted_proxies,
               List(Parsed<net::Network>("a block of addresses", net::Network::parse), bounds::trusted_proxies),
               "Addresses and blocks (CIDR) of proxies that may say for whom they ask.")
        .field("client_address_from", &Listener::caller_field,
               Choice<Listener::CallerField>({{"x-forwarded-for", Listener::CallerField::x_forwarded_for},
                                              {"forwarded", Listener::CallerField::forwarded}}),
               "The field in which trusted proxies say it; the one that they write themselves.")
        .field("forward_proxy", &Listener::forward_proxy, forward_proxy(),
               "Makes it a forward proxy to services of the tunnels, instead of serving routes.")
        .later({"proxy_protocol"})
        .rule(redirect_from_clear_text)
        .rule(proxy_or_routes);
}

}  // namespace adit::config

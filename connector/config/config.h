// The connector's configuration as plain values: checked, paths resolved, defaults filled in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/diagnostics.h"
#include "common/net/address.h"
#include "common/net/network.h"
#include "common/wireguard/device_kind.h"
#include "common/wireguard/interface.h"
#include "connector/config/admin.h"
#include "connector/config/credential.h"
#include "connector/config/defaults.h"
#include "connector/config/degrade.h"
#include "connector/config/endpoint.h"
#include "connector/config/fleet.h"
#include "connector/config/limits.h"
#include "connector/config/outline.h"
#include "connector/config/policies.h"
#include "connector/config/resilience.h"
#include "connector/config/sandbox.h"
#include "connector/config/telemetry.h"
#include "connector/config/trust.h"

namespace adit::config {

using net::HostPort;

struct Certificate {
    std::filesystem::path certificate;         ///< PEM chain; readable when the configuration was loaded
    std::filesystem::path key;                 ///< PEM
    std::filesystem::path ocsp_response = {};  ///< DER, of the certificate's CA; empty: none is stapled
};

struct ListenerTls {
    std::filesystem::path certificate;  ///< as those of Certificate; shown where no other has the client's name
    std::filesystem::path key;
    std::filesystem::path ocsp_response;
    std::vector<Certificate> certificates;  ///< further ones, chosen by name
    enum class Version { tls12, tls13 };
    Version min_version = Version::tls12;  ///< the oldest that is spoken
    std::filesystem::path client_ca;       ///< PEM; clients are asked for a certificate of these CAs; empty: not asked
    std::filesystem::path client_crl;      ///< PEM; certificates that were taken back
    bool client_crl_of_all = false;        ///< every CA of a chain needs a list; false: the one that issues
    bool client_certificate_required = false;  ///< no handshake without one
    /// How long a key of session tickets seals; it opens for as long again. 0: no tickets, so nothing is resumed.
    std::chrono::milliseconds ticket_interval = defaults::ticket_interval;

    /// All of them, the one of last resort first.
    std::vector<Certificate> all() const {
        std::vector<Certificate> list{{certificate, key, ocsp_response}};
        list.insert(list.end(), certificates.begin(), certificates.end());
        return list;
    }
};

/// What one client, and all of a listener's clients together, may take.
struct ListenerLimits {
    std::uint64_t header_bytes = defaults::header_bytes;
    std::chrono::milliseconds header_timeout = defaults::header_timeout;
    std::chrono::milliseconds idle_timeout = defaults::idle_timeout;
    std::uint64_t body_bytes = defaults::body_bytes;  ///< 0: no bound
    std::uint32_t connections = defaults::connections;
    std::uint32_t connections_per_client = defaults::connections_per_client;  ///< 0: no bound
    std::uint64_t min_rate = defaults::min_rate;                              ///< bytes a second; 0: none
    std::chrono::milliseconds min_rate_after = defaults::min_rate_after;
    std::uint32_t concurrent_streams = defaults::concurrent_streams;  ///< of one HTTP/2 connection
};

/// A listener for those who can only set HTTPS_PROXY: CONNECT and absolute-form requests reach services.
struct ForwardProxy {
    std::vector<std::string> policies;  ///< names of `policies`, at least one; the credential is in Proxy-Authorization
    std::optional<access::Rules> access = {};  ///< who may use it, besides the rules of services
    TimeoutSettings timeout_settings = {};     ///< as written
    Timeouts timeouts = {};                    ///< of requests; of CONNECT the time to connect counts
    std::chrono::milliseconds idle_timeout = defaults::connect_idle;  ///< of the bytes of a CONNECT
};

/// Where clients connect.
struct Listener {
    std::string name;  ///< as given, else the address
    HostPort address;  ///< port 0: any free one
    std::optional<ListenerTls> tls;
    bool http2 = true;
    std::uint16_t https_redirect_port = 0;  ///< every request is sent there; 0: requests are served
    /// Proxies that may say for whom they ask; and in which field they do.
    std::vector<net::Network> trusted_proxies;
    enum class CallerField { x_forwarded_for, forwarded };
    CallerField caller_field = CallerField::x_forwarded_for;
    ListenerLimits limits;
    std::optional<ForwardProxy> forward_proxy;  ///< instead of routes
};

/// Where agents connect.
struct TunnelTls {
    HostPort address;
    std::filesystem::path key;        ///< PEM; need not exist yet
    std::filesystem::path next_key;   ///< PEM; what will replace `key`; empty: nothing is planned
    std::vector<HostPort> advertise;  ///< as given; see tunnel_settings() for what an empty list means
    friend bool operator==(const TunnelTls&, const TunnelTls&) = default;
};

/// Where agents connect over WireGuard.
struct TunnelWireGuard {
    HostPort address;  ///< UDP
    net::Network network;
    std::filesystem::path key;        ///< as `wg genkey` writes it; need not exist yet; empty: see tunnel_settings()
    std::vector<HostPort> advertise;  ///< as that of TunnelTls
    wireguard::DeviceKind device = wireguard::DeviceKind::automatic;
    std::string interface{wireguard::kInterface};  ///< of a kernel device or an existing one
    std::uint32_t mtu = defaults::tunnel_mtu;
    std::chrono::milliseconds keepalive = defaults::tunnel_keepalive;  ///< 0: none
    friend bool operator==(const TunnelWireGuard&, const TunnelWireGuard&) = default;
};

struct Tunnels {
    std::filesystem::path directory;                              ///< need not exist yet
    std::uint32_t sessions_per_key = defaults::sessions_per_key;  ///< 0: no bound
    std::optional<TunnelTls> tls = {};
    std::optional<TunnelWireGuard> wireguard = {};  ///< one of the two is there
    friend bool operator==(const Tunnels&, const Tunnels&) = default;
};

/// How origins are asked over TLS to prove who they are, and what we show them.
struct OriginTls {
    std::filesystem::path ca;           ///< PEM; empty: the system's
    std::string server_name;            ///< empty: the endpoint's own host
    std::filesystem::path certificate;  ///< PEM chain shown to origins that ask; empty: none
    std::filesystem::path key;          ///< PEM, with `certificate`
    bool any_cipher = false;            ///< of TLS 1.2, what OpenSSL has; false: those with forward secrecy and AEAD
    friend bool operator==(const OriginTls&, const OriginTls&) = default;
};

/// The version of HTTP towards origins. Automatic: what ALPN says over TLS, HTTP/1.1 over clear text; http2 over clear
/// text is by prior knowledge (RFC 9113 §3.3).
enum class Protocol { automatic, http1, http2 };

/// What origins are told about the request's way.
struct Forwarding {
    enum class Hops { replace, append, off };
    std::string host = "origin";  ///< "origin": the endpoint's own; "preserve": the client's; else what is said
    Hops x_forwarded = Hops::replace;
    Hops forwarded = Hops::replace;
    bool via = true;
    std::string deadline = {};       ///< the field that says how many milliseconds are left; empty: none does
    bool disclose_attempts = false;  ///< problem answers name endpoints and agents
    friend bool operator==(const Forwarding&, const Forwarding&) = default;
};

struct Backend {
    std::string name;
    std::vector<Endpoint> endpoints;  ///< at least one
    Protocol protocol = Protocol::automatic;
    TimeoutSettings timeout_settings = {};  ///< as written
    Timeouts timeouts = {};                 ///< those over the whole file's; a route's come over them
    OriginTls tls;
    Forwarding forwarding;
    Credential credential;
    std::optional<Retry> retry = {};
    std::optional<Circuit> circuit = {};
    std::optional<Bulkhead> bulkhead = {};
    std::optional<Health> health = {};
    std::optional<Outlier> outlier = {};
    Balance balance = {};
    std::optional<Cache> cache = {};  ///< of routes that have none of their own, as the next
    std::optional<Fallback> fallback = {};
    bool essential = false;  ///< its stress is a reason to do without routes that are not
    friend bool operator==(const Backend&, const Backend&) = default;
};

/// What a request must look like; the patterns are valid (see pattern.h).
struct Match {
    std::string host;                       ///< lower case; "*.suffix" for one or more labels before it; empty for any
    std::string path = "/**";               ///< "*" and "{name}" are one segment, a final "**" or "{name**}" the rest
    std::vector<std::string> methods = {};  ///< upper case; empty for any
    std::map<std::string, std::string> headers = {};     ///< names in any case; "*" is any value
    std::map<std::string, std::string> parameters = {};  ///< of the query; "*" is any value
    friend bool operator==(const Match&, const Match&) = default;
};

/// The path that a backend gets instead of the one that was asked for.
struct Rewrite {
    std::string path;  ///< template, see pattern.h
    bool keep_query = true;
};

struct Redirect {
    std::string to;  ///< template of a URL or a path, see pattern.h
    std::uint32_t status = 308;
    bool keep_query = true;
};

/// One of the backends that share a route's requests.
struct SplitShare {
    std::string backend;
    std::uint32_t weight = 0;
    std::size_t backend_index = 0;                ///< into Configuration::backends
    std::optional<std::size_t> inner_route = {};  ///< as that of RouteRule
};

/// What of a request decides about its share, so that one client stays on one side.
struct SplitBy {
    enum class Of { chance, header, cookie, client_ip };
    Of of = Of::chance;
    std::string name = {};  ///< of the header field or cookie
};

/// Another backend that gets copies of requests; its answers are discarded.
struct Mirror {
    std::string backend;
    std::size_t backend_index = 0;  ///< into Configuration::backends
    std::uint32_t percent = defaults::mirror_percent;
    std::uint64_t body_bytes = defaults::mirror_body_bytes;
    std::uint32_t in_flight = defaults::mirror_in_flight;
};

struct RouteRule {
    std::string name;  ///< as given, else host and path of the match; unique
    Match match;
    std::string backend = {};       ///< empty when the route splits or answers itself
    std::size_t backend_index = 0;  ///< into Configuration::backends
    std::optional<Rewrite> rewrite = {};
    std::optional<Redirect> redirect = {};
    std::optional<StaticAnswer> fixed = {};
    std::optional<std::size_t> inner_route = {};  ///< into Configuration::routes, where the backend is internal://ROUTE
    std::vector<SplitShare> split = {};           ///< not empty: instead of `backend`
    SplitBy split_by = {};
    std::optional<Mirror> mirror = {};
    HeaderEdits headers = {};
    std::uint64_t max_body = 0;  ///< of a request, besides the listener's bound; 0: no further bound
    std::optional<Cors> cors = {};
    std::optional<Compression> compression = {};
    std::vector<std::string> policies = {};        ///< names, as written
    std::vector<std::string> authentication = {};  ///< those that tell who calls, in the order in which they are tried
    std::vector<std::string> limits = {};          ///< those that limit what callers may have
    TimeoutSettings timeouts = {};                 ///< over those of the backend
    std::optional<Retry> retry = {};               ///< instead of the backend's, as the next two
    std::optional<Cache> cache = {};
    std::optional<Fallback> fallback = {};
    std::optional<Circuit> circuit = {};  ///< besides the backend's, as the next
    std::optional<Bulkhead> bulkhead = {};
    std::uint32_t cost = 1;  ///< of one request, in tokens of rate limits
    bool essential = true;   ///< false: answers 503 while functionality is reduced
    Priority priority = Priority::normal;
    std::optional<access::Rules> access = {};  ///< who may use it
};

struct Configuration {
    Log log;
    std::optional<Tracing> tracing;  ///< without it trace context passes untouched
    std::uint32_t workers = 0;       ///< 0: one per core
    std::optional<Admin> admin;
    std::vector<Listener> listeners;
    std::optional<Tunnels> tunnels;
    std::vector<Backend> backends;  ///< in the order of the file
    std::vector<RouteRule> routes;  ///< in the order of the file
    std::vector<Consumer> consumers;
    std::vector<Policy> policies;  ///< named ones, and the built-in ones that routes use
    Access access;
    std::vector<Issuer> issuers;
    TimeoutSettings timeouts = {};  ///< of all backends
    CacheStore cache = {};
    Degrade degrade = {};
    Shed shed = {};
    std::optional<State> state = {};
    std::vector<Webhook> webhooks = {};
    std::optional<Chain> chain = {};
    Problems problems = {};
    Sandbox sandbox = {};
    bool enforces_access =
        false;  ///< consumers, ways to tell them or access are configured: what nobody allows is denied
    yaml::Diagnostics warnings;                ///< what is allowed and defeats itself; see warnings.h
    Outline outline;                           ///< for comparing it with another
    std::vector<std::filesystem::path> files;  ///< that were read: the one named and those it includes

    /// Null: there is none of that name.
    const Policy* policy(std::string_view name) const {
        const auto found = std::ranges::find(policies, name, &Policy::name);
        return found == policies.end() ? nullptr : &*found;
    }
};

}  // namespace adit::config

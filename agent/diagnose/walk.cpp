// The steps in their order; see walk.h.
#include "agent/diagnose/walk.h"

#include "agent/diagnose/gather.h"
#include "agent/diagnose/judge.h"
#include "agent/dial/look.h"
#include "common/net/alarm.h"
#include "common/net/connect.h"
#include "common/net/proxy_connect.h"

namespace adit::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kResolve = 10s;
constexpr auto kStep = 5s;  ///< for each step over the network that has no longer one of its own

/// A way that was found, and what it is called in findings.
struct Way {
    net::HostPort name;  ///< of the connector
    std::string about;
    std::vector<net::Address> addresses;  ///< of the connector, or of the proxy: the first that answers is used
    std::optional<net::Proxy> proxy;
};

/// The steps that follow one that failed.
void skip_rest(Findings& findings, const std::string& about, std::initializer_list<const char*> steps) {
    const std::string why = "the step before has failed";
    for (const char* step : steps) {
        findings.push_back(skipped(step, about, why));
    }
}

net::Task<bool> pass_proxy(const Way& way, net::TcpStream& tcp, Findings& findings) {
    const net::AbortAt guard(tcp, tcp.loop().now() + kStep);
    std::optional<net::BasicCredentials> credentials;
    if (!way.proxy->user.empty()) {
        credentials = net::BasicCredentials{way.proxy->user, way.proxy->password};
    }
    const auto through = co_await net::proxy_connect(tcp, way.name.text(), std::move(credentials));
    findings.push_back(judge_proxy(way.name, *way.proxy, through ? nullptr : &through.error()));
    co_return through.has_value();
}

net::Task<Handshake> shake_hands(tls::TlsStream& channel) {
    const net::AbortAt guard(channel, channel.loop().now() + kStep);
    const net::Status agreed = co_await channel.handshake();
    Handshake handshake;
    handshake.end = agreed == net::Errc::timed_out ? Handshake::End::silence
                    : agreed                       ? Handshake::End::failed
                                                   : Handshake::End::agreed;
    handshake.problem = channel.problem();
    handshake.alpn = channel.alpn();
    handshake.version = channel.version();
    co_return handshake;
}

/// TLS, clock and session over a connection that leads to the connector.
net::Task<> meet(const Ground& ground, const Way& way, std::unique_ptr<net::TcpStream> tcp, Findings& findings) {
    std::optional<tls::CertificateFacts> shown;
    const auto key = tls::PrivateKey::from_seed(ground.token.seed);
    const auto context =
        key ? tls::Context::tunnel_dialer(*key, ground.token.pins, [&shown](const auto& facts) { shown = facts; })
            : std::unexpected(key.error());
    if (!context) {
        findings.push_back({"tls", way.about, Verdict::failed, context.error().message, "a usable TLS library",
                            "check the CA certificates of this machine"});
        skip_rest(findings, way.about, {"clock", "session"});
        co_return;
    }
    auto channel =
        std::make_unique<tls::TlsStream>(std::move(tcp), *context, tls::TlsStream::Side::client, way.name.host);
    Handshake handshake = co_await shake_hands(*channel);
    handshake.shown = shown;
    handshake.pinned = !ground.token.pins.empty();
    const WallTime now = std::chrono::system_clock::now();
    findings.push_back(judge_tls(way.about, way.name.host, handshake, now));
    if (findings.back().verdict == Verdict::failed) {
        findings.push_back(judge_clock(way.about, {}, shown, now));
        skip_rest(findings, way.about, {"session"});
        co_return;
    }
    const tls::TlsStream* tls = channel.get();
    Look look(Channel{std::move(channel), {way.name, std::nullopt}, tls});
    const SessionEnd end = co_await look.run(ground.loop.now() + kStep);
    findings.push_back(judge_clock(way.about, end, shown, now));
    findings.push_back(judge_session(way.about, end, ground.token, now));
}

net::Task<Findings> walk_one(const Ground& ground, Way way) {
    Findings findings;
    const net::Time started = net::Clock::now();
    auto tcp = co_await net::connect(ground.loop, way.addresses, ground.loop.now() + kStep, way.about);
    findings.push_back(judge_tcp(way.about, way.proxy ? "the proxy that HTTPS_PROXY names" : "the connector",
                                 tcp ? nullptr : &tcp.error(), net::Clock::now() - started));
    if (!tcp) {
        if (way.proxy) {
            skip_rest(findings, way.name.text(), {"proxy"});
        }
        skip_rest(findings, way.about, {"tls", "clock", "session"});
        co_return findings;
    }
    if (way.proxy) {
        way.about = way.name.text();
        if (!co_await pass_proxy(way, **tcp, findings)) {
            skip_rest(findings, way.about, {"tls", "clock", "session"});
            co_return findings;
        }
    }
    co_await meet(ground, way, std::move(*tcp), findings);
    co_return findings;
}

}  // namespace

net::Task<std::vector<Findings>> walk(const Ground& ground, net::HostPort name) {
    const auto proxy = ground.proxies.for_target(name.host, name.port);
    const net::HostPort first = proxy ? net::HostPort{proxy->host, proxy->port} : name;
    const net::Time started = net::Clock::now();
    const auto addresses = co_await ground.resolver.resolve(ground.loop, first, ground.loop.now() + kResolve);
    std::vector<Findings> all(1);
    all.front().push_back(judge_dns(first, addresses, net::Clock::now() - started));
    if (!proxy) {
        all.front().push_back(judge_direct(name, ground.proxies.has_proxy()));
    }
    if (!addresses) {
        skip_rest(all.front(), first.text(), {"tcp", "tls", "clock", "session"});
        co_return all;
    }
    std::vector<net::Task<Findings>> walks;
    if (proxy) {
        walks.push_back(walk_one(ground, {name, "proxy " + first.text(), *addresses, proxy}));
    } else {
        for (const net::Address& address : *addresses) {
            walks.push_back(walk_one(ground, {name, address.text(), {address}, std::nullopt}));
        }
    }
    for (Findings& findings : co_await gather(ground.loop, std::move(walks))) {
        all.push_back(std::move(findings));
    }
    co_return all;
}

}  // namespace adit::agent

// The steps of dialling a connector over TLS; see tls_dialer.h.
#include "agent/dial/tls_dialer.h"

#include <algorithm>

#include "common/net/alarm.h"

namespace adit::agent {
namespace {

constexpr std::chrono::milliseconds kDeadPeer{9'000};  ///< unanswered TCP this long means a dead path

}  // namespace

std::string explain_tls(const std::string& words) {
    const auto says = [&words](std::string_view part) { return words.find(part) != std::string::npos; };
    if (says("alert certificate expired")) {
        return "the connector says that this token's key has expired: make a new token with "
               "'adit-connector tunnel rotate-token'";
    }
    if (says("alert bad certificate") || says("alert certificate unknown") || says("alert certificate revoked")) {
        return "the connector does not know this token's key: it was revoked, or the token is of another connector";
    }
    if (says("not trusted")) {
        return "the connector's key is not the one that the token names: the address leads to another server, or the "
               "connector's key was replaced (then make a new token)";
    }
    if (says("no application protocol")) {
        return "the server at this address is no Adit connector (ALPN rh2 refused)";
    }
    if (says("wrong version number") || says("unsupported protocol") || says("record layer")) {
        return "the server at this address does not speak TLS 1.3";
    }
    return words;
}

Result<std::unique_ptr<TlsDialer>> TlsDialer::make(net::Loop& loop, net::Resolver& resolver, const token::Token& token,
                                                   net::ProxyEnvironment proxies) {
    auto key = tls::PrivateKey::from_seed(token.seed);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    auto context = tls::Context::tunnel_dialer(*key, token.pins);
    if (!context) {
        return std::unexpected(std::move(context.error()));
    }
    std::vector<net::HostPort> names;
    for (const std::string& address : token.addresses) {
        auto name = net::HostPort::parse(address);
        if (!name) {
            return std::unexpected(std::move(name.error()).with("the token's connector address"));
        }
        names.push_back(std::move(*name));
    }
    return std::unique_ptr<TlsDialer>(
        new TlsDialer(loop, resolver, std::move(*context), std::move(names), std::move(proxies)));
}

TlsDialer::TlsDialer(net::Loop& loop, net::Resolver& resolver, tls::Context context, std::vector<net::HostPort> names,
                     net::ProxyEnvironment proxies)
    : loop_(loop),
      resolver_(resolver),
      context_(std::move(context)),
      names_(std::move(names)),
      proxies_(std::move(proxies)) {}

net::Task<std::expected<std::vector<Target>, problem::Failure>> TlsDialer::targets() {
    using namespace std::chrono_literals;
    std::vector<Target> found;
    std::optional<problem::Failure> failure;
    for (const net::HostPort& name : names_) {
        if (proxies_.for_target(name.host, name.port)) {
            found.push_back({name, std::nullopt});
            continue;
        }
        auto addresses = co_await resolver_.resolve(loop_, name, loop_.now() + 10s);
        if (!addresses) {
            failure = std::move(addresses.error());
            continue;
        }
        for (const net::Address& address : *addresses) {
            found.push_back({name, address});
        }
    }
    if (found.empty()) {
        co_return std::unexpected(failure.value_or(problem::dns_error("the token names no connector address")));
    }
    co_return found;
}

net::Task<std::expected<Channel, problem::Failure>> TlsDialer::dial(std::vector<Target> targets,
                                                                    std::chrono::milliseconds timeout) {
    co_return co_await reach(std::move(targets), loop_.now() + timeout);
}

net::Task<std::expected<Channel, problem::Failure>> TlsDialer::reach(std::vector<Target> targets, net::Time deadline) {
    const Target first = targets.front();
    if (first.address) {
        std::vector<net::Address> addresses;
        for (const Target& target : targets) {
            if (target.address) {
                addresses.push_back(*target.address);
            }
        }
        auto tcp = co_await net::connect(loop_, std::move(addresses), deadline, first.text());
        if (!tcp) {
            co_return std::unexpected(std::move(tcp.error()));
        }
        const net::Address reached = (*tcp)->peer();
        const auto target = std::ranges::find_if(targets, [&](const Target& one) { return one.address == reached; });
        co_return co_await secure(std::move(*tcp), target == targets.end() ? first : *target, deadline);
    }
    const auto proxy = proxies_.for_target(first.name.host, first.name.port);
    const net::HostPort proxy_name{proxy->host, proxy->port};
    auto addresses = co_await resolver_.resolve(loop_, proxy_name, deadline);
    if (!addresses) {
        co_return std::unexpected(std::move(addresses.error()));
    }
    auto tcp = co_await net::connect(loop_, std::move(*addresses), deadline, "proxy " + proxy_name.text());
    if (!tcp) {
        co_return std::unexpected(std::move(tcp.error()));
    }
    const net::AbortAt guard(**tcp, deadline);
    std::optional<net::BasicCredentials> credentials;
    if (!proxy->user.empty()) {
        credentials = net::BasicCredentials{proxy->user, proxy->password};
    }
    const auto through = co_await net::proxy_connect(**tcp, first.name.text(), std::move(credentials));
    if (!through) {
        co_return std::unexpected(through.error());
    }
    co_return co_await secure(std::move(*tcp), first, deadline);
}

net::Task<std::expected<Channel, problem::Failure>> TlsDialer::secure(std::unique_ptr<net::TcpStream> tcp,
                                                                      Target target, net::Time deadline) {
    tcp->detect_dead_peer(kDeadPeer);
    auto stream =
        std::make_unique<tls::TlsStream>(std::move(tcp), context_, tls::TlsStream::Side::client, target.name.host);
    const net::AbortAt guard(*stream, deadline);
    const net::Status agreed = co_await stream->handshake();
    if (agreed == net::Errc::timed_out) {
        co_return std::unexpected(problem::connection_timeout(target.text() + ": no answer in the TLS handshake"));
    }
    if (agreed) {
        co_return std::unexpected(problem::tls_failed(target.text() + ": " + explain_tls(stream->problem())));
    }
    if (stream->alpn() != tls::kReverseHttp2) {
        co_return std::unexpected(
            problem::tls_failed(target.text() + ": the server did not confirm ALPN rh2, so it is no Adit connector"));
    }
    const tls::TlsStream* tls = stream.get();
    co_return Channel{std::move(stream), std::move(target), tls};
}

}  // namespace adit::agent

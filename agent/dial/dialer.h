// From a token to a TLS channel with the right connector: names, proxy, TCP, TLS, pins, ALPN.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/connect.h"
#include "common/net/proxy_connect.h"
#include "common/net/proxy_environment.h"
#include "common/net/resolver.h"
#include "common/tls/tls_stream.h"
#include "common/token/token.h"

namespace adit::agent {

/// Where a session may be dialled: one address of one of the connector's names; behind a proxy, which resolves names
/// itself, only the name.
struct Target {
    net::HostPort name;
    std::optional<net::Address> address;

    std::string text() const { return address ? address->text() : name.text(); }
};

/// A channel over which HTTP/2 may begin.
struct Channel {
    std::unique_ptr<tls::TlsStream> stream;
    Target target;
};

/// Dials on behalf of one token. Used on one loop.
class Dialer {
  public:
    static Result<std::unique_ptr<Dialer>> make(net::Loop& loop, net::Resolver& resolver, const token::Token& token,
                                                net::ProxyEnvironment proxies);

    /// All targets of the token's names at the moment. A failure only when no name gave any.
    net::Task<std::expected<std::vector<Target>, problem::Failure>> targets();
    /// Opens a channel to the first of `targets` that answers (Happy Eyeballs), within `timeout` for all steps.
    net::Task<std::expected<Channel, problem::Failure>> dial(std::vector<Target> targets,
                                                             std::chrono::milliseconds timeout);

  private:
    Dialer(net::Loop& loop, net::Resolver& resolver, tls::Context context, std::vector<net::HostPort> names,
           net::ProxyEnvironment proxies);
    net::Task<std::expected<Channel, problem::Failure>> reach(std::vector<Target> targets, net::Time deadline);
    net::Task<std::expected<Channel, problem::Failure>> secure(std::unique_ptr<net::TcpStream> tcp, Target target,
                                                               net::Time deadline);

    net::Loop& loop_;
    net::Resolver& resolver_;
    tls::Context context_;
    std::vector<net::HostPort> names_;
    net::ProxyEnvironment proxies_;
};

/// What a TLS problem with the connector means for the person who runs the agent.
std::string explain_tls(const std::string& openssl_words);

}  // namespace adit::agent

// TLS with a connector: names, proxy, TCP, TLS, pins, ALPN.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/dial/dialer.h"
#include "common/net/connect.h"
#include "common/net/proxy_connect.h"
#include "common/net/proxy_environment.h"
#include "common/net/resolver.h"
#include "common/token/token.h"

namespace adit::agent {

/// The addresses of a name are raced (Happy Eyeballs).
class TlsDialer final : public Dialer {
  public:
    static Result<std::unique_ptr<TlsDialer>> make(net::Loop& loop, net::Resolver& resolver, const token::Token& token,
                                                   net::ProxyEnvironment proxies);

    net::Task<std::expected<std::vector<Target>, problem::Failure>> targets() override;
    net::Task<std::expected<Channel, problem::Failure>> dial(std::vector<Target> targets,
                                                             std::chrono::milliseconds timeout) override;

  private:
    TlsDialer(net::Loop& loop, net::Resolver& resolver, tls::Context context, std::vector<net::HostPort> names,
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

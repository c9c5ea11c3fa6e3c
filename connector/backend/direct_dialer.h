// Dials origins by TCP from where the connector is.
#pragma once

#include <string>

#include "common/net/resolver.h"
#include "connector/backend/dialer.h"

namespace adit::backend {

class DirectDialer final : public Dialer {
  public:
    /// `secure`: its ways ask for TLS (see tls_dialer.h).
    DirectDialer(net::Loop& loop, net::Resolver& resolver, net::HostPort target, std::string base_path, bool secure);

    std::expected<Way, problem::Failure> choose() override;
    net::Task<bool> await_way(net::Time) override;
    net::Task<Dialled> dial(const Way& way, Versions versions, net::Time deadline) override;

  private:
    net::Loop& loop_;
    net::Resolver& resolver_;
    net::HostPort target_;
    bool secure_;
    std::string authority_;
    std::string base_path_;
};

}  // namespace adit::backend

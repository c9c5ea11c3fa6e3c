// TLS towards origins, over whatever carries the bytes: a direct connection or a stream through a tunnel.
#pragma once

#include <memory>
#include <string>

#include "common/tls/context.h"
#include "connector/backend/dialer.h"

namespace adit::backend {

/// Wraps another dialer. Ways that ask for TLS get it before their stream is handed on, so that nothing of a request
/// leaves before the origin has proved who it is; other ways pass untouched.
class TlsDialer final : public Dialer {
  public:
    /// `server_name`, where given, replaces the way's own for SNI and for the check of the certificate. `text` names
    /// the endpoint in errors.
    TlsDialer(std::unique_ptr<Dialer> below, std::shared_ptr<const tls::Context> context, std::string server_name,
              std::string text);

    Hop hop() const override { return below_->hop(); }
    std::expected<Way, problem::Failure> choose() override { return below_->choose(); }
    net::Task<bool> await_way(net::Time deadline) override { return below_->await_way(deadline); }
    net::Task<Dialled> dial(const Way& way, Versions versions, net::Time deadline) override;

  private:
    std::unique_ptr<Dialer> below_;
    std::shared_ptr<const tls::Context> context_;
    std::string server_name_;
    std::string text_;
};

}  // namespace adit::backend

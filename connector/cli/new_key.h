// A new key of a tunnel: what the store keeps of it, and the token that holds its secrets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/token/token.h"
#include "connector/config/tunnel_settings.h"
#include "connector/store/record.h"

namespace adit::cli {

/// What was typed for a new key.
struct KeyWishes {
    std::vector<std::string> connect;            ///< HOST:PORT, instead of the configuration's TLS addresses
    std::vector<std::string> connect_wireguard;  ///< HOST:PORT, instead of its WireGuard endpoints
    std::optional<WallTime> expires;
};

/// Both halves. The store, which knows the tunnel and gives the row its address, comes between making and completing.
class NewKey {
  public:
    /// Makes the connector's own keys too where they are missing, and says so on standard error.
    static Result<NewKey> make(const KeyWishes& wishes, const config::TunnelSettings& settings);

    const KeyRecord& record() const { return record_; }
    /// The token, once the tunnel is written with this key in it.
    const token::Token& complete(const TunnelRecord& written);

  private:
    NewKey() = default;
    Result<> add_tls(const KeyWishes& wishes, const config::TlsSettings& settings);
    Result<> add_wireguard(const KeyWishes& wishes, const config::WireGuardSettings& settings);

    KeyRecord record_;
    token::Token token_;
};

}  // namespace adit::cli

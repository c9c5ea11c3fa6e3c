// HTTPS_PROXY and NO_PROXY as the field reads them. Pure: told what the variables hold.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace adit::net {

/// A forward proxy. The password must not be logged.
struct Proxy {
    std::string host;
    std::uint16_t port = 0;
    std::string user;
    std::string password;
};

class ProxyEnvironment {
  public:
    ProxyEnvironment() = default;
    /// `proxy`: http://[user[:password]@]host[:port], percent-encoded; empty for none. `exceptions`: a comma list of
    /// "*", host names (which cover their subdomains), .suffixes, IP addresses and CIDR blocks, each with an optional
    /// :port.
    static Result<ProxyEnvironment> parse(std::string_view proxy, std::string_view exceptions);
    /// From HTTPS_PROXY or https_proxy, and NO_PROXY or no_proxy.
    static Result<ProxyEnvironment> from_process();

    /// The proxy to use for a target; nothing when it is dialled directly.
    std::optional<Proxy> for_target(std::string_view host, std::uint16_t port) const;

    /// Whether there is a proxy at all, used for a target or not.
    bool has_proxy() const { return proxy_.has_value(); }

  private:
    std::optional<Proxy> proxy_;
    std::vector<std::string> exceptions_;
};

}  // namespace adit::net

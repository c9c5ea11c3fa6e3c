// Who is known by which credential: an index over the consumers of a configuration, shared by its authenticators.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/tls/peer_certificate.h"
#include "connector/access/caller.h"
#include "connector/config/trust.h"

namespace adit::policy {

using CallerPtr = std::shared_ptr<const access::Caller>;

/// The caller that a consumer is, without what a request adds; `by` names the credential: "api-key 3f9a21".
access::Caller caller_of(const config::Consumer& consumer, std::string by);

/// Immutable; any thread. Lookups go by the digest of what was shown: how long they take tells nothing of a secret.
class Consumers {
  public:
    explicit Consumers(std::vector<config::Consumer> consumers);
    ~Consumers();

    /// The secret that was meant, and whether it may still be used.
    struct Match {
        CallerPtr caller;  ///< null: there is no such secret
        bool expired = false;
    };
    Match by_api_key(std::string_view key, WallTime now) const;
    Match by_login(std::string_view user, std::string_view password, WallTime now) const;
    /// By SPKI, then SAN in the order of the certificate, then whole subject, then common name; null: nobody lists it.
    CallerPtr by_certificate(const tls::PeerCertificate& certificate) const;
    /// The longest block that has the address; null: none has.
    CallerPtr by_address(const boost::asio::ip::address& address) const;
    /// The consumer of this name as an IP policy calls it; the first of them where it has several environments; null: none.
    CallerPtr by_name(std::string_view name) const;

    /// As configured, for those who look by something else (tokens).
    const std::vector<config::Consumer>& all() const { return consumers_; }

  private:
    struct Index;
    std::vector<config::Consumer> consumers_;
    std::unique_ptr<const Index> index_;
};

}  // namespace adit::policy

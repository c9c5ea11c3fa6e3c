// Whom a limit counts as one caller: what of a request tells callers apart.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/keyed_hash.h"
#include "connector/access/caller.h"
#include "connector/config/limits.h"
#include "connector/http/message.h"

namespace adit::policy {

/// What of a request there is to tell by. Views and pointers live for the time of the call.
struct Asker {
    const http::RequestHead& request;
    std::string_view client_ip;
    std::string_view route;
    const access::Caller* caller = nullptr;  ///< null: nobody has asked who it is
};

/// The caller of one request by one key. Who is not known by that key (no such field or claim, nobody authenticated,
/// anonymous) is told apart by his address; of IPv6 by its first 64 bits, which are one subscriber's (RFC 6177).
class CallerKey {
  public:
    using Of = config::RateLimit::Key::Of;
    /// Its views are of `asker`, and of what that views.
    CallerKey(const config::RateLimit::Key& by, const Asker& asker);
    CallerKey(const CallerKey&) = delete;
    CallerKey& operator=(const CallerKey&) = delete;

    std::uint64_t hash(const KeyedHash<>& hash) const;
    /// The same in all connectors: "consumer shop/production", "client_ip 2001:db8::/64".
    std::string text() const;
    /// For logs: values of fields and claims may be secrets, and are left out.
    std::string shown() const;

  private:
    void be_address(std::string_view ip);
    void find(const config::RateLimit::Key& by, const Asker& asker);

    Of of_;
    std::string_view one_;
    std::string_view two_;
    std::array<char, 8> network_{};  ///< behind one_, of IPv6
    bool is_network_ = false;
};

}  // namespace adit::policy

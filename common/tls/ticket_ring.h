// The keys of session tickets of a listener, which follow one another: RFC 5077 §4, RFC 8446 §4.6.1.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/secret.h"

namespace adit::tls {

/// One key seals new tickets for an interval and opens them for another one; then it is wiped, and what was recorded of
/// sessions that were resumed under it stays closed. Shared by the workers and by one configuration after the other;
/// any thread.
class TicketRing {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Name = std::array<std::uint8_t, 16>;
    static constexpr std::size_t kCipherKey = 32;
    static constexpr std::size_t kMacKey = 32;

    explicit TicketRing(std::chrono::milliseconds interval, std::function<Time()> now = std::chrono::steady_clock::now);

    std::chrono::milliseconds interval() const { return interval_; }

    /// What a ticket is sealed and authenticated with, and the name by which it is found again.
    struct Key {
        Name name;
        Secret bytes;  ///< for the cipher, then for the MAC
        std::string_view cipher() const { return bytes.reveal().substr(0, kCipherKey); }
        std::string_view mac() const { return bytes.reveal().substr(kCipherKey); }
    };
    /// The key for new tickets.
    Key sealing();
    struct Opening {
        Key key;
        bool is_old;  ///< a new ticket is due
    };
    /// Nothing of a name that there never was, or not any more.
    std::optional<Opening> opening(const Name& name);
    /// Lets go of what is too old, though nobody connects.
    void turn();

  private:
    struct Aged {
        Time born;
        Key key;
    };
    void turn_at(Time now);

    const std::chrono::milliseconds interval_;
    const std::function<Time()> now_;
    std::mutex mutex_;
    std::vector<Aged> keys_;  ///< the youngest first; two at most
};

}  // namespace adit::tls

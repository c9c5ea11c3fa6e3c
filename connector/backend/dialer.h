// The interface between what speaks HTTP and what carries it: a way is chosen, then a stream is dialled along it.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/stream.h"
#include "common/problem/failure.h"
#include "connector/access/rule.h"

namespace adit::backend {

/// Counts an exchange against whatever carries it, for as long as it lives; it rides with the body to its last byte.
class Permit {
  public:
    Permit() = default;
    explicit Permit(std::shared_ptr<std::atomic<int>> counter) : counter_(std::move(counter)) {
        counter_->fetch_add(1, std::memory_order_relaxed);
    }
    Permit(Permit&&) = default;
    Permit& operator=(Permit&& other) noexcept {
        std::swap(counter_, other.counter_);
        return *this;
    }
    ~Permit() {
        if (counter_) {
            counter_->fetch_sub(1, std::memory_order_relaxed);
        }
    }

  private:
    std::shared_ptr<std::atomic<int>> counter_;
};

/// The versions of HTTP that may be agreed on with an origin (by ALPN over TLS).
enum class Versions { http1, any, http2 };

/// How one exchange will reach its origin. The views live as long as `hold`.
struct Way {
    std::uint64_t pool_key = 0;  ///< kept connections of the same key serve the same way
    std::string_view tunnel;     ///< empty on a direct way
    std::string_view agent;
    std::string_view authority;             ///< the Host that the origin is asked for
    std::string_view base_path;             ///< before the path of every request
    std::string_view tls_name;              ///< the name that the origin's certificate must have; empty: clear text
    std::chrono::milliseconds tls_most{0};  ///< of a dial, the handshake with the origin; 0: as the dial
    std::shared_ptr<const void> hold;
    std::shared_ptr<const void> choice;  ///< the dialer's own
    Permit permit;
};

/// Which service of which tunnel a dialer leads to, for those who decide who may use it; all empty on a direct way. The
/// views live as long as `hold`.
struct Hop {
    std::string_view service;
    std::string_view tunnel;               ///< empty where no tunnel has the service
    const access::Rules* rules = nullptr;  ///< that the tunnel's file has for it; null: none
    std::shared_ptr<const void> hold = nullptr;
};

/// A stream that is ready to carry HTTP.
struct Connected {
    std::unique_ptr<net::Stream> stream;
    bool http2 = false;  ///< agreed on by ALPN
};
using Dialled = std::expected<Connected, problem::Failure>;

/// One per endpoint and worker.
class Dialer {
  public:
    virtual ~Dialer() = default;
    /// Where its ways lead, as things stand; asked before choose(), so that who is denied learns nothing of the way.
    virtual Hop hop() const { return {}; }
    /// The way for the next exchange, or why there is none.
    virtual std::expected<Way, problem::Failure> choose() = 0;
    /// Suspends while a way may come up within moments, at most until `deadline`; whether choose() is worth another
    /// try.
    virtual net::Task<bool> await_way(net::Time deadline) = 0;
    /// A stream along the way, over TLS only after `versions` have been offered there. A tunnel's stream may be written
    /// before it is established().
    virtual net::Task<Dialled> dial(const Way& way, Versions versions, net::Time deadline) = 0;
};

}  // namespace adit::backend

// One endpoint of a backend on one worker: its ways, and the connections that it keeps along them.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/backend/dialer.h"
#include "connector/backend/keep.h"
#include "connector/backend/reach.h"
#include "connector/backend/shared_session.h"
#include "connector/backend/vitals.h"

namespace adit::backend {

/// What an exchange runs on: a connection of its own, or a session that it shares.
struct Carrier {
    std::unique_ptr<net::Stream> own;
    std::shared_ptr<SharedSession> shared;
    bool reused = false;  ///< it has carried others before

    explicit operator bool() const { return own != nullptr || shared != nullptr; }
};

class Endpoint {
  public:
    /// `versions` as configured: http1, http2 (over clear text too: prior knowledge), or any (what ALPN says over TLS,
    /// HTTP/1.1 over clear text).
    /// `known` is shared with the other workers.
    Endpoint(std::string url, std::unique_ptr<Dialer> by, Versions versions, net::Loop& loop, BackendMetrics& metrics,
             std::shared_ptr<Reach> known);

    /// A carrier that is there already, or none. An `upgrade` takes HTTP/1.1 unless HTTP/2 is all there is.
    Carrier reuse(const Way& way, bool upgrade);
    /// Dials; where the way will speak HTTP/2, one dials and the others wait for what it gets.
    net::Task<std::expected<Carrier, problem::Failure>> connect(const Way& way, bool upgrade, net::Time deadline);

    net::Loop& loop() const { return loop_; }

    const std::string text;  ///< as configured
    const std::unique_ptr<Dialer> dialer;
    Keep keep;
    const std::shared_ptr<Reach> reach;
    std::size_t index = 0;           ///< among those of its backend, which sets it and the next
    std::shared_ptr<Vitals> vitals;  ///< shared with the other workers

  private:
    /// Others that wait for a connection that is being made.
    struct Expected {
        std::vector<net::Waiter*> waiting;
        std::optional<problem::Failure> failure;
        bool over = false;
    };

    Versions versions_for(const Way& way, bool upgrade) const;
    bool expects_http2(const Way& way, Versions versions) const;
    net::Task<std::expected<Carrier, problem::Failure>> dial(const Way& way, Versions versions, net::Time deadline);

    Versions versions_;
    net::Loop& loop_;
    BackendMetrics& metrics_;
    SharedSessions shared_;
    std::map<std::uint64_t, std::shared_ptr<Expected>> expected_;
    bool spoke_http1_ = false;  ///< what ALPN said last
};

}  // namespace adit::backend

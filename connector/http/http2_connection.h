// The client-facing side of HTTP/2 (RFC 9113): every stream of a connection is an exchange of its own.
#pragma once

#include <memory>
#include <string>

#include "common/h2/session.h"
#include "common/net/alarm.h"
#include "connector/http/exchange.h"

namespace adit::http {

class Http2Connection final : public Connection, private h2::SessionListener, private net::Tenant {
  public:
    Http2Connection(std::unique_ptr<net::Stream> stream, Peer peer, const ServerSettings& settings, Handler& handler);

    net::Task<> run() override;
    /// Says that it leaves (GOAWAY), answers the streams that are there or on their way, and ends.
    void drain() override;
    /// What the client did for which the connection was ended, as metrics call it: "flood", "resets", "protocol", or
    /// "head" for one that did not come to its end; empty when it was not ended for that.
    std::string_view fault() const;

  private:
    /// Looks after the connection at intervals: heads that do not come to an end, idleness, the end of a drain.
    class Watchdog final : public net::Deadline {
      public:
        explicit Watchdog(Http2Connection& connection);

      private:
        void expired() override;
        Http2Connection& connection_;
    };

    void stream_accepted(std::unique_ptr<h2::Stream> stream) override;
    void peer_draining() override {}
    net::Task<> serve(std::unique_ptr<h2::Stream> stream);
    void look_after();
    void give_way() override { session_.close(net::Errc::aborted, "others need the connection's place"); }

    const Peer peer_;
    const ServerSettings& settings_;
    Handler& handler_;
    h2::Session session_;
    net::Loop& loop_;
    net::Waiter served_;
    Watchdog watchdog_;
    net::Tenancy tenancy_;
    std::size_t exchanges_ = 0;  ///< that run
    net::Time idle_since_;
    net::Time drained_by_ = net::Time::max();
    bool head_stuck_ = false;
    bool refusing_ = false;  ///< the time to open streams is over
};

}  // namespace adit::http

// The client-facing side of HTTP/1.1: reads requests off a connection one by one and hands each to the handler.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/net/alarm.h"
#include "connector/http/exchange.h"

namespace adit::http {

class Http1Connection final : public Connection, private net::Tenant {
  public:
    Http1Connection(std::unique_ptr<net::Stream> stream, Peer peer, const ServerSettings& settings, Handler& handler);

    net::Task<> run() override;
    /// The next answer is the last (Connection: close); an idle connection closes after a grace of its own, which lets
    /// a request that is already on its way arrive.
    void drain() override;
    /// After run(): the stream of a client that speaks HTTP/2 by prior knowledge (RFC 9113 §3.3), with its preface
    /// still to be read; else null.
    std::unique_ptr<net::Stream> take_http2();

  private:
    /// Ends a phase that takes too long: softly where an answer can still be given, hard where it was given already.
    class Watchdog final : public net::Deadline {
      public:
        explicit Watchdog(net::Stream& stream) : Deadline(stream.loop().wheel()), stream_(stream) {}
        void wake_at(net::Time at) {
            hard_ = fired_ = false;
            arm(at);
        }
        void abort_at(net::Time at) {
            hard_ = true;
            arm(at);
        }
        const bool& fired() const { return fired_; }

      private:
        void expired() override {
            fired_ = true;
            if (hard_) {
                stream_.abort(net::Errc::timed_out);
            } else {
                stream_.on_readable().wake();
            }
        }
        net::Stream& stream_;
        bool hard_ = false;
        bool fired_ = false;
    };
    enum class Read { request, refused, closed };

    net::Task<Read> read_head();
    bool take_head(std::size_t& scanned);
    void skip_empty_line();
    bool begins_http2();
    void give_way() override { stream_->abort(net::Errc::aborted); }
    net::Task<bool> serve_one(Read read);
    net::Task<bool> finish_request_body(Exchange& exchange);
    net::Task<> linger();

    std::unique_ptr<net::Stream> stream_;
    const Peer peer_;
    const ServerSettings& settings_;
    Handler& handler_;
    Watchdog watchdog_;
    net::Tenancy tenancy_;
    RequestHead request_;
    std::optional<problem::Failure> refusal_;
    bool http2_ = false;  ///< the preface of HTTP/2 stands where a request should
    bool draining_ = false;
    bool busy_ = false;
};

}  // namespace adit::http

// Serving a client's connection of HTTP/2; see http2_connection.h.
#include "connector/http/http2_connection.h"

#include "common/base/time.h"
#include "common/net/spawn.h"
#include "connector/http/h2_message.h"

namespace adit::http {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kRestTime = 1s;   ///< for it to come
constexpr std::chrono::milliseconds kLook = 500ms;    ///< between two looks at a connection
constexpr std::chrono::milliseconds kDrainIdle = 1s;  ///< for requests that were on their way when we said we leave

/// An answer before the request's end is followed by RST_STREAM(NO_ERROR) (RFC 9113 §8.1), for which some clients (curl
/// 7.88) throw the answer away. So what is on its way is read first: short bodies end, and nothing needs to be reset.
net::Task<> read_rest(h2::Stream& stream) {
    net::Alarm alarm(stream.loop(), stream.on_readable());
    alarm.set(stream.loop().now() + kRestTime);
    std::size_t taken = 0;
    do {
        taken += stream.input().size();
        stream.consume(stream.input().size());
    } while (taken <= kUnwantedBodyMost && !alarm.passed() && !co_await stream.receive(&alarm.passed()));
}

/// What one stranger may take: see h2::Limits for each.
h2::Limits limits_of(const ServerSettings& settings) {
    return {.concurrent_streams = settings.concurrent_streams,
            .growth_budget = 2 * 1024 * 1024,
            .resets_burst = 400,
            .resets_per_second = 100,
            .head_fields = settings.head.fields + 4,  // the pseudo-header fields do not count
            .head_bytes = settings.head.bytes,
            .idle_frames = 500};
}

class Http2Exchange final : public Exchange {
  public:
    Http2Exchange(h2::Stream& stream, RequestHead& head, const ServerSettings& server, std::string_view ip)
        : Exchange(head, BodyReader(stream, head.framing.kind == Framing::Kind::none, server.body_bytes),
                   BodyWriter(stream), server, ip),
          stream_(stream) {}

  private:
    void begin(const ResponseHead& response, const Backward& backward) override {
        const bool upgraded = backward.upgrade;
        const bool ends = !upgraded && !backward.connect &&
                          (backward.framing.kind == Framing::Kind::none || request.method == "HEAD");
        stream_.respond(upgraded ? 200 : response.status, response_fields(response, backward), ends);
    }
    void inform(const ResponseHead& response) override { stream_.inform(response.status, interim_fields(response)); }
    Framing framing_for(const Framing& origin) const override { return origin; }

    h2::Stream& stream_;
};

}  // namespace

Http2Connection::Watchdog::Watchdog(Http2Connection& connection)
    : Deadline(connection.loop_.wheel()), connection_(connection) {
    arm(connection_.loop_.now() + kLook);
}

void Http2Connection::Watchdog::expired() {
    arm(connection_.loop_.now() + kLook);
    connection_.look_after();
}

Http2Connection::Http2Connection(std::unique_ptr<net::Stream> stream, Peer peer, const ServerSettings& settings,
                                 Handler& handler)
    : peer_(std::move(peer)),
      settings_(settings),
      handler_(handler),
      session_(std::move(stream), h2::Session::Role::server, limits_of(settings), *this),
      loop_(session_.loop()),
      served_(loop_),
      watchdog_(*this),
      tenancy_(peer_.place, *this),
      idle_since_(loop_.now()) {}

net::Task<> Http2Connection::run() {
    co_await session_.run();
    watchdog_.disarm();
    while (exchanges_ > 0) {
        co_await served_.wait();
    }
}

void Http2Connection::drain() {
    drained_by_ = loop_.now() + kDrainIdle;
    session_.drain();
}

void Http2Connection::look_after() {
    const net::Time now = loop_.now();
    head_stuck_ =
        session_.head_begun_at() != net::Time::max() && now - session_.head_begun_at() > settings_.header_timeout;
    const bool idle = exchanges_ == 0 && now - idle_since_ > settings_.idle_timeout;
    const bool drained = exchanges_ == 0 && now >= drained_by_;
    if (head_stuck_) {
        session_.close(net::Errc::timed_out, "a request head did not come to its end");
    } else if (idle || drained) {
        session_.close(net::Errc::end_of_stream);
    } else if (now >= drained_by_ && !std::exchange(refusing_, true)) {
        session_.refuse_streams();  // or who holds one request open and ignores GOAWAY would stay for ever
    }
}

std::string_view Http2Connection::fault() const {
    switch (session_.fault()) {
        case h2::Fault::flood:
            return "flood";
        case h2::Fault::resets:
            return "resets";
        case h2::Fault::protocol:
            return "protocol";
        case h2::Fault::none:
            break;
    }
    return head_stuck_ ? "head" : "";
}

void Http2Connection::stream_accepted(std::unique_ptr<h2::Stream> stream) {
    ++exchanges_;
    tenancy_.busy();
    net::spawn(loop_.context(), "an exchange", serve(std::move(stream)));
}

net::Task<> Http2Connection::serve(std::unique_ptr<h2::Stream> stream) {
    RequestHead head;
    const auto read = read_request(stream->head(), stream->peer_ended(), head, settings_.head, settings_.role);
    if (!read) {
        head.framing = {};
    }
    {
        Http2Exchange exchange(*stream, head, settings_, peer_.ip);
        exchange.certificate = peer_.certificate.get();
        if (stream->head_overflowed()) {
            exchange.refused = problem::bad_request(431, "head-too-large", "the request head is too large");
        } else if (!read) {
            exchange.refused = problem::bad_request(read.error().status, read.error().code,
                                                    std::string("the request was refused: ") + read.error().words);
        } else if (settings_.body_bytes > 0 && head.framing.length > settings_.body_bytes) {
            exchange.refused = problem::body_too_large(settings_.body_bytes);
        }
        co_await handler_.handle(exchange);
        if (exchange.truncated()) {
            stream->abort(net::Errc::aborted);
        }
    }
    if (!stream->peer_ended()) {
        co_await read_rest(*stream);
    }
    stream.reset();
    if (--exchanges_ == 0) {
        idle_since_ = loop_.now();
        tenancy_.idle();
    }
    served_.wake();
}

}  // namespace adit::http

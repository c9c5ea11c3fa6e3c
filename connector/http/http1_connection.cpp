// Serving a client's connection of HTTP/1.1; see http1_connection.h.
#include "connector/http/http1_connection.h"

#include "common/base/time.h"
#include "connector/http/parse.h"

namespace adit::http {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLingerTime = 2s;  ///< for the client to read our last answer
constexpr std::chrono::milliseconds kDrainIdle = 3s;   ///< an idle connection's last chance in a drain

class Http1Exchange final : public Exchange {
  public:
    Http1Exchange(net::Stream& client, RequestHead& head, const ServerSettings& server, std::string_view ip)
        : Exchange(head, BodyReader(client, head.framing, server.body_bytes), BodyWriter(client, Framing::Kind::none),
                   server, ip) {}

  private:
    void begin(const ResponseHead& response, const Backward& backward) override {
        std::string head;
        append_response(head, response, backward);
        out.begin(backward.framing.kind);
        out.append_head(head);
    }
    void inform(const ResponseHead& response) override {
        std::string head;
        append_interim(head, response);
        out.append_head(head);
    }
    Framing framing_for(const Framing& origin) const override {
        const bool sized = origin.kind == Framing::Kind::length || origin.kind == Framing::Kind::none;
        if (sized) {
            return origin;
        }
        return {request.version == Version::http11 ? Framing::Kind::chunked : Framing::Kind::until_close, 0};
    }
};

}  // namespace

Http1Connection::Http1Connection(std::unique_ptr<net::Stream> stream, Peer peer, const ServerSettings& settings,
                                 Handler& handler)
    : stream_(std::move(stream)),
      peer_(std::move(peer)),
      settings_(settings),
      handler_(handler),
      watchdog_(*stream_),
      tenancy_(peer_.place, *this) {}

void Http1Connection::drain() {
    draining_ = true;
    if (!busy_) {
        watchdog_.wake_at(stream_->loop().now() + kDrainIdle);
    }
}

net::Task<> Http1Connection::run() {
    for (;;) {
        const Read read = co_await read_head();
        if (read == Read::closed || !co_await serve_one(read)) {
            co_return;
        }
    }
}

/// RFC 9112 §2.2: one empty line before a request is ignored; anything else there is part of the request line.
void Http1Connection::skip_empty_line() {
    if (stream_->input().size() >= 2 && stream_->input().gather(2) == "\r\n") {
        stream_->consume(2);
    }
}

std::unique_ptr<net::Stream> Http1Connection::take_http2() {
    return http2_ ? std::move(stream_) : nullptr;
}

bool Http1Connection::begins_http2() {
    static constexpr std::string_view kLine = "PRI * HTTP/2.0\r\n\r\n";
    return settings_.http2 && !settings_.tls && stream_->input().size() >= kLine.size() &&
           stream_->input().gather(kLine.size()) == kLine;
}

bool Http1Connection::take_head(std::size_t& scanned) {
    net::Chain& input = stream_->input();
    if (input.front().size() == input.size()) {
        const std::size_t length = head_length(input.front(), scanned);
        if (length > 0 && length <= settings_.head.bytes) {
            request_.bytes().assign(input.front().substr(0, length));
            stream_->consume(length);
            return true;
        }
        if (length > 0) {
            refusal_ = problem::bad_request(431, "head-too-large", "the request head is too large");
        }
    } else {
        std::string& bytes = request_.bytes();
        bytes.resize(std::min(input.size(), settings_.head.bytes + 4));
        bytes.resize(input.copy_out(bytes));
        const std::size_t length = head_length(bytes, scanned);
        if (length > 0 && length <= settings_.head.bytes) {
            bytes.resize(length);
            stream_->consume(length);
            return true;
        }
    }
    if (!refusal_ && input.size() > settings_.head.bytes) {
        refusal_ = problem::bad_request(431, "head-too-large", "the request head is too large");
    }
    return false;
}

net::Task<Http1Connection::Read> Http1Connection::read_head() {
    const net::Loop& loop = stream_->loop();
    refusal_.reset();
    request_.clear();
    request_.release();
    std::size_t scanned = 0;
    bool begun = false;
    bool skipped = false;
    watchdog_.wake_at(loop.now() + (draining_ ? kDrainIdle : settings_.idle_timeout));
    for (;;) {
        if (!skipped && stream_->input().size() >= 2) {
            skip_empty_line();
            skipped = true;
        }
        if (!stream_->input().empty()) {
            if (!std::exchange(begun, true)) {
                watchdog_.wake_at(loop.now() + settings_.header_timeout);
            }
            if (begins_http2()) {
                http2_ = true;
                watchdog_.disarm();
                co_return Read::closed;
            }
            if (take_head(scanned)) {
                break;
            }
            if (refusal_) {
                co_return Read::refused;
            }
        }
        const net::Status status = co_await stream_->receive(&watchdog_.fired());
        if (status == net::Errc::would_block && begun) {
            refusal_ = problem::request_timeout("the request head did not arrive within " +
                                                format_duration(settings_.header_timeout));
            co_return Read::refused;
        }
        if (status) {
            co_return Read::closed;
        }
    }
    watchdog_.disarm();
    if (const auto parsed = parse_request(request_, settings_.head, settings_.role); !parsed) {
        refusal_ = problem::bad_request(parsed.error().status, parsed.error().code,
                                        std::string("the request was refused: ") + parsed.error().words);
        co_return Read::refused;
    }
    if (settings_.body_bytes > 0 && request_.framing.length > settings_.body_bytes) {
        refusal_ = problem::body_too_large(settings_.body_bytes);
        co_return Read::refused;
    }
    co_return Read::request;
}

net::Task<bool> Http1Connection::serve_one(Read read) {
    busy_ = true;
    tenancy_.busy();
    if (read == Read::refused) {
        request_.framing = {};  // what follows cannot be trusted to be a body
        request_.keep_alive = false;
    }
    Http1Exchange exchange(*stream_, request_, settings_, peer_.ip);
    exchange.certificate = peer_.certificate.get();
    exchange.refused = std::move(refusal_);
    exchange.keep_alive = exchange.keep_alive && !draining_ && !exchange.refused;
    co_await handler_.handle(exchange);
    busy_ = false;
    tenancy_.idle();
    if (exchange.truncated()) {
        stream_->abort(net::Errc::aborted);
        co_return false;
    }
    if (stream_->status()) {
        co_return false;
    }
    const bool clean = co_await finish_request_body(exchange);
    if (exchange.keep_alive && clean && stream_->reusable()) {
        co_return true;
    }
    co_await linger();
    co_return false;
}

net::Task<bool> Http1Connection::finish_request_body(Exchange& exchange) {
    std::size_t drained = 0;
    watchdog_.abort_at(stream_->loop().now() + kLingerTime);
    while (exchange.keep_alive && !exchange.body.done() && drained <= kUnwantedBodyMost) {
        if (co_await exchange.body.wait()) {
            co_return false;
        }
        const std::size_t n = exchange.body.available();
        stream_->consume(n);
        exchange.body.took(n);
        drained += n;
    }
    watchdog_.disarm();
    co_return exchange.body.done();
}

/// Closing while unread bytes stand in the socket would reset the connection and could take our answer with it.
net::Task<> Http1Connection::linger() {
    stream_->end();
    watchdog_.abort_at(stream_->loop().now() + kLingerTime);
    std::size_t discarded = 0;
    while (discarded < 1024 * 1024 && !co_await stream_->receive()) {
        discarded += stream_->input().size();
        stream_->consume(stream_->input().size());
    }
}

}  // namespace adit::http

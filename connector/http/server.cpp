// Serving a client's connection; see server.h.
#include "connector/http/server.h"

#include "common/base/time.h"
#include "common/problem/answer.h"
#include "connector/http/parse.h"

namespace adit::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kDrainMost = 64 * 1024;          ///< of a body nobody wanted
constexpr std::chrono::milliseconds kLingerTime = 2s;  ///< for the client to read our last answer
constexpr std::chrono::milliseconds kDrainIdle = 3s;   ///< an idle connection's last chance in a drain

std::string new_request_id(net::Loop&) {
    static thread_local Random random;  // per worker; ids need to be unlikely to repeat, not secret
    static constexpr char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string id = "req_";
    for (int half = 0; half < 2; ++half) {
        std::uint64_t bits = random.next();
        for (int i = 0; i < 10; ++i) {
            id += alphabet[bits % 36];
            bits /= 36;
        }
    }
    return id;
}

/// Now, as RFC 9110 §5.6.7 writes it; formatted once a second.
std::string_view http_date() {
    static thread_local std::time_t last = 0;
    static thread_local std::string text;
    const std::time_t now = ::time(nullptr);
    if (now != last) {
        last = now;
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        char buffer[40];
        text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    }
    return text;
}

/// The framing in which a client of `version` gets a body that the origin framed as `origin`.
Framing client_framing(const Framing& origin, Version version) {
    const bool sized = origin.kind == Framing::Kind::length || origin.kind == Framing::Kind::none;
    if (sized) {
        return origin;
    }
    return {version == Version::http11 ? Framing::Kind::chunked : Framing::Kind::until_close, 0};
}

}  // namespace

Exchange::Exchange(net::Stream& client, RequestHead& head, const ServerSettings& server, std::string_view ip)
    : request(head),
      body(client, head.framing, server.body_bytes),
      out(client, Framing::Kind::none),
      client_ip(ip),
      settings(server),
      request_id(new_request_id(client.loop())),
      started(client.loop().now()),
      keep_alive(head.keep_alive) {}

void Exchange::answer(const ResponseHead& response) {
    const bool bodiless = request.method == "HEAD" || response.status == 304;
    const Framing framing = client_framing(response.framing, request.version);
    keep_alive = keep_alive && framing.kind != Framing::Kind::until_close;
    std::string head;
    append_response(head, response,
                    {.client_version = request.version,
                     .keep_alive = keep_alive,
                     .framing = framing,
                     .keep_length_field = bodiless,
                     .pseudonym = settings.pseudonym,
                     .date = http_date(),
                     .upgrade = response.status == 101});
    status = response.status;
    out.begin(framing.kind);
    out.append_head(head);
}

void Exchange::answer_interim(const ResponseHead& response) {
    std::string head;
    append_interim(head, response);
    interim_sent = true;
    out.append_head(head);
}

net::Task<> Exchange::answer(const problem::Failure& failure) {
    if (status != 0) {
        truncated_ = true;
        keep_alive = false;
        co_return;
    }
    status = failure.status;
    if (failure.status == 499) {
        keep_alive = false;
        co_return;
    }
    const std::string content = problem::problem_json(failure, request.path.empty() ? "/" : request.path, request_id,
                                                      format_time_ms(std::chrono::system_clock::now()));
    std::string fields =
        "cache-control: no-store\r\nproxy-status: " + problem::proxy_status(failure, settings.pseudonym) + "\r\n";
    if (failure.retry_after > 0) {
        fields += "retry-after: " + std::to_string(failure.retry_after) + "\r\n";
    }
    co_await answer(Whole{failure.status, "application/problem+json", content, std::move(fields)});
}

net::Task<> Exchange::answer(const Whole& whole) {
    status = whole.status;
    keep_alive = keep_alive && (body.done() || body.framing().length <= kDrainMost) &&
                 body.framing().kind != Framing::Kind::chunked;
    const bool bodiless = whole.status == 204 || whole.status == 304;  // RFC 9110 §8.6: no Content-Length either
    std::string head = "HTTP/1.1 " + std::to_string(whole.status) + " ";
    head += problem::reason_phrase(whole.status);
    head += "\r\n";
    if (!bodiless) {
        head += "content-length: " + std::to_string(whole.content.size()) + "\r\n";
    }
    if (!bodiless && !whole.content_type.empty()) {
        head.append("content-type: ").append(whole.content_type).append("\r\n");
    }
    head += whole.fields + "x-request-id: " + request_id + "\r\ndate: ";
    head += http_date();
    head += keep_alive ? (request.version == Version::http10 ? "\r\nconnection: keep-alive\r\n\r\n" : "\r\n\r\n")
                       : "\r\nconnection: close\r\n\r\n";
    out.begin(Framing::Kind::length);
    out.append_head(head);
    if (request.method != "HEAD" && !bodiless) {
        out.append(whole.content);
    }
    co_await out.send();
}

Connection::Connection(std::unique_ptr<net::Stream> stream, std::string client_ip, const ServerSettings& settings,
                       Handler& handler)
    : stream_(std::move(stream)),
      client_ip_(std::move(client_ip)),
      settings_(settings),
      handler_(handler),
      watchdog_(*stream_) {}

void Connection::drain() {
    draining_ = true;
    if (!busy_) {
        watchdog_.wake_at(stream_->loop().now() + kDrainIdle);
    }
}

net::Task<> Connection::run() {
    for (;;) {
        const Read read = co_await read_head();
        if (read == Read::closed || !co_await serve_one(read)) {
            co_return;
        }
    }
}

/// RFC 9112 §2.2: one empty line before a request is ignored; anything else there is part of the request line.
void Connection::skip_empty_line() {
    if (stream_->input().size() >= 2 && stream_->input().gather(2) == "\r\n") {
        stream_->consume(2);
    }
}

bool Connection::take_head(std::size_t& scanned) {
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

net::Task<Connection::Read> Connection::read_head() {
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
    if (const auto parsed = parse_request(request_, settings_.head); !parsed) {
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

net::Task<bool> Connection::serve_one(Read read) {
    busy_ = true;
    if (read == Read::refused) {
        request_.framing = {};  // what follows cannot be trusted to be a body
        request_.keep_alive = false;
    }
    Exchange exchange(*stream_, request_, settings_, client_ip_);
    exchange.refused = std::move(refusal_);
    exchange.keep_alive = exchange.keep_alive && !draining_ && !exchange.refused;
    co_await handler_.handle(exchange);
    busy_ = false;
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

net::Task<bool> Connection::finish_request_body(Exchange& exchange) {
    std::size_t drained = 0;
    watchdog_.abort_at(stream_->loop().now() + kLingerTime);
    while (exchange.keep_alive && !exchange.body.done() && drained <= kDrainMost) {
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
net::Task<> Connection::linger() {
    stream_->end();
    watchdog_.abort_at(stream_->loop().now() + kLingerTime);
    std::size_t discarded = 0;
    while (discarded < 1024 * 1024 && !co_await stream_->receive()) {
        discarded += stream_->input().size();
        stream_->consume(stream_->input().size());
    }
}

}  // namespace adit::http

// Carrying an exchange over one connection; see attempt.h.
#include "connector/route/attempt.h"

#include "common/base/time.h"
#include "common/net/pump.h"
#include "common/net/spawn.h"
#include "connector/http/parse.h"

namespace adit::route {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kContinueWait = 1s;  ///< SEMANTICS of Expect: then the body is asked for anyway

}  // namespace

Attempt::Attempt(http::Exchange& exchange, backend::Backend& backend, backend::Endpoint& endpoint, backend::Way way,
                 Trace& trace)
    : exchange_(exchange),
      backend_(backend),
      endpoint_(endpoint),
      way_(std::move(way)),
      trace_(trace),
      loop_(exchange.client().loop()),
      watchdog_(*this),
      upload_ended_(loop_),
      established_(loop_) {
    exchange_.client().on_hangup(this);
    backend_.metrics().active.Increment();
}

Attempt::~Attempt() {
    exchange_.client().on_hangup(nullptr);
    backend_.metrics().active.Decrement();
    settle();
}

/// Gives the connection back when it is whole.
void Attempt::settle() {
    if (origin_ && reusable_ && !uploading_ && exchange_.body.done()) {
        endpoint_.keep.put(way_.pool_key, std::move(origin_));
    }
}

void Attempt::peer_hung_up() {
    client_left_ = true;
    if (origin_) {
        origin_->abort(net::Errc::peer_gone);
    }
}

bool Attempt::repeatable(const problem::Failure& failure) const {
    if (exchange_.body.bytes() > 0 || exchange_.interim_sent || answered_ || client_left_ || exchange_.status != 0) {
        return false;
    }
    // RFC 9110 §9.2.2: a connection that ended without a byte of an answer, whether it was a kept one or one whose
    // session went away while it was being made, may have carried the request; doing an idempotent one again does no
    // harm.
    const bool uncertain =
        failure.error == problem::ProxyError::connection_terminated && origin_ && (reused_ || !origin_->established());
    return failure.not_sent || (uncertain && http::idempotent(exchange_.request.method));
}

net::Task<std::optional<problem::Failure>> Attempt::run() {
    if (auto failure = co_await connect()) {
        co_return failure;
    }
    const bool sent = co_await send_request();
    std::optional<problem::Failure> failure;
    if (sent) {
        failure = co_await read_answer();
    } else {
        failure = failure_of(origin_->status());
    }
    co_await stop_upload();
    if (client_left_ && exchange_.status == 0) {
        failure = problem::client_gone();
    }
    co_return failure;
}

net::Task<std::optional<problem::Failure>> Attempt::connect() {
    trace_.connect_started = loop_.now();
    origin_ = endpoint_.keep.take(way_.pool_key);
    reused_ = origin_ != nullptr;
    trace_.reused = reused_;
    if (!reused_) {
        const auto allowed = backend_.timeouts.connect;
        auto dialled = co_await endpoint_.dialer->dial(way_, loop_.now() + allowed);
        if (!dialled) {
            co_return std::move(dialled.error());
        }
        origin_ = std::move(*dialled);
        if (client_left_) {
            co_return problem::client_gone();
        }
    }
    watchdog_.enter(Phase::connect);
    co_return std::nullopt;
}

/// The head leaves at once, on a new tunnel stream even before the far end has connected; a body follows only then, so
/// that a refused connection has cost nothing of it.
net::Task<bool> Attempt::send_request() {
    const http::RequestHead& request = exchange_.request;
    std::string head;
    http::append_request(head, request,
                         {.authority = way_.authority,
                          .base_path = way_.base_path,
                          .client = exchange_.client_ip,
                          .client_tls = exchange_.settings.tls,
                          .request_id = exchange_.request_id,
                          .pseudonym = exchange_.settings.pseudonym,
                          .upgrade = http::list_has(request.upgrade, "websocket"),
                          .traceparent = trace_.traceparent});
    request_out_.emplace(*origin_, request.framing.kind);
    request_out_->append_head(head);
    if (!exchange_.body.done() && origin_->established() && !request.expect_continue) {
        // What of the body is here already leaves with the head, in one write.
        if (const std::size_t n = exchange_.body.available(); n > 0) {
            request_out_->take(exchange_.body, std::min(n, net::kBlockSize));
        }
        if (exchange_.body.done()) {
            request_out_->finish(exchange_.body.trailers());
        }
    }
    const bool whole = exchange_.body.done();
    if (whole && request_out_->try_send()) {
        co_return true;
    }
    if (co_await request_out_->send()) {
        co_return false;
    }
    if (!whole) {
        uploading_ = true;
        net::spawn(loop_.context(), "a request body", upload());
    }
    co_return true;
}

net::Task<> Attempt::upload() {
    while (!origin_->established() && !origin_->status() && !stop_uploading_) {
        co_await established_.wait();
    }
    http::BodyReader& body = exchange_.body;
    while (!stop_uploading_ && !origin_->status()) {
        std::size_t n = body.available();
        if (n == 0 && !body.done()) {
            co_await continue_if_silent();
            awaiting_client_ = true;
            const net::Status status = co_await body.wait(&stop_uploading_);
            awaiting_client_ = false;
            if (stop_uploading_) {
                break;
            }
            if (status) {
                client_left_ = client_left_ || !body.error();
                origin_->abort(body.error() ? net::Errc::protocol : net::Errc::peer_gone);
                break;
            }
            n = body.available();
        }
        if (n > 0) {
            request_out_->take(body, std::min<std::size_t>(n, 4 * net::kBlockSize));
            watchdog_.progress();
        }
        const bool finished = body.done();
        if (finished) {
            request_out_->finish(body.trailers());
        }
        if (co_await request_out_->send() || finished) {
            break;
        }
    }
    uploading_ = false;
    upload_ended_.wake();
}

/// RFC 9110 §10.1.1 lets a client wait for 100 for ever; an origin that does not know Expect never sends it. So the
/// body is asked for when neither has moved for a while.
net::Task<> Attempt::continue_if_silent() {
    if (!exchange_.request.expect_continue || exchange_.interim_sent || exchange_.body.bytes() > 0) {
        co_return;
    }
    net::Stream& client = exchange_.client();
    net::Alarm alarm(loop_, client.on_readable());
    alarm.set(loop_.now() + kContinueWait);
    while (!stop_uploading_ && exchange_.body.available() == 0 && !exchange_.body.done() && !exchange_.interim_sent) {
        if (client.poll_receive() != net::Errc::would_block) {
            co_return;
        }
        if (alarm.passed() && exchange_.status == 0) {
            exchange_.interim_sent = true;
            exchange_.out.append_head("HTTP/1.1 100 Continue\r\n\r\n");
            exchange_.out.try_send();
            co_return;
        }
        co_await client.on_readable().wait();
    }
}

net::Task<> Attempt::stop_upload() {
    if (!uploading_) {
        co_return;
    }
    // An answer that came before the request was whole: the connection is of no more use, in either direction.
    stop_uploading_ = true;
    origin_->abort(net::Errc::aborted);
    established_.wake();
    exchange_.client().on_readable().wake();
    while (uploading_) {
        co_await upload_ended_.wait();
    }
    exchange_.keep_alive = exchange_.keep_alive && exchange_.body.done();
}

net::Task<std::optional<problem::Failure>> Attempt::read_answer() {
    for (;;) {
        if (auto failure = co_await read_head()) {
            co_return failure;
        }
        if (response_.status == 101) {
            co_await relay_upgrade();
            co_return std::nullopt;
        }
        if (response_.status >= 200) {
            break;
        }
        if (exchange_.request.version == http::Version::http11) {
            exchange_.answer_interim(response_);
            if (co_await exchange_.out.send()) {
                co_return problem::client_gone();
            }
        }
    }
    co_await relay_body();
    co_return std::nullopt;
}

net::Task<std::optional<problem::Failure>> Attempt::read_head() {
    const http::HeadLimits limits;
    std::size_t scanned = 0;
    bool established = origin_->established();
    if (established) {
        note_established();
    }
    for (;;) {
        net::Chain& input = origin_->input();
        if (const std::string_view bytes = input.gather(limits.bytes); !bytes.empty()) {
            if (!std::exchange(answered_, true)) {
                trace_.first_byte = loop_.now();
            }
            const std::size_t length = http::head_length(bytes, scanned);
            if (length > 0) {
                response_.bytes().assign(bytes.substr(0, length));
                origin_->consume(length);
                break;
            }
            if (input.size() >= limits.bytes || input.size() >= net::kBlockSize) {
                co_return problem::response_head_too_large("the head of the origin's response is too large");
            }
        }
        const net::Status status = origin_->poll_receive();
        if (!established && origin_->established() && !origin_->failure()) {
            established = true;
            note_established();
        }
        if (status == net::Errc::would_block) {
            co_await origin_->on_readable().wait();
        } else if (status) {
            co_return failure_of(status);
        }
    }
    const auto parsed = http::parse_response(response_, exchange_.request.method, limits);
    if (!parsed) {
        co_return problem::bad_response(std::string("the origin's response was refused: ") + parsed.error().words);
    }
    const bool asked = http::list_has(exchange_.request.upgrade, "websocket");
    if (response_.status == 101 && !(asked && http::list_has(response_.upgrade, "websocket"))) {
        co_return problem::upgrade_refused("the origin switched protocols without being asked");
    }
    co_return std::nullopt;
}

void Attempt::note_established() {
    trace_.connected = loop_.now();
    watchdog_.enter(Phase::first_byte);
    established_.wake();
}

/// The answer's body goes to the client as it comes; a client that takes nothing stops the origin by back-pressure.
net::Task<> Attempt::relay_body() {
    watchdog_.enter(Phase::body);
    http::BodyReader body(*origin_, response_.framing);
    exchange_.answer(response_);
    http::BodyWriter& out = exchange_.out;
    net::Status broken;
    for (;;) {
        while (const std::size_t n = body.available()) {
            out.take(body, std::min<std::size_t>(n, 4 * net::kBlockSize));
            watchdog_.progress();
            if (!out.try_send()) {
                break;
            }
        }
        if (body.done()) {
            const bool wanted = !body.trailers().empty() && http::accepts_trailers(exchange_.request);
            out.finish(wanted ? body.trailers() : std::string_view());
            broken = co_await out.send();
            break;
        }
        // Send what is held before waiting for more: the head of a slow answer must not wait for its body.
        broken = co_await out.send();
        if (broken) {
            break;
        }
        if (body.available() > 0 || body.done()) {
            continue;
        }
        if (const net::Status status = co_await body.wait()) {
            cut_off(body.error() ? body.error()->words : failure_of(status).detail);
            co_return;
        }
    }
    if (broken || watchdog_.verdict()) {
        cut_off(watchdog_.verdict() ? watchdog_.verdict()->detail : "the client closed its connection");
        co_return;
    }
    reusable_ = response_.keep_alive && !uploading_ && origin_->input().empty();
}

net::Task<> Attempt::relay_upgrade() {
    exchange_.answer(response_);
    exchange_.keep_alive = false;
    watchdog_.disarm();
    if (!co_await exchange_.out.send()) {
        co_await net::join(exchange_.client(), *origin_);
    }
}

void Attempt::cut_off(const std::string& words) {
    trace_.broken = words;
    exchange_.truncate();
}

problem::Failure Attempt::failure_of(net::Status status) const {
    if (auto verdict = watchdog_.verdict()) {
        return *verdict;
    }
    if (client_left_) {
        return problem::client_gone();
    }
    if (const http::ParseError* error = exchange_.body.error()) {
        return problem::bad_request(error->status, error->code,
                                    std::string("the request body was refused: ") + error->words);
    }
    if (const problem::Failure* refusal = origin_->failure()) {
        return *refusal;
    }
    if (!origin_->established() && status == net::Errc::session_closed) {
        problem::Failure lost = problem::session_lost(way_.tunnel);
        lost.not_sent = false;  // the agent may have connected and passed on what we sent ahead
        return lost;
    }
    if (!origin_->established() && status == net::Errc::reset) {
        problem::Failure dropped = problem::session_lost(way_.tunnel);
        dropped.detail = "the agent gave the stream up before it had connected";
        return dropped;
    }
    if (answered_) {
        return problem::response_incomplete("the origin's answer ended before it was complete: " + status.message());
    }
    const bool closed = status == net::Errc::end_of_stream || status == net::Errc::truncated;
    return problem::connection_terminated(
        endpoint_.text + (closed ? ": the origin closed the connection without an answer" : ": " + status.message()));
}

}  // namespace adit::route

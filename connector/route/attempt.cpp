// Carrying an exchange over one connection; see attempt.h.
#include "connector/route/attempt.h"

#include "common/base/time.h"
#include "common/net/alarm.h"
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
    if (reusable_ && !uploading_ && exchange_.body.done()) {
        if (auto connection = call_->release(response_)) {
            endpoint_.keep.put(way_.pool_key, std::move(connection));
        }
    }
}

void Attempt::peer_hung_up() {
    client_left_ = true;
    if (origin_ != nullptr) {
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
    const bool uncertain = failure.error == problem::ProxyError::connection_terminated && origin_ != nullptr &&
                           (reused_ || !origin_->established());
    return failure.not_sent || (uncertain && http::idempotent(exchange_.request.method));
}

net::Task<std::optional<problem::Failure>> Attempt::run() {
    if (auto failure = co_await connect()) {
        co_return failure;
    }
    auto failure = co_await send_request();
    if (!failure) {
        failure = co_await read_answer();
    }
    co_await stop_upload();
    if (client_left_ && exchange_.status == 0) {
        failure = problem::client_gone();
    }
    co_return failure;
}

net::Task<std::optional<problem::Failure>> Attempt::connect() {
    trace_.connect_started = loop_.now();
    const bool upgrade = asks_for_websocket();
    backend::Carrier carrier = endpoint_.reuse(way_, upgrade);
    if (!carrier) {
        auto made = co_await endpoint_.connect(way_, upgrade, loop_.now() + backend_.timeouts.connect);
        if (!made) {
            co_return std::move(made.error());
        }
        carrier = std::move(*made);
        if (client_left_) {
            co_return problem::client_gone();
        }
    }
    reused_ = trace_.reused = carrier.reused;
    session_ = std::move(carrier.shared);
    call_ = session_ ? http::http2_call(session_->session()) : http::http1_call(std::move(carrier.own));
    watchdog_.enter(Phase::connect);
    co_return std::nullopt;
}

bool Attempt::asks_for_websocket() const {
    return http::list_has(exchange_.request.upgrade, "websocket");
}

/// The head leaves at once, on a new tunnel stream even before the far end has connected; a body follows only then, so
/// that a refused connection has cost nothing of it.
net::Task<std::optional<problem::Failure>> Attempt::send_request() {
    const http::RequestHead& request = exchange_.request;
    const bool started = call_->start(request,
                                      {.authority = way_.authority,
                                       .base_path = way_.base_path,
                                       .client = exchange_.client_ip,
                                       .client_tls = exchange_.settings.tls,
                                       .request_id = exchange_.request_id,
                                       .pseudonym = exchange_.settings.pseudonym,
                                       .upgrade = asks_for_websocket(),
                                       .origin_tls = !way_.tls_name.empty()},
                                      exchange_.body.done());
    if (!started) {
        problem::Failure gone = problem::connection_terminated(endpoint_.text + ": the connection has just ended");
        gone.not_sent = true;
        co_return gone;
    }
    origin_ = &call_->stream();
    if (!exchange_.body.done()) {
        send_body_that_is_here();
    }
    const bool whole = exchange_.body.done();
    // Should sending break, the origin may have answered all the same: whoever reads finds out.
    if (call_->body().try_send() || !co_await call_->body().send()) {
        if (!whole) {
            uploading_ = true;
            net::spawn(loop_.context(), "a request body", upload());
        }
    }
    co_return std::nullopt;
}

/// What of the body is here already leaves with the head, in one write.
void Attempt::send_body_that_is_here() {
    if (!origin_->established() || exchange_.request.expect_continue) {
        return;
    }
    if (const std::size_t n = exchange_.body.available(); n > 0) {
        call_->body().take(exchange_.body, std::min(n, net::kBlockSize));
    }
    if (exchange_.body.done()) {
        call_->body().finish(exchange_.body.trailers());
    }
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
            call_->body().take(body, std::min<std::size_t>(n, 4 * net::kBlockSize));
            watchdog_.progress();
        }
        const bool finished = body.done();
        if (finished) {
            call_->body().finish(body.trailers());
        }
        if (co_await call_->body().send() || finished) {
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
            exchange_.answer_continue();
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
        if (exchange_.request.version != http::Version::http10) {
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
    bool established = origin_->established();
    if (established) {
        note_established();
    }
    for (;;) {
        const auto progress = call_->take_head(response_);
        if (!progress) {
            co_return progress.error();
        }
        if (*progress != http::Call::Progress::nothing && !std::exchange(answered_, true)) {
            trace_.first_byte = loop_.now();
        }
        if (*progress == http::Call::Progress::head) {
            break;
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
    if (response_.status == 101 && !(asks_for_websocket() && http::list_has(response_.upgrade, "websocket"))) {
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
    http::BodyReader body = call_->answer_body(response_);
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
            out.finish(wanted ? body.trailers() : http::Trailers());
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
    reusable_ = !uploading_;
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
    if (status == net::Errc::refused) {  // RFC 9113 §8.7: the origin has not looked at it
        problem::Failure refused = problem::connection_terminated(endpoint_.text + ": the origin refused the stream");
        refused.not_sent = true;
        return refused;
    }
    if (answered_) {
        return problem::response_incomplete("the origin's answer ended before it was complete: " + status.message());
    }
    const bool closed = status == net::Errc::end_of_stream || status == net::Errc::truncated;
    return problem::connection_terminated(
        endpoint_.text + (closed ? ": the origin closed the connection without an answer" : ": " + status.message()));
}

}  // namespace adit::route

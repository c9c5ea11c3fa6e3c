// The two bodies of an attempt, which move at the same time: the request's up, the answer's down; see attempt.h.
#include "common/net/alarm.h"
#include "common/net/pump.h"
#include "connector/http/grpc.h"
#include "connector/route/attempt.h"

namespace adit::route {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kContinueWait = 1s;   ///< SEMANTICS of Expect: then the body is asked for anyway
constexpr std::chrono::milliseconds kDiscardWait = 50ms;  ///< for the rest of an answer that nobody wants

}  // namespace

net::Task<> Attempt::until_established() {
    while (!origin_->established() && !origin_->status() && !stop_uploading_) {
        co_await established_.wait();
    }
}

/// The next bytes that were kept from before; the end with the last of them, where nothing follows.
void Attempt::send_kept(std::size_t most) {
    const std::string_view piece = kept_left_.substr(0, most);
    kept_left_.remove_prefix(piece.size());
    call_->body().append(piece);
    if (body_handed_over()) {
        call_->body().finish(request_trailers());
    }
}

net::Task<> Attempt::upload() {
    co_await until_established();
    while (!stop_uploading_ && !origin_->status() && co_await upload_next()) {
    }
    uploading_ = false;
    upload_ended_.wake();
}

/// One piece; whether there is another.
net::Task<bool> Attempt::upload_next() {
    http::BodyReader& body = exchange_.body;
    if (!kept_left_.empty()) {
        send_kept(4 * net::kBlockSize);
        watchdog_.progress();
        co_return !co_await call_->body().send() && !body_handed_over();
    }
    if (body.available() == 0 && !body.done()) {
        co_await continue_if_silent();
        awaiting_client_ = true;
        const net::Status status = co_await body.wait(&stop_uploading_);
        awaiting_client_ = false;
        if (stop_uploading_) {
            co_return false;
        }
        if (status) {
            if (body.error()) {
                origin_->abort(net::Errc::protocol);
            } else {
                asking_.client_left = true;
                give_up(net::Errc::peer_gone);
            }
            co_return false;
        }
    }
    if (const std::size_t n = body.available(); n > 0) {
        call_->body().take(body, std::min<std::size_t>(n, 4 * net::kBlockSize));
        watchdog_.progress();
    }
    const bool finished = body.done();
    if (finished) {
        call_->body().finish(request_trailers());
    }
    co_return !co_await call_->body().send() && !finished;
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
            asking_.continued = true;
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

net::Task<> Attempt::relay() {
    if (response_.status == 101) {
        co_await relay_upgrade();
    } else {
        co_await relay_body();
    }
    co_await stop_upload();
}

/// The request will not be sent again.
void Attempt::let_go_of_body() {
    if (asking_.kept) {
        uploading_ ? asking_.kept->stop() : asking_.kept->release();
    }
    if (asking_.held && !uploading_) {
        asking_.held->release();
    }
}

/// What a circuit would like to know, and only the end tells.
void Attempt::note_end(const http::BodyReader& body) {
    if (body.trailers().empty() || !http::is_grpc(exchange_.request)) {
        return;
    }
    for (const http::Field& field : body.trailers()) {
        if (field.name == "grpc-status") {
            grpc_ = http::grpc_code(field.value);
        }
    }
}

/// Rather than the client, who may have taken nothing, or the end of the time for all.
bool Attempt::origin_broke_off() const {
    const auto verdict = watchdog_.verdict();
    return verdict ? verdict->error == problem::ProxyError::connection_read_timeout : !exchange_.client().status();
}

/// The answer's body goes to the client as it comes; a client that takes nothing stops the origin by back-pressure.
net::Task<> Attempt::relay_body() {
    watchdog_.enter(Phase::body);
    http::BodyReader body = call_->answer_body(response_);
    exchange_.answer(response_);
    let_go_of_body();
    if (http::BodyTap* tap = asking_.plan.taker == nullptr ? nullptr : asking_.plan.taker->tap()) {
        body.done() ? tap->passed() : body.add(*tap);
    }
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
            note_end(body);
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
            broke_off_ = !given_up_ && origin_broke_off();
            cut_off(body.error() ? body.error()->words : failure_of(status).detail);
            co_return;
        }
    }
    if (broken || watchdog_.verdict()) {
        cut_off(out.too_slow()        ? http::kTookTooSlowly
                : watchdog_.verdict() ? watchdog_.verdict()->detail
                                      : "the client closed its connection");
        co_return;
    }
    reusable_ = !uploading_;
}

net::Task<> Attempt::relay_upgrade() {
    let_go_of_body();
    exchange_.client().on_hangup(nullptr);  // from here on each direction ends by itself
    exchange_.answer(response_);
    exchange_.keep_alive = false;
    watchdog_.disarm();
    if (!co_await exchange_.out.send()) {
        co_await net::join(exchange_.client(), *origin_);
    }
}

net::Task<> Attempt::discard() {
    if (uploading_ || !body_handed_over()) {
        co_return co_await stop_upload();
    }
    http::BodyReader body = call_->answer_body(response_);
    const net::AbortAt guard(*origin_, loop_.now() + kDiscardWait);
    watchdog_.disarm();
    std::string scratch;
    while (!body.done() && body.bytes() <= http::kUnwantedBodyMost &&
           body.framing().kind != http::Framing::Kind::until_close) {
        if (const std::size_t n = body.available(); n > 0) {
            scratch.clear();
            body.move_to(scratch, n);
        } else if (co_await body.wait()) {
            break;
        }
    }
    reusable_ = body.done();
}

}  // namespace adit::route

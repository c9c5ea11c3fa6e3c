// The two bodies of an attempt, which move at the same time: the request's up, the answer's down; see attempt.h.
#include "common/net/alarm.h"
#include "common/net/pump.h"
#include "connector/route/attempt.h"

namespace adit::route {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kContinueWait = 1s;  ///< SEMANTICS of Expect: then the body is asked for anyway

}  // namespace

net::Task<> Attempt::until_established() {
    while (!origin_->established() && !origin_->status() && !stop_uploading_) {
        co_await established_.wait();
    }
}

/// The next bytes of a held body, and its end with the last of them.
void Attempt::send_held(std::size_t most) {
    const std::string_view piece = held_left_.substr(0, most);
    held_left_.remove_prefix(piece.size());
    call_->body().append(piece);
    if (held_left_.empty()) {
        call_->body().finish(request_trailers());
    }
}

net::Task<> Attempt::upload_held() {
    co_await until_established();
    while (!held_left_.empty() && !stop_uploading_ && !origin_->status()) {
        send_held(4 * net::kBlockSize);
        watchdog_.progress();
        if (co_await call_->body().send()) {
            break;
        }
    }
    uploading_ = false;
    upload_ended_.wake();
}

net::Task<> Attempt::upload() {
    co_await until_established();
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
            call_->body().finish(request_trailers());
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

/// The answer's body goes to the client as it comes; a client that takes nothing stops the origin by back-pressure.
net::Task<> Attempt::relay_body() {
    watchdog_.enter(Phase::body);
    http::BodyReader body = call_->answer_body(response_);
    exchange_.answer(response_);
    if (http::BodyTap* tap = plan_.taker == nullptr ? nullptr : plan_.taker->tap()) {
        if (body.done()) {
            tap->passed();
        } else {
            body.add(*tap);
        }
    }
    if (held_ != nullptr && !uploading_) {
        held_->release();  // it will not be sent again
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
    exchange_.client().on_hangup(nullptr);  // from here on each direction ends by itself
    exchange_.answer(response_);
    exchange_.keep_alive = false;
    watchdog_.disarm();
    if (!co_await exchange_.out.send()) {
        co_await net::join(exchange_.client(), *origin_);
    }
}

}  // namespace adit::route

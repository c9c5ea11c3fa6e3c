// Carrying an exchange over one connection; see attempt.h.
#include "connector/route/attempt.h"

#include "common/base/time.h"
#include "common/net/spawn.h"
#include "connector/http/grpc.h"
#include "connector/http/parse.h"

namespace adit::route {

Attempt::Attempt(http::Exchange& exchange, backend::Backend& backend, backend::Endpoint& endpoint, backend::Way way,
                 const Passage& passage, Trace& trace, const Plan& plan, HeldBody* held)
    : exchange_(exchange),
      backend_(backend),
      endpoint_(endpoint),
      way_(std::move(way)),
      passage_(passage),
      trace_(trace),
      plan_(plan),
      held_(held),
      held_left_(held == nullptr ? std::string_view() : held->bytes()),
      loop_(exchange.client().loop()),
      grpc_timeout_(http::grpc_timeout(exchange.request)),
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
    if (answered_ || client_left_ || exchange_.status != 0) {
        return false;
    }
    if (held_ == nullptr && (exchange_.body.bytes() > 0 || exchange_.interim_sent)) {
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
    if (!backend_.credentials.empty()) {
        if (auto failure = co_await attach()) {
            without_credential_ = true;
            co_return failure;
        }
    }
    if (auto failure = co_await connect()) {
        co_return failure;
    }
    exchange_.via = backend_.presentation.disclosure.via;
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
        const net::Time deadline = std::min(loop_.now() + plan_.timeouts.connect, watchdog_.total_ends());
        auto made = co_await endpoint_.connect(way_, upgrade, deadline);
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
    if (upgrade && session_ && !session_->session().takes_extended_connect()) {
        co_return problem::upgrade_refused(endpoint_.text + ": the origin takes no WebSockets over HTTP/2 (RFC 8441)");
    }
    call_ = session_ ? http::http2_call(session_->session()) : http::http1_call(std::move(carrier.own));
    watchdog_.enter(Phase::connect);
    co_return std::nullopt;
}

bool Attempt::asks_for_websocket() const {
    return http::list_has(exchange_.request.upgrade, "websocket");
}

/// The Host of the request as this origin gets it.
std::string_view Attempt::authority() const {
    const backend::Presentation& presentation = backend_.presentation;
    if (presentation.keep_host && !exchange_.request.authority.empty()) {
        return exchange_.request.authority;
    }
    return presentation.host.empty() ? way_.authority : presentation.host;
}

/// The head leaves at once, on a new tunnel stream even before the far end has connected; a body follows only then, so
/// that a refused connection has cost nothing of it.
net::Task<std::optional<problem::Failure>> Attempt::send_request() {
    const http::RequestHead& request = exchange_.request;
    std::string grpc_timeout;
    if (grpc_timeout_) {
        grpc_timeout = http::grpc_timeout_text(*grpc_timeout_ - (loop_.now() - exchange_.started));
    }
    const auto credentials = credential_fields();
    const bool started = call_->start(request,
                                      {.authority = authority(),
                                       .base_path = way_.base_path,
                                       .client = exchange_.client_ip,
                                       .client_tls = exchange_.client_tls,
                                       .peer = exchange_.peer_ip,
                                       .peer_tls = exchange_.settings.tls,
                                       .vouched = exchange_.vouched,
                                       .disclosure = backend_.presentation.disclosure,
                                       .request_id = exchange_.request_id,
                                       .pseudonym = exchange_.settings.pseudonym,
                                       .grpc_timeout = grpc_timeout,
                                       .upgrade = asks_for_websocket(),
                                       .origin_tls = !way_.tls_name.empty(),
                                       .traceparent = trace_.traceparent,
                                       .reserved = backend_.reserved,
                                       .credentials = credentials},
                                      body_handed_over());
    if (!started) {
        problem::Failure gone = problem::connection_terminated(endpoint_.text + ": the connection has just ended");
        gone.not_sent = true;
        co_return gone;
    }
    origin_ = &call_->stream();
    if (!body_handed_over()) {
        send_body_that_is_here();
    }
    const bool whole = body_handed_over();
    // Should sending break, the origin may have answered all the same: whoever reads finds out.
    if (call_->body().try_send() || !co_await call_->body().send()) {
        if (!whole) {
            uploading_ = true;
            net::spawn(loop_.context(), "a request body", held_ ? upload_held() : upload());
        }
    }
    co_return std::nullopt;
}

bool Attempt::body_handed_over() const {
    return held_ == nullptr ? exchange_.body.done() : held_left_.empty();
}

/// What of the body is here already leaves with the head, in one write.
void Attempt::send_body_that_is_here() {
    if (!origin_->established() || exchange_.request.expect_continue) {
        return;
    }
    if (held_ != nullptr) {
        send_held(net::kBlockSize);
        return;
    }
    if (const std::size_t n = exchange_.body.available(); n > 0) {
        call_->body().take(exchange_.body, std::min(n, net::kBlockSize));
    }
    if (exchange_.body.done()) {
        call_->body().finish(request_trailers());
    }
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
        if (disbelieved() && co_await renew()) {
            renewed_ = true;
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
    if (plan_.taker != nullptr && !plan_.taker->relays(response_)) {
        problem::Failure kept;
        kept.status = 502;
        kept.code = kAnswerKeptBack;
        co_return kept;
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

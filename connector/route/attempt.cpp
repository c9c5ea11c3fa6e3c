// Carrying an exchange over one connection; see attempt.h.
#include "connector/route/attempt.h"

#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/net/spawn.h"
#include "connector/http/grpc.h"
#include "connector/http/parse.h"
#include "connector/http/websocket.h"
#include "connector/route/dialling.h"

namespace adit::route {

Attempt::Attempt(Asking& asking, backend::Endpoint& endpoint, backend::Way way)
    : asking_(asking),
      exchange_(asking.exchange),
      backend_(asking.backend),
      endpoint_(endpoint),
      way_(std::move(way)),
      busy_(endpoint.vitals),
      kept_left_(asking.body_so_far()),
      loop_(asking.loop()),
      watchdog_(*this),
      dialled_(loop_),
      upload_ended_(loop_),
      established_(loop_) {
    times_.began = loop_.now();
    backend_.metrics().active.Increment();
}

Attempt::~Attempt() {
    backend_.metrics().active.Decrement();
    settle();
}

/// Gives the connection back when it is whole.
void Attempt::settle() {
    if (reusable_ && !uploading_ && body_handed_over()) {
        if (auto connection = call_->release(response_)) {
            endpoint_.keep.put(way_.pool_key, std::move(connection));
        }
    }
}

void Attempt::give_up(net::Status why) {
    given_up_ = true;
    dialled_.wake();
    if (origin_ != nullptr) {
        origin_->abort(why);
    }
}

net::Task<std::optional<problem::Failure>> Attempt::ask() {
    auto failure = co_await try_asking();
    if (failure || renewed_) {
        co_await stop_upload();
    }
    watchdog_.disarm();  // whoever relays the answer has a time of its own
    if (asking_.client_left && exchange_.status == 0) {
        failure = problem::client_gone();
    }
    times_.asked = loop_.now();
    co_return failure;
}

net::Task<std::optional<problem::Failure>> Attempt::try_asking() {
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
    if (auto failure = co_await send_request()) {
        co_return failure;
    }
    co_return co_await read_answer();
}

net::Task<std::optional<problem::Failure>> Attempt::connect() {
    times_.connect_started = loop_.now();
    watchdog_.begin_try();
    const bool upgrade = asks_for_websocket();
    backend::Carrier carrier = endpoint_.reuse(way_, upgrade);
    // Others that waited for the same session may have taken its last stream since it was handed to us.
    while (!carrier || (carrier.shared && !carrier.shared->has_room())) {
        way_.tls_most = asking_.plan.timeouts.tls;
        auto made = co_await dial(upgrade);
        if (!made) {
            auto other = made.error().status == 504 ? watchdog_.connect_verdict() : std::nullopt;
            co_return other ? std::move(*other) : std::move(made.error());
        }
        carrier = std::move(*made);
    }
    reused_ = carrier.reused;
    session_ = std::move(carrier.shared);
    if (upgrade && session_ && !session_->session().takes_extended_connect()) {
        auto refused =
            problem::upgrade_refused(endpoint_.text + ": the origin takes no WebSockets over HTTP/2 (RFC 8441)");
        refused.refused_here = true;  // it was not asked
        co_return refused;
    }
    call_ = session_ ? http::http2_call(session_->session()) : http::http1_call(std::move(carrier.own));
    watchdog_.enter(Phase::connect);
    co_return std::nullopt;
}

/// Where the endpoint is known to outlive it, a connection that nobody waits for any more is made without us.
net::Task<std::expected<backend::Carrier, problem::Failure>> Attempt::dial(bool upgrade) {
    const net::Time ends = watchdog_.connect_ends();
    if (!asking_.plan.hold) {
        auto made = co_await endpoint_.connect(way_, upgrade, ends);
        if (given_up_) {
            co_return std::unexpected(problem::client_gone());
        }
        co_return made;
    }
    const auto dialling = Dialling::start(endpoint_, way_, upgrade, ends, dialled_, asking_.plan.hold);
    while (!dialling->over() && !given_up_) {
        co_await dialled_.wait();
    }
    if (!dialling->over() || given_up_) {
        dialling->leave();
        co_return std::unexpected(problem::client_gone());
    }
    co_return dialling->take();
}

bool Attempt::asks_for_websocket() const {
    return http::list_has(exchange_.request.upgrade, http::kWebsocket);
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
    if (asking_.ends.at != net::Time::max() && http::is_grpc(request)) {
        grpc_timeout = http::grpc_timeout_text(asking_.ends.at - loop_.now());
    }
    const auto written = written_fields();
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
                                       .traceparent = asking_.trace.traceparent,
                                       .reserved = backend_.reserved,
                                       .credentials = written},
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
            net::spawn(loop_.context(), "a request body", upload());
        }
    }
    co_return std::nullopt;
}

bool Attempt::body_handed_over() const {
    return kept_left_.empty() && exchange_.body.done();
}

/// What of the body is here already leaves with the head, in one write.
void Attempt::send_body_that_is_here() {
    if (!origin_->established() || exchange_.request.expect_continue) {
        return;
    }
    if (!kept_left_.empty()) {
        send_kept(net::kBlockSize);
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
            co_return std::nullopt;
        }
        if (disbelieved() && co_await renew()) {
            renewed_ = true;
            co_return std::nullopt;
        }
        if (response_.status >= 200) {
            co_return std::nullopt;
        }
        if (++interims_ > http::kInterimMost) {
            co_return problem::bad_response("the origin sent more than " + std::to_string(http::kInterimMost) +
                                            " interim responses");
        }
        if (!co_await inform()) {
            co_return problem::client_gone();
        }
    }
}

/// Sends an interim answer on; false when the client is gone. A client that was told to go on is not told twice.
net::Task<bool> Attempt::inform() {
    const bool go_on = response_.status == 100;
    if (go_on && exchange_.request.expect_continue && !std::exchange(told_to_go_on_, true)) {
        watchdog_.enter(Phase::first_byte);  // only now the client sends what the origin waits for
    }
    if (exchange_.request.version == http::Version::http10 || asking_.racing || given_up_ ||
        (go_on && std::exchange(asking_.continued, true))) {
        co_return true;
    }
    asking_.informed = asking_.informed || !go_on;
    exchange_.answer_interim(response_);
    co_return !co_await exchange_.out.send();
}

net::Task<std::optional<problem::Failure>> Attempt::read_head() {
    bool established = origin_->established();
    if (established && times_.connected == net::Time{}) {  // an interim response does not begin its time anew
        note_established();
    }
    for (;;) {
        const auto progress = call_->take_head(response_);
        if (!progress) {
            co_return progress.error();
        }
        if (*progress != http::Call::Progress::nothing && !std::exchange(answered_, true)) {
            times_.first_byte = loop_.now();
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
    if (response_.status == 101 && !(asks_for_websocket() && iequals(response_.upgrade, http::kWebsocket))) {
        co_return problem::upgrade_refused("the origin switched protocols without being asked, or not to that alone");
    }
    co_return std::nullopt;
}

void Attempt::note_established() {
    times_.connected = loop_.now();
    watchdog_.enter(Phase::first_byte);
    established_.wake();
}

void Attempt::cut_off(const std::string& words) {
    asking_.trace.broken = words;
    exchange_.truncate();
}

problem::Failure Attempt::failure_of(net::Status status) const {
    problem::Failure failure = why_ended(status);
    failure.not_sent = failure.not_sent && !may_arrive_late(status);
    return failure;
}

/// The head leaves before the far end has said that it connected. Who has not said so in time may have connected all
/// the same: then a request that ends with its head is made. To repeat an idempotent one does no harm.
bool Attempt::may_arrive_late(net::Status status) const {
    const bool unknown = !origin_->established() && origin_->failure() == nullptr && status != net::Errc::refused;
    return unknown && body_handed_over() && !asking_.idempotent();
}

/// A session that was leaving, or gone, when the stream was to be opened: neither agent nor origin has seen anything.
bool Attempt::way_refused() const {
    return origin_ != nullptr && !way_.tunnel.empty() && !origin_->established() && origin_->failure() == nullptr &&
           origin_->status() == net::Errc::refused;
}

problem::Failure Attempt::why_ended(net::Status status) const {
    if (auto verdict = watchdog_.verdict()) {
        return *verdict;
    }
    if (given_up_) {
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
        lost.not_sent = false;
        lost.detail = "the session of tunnel '" + std::string(way_.tunnel) +
                      "' ended before its agent had told whether it connected";
        return lost;
    }
    if (!origin_->established() && status == net::Errc::reset) {
        problem::Failure dropped = problem::session_lost(way_.tunnel);
        dropped.detail = "the agent gave the stream up before it had connected";
        return dropped;
    }
    if (way_refused()) {
        return problem::session_lost(way_.tunnel);
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

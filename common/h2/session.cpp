// nghttp2 between a transport and its streams; see session.h.
#include "common/h2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <vector>

#include "common/h2/callbacks.h"
#include "common/net/spawn.h"

namespace adit::h2 {
namespace {

// Frames without a body that wait for a transport which takes none.
constexpr std::size_t kQueuedPerStream = 4;
constexpr std::size_t kQueuedBeside = 1000;
constexpr std::size_t kAcceptedAtOnce = 128;  ///< streams; then those that were given up since end first

}  // namespace

Session::~Session() {
    over(net::Errc::session_closed);
    assert((!writer_running_ || loop().ending()) && "run() ends before its session");
}

net::Task<net::Status> Session::run() {
    if (over_) {
        co_return why_;
    }
    writer_running_ = true;
    net::spawn(loop().context(), "the writer of a session", write_when_possible());
    // Whoever looked for the preface may have read more than that, and its sender may wait for our answer.
    if (const net::Status broken = read_frames()) {
        over(broken);
    }
    while (!over_) {
        net::Status received;
        if (std::exchange(accepted_, 0) < kAcceptedAtOnce) {
            received = co_await transport_->receive();
        } else {
            transport_->on_readable().wake();
            co_await transport_->on_readable().wait();
        }
        if (const net::Status broken = read_frames()) {
            over(broken);
        } else if (received && transport_->input().empty()) {
            over(received);
        }
    }
    blocked_.wake();
    while (writer_running_) {
        co_await writer_done_.wait();
    }
    co_return why_;
}

net::Status Session::read_frames() {
    if (!transport_->input().empty()) {
        heard_at_ = loop().now();
    }
    while (!over_ && !transport_->input().empty() && accepted_ < kAcceptedAtOnce) {
        const std::string_view bytes = transport_->input().front();
        const ssize_t used =
            nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        if (used > 0 &&
            (!patience_.bears(bytes.substr(0, static_cast<std::size_t>(used)), loop().now()) || overfull())) {
            wear_out(Fault::flood);
        }
        if (used < 0) {
            const bool flood = used == NGHTTP2_ERR_FLOODED || used == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
            blame(flood ? Fault::flood : Fault::protocol);
        }
        if (used < 0 || worn_out_) {
            if (worn_out_) {
                nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
            }
            send_pending();
            transport_->end();
            return broken_by_peer();
        }
        transport_->consume(static_cast<std::size_t>(used));
    }
    if (over_) {
        return why_;
    }
    mark_dirty();
    if (!nghttp2_session_want_read(session_.get())) {
        send_pending();  // a last GOAWAY, where the peer broke the protocol
    }
    const bool finished = !nghttp2_session_want_read(session_.get()) && !nghttp2_session_want_write(session_.get());
    if (finished) {
        transport_->end();
    }
    return finished ? net::Status(net::Errc::end_of_stream) : net::Status();
}

/// A peer that takes nothing may not fill our memory with what it makes us say.
bool Session::overfull() const {
    return nghttp2_session_get_outbound_queue_size(session_.get()) >
           kQueuedPerStream * limits_.concurrent_streams + kQueuedBeside;
}

void Session::mark_dirty() {
    loop().at_turn_end(*this);
}

void Session::turn_ended() {
    if (!over_) {
        send_pending();
        leave_when_told();
    }
}

/// RFC 9113 §5.4.1: behind the GOAWAY for an error the connection is closed, whether or not the peer does anything
/// more.
void Session::leave_when_told() {
    if (told_off_ && !over_ && out_.empty() && transport_->flush()) {
        transport_->end();
        over(broken_by_peer());
    }
}

void Session::send_pending() {
    bool more = true;
    while (more) {
        nghttp2_session_send(session_.get());
        const bool full = out_.size() >= limits_.session_outbox;  // then nghttp2 may hold frames back
        while (!out_.empty() && transport_->write_some(out_, out_.size()) > 0) {
        }
        more = full && out_.empty();
    }
    if (!out_.empty() || !transport_->flush()) {
        blocked_.wake();
    }
}

net::Task<> Session::write_when_possible() {
    while (!over_) {
        if (out_.empty() && transport_->flush()) {
            co_await blocked_.wait();
            continue;
        }
        if (const net::Status broken = co_await transport_->writable()) {
            over(broken);
            break;
        }
        send_pending();
        leave_when_told();
    }
    writer_running_ = false;
    writer_done_.wake();
}

bool Session::has_room() const {
    const auto most = nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    const auto windows = (limits_.session_window - limits_.growth_budget) / limits_.stream_window;
    return open_for_streams() && stream_count_ < std::min<std::size_t>(most, static_cast<std::size_t>(windows));
}

bool Session::takes_extended_connect() const {
    return nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void Session::ping() {
    if (!over_) {
        nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
        mark_dirty();
    }
}

std::unique_ptr<Stream> Session::open(const Fields& request, bool end) {
    if (!open_for_streams()) {
        return nullptr;
    }
    std::unique_ptr<Stream> stream(new Stream(*this));
    stream->ending_ = end;
    const std::span<const nghttp2_nv> fields = to_list(request);
    nghttp2_data_provider body{{.ptr = stream.get()}, Callbacks::read};
    const std::int32_t id = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(),
                                                   end ? nullptr : &body, stream.get());
    if (id < 0) {
        stream->session_ = nullptr;
        return nullptr;
    }
    stream->id_ = id;
    streams_.push_back(*stream);
    ++stream_count_;
    mark_dirty();
    return stream;
}

/// Streams of messages are never idle: who has opened one waits for its answer.
void Session::release_idle_streams() {
    if (carries_messages()) {
        return;
    }
    for (Stream& stream : streams_) {
        stream.hung_up();
    }
}

void Session::retire(std::string_view words) {
    drain(words);
    retired_ = true;
    release_idle_streams();
}

void Session::drain(std::string_view words) {
    if (std::exchange(draining_, true) || over_) {
        return;
    }
    if (!opens()) {
        nghttp2_submit_shutdown_notice(session_.get());  // streams on their way are still served
    } else {
        nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR,
                              reinterpret_cast<const std::uint8_t*>(words.data()), words.size());
    }
    mark_dirty();
}

void Session::refuse_streams() {
    if (!over_) {
        nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR, nullptr, 0);
        mark_dirty();
    }
}

void Session::close(net::Status why, std::string_view words) {
    if (over_) {
        return;
    }
    nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                          NGHTTP2_NO_ERROR, reinterpret_cast<const std::uint8_t*>(words.data()), words.size());
    send_pending();
    transport_->end();
    over(why);
}

void Session::over(net::Status why) {
    if (std::exchange(over_, true)) {
        return;
    }
    why_ = why ? why : net::Status(net::Errc::session_closed);
    while (!streams_.empty()) {
        Stream& stream = streams_.front();
        unlink(stream);
        if (!stream.handed_over_ && !opens()) {
            std::unique_ptr<Stream> unowned(&stream);
        } else {
            stream.session_ended(net::Errc::session_closed);
        }
    }
    transport_->abort(why_);
    blocked_.wake();
    on_settled_.wake();
}

void Session::unlink(Stream& stream) {
    stream.unlink();
    --stream_count_;
    outboxes_ -= stream.outbox_.size();
    growth_left_ += stream.window_ - limits_.stream_window;
    stream.session_ = nullptr;
}

void Session::forget(Stream& stream) {
    nghttp2_session* ng = session_.get();
    nghttp2_session_set_stream_user_data(ng, stream.id_, nullptr);
    nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, stream.id_, stream.reset_code_);
    nghttp2_session_consume_connection(ng, stream.input().size());
    unlink(stream);
    mark_dirty();
}

void Session::resume(Stream& stream) {
    if (std::exchange(stream.deferred_, false)) {
        nghttp2_session_resume_data(session_.get(), stream.id_);
    }
    mark_dirty();
}

void Session::credit(Stream* stream, std::int32_t id, std::size_t n) {
    nghttp2_session_consume(session_.get(), id, n);
    mark_dirty();
    if (stream == nullptr || stream->taken_since_growth_ < stream->window_ / 2) {
        return;
    }
    stream->taken_since_growth_ = 0;
    const std::int32_t growth = std::min(stream->window_, limits_.stream_window_most - stream->window_);
    if (growth > 0 && growth <= growth_left_) {
        growth_left_ -= growth;
        stream->window_ += growth;
        nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, id, stream->window_);
    }
}

}  // namespace adit::h2

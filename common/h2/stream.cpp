// A stream's states and its share of flow control; see stream.h.
#include "common/h2/stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/h2/session.h"

namespace adit::h2 {
namespace {

constexpr std::int32_t kFrameMost = 16'384;  ///< what peers fill a window with, piece by piece (RFC 9113 §4.2)
constexpr std::size_t kInterimMost = 32;     ///< interim heads that nobody has taken, or that mean nothing

}  // namespace

Stream::Stream(Session& session)
    : net::Stream(session.loop()),
      session_(&session),
      opener_(session.opens()),
      message_(session.carries_messages()),
      reset_code_(NGHTTP2_CANCEL),
      window_(session.limits().stream_window),
      outbox_(loop().blocks()),
      on_readable_(loop()),
      on_writable_(loop()),
      on_answer_(loop()) {}

Stream::~Stream() {
    if (session_ != nullptr) {
        if (message_ && !opener_) {
            reset_code_ = end_sent_ ? NGHTTP2_NO_ERROR : NGHTTP2_INTERNAL_ERROR;
        }
        session_->forget(*this);
    }
}

net::Task<int> Stream::answered() {
    while (answer_ == 0 && !read_status_ && !status_) {
        co_await on_answer_.wait();
    }
    co_return answer_;
}

bool Stream::head_is_interim() const {
    return opener_ && head_.find(":status").starts_with('1');
}

/// Of messages they are for whoever asked. In the tunnel they say nothing: a CONNECT is not answered by one.
void Stream::interim_head_came() {
    if (message_ ? interim_.size() >= kInterimMost : ++idle_heads_ > kInterimMost) {
        head_fault_ = "too many interim heads before the final one";
        abort(net::Errc::limit);
        return;
    }
    Fields head = std::exchange(head_, {});
    if (message_) {
        interim_.push_back(std::move(head));
        on_readable_.wake();
    }
}

void Stream::head_complete(bool end) {
    if (head_is_interim()) {
        interim_head_came();
        return;
    }
    handed_over_ = true;
    if (opener_) {
        note_answer();
    }
    if (refusal_) {
        fail(net::Errc::refused);  // before its end: a refusal is no empty answer
    }
    if (end) {
        data_ended();
    }
}

void Stream::note_answer() {
    const std::string_view text = head_.find(":status");
    std::from_chars(text.data(), text.data() + text.size(), answer_);
    answered_at_ = loop().now();
    if (answer_ >= 300 && !message_) {
        refusal_ = problem::failure_of_refusal(answer_, head_.find("proxy-status"));
    }
    on_answer_.wake();
    on_readable_.wake();
}

const Fields* Stream::take_head() {
    if (!interim_.empty()) {
        interim_taken_ = std::move(interim_.front());
        interim_.erase(interim_.begin());
        return &interim_taken_;
    }
    return answer_ != 0 && !std::exchange(head_taken_, true) ? &head_ : nullptr;
}

void Stream::data_arrived(std::string_view bytes) {
    if (read_status_ || refusal_) {
        session_->credit(this, id_, bytes.size());  // nobody will read these
        return;
    }
    input().append(bytes);
    fresh_ = true;
    on_readable_.wake();
}

void Stream::data_ended() {
    end_received_ = true;
    on_readable_.wake();
    if (!message_) {
        hung_up();
    }
}

void Stream::hung_up() {
    if (hangup_listener_ != nullptr) {
        hangup_listener_->peer_hung_up();
    }
}

/// The session gives the stream up for what the peer has sent on it, of which nghttp2 hands nothing over.
void Stream::reset_for_its_peer() {
    if (message_ && opener_ && !handed_over_) {
        head_fault_ = "a head, or what came in its place, that HTTP/2 does not allow (RFC 9113 §8.1.1)";
    }
}

bool Stream::reusable() const {
    return session_ != nullptr && session_->open_for_streams() && !status_ && !end_received_ && !ending_;
}

void Stream::closed(std::uint32_t error_code) {
    session_ = nullptr;
    if (error_code == NGHTTP2_NO_ERROR && end_received_) {
        if (!end_sent_) {
            fail(net::Errc::reset);
        }
        return;
    }
    fail(error_code == NGHTTP2_REFUSED_STREAM ? net::Errc::refused : net::Errc::reset);
}

void Stream::session_ended(net::Status why) {
    session_ = nullptr;
    fail(why ? why : net::Status(net::Errc::session_closed));
}

void Stream::fail(net::Status why) {
    if (!status_) {
        status_ = why;
    }
    if (!read_status_ && !end_received_) {
        read_status_ = why;
    }
    if (session_ != nullptr) {
        session_->outboxes_ -= outbox_.size();
    }
    outbox_.clear();
    on_readable_.wake();
    on_writable_.wake();
    on_answer_.wake();
    hung_up();
}

bool Stream::peer_may_send() const {
    return session_ == nullptr || nghttp2_session_get_local_window_size(session_->session_.get()) >= kFrameMost;
}

bool Stream::peer_has_room() const {
    return session_ != nullptr && nghttp2_session_get_stream_remote_window_size(session_->session_.get(), id_) > 0;
}

std::int64_t Stream::session_taken() const {
    return session_ == nullptr ? 0 : session_->taken();
}

net::Status Stream::poll_receive() {
    if (std::exchange(fresh_, false) && !input().empty()) {
        return {};  // bytes that arrived before an end or a failure are seen first
    }
    if (read_status_) {
        return read_status_;
    }
    return end_received_ ? net::Errc::end_of_stream : net::Errc::would_block;
}

void Stream::consumed(std::size_t n) {
    if (session_ == nullptr || n == 0) {
        return;
    }
    taken_since_growth_ += static_cast<std::int32_t>(n);
    session_->credit(this, id_, n);
}

std::size_t Stream::write_some(net::Chain& from, std::size_t limit) {
    if (status_ || session_ == nullptr || ending_) {
        return 0;
    }
    const std::size_t n = std::min({room(), limit, from.size()});
    full_ = n < std::min(limit, from.size());
    if (n > 0) {
        outbox_.splice(from, n);
        session_->outboxes_ += n;
        session_->resume(*this);
    }
    return n;
}

std::size_t Stream::room() {
    if (session_ == nullptr) {
        return 0;
    }
    const Limits& limits = session_->limits();
    const std::size_t most = session_->outboxes_ < limits.outboxes ? limits.stream_outbox : kFrameMost;
    full_ = outbox_.size() >= most;
    return full_ ? 0 : most - outbox_.size();
}

void Stream::end(Fields trailers) {
    if (!ending_ && !trailers.empty()) {
        last_words_ = std::make_unique<Fields>(std::move(trailers));
    }
    end();
}

void Stream::end() {
    if (!ending_ && session_ != nullptr && !status_) {
        ending_ = true;
        session_->resume(*this);
    }
}

void Stream::abort(net::Status why) {
    if (why == net::Errc::reset) {
        reset_code_ = message_ ? NGHTTP2_CANCEL : NGHTTP2_CONNECT_ERROR;
    } else if (message_ && !opener_) {
        reset_code_ = NGHTTP2_INTERNAL_ERROR;
    }
    if (session_ != nullptr) {
        session_->forget(*this);
    }
    fresh_ = false;
    read_status_ = why;
    fail(why);
}

net::Task<> answer(std::unique_ptr<Stream> stream, int status, Fields fields, std::string body) {
    stream->respond(status, fields, body.empty());
    net::Chain chain(stream->loop().blocks());
    chain.append(body);
    co_await stream->write_all(chain);
    stream->end();
    co_await stream->write_all(chain);
}

}  // namespace adit::h2

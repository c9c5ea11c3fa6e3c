// What nghttp2 calls back, for session.cpp and answer.cpp alone: the protocol's events become calls of sessions and
// streams.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "common/base/printable.h"
#include "common/h2/session.h"

namespace adit::h2 {

inline nghttp2_nv to_nv(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 copies; it does not write
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// The fields by reference, after `status` where there is one. Lives until the next call on this thread.
inline std::span<const nghttp2_nv> to_list(const Fields& fields, std::string_view status = {}) {
    static thread_local std::vector<nghttp2_nv> list;
    list.clear();
    if (!status.empty()) {
        list.push_back(to_nv(":status", status));
    }
    for (const Field field : fields) {
        list.push_back(to_nv(field.name, field.value));
    }
    return list;
}

inline std::string_view to_text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

/// Frames without work of their own that one DATA frame of ours may cause: some peers send WINDOW_UPDATE for every
/// piece that they read, for the stream and for the session.
inline constexpr std::int32_t kAnswersPerData = 10;
/// Bytes of a peer's last words that are kept.
inline constexpr std::size_t kWordsMost = 200;
/// What a head, data, or a body's end makes up for when it arrives: the frame that carries it, and one more.
inline constexpr std::int32_t kWorthOfWork = 2;

/// What nghttp2 calls. `user` is the session; streams hang on nghttp2's stream user data, null once their owner left.
struct Session::Callbacks {
    static Session& session(void* user) { return *static_cast<Session*>(user); }
    static Stream* stream(nghttp2_session* ng, std::int32_t id) {
        return static_cast<Stream*>(nghttp2_session_get_stream_user_data(ng, id));
    }

    static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int, void* user) {
        Session& self = session(user);
        if (self.out_.size() >= self.limits_.session_outbox) {
            return NGHTTP2_ERR_WOULDBLOCK;
        }
        self.out_.append(to_text(bytes, size));
        return static_cast<ssize_t>(size);
    }

    /// Says how much of a stream's outbox the next DATA frame takes; the bytes go by send_data() without a copy
    /// between.
    static ssize_t read(nghttp2_session* ng, std::int32_t id, std::uint8_t*, std::size_t room, std::uint32_t* flags,
                        nghttp2_data_source* source, void* user) {
        if (session(user).out_.size() >= session(user).limits_.session_outbox) {
            return NGHTTP2_ERR_PAUSE;  // the transport is behind; nothing of this frame exists yet
        }
        auto* stream = static_cast<Stream*>(source->ptr);
        const std::size_t held = stream->outbox_.size();
        if (held == 0 && !stream->ending_) {
            stream->deferred_ = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (held <= room && stream->ending_) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
            if (const std::unique_ptr<Fields> trailers = std::move(stream->last_words_)) {
                *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                const std::span<const nghttp2_nv> list = to_list(*trailers);
                nghttp2_submit_trailer(ng, id, list.data(), list.size());
            }
        }
        return static_cast<ssize_t>(std::min(held, room));
    }

    static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                         nghttp2_data_source* source, void* user) {
        // Never WOULDBLOCK here: nghttp2 would keep the frame, and with it a stream that may be gone by then.
        Session& self = session(user);
        auto* stream = static_cast<Stream*>(source->ptr);
        self.out_.append(to_text(head, FrameCount::kHead));
        self.out_.splice(stream->outbox_, size);
        self.outboxes_ -= size;
        self.data_sent_ += static_cast<std::int64_t>(size);
        self.patience_.saw_work(kAnswersPerData);
        stream->end_sent_ = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (std::exchange(stream->full_, false) || stream->end_sent_) {
            stream->on_writable_.wake();
        }
        return 0;
    }

    /// Every frame that is not ignored, as soon as its head is here.
    static int begin_frame(nghttp2_session*, const nghttp2_frame_hd*, void* user) {
        session(user).patience_.saw_frame();
        return 0;
    }

    /// Frames of types that nobody knows are read over (RFC 9113 §4.1), but they count.
    static int unknown_chunk(nghttp2_session*, const nghttp2_frame_hd*, const std::uint8_t*, std::size_t, void*) {
        return 0;
    }
    static int unknown_frame(nghttp2_session*, void** payload, const nghttp2_frame_hd*, void*) {
        *payload = nullptr;
        return 0;
    }

    /// One that broke a rule. On a stream that was never begun, such as one above our limit, nothing else tells of it,
    /// and each leaves a RST_STREAM of ours behind.
    static int invalid_frame(nghttp2_session* ng, const nghttp2_frame* frame, int, void* user) {
        Session& self = session(user);
        if (stream(ng, frame->hd.stream_id) == nullptr && !self.resets_.spend(self.loop().now())) {
            self.wear_out(Fault::resets);
        }
        return 0;
    }

    static int begin_headers(nghttp2_session* ng, const nghttp2_frame* frame, void* user) {
        Session& self = session(user);
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST || Callbacks::stream(ng, frame->hd.stream_id) != nullptr) {
            self.patience_.saw_work(kWorthOfWork);  // on a stream that we have given up it is none
        }
        self.head_begun_at_ = self.loop().now();
        self.head_of_ = frame->hd.stream_id;
        if (!self.opens() && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            // Owned by nghttp2's stream until its head is complete and the listener takes it over.
            auto stream = std::unique_ptr<Stream>(new Stream(self));
            stream->id_ = frame->hd.stream_id;
            self.streams_.push_back(*stream);
            ++self.stream_count_;
            nghttp2_session_set_stream_user_data(ng, frame->hd.stream_id, stream.release());
        }
        return 0;
    }

    static int header(nghttp2_session* ng, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        Stream* stream = Callbacks::stream(ng, frame->hd.stream_id);
        if (stream == nullptr || (stream->handed_over_ && !stream->message_)) {
            return 0;  // trailers have no meaning in the tunnel
        }
        const Limits& limits = session(user).limits_;
        Fields& fields = stream->handed_over_ ? stream->trailers_ : stream->head_;
        if (fields.size() >= limits.head_fields || fields.bytes() + name_size + value_size > limits.head_bytes) {
            stream->head_overflowed_ = true;
            if (!stream->message_) {
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            }
            if (stream->handed_over_) {  // trailers that are cut would make another message of it
                nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            }
            return 0;
        }
        fields.add(to_text(name, name_size), to_text(value, value_size));
        return 0;
    }

    static int frame_received(nghttp2_session* ng, const nghttp2_frame* frame, void* user) {
        Session& self = session(user);
        const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (frame->hd.type == NGHTTP2_SETTINGS && !std::exchange(self.settled_, true)) {
            self.on_settled_.wake();
        }
        if (frame->hd.type == NGHTTP2_GOAWAY) {
            self.peer_words_ = printable(
                to_text(frame->goaway.opaque_data, std::min<std::size_t>(frame->goaway.opaque_data_len, kWordsMost)));
            if (!std::exchange(self.peer_draining_, true)) {
                self.release_idle_streams();  // so that the peer can finish
                self.listener_->peer_draining();
            }
            return 0;
        }
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
            return 0;
        }
        if (frame->hd.type == NGHTTP2_HEADERS) {
            self.head_ended(frame->hd.stream_id);
        }
        Stream* stream = Callbacks::stream(ng, frame->hd.stream_id);
        if (stream == nullptr) {
            return 0;
        }
        if (frame->hd.type == NGHTTP2_HEADERS && !stream->handed_over_) {
            stream->head_complete(end);
            if (self.opens() && !self.carries_messages() && !stream->handed_over_) {
                self.patience_.saw_work(-kWorthOfWork);  // an interim head: it counted when it began, and was none
            }
            if (!self.opens()) {
                ++self.accepted_;
                self.listener_->stream_accepted(std::unique_ptr<Stream>(stream));
            }
        } else if (end) {
            self.patience_.saw_work(kWorthOfWork);
            stream->data_ended();
        }
        return 0;
    }

    /// An end that went with a head: a stream must not be given up before, or nghttp2 drops the head (RST_STREAM
    /// overtakes).
    static int frame_sent(nghttp2_session* ng, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
            session(user).told_off_ = true;
            // nghttp2 has bounds of its own, of streams that are given up among them; of all else it knows what rule
            // was broken.
            const std::uint32_t code = frame->goaway.error_code;
            const bool bound = code == NGHTTP2_ENHANCE_YOUR_CALM || code == NGHTTP2_INTERNAL_ERROR;
            session(user).blame(bound ? Fault::resets : Fault::protocol);
        }
        Stream* stream = Callbacks::stream(ng, frame->hd.stream_id);
        if (stream != nullptr && frame->hd.type == NGHTTP2_RST_STREAM) {
            stream->reset_for_its_peer();  // those that we reset ourselves are forgotten before
        }
        if (stream != nullptr && frame->hd.type == NGHTTP2_HEADERS &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            stream->end_sent_ = true;
            stream->on_writable_.wake();
        }
        return 0;
    }

    static int data_chunk(nghttp2_session* ng, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                          std::size_t size, void* user) {
        session(user).patience_.saw_work(kWorthOfWork);
        if (Stream* stream = Callbacks::stream(ng, id)) {
            stream->data_arrived(to_text(bytes, size));
        } else {
            session(user).credit(nullptr, id, size);
        }
        return 0;
    }

    static int stream_closed(nghttp2_session* ng, std::int32_t id, std::uint32_t code, void* user) {
        Session& self = session(user);
        self.head_ended(id);  // one that was refused is not told as a frame
        Stream* stream = Callbacks::stream(ng, id);
        if (stream == nullptr) {
            return 0;
        }
        // Not by us, since we forget streams that we reset: the peer gave it up, or broke a rule on it. Both have cost
        // us work and the peer none.
        if (code != NGHTTP2_NO_ERROR && self.role_ == Role::server && !self.resets_.spend(self.loop().now())) {
            self.wear_out(Fault::resets);
        }
        nghttp2_session_set_stream_user_data(ng, id, nullptr);
        self.unlink(*stream);
        // Bytes that the reader has not taken yet stay readable; the session's window gets them back now (the stream's
        // own window has ended with it), so that what a dead stream holds cannot starve the living.
        nghttp2_session_consume_connection(ng, stream->input().size());
        if (!stream->handed_over_ && !self.opens()) {
            std::unique_ptr<Stream> unowned(stream);  // its head never came to an end
            return 0;
        }
        stream->closed(code);
        return 0;
    }
};

}  // namespace adit::h2

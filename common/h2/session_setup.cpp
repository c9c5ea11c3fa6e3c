// What nghttp2 is told at a session's start; see session.h.
#include <nghttp2/nghttp2.h>

#include <vector>

#include "common/h2/callbacks.h"
#include "common/h2/session.h"

namespace adit::h2 {
namespace {

constexpr std::size_t kHeadSentMost = 256 * 1024;  ///< what was let in is let out
constexpr int kTypesKnown = 10;                    ///< of frames: RFC 9113 §6

}  // namespace

void Session::Free::operator()(nghttp2_session* session) const {
    nghttp2_session_del(session);
}

Session::Session(std::unique_ptr<net::Stream> transport, Role role, const Limits& limits, SessionListener& listener)
    : transport_(std::move(transport)),
      role_(role),
      limits_(limits),
      listener_(&listener),
      out_(loop().blocks()),
      growth_left_(limits.growth_budget),
      patience_(limits, opens() ? 0 : NGHTTP2_CLIENT_MAGIC_LEN, loop().now()),
      resets_(static_cast<std::int64_t>(limits.resets_burst), static_cast<std::int64_t>(limits.resets_per_second),
              loop().now()),
      heard_at_(loop().now()),
      blocked_(loop()),
      writer_done_(loop()),
      on_settled_(loop()) {
    make_session();
    submit_settings();
    mark_dirty();
}

void Session::make_session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, Callbacks::send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, Callbacks::send_data);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::stream_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::frame_sent);
    if (limits_.idle_frames > 0) {
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, Callbacks::begin_frame);
        nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, Callbacks::unknown_chunk);
        nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, Callbacks::unknown_frame);
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Callbacks::invalid_frame);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    // The library's own limit sees only what the peer resets, and not what the peer makes us reset; see
    // stream_closed().
    const std::uint64_t allowance = role_ == Role::server ? 2 : 1;
    nghttp2_option_set_stream_reset_rate_limit(options, allowance * limits_.resets_burst,
                                               allowance * limits_.resets_per_second);
    if (!carries_messages()) {
        nghttp2_option_set_peer_max_concurrent_streams(options, limits_.concurrent_streams);
    }
    for (int type = kTypesKnown; limits_.idle_frames > 0 && type < 256; ++type) {
        nghttp2_option_set_user_recv_extension_type(options, static_cast<std::uint8_t>(type));
    }
    nghttp2_option_set_max_send_header_block_length(options, kHeadSentMost);
    nghttp2_session* made = nullptr;
    (opens() ? nghttp2_session_client_new2 : nghttp2_session_server_new2)(&made, callbacks, this, options);
    session_.reset(made);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
}

void Session::submit_settings() {
    std::vector<nghttp2_settings_entry> settings{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, opens() ? 0 : limits_.concurrent_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits_.stream_window)},
    };
    if (opens()) {
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    }
    if (!opens() || carries_messages()) {
        settings.push_back({NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits_.head_bytes)});
    }
    if (role_ == Role::server) {
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
    }
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    // nghttp2 tells of what was taken once it is half of the window: of one of this size what it keeps to itself leaves
    // all that stalled readers can hold, which their own windows bound.
    nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, 2 * limits_.session_window);
}

}  // namespace adit::h2

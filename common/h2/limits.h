// Bounds of an HTTP/2 session, with the defaults of the tunnel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adit::h2 {

struct Limits {
    /// Streams the peer may have open at once (SETTINGS_MAX_CONCURRENT_STREAMS).
    std::uint32_t concurrent_streams = 2048;
    /// A stream's first receive window: what one stalled reader can hold in memory (RFC 9113 §6.9).
    std::int32_t stream_window = 32 * 1024;
    /// A window doubles each time its reader has taken half of it, up to here.
    std::int32_t stream_window_most = 1024 * 1024;
    /// Of the session's window, how much grown streams may have beyond their first windows.
    std::int32_t growth_budget = 16 * 1024 * 1024;
    /// What all stalled readers together can hold of the session's receive window, which is twice as large. It has a
    /// first window for each stream, or as many streams are opened as it has them for: readers that take nothing leave
    /// the others theirs.
    std::int32_t session_window = growth_budget + static_cast<std::int32_t>(concurrent_streams) * stream_window;
    /// Bytes of one stream that wait to be framed; a writer beyond waits.
    std::size_t stream_outbox = 64 * 1024;
    /// The same of all streams together; beyond, each has room for one frame.
    std::size_t outboxes = 8 * 1024 * 1024;
    /// Framed bytes that wait for the transport.
    std::size_t session_outbox = 128 * 1024;
    /// Streams that the peer resets, and on a server also those that it makes us reset: at once, and per second.
    std::uint64_t resets_burst = 20'000;
    std::uint64_t resets_per_second = 5'000;
    /// Fields of one head: count and bytes.
    std::size_t head_fields = 64;
    std::size_t head_bytes = 16 * 1024;
    /// Frames in a row that do no work (PING, SETTINGS, WINDOW_UPDATE, empty DATA, in the tunnel interim heads, and
    /// their like) before the peer is told to calm down; a head, data, or a body's end makes up for one of them, a
    /// frame of our own that carries data for as many as it may cause, and each tenth of a second for one. Frames on
    /// streams that have ended are counted by themselves. 0: no bound.
    std::int32_t idle_frames = 10'000;
};

}  // namespace adit::h2

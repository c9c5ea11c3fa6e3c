// How long a session bears a peer whose frames do no work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/h2/frame_count.h"
#include "common/h2/limits.h"
#include "common/net/budget.h"

namespace adit::h2 {

/// Told of what arrives and leaves; see Limits::idle_frames. Pure.
class Patience {
  public:
    /// `preface`: bytes that the peer sends before its first frame.
    Patience(const Limits& limits, std::size_t preface, net::Time now)
        : bounded_(limits.idle_frames > 0),
          frames_(preface),
          idle_(limits.idle_frames, kIdlePerSecond, now),
          strays_(kStraysMost, kStraysPerSecond, now) {}

    /// A frame has begun that is not ignored.
    void saw_frame() { ++seen_; }
    /// Work came or left that makes up for `frames`.
    void saw_work(std::int64_t frames) { worth_ += frames; }
    /// Whether a peer is borne that has said this, of which the calls above told.
    bool bears(std::string_view bytes, net::Time now) {
        const std::int64_t seen = std::exchange(seen_, 0);
        const std::int64_t strays = static_cast<std::int64_t>(frames_.count(bytes)) - seen;
        const bool idles = !idle_.spend(seen - std::exchange(worth_, 0), now);
        const bool strains = !strays_.spend(std::max<std::int64_t>(strays, 0), now);
        return !bounded_ || (!idles && !strains);
    }

  private:
    static constexpr std::int64_t kIdlePerSecond = 10;
    // Of frames on streams that have ended some are on their way whenever a stream is given up.
    static constexpr std::int64_t kStraysMost = 20'000;
    static constexpr std::int64_t kStraysPerSecond = 10'000;

    bool bounded_;
    FrameCount frames_;
    std::int64_t seen_ = 0;
    std::int64_t worth_ = 0;
    net::Budget idle_;
    net::Budget strays_;
};

}  // namespace adit::h2

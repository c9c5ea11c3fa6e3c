// Tokens of a rate limit that are here already, so that most requests need no round trip. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace adit::state {

/// Of one caller, in one connector. What was fetched was taken from the limit there and then, so nothing is ever given
/// out twice; what is not used in time goes back. Whoever holds tokens may use them in a later window than the one that
/// they were taken from: in any window a fleet lets through its limit and, at most, what it held when that began, which
/// is most() for each connector.
class Lease {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::milliseconds kLife{1'000};
    static constexpr std::chrono::milliseconds kQuick{250};  ///< what is half gone so soon was too little
    static constexpr std::uint64_t kShare = 10;              ///< a connector holds at most this part of a burst
    static constexpr std::uint64_t kMost = 10'000;

    /// How many tokens a connector may hold of a limit with this burst; below two it is asked for each request.
    static std::uint64_t most(std::uint64_t burst) { return std::min(burst / kShare, kMost); }

    /// Serves from what is here.
    bool take(std::uint64_t cost, Time now) {
        if (now >= ends_ || tokens_ < cost) return false;
        tokens_ -= cost;
        return true;
    }
    /// How many tokens to fetch now, ahead of need; 0: none. Not 0: fetched() or failed() must follow.
    std::uint64_t plan(std::uint64_t most, Time now) {
        if (fetching_ || most < 2 || tokens_ * 2 > size_) return 0;
        if (now + kLife - kQuick < ends_) size_ *= 2;
        size_ = std::clamp<std::uint64_t>(size_, 1, most);
        if (tokens_ >= size_) return 0;  // a reload has made the limit smaller
        fetching_ = true;
        return size_ - tokens_;
    }
    void fetched(std::uint64_t tokens, Time now) {
        fetching_ = false;
        tokens_ += tokens;
        ends_ = now + kLife;
    }
    void failed() { fetching_ = false; }
    /// What has not been used in time, and has to be given back.
    std::uint64_t expire(Time now) {
        if (now < ends_ || tokens_ == 0) return 0;
        if (tokens_ * 2 > size_) size_ = std::max<std::uint64_t>(1, size_ / 2);
        return std::exchange(tokens_, 0);
    }
    /// One that was taken comes back; false: there is no room for it here.
    bool give_back(std::uint64_t cost, std::uint64_t most, Time now) {
        if (fetching_ || now >= ends_ || tokens_ + cost > most) return false;
        tokens_ += cost;
        return true;
    }
    std::uint64_t tokens(Time now) const { return now < ends_ ? tokens_ : 0; }
    /// Nothing is lost when it is forgotten.
    bool idle(Time now) const { return !fetching_ && tokens_ == 0 && now >= ends_ + kLife; }

  private:
    std::uint64_t tokens_ = 0;
    std::uint64_t size_ = 1;
    Time ends_{};
    bool fetching_ = false;
};

}  // namespace adit::state

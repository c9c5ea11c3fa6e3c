// Lines that others can cause as often as they like: a few of each kind are written, the rest is counted and told.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adit::logging {

/// From any thread. A kind is forgotten when there is nothing to say of it any more.
class Sparing {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::uint64_t kAtOnce = 5;                    ///< lines of one kind, when nothing else is said
    static constexpr std::chrono::milliseconds kOneMoreEach{500};  ///< up to that many again
    /// How long lines that were left out are counted before they are told.
    static constexpr std::chrono::seconds kToldAfter{10};

    Sparing() : Sparing(kAtOnce) {}
    /// `at_once`: lines of one kind that are written before only one each kOneMoreEach is.
    explicit Sparing(std::uint64_t at_once) : at_once_(at_once) {}

    /// Whether a line of this kind may be written now; one that may not is counted.
    bool may_write(std::string_view kind, Time now);
    /// Whose time it is: the kinds of which lines were left out, with their numbers. They count anew from here.
    std::vector<std::pair<std::string, std::uint64_t>> take_left_out(Time now);
    /// Writes a line for each of them. Called every second or so.
    void tell_left_out(Time now);

  private:
    struct Kind {
        Time full_at{};  ///< when it may write as many at once as at first
        std::uint64_t left_out = 0;
        Time left_out_since{};
    };
    mutable std::mutex mutex_;
    std::map<std::string, Kind, std::less<>> kinds_;
    const std::uint64_t at_once_;
};

}  // namespace adit::logging

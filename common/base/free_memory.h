// Memory that was freed goes back to the system: after a peak, by itself, the allocator keeps what it had then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace adit {

/// Decides when. To look at the heap and to give back of it holds up whoever allocates meanwhile (milliseconds, for
/// hundreds of MiB), so either is done at most every kInterval. One thread at a time.
class FreeMemory {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Count = std::function<std::uint64_t()>;
    using GiveBack = std::function<void()>;

    static constexpr std::uint64_t kMuch = 32ULL << 20;  ///< bytes that have to be freed before it is worth the trouble
    static constexpr std::chrono::seconds kInterval{10};

    /// Of this process.
    FreeMemory();
    /// `count`: bytes that are free in the heap, whether the system has their pages or not.
    FreeMemory(Count count, GiveBack give_back) : count_(std::move(count)), give_back_(std::move(give_back)) {}

    /// Gives back what is free if much was freed since the last time. Called every so often.
    void look(Time now);
    /// Gives back what is free, however little: memory is short.
    void give_back(Time now);

  private:
    bool too_soon(Time now);

    Count count_;
    GiveBack give_back_;
    /// The fewest bytes that were free since they were given back. What is given back stays free for the allocator,
    /// so a large number alone tells nothing.
    std::uint64_t least_ = 0;
    Time next_ = Time::min();
};

}  // namespace adit

// How often something happened in the last minutes.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "connector/resilience/outcome.h"

namespace adit::resilience {

/// Counts by minutes. Any thread; at the turn of a minute a few may be lost.
class Lately {
  public:
    static constexpr std::size_t kMinutes = 5;

    void add(Time now) {
        const std::int64_t minute = minute_of(now);
        Cell& cell = cells_[static_cast<std::size_t>(minute) % kMinutes];
        if (cell.minute.exchange(minute, std::memory_order_relaxed) != minute) {
            cell.count.store(0, std::memory_order_relaxed);
        }
        cell.count.fetch_add(1, std::memory_order_relaxed);
    }
    std::uint64_t count(Time now) const {
        std::uint64_t all = 0;
        for (const Cell& cell : cells_) {
            const bool counts =
                minute_of(now) - cell.minute.load(std::memory_order_relaxed) < static_cast<std::int64_t>(kMinutes);
            all += counts ? cell.count.load(std::memory_order_relaxed) : 0;
        }
        return all;
    }

  private:
    struct Cell {
        std::atomic<std::int64_t> minute = -1'000'000;
        std::atomic<std::uint64_t> count = 0;
    };
    static std::int64_t minute_of(Time at) {
        return std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count();
    }
    std::array<Cell, kMinutes> cells_;
};

}  // namespace adit::resilience

// How much memory the request bodies take that are kept whole before they go on.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace adit::backend {

/// One for the process; any thread.
class HeldBudget {
  public:
    explicit HeldBudget(std::uint64_t most) : most_(most) {}

    /// Whether there was room for `n` bytes more; they are the caller's until it gives them back.
    bool take(std::size_t n) {
        if (held_.fetch_add(n, std::memory_order_relaxed) + n <= most_) {
            return true;
        }
        give_back(n);
        return false;
    }
    void give_back(std::size_t n) { held_.fetch_sub(n, std::memory_order_relaxed); }
    std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }
    std::uint64_t most() const { return most_; }

  private:
    const std::uint64_t most_;
    std::atomic<std::uint64_t> held_{0};
};

}  // namespace adit::backend

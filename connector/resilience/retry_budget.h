// How many of a backend's requests may be retries, so that they cannot become a storm: a share of those in progress,
// and tokens that failures spend and successes earn (as Finagle and the SDKs of AWS do it).
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "connector/config/resilience.h"

namespace adit::resilience {

class RetryBudget;

/// A request in progress, for as long as it lives.
class ActiveRequest {
  public:
    explicit ActiveRequest(RetryBudget* budget);
    ActiveRequest(const ActiveRequest&) = delete;
    ActiveRequest& operator=(const ActiveRequest&) = delete;
    ~ActiveRequest();

  private:
    RetryBudget* budget_;  ///< null: nobody counts
};

/// A retry, from the moment at which it is decided on, its pause included, until it has an answer.
class RetryPlace {
  public:
    RetryPlace() = default;
    RetryPlace(RetryBudget& budget, std::int32_t cost) : budget_(&budget), cost_(cost) {}
    RetryPlace(RetryPlace&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), cost_(other.cost_) {}
    RetryPlace& operator=(RetryPlace&& other) noexcept {
        std::swap(budget_, other.budget_);
        std::swap(cost_, other.cost_);
        return *this;
    }
    ~RetryPlace();

    explicit operator bool() const { return budget_ != nullptr; }
    /// It was worth it: what it has cost comes back.
    void succeeded();

  private:
    RetryBudget* budget_ = nullptr;
    std::int32_t cost_ = 0;
};

/// Of one backend, all workers; any thread. Exact: no two retries get the last place. Tokens are a hundred where the
/// floor is as by default, and grow with it; with 100 percent there is no budget.
class RetryBudget {
  public:
    static constexpr std::int32_t kCost = 5;
    static constexpr std::int32_t kCostAfterTimeout = 10;  ///< it has bound the origin for long

    explicit RetryBudget(const config::RetryBudget& settings);
    /// What a reload says; what is in progress goes on.
    void set(const config::RetryBudget& settings);

    /// A place, or none: then a retry is one too many. `after_timeout`: of a try that ran out of time.
    RetryPlace take(bool after_timeout);
    /// After its pause: whether there is still room for those that have a place.
    bool still_holds() const { return retries_.load(std::memory_order_relaxed) <= most(); }
    /// An origin has answered well.
    void earned() {
        if (tokens() < most_tokens_.load(std::memory_order_relaxed)) {
            earn(1);
        }
    }

    std::uint32_t active() const { return active_.load(std::memory_order_relaxed); }
    std::uint32_t retries() const { return retries_.load(std::memory_order_relaxed); }
    std::int32_t tokens() const { return tokens_.load(std::memory_order_relaxed); }
    /// There is no budget: all may be retries.
    bool unbounded() const { return percent_.load(std::memory_order_relaxed) >= 100; }
    /// Retries that there may be at once, as things stand.
    std::uint32_t most() const;

  private:
    friend class ActiveRequest;
    friend class RetryPlace;

    void earn(std::int32_t tokens);
    bool spend(std::int32_t cost);

    std::atomic<std::uint32_t> percent_{0};
    std::atomic<std::uint32_t> floor_{0};
    std::atomic<std::uint32_t> active_{0};
    std::atomic<std::uint32_t> retries_{0};
    std::atomic<std::int32_t> most_tokens_{0};
    std::atomic<std::int32_t> tokens_{0};
};

}  // namespace adit::resilience

// Counting retries; see retry_budget.h.
#include "connector/resilience/retry_budget.h"

#include <algorithm>
#include <limits>

namespace adit::resilience {

ActiveRequest::ActiveRequest(RetryBudget* budget) : budget_(budget) {
    if (budget_ != nullptr) {
        budget_->active_.fetch_add(1, std::memory_order_relaxed);
    }
}

ActiveRequest::~ActiveRequest() {
    if (budget_ != nullptr) {
        budget_->active_.fetch_sub(1, std::memory_order_relaxed);
    }
}

RetryPlace::~RetryPlace() {
    if (budget_ != nullptr) {
        budget_->retries_.fetch_sub(1, std::memory_order_relaxed);
    }
}

void RetryPlace::succeeded() {
    if (budget_ != nullptr) {
        budget_->earn(cost_);
    }
}

RetryBudget::RetryBudget(const config::RetryBudget& settings) {
    set(settings);
    tokens_ = most_tokens_.load();
}

void RetryBudget::set(const config::RetryBudget& settings) {
    percent_.store(settings.percent, std::memory_order_relaxed);
    floor_.store(settings.floor, std::memory_order_relaxed);
    const std::uint32_t scale = std::max(settings.floor, config::defaults::retry_budget_floor);
    most_tokens_.store(
        static_cast<std::int32_t>(config::defaults::retry_tokens * scale / config::defaults::retry_budget_floor),
        std::memory_order_relaxed);
}

std::uint32_t RetryBudget::most() const {
    if (unbounded()) {
        return std::numeric_limits<std::uint32_t>::max();
    }
    const std::uint64_t share = std::uint64_t{active()} * percent_.load(std::memory_order_relaxed) / 100;
    return std::max(static_cast<std::uint32_t>(share), floor_.load(std::memory_order_relaxed));
}

RetryPlace RetryBudget::take(bool after_timeout) {
    std::uint32_t now = retries_.load(std::memory_order_relaxed);
    do {
        if (now >= most()) {
            return {};
        }
    } while (!retries_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
    const std::int32_t cost = after_timeout ? kCostAfterTimeout : kCost;
    if (!unbounded() && !spend(cost)) {
        retries_.fetch_sub(1, std::memory_order_relaxed);
        return {};
    }
    return {*this, cost};
}

bool RetryBudget::spend(std::int32_t cost) {
    std::int32_t have = tokens_.load(std::memory_order_relaxed);
    do {
        if (have < cost) {
            return false;
        }
    } while (!tokens_.compare_exchange_weak(have, have - cost, std::memory_order_relaxed));
    return true;
}

void RetryBudget::earn(std::int32_t tokens) {
    const std::int32_t most = most_tokens_.load(std::memory_order_relaxed);
    std::int32_t have = tokens_.load(std::memory_order_relaxed);
    while (have < most &&
           !tokens_.compare_exchange_weak(have, std::min(most, have + tokens), std::memory_order_relaxed)) {
    }
}

}  // namespace adit::resilience

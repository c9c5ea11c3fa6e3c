// When an endpoint could not be reached, as all workers know it: for the operator, not for the choice of endpoints.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace adit::backend {

/// One endpoint's, shared by the workers. A failed try costs one store.
class Reach {
  public:
    using Clock = std::chrono::system_clock;

    void failed(Clock::time_point now) { failed_at_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
    std::optional<Clock::time_point> failed_at() const {
        const auto at = failed_at_.load(std::memory_order_relaxed);
        return at == 0 ? std::nullopt : std::optional(Clock::time_point(Clock::duration(at)));
    }

  private:
    std::atomic<Clock::rep> failed_at_{0};
};

/// Of a backend's endpoints, in their order.
using Reaches = std::vector<std::shared_ptr<Reach>>;

}  // namespace adit::backend

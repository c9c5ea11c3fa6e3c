// Metrics of the operators' own server.
#pragma once

#include <array>
#include <cstdint>

#include "common/metrics/metrics.h"
#include "common/status/caller.h"

namespace adit {

class AdminMetrics {
  public:
    explicit AdminMetrics(metrics::Registry& registry);
    void refused(status::Refusal::Why why) { refused_[static_cast<std::size_t>(why)]->Increment(); }
    /// `failures`: of all the time.
    void audit(bool writable, std::uint64_t failures) {
        audit_writable_->Set(writable ? 1 : 0);
        audit_failures_->Increment(static_cast<double>(failures - failures_shown_));
        failures_shown_ = failures;
    }

  private:
    metrics::Gauge* audit_writable_;
    metrics::Counter* audit_failures_;
    std::uint64_t failures_shown_ = 0;
    std::array<metrics::Counter*, status::Refusal::kWhys> refused_;
};

}  // namespace adit

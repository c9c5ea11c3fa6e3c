// Metrics of the operators' own server.
#pragma once

#include <array>

#include "common/metrics/metrics.h"
#include "common/status/caller.h"

namespace adit {

class AdminMetrics {
  public:
    explicit AdminMetrics(metrics::Registry& registry);
    void refused(status::Refusal::Why why) { refused_[static_cast<std::size_t>(why)]->Increment(); }

  private:
    std::array<metrics::Counter*, status::Refusal::kWhys> refused_;
};

}  // namespace adit

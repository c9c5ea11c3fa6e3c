// When what clients and agents trust comes to its end, as gauges that an alert can look at.
#pragma once

#include <memory>
#include <vector>

#include "common/metrics/metrics.h"
#include "connector/generation.h"
#include "connector/store/record.h"

namespace adit {

/// Main thread. What never ends is not shown; what is not there any more disappears.
class Expiries {
  public:
    explicit Expiries(metrics::Registry& registry) : registry_(registry) {}

    /// The certificates of its listeners, the OCSP responses that are stapled, the revocation lists that are asked.
    void show_certificates(const Generation& generation);
    /// The keys of tunnels, which their tokens hold.
    void show_keys(const std::vector<TunnelRecord>& tunnels);

  private:
    using Gauges = std::vector<std::unique_ptr<metrics::PassingGauges>>;

    metrics::Registry& registry_;
    void show(const std::string& listener, const char* label, const std::string& of, const char* gauge,
              const char* help, WallTime at);

    Gauges certificates_;
    Gauges keys_;
};

}  // namespace adit

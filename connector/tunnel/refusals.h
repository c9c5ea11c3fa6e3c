// Agents that were turned away lately, for the operator who asks why one does not come.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/time.h"

namespace adit::tunnel {

/// Refusals of one address for one reason.
struct Refusal {
    std::string address;  ///< without its port, which differs each time
    std::string reason;
    WallTime last;
    std::uint64_t count = 0;
};

/// Touched when an agent is refused, never by requests. From any thread.
class Refusals {
  public:
    void add(const std::string& address, const std::string& reason, WallTime now);
    /// Those not older than `within`, the latest first.
    std::vector<Refusal> lately(WallTime now, std::chrono::seconds within) const;

  private:
    static constexpr std::size_t kMost = 16;  ///< then the oldest is forgotten

    mutable std::mutex mutex_;
    std::vector<Refusal> list_;  ///< the latest first
};

}  // namespace adit::tunnel

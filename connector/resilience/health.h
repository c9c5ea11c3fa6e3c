// When results of active checks change what an endpoint is taken for.
#pragma once

#include <cstdint>

namespace adit::resilience {

/// Before its first verdict an endpoint counts as well.
enum class Health : std::uint8_t { unknown, healthy, unhealthy };

/// So many results of one kind in a row make the verdict; one of the other kind begins anew.
class HealthTally {
  public:
    HealthTally(std::uint32_t unhealthy_after, std::uint32_t healthy_after, Health health)
        : unhealthy_after_(unhealthy_after), healthy_after_(healthy_after), health_(health) {}

    /// The verdict with one more result. A first good one suffices while nothing is known.
    Health record(bool good) {
        in_a_row_ = good == last_good_ ? in_a_row_ + 1 : 1;
        last_good_ = good;
        if (good && (health_ == Health::unknown || in_a_row_ >= healthy_after_)) {
            health_ = Health::healthy;
        } else if (!good && in_a_row_ >= unhealthy_after_) {
            health_ = Health::unhealthy;
        }
        return health_;
    }
    Health health() const { return health_; }
    std::uint32_t in_a_row() const { return in_a_row_; }

  private:
    std::uint32_t unhealthy_after_;
    std::uint32_t healthy_after_;
    std::uint32_t in_a_row_ = 0;
    bool last_good_ = true;
    Health health_;
};

}  // namespace adit::resilience

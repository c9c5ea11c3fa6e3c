// One worker's choice among the endpoints of a backend; indices only, no connections.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "connector/backend/roster.h"
#include "connector/config/defaults.h"
#include "connector/resilience/ranking.h"

namespace adit::backend {

/// Reads the roster again when it has changed; between changes a choice looks at two endpoints.
class Spread {
  public:
    using Time = resilience::Time;
    using Taken = std::bitset<config::bounds::endpoints>;
    /// What one request brings along.
    struct Draw {
        double begin = 0.0;                     ///< from [0, 1): the level that it begins with
        std::optional<std::uint64_t> key = {};  ///< of hash; none: by chance
    };

    explicit Spread(std::shared_ptr<Roster> roster, Random random = Random());

    Draw draw(std::optional<std::uint64_t> key);
    /// The best one that is not taken; nothing when there is none. `first`: none of them is.
    std::optional<std::uint32_t> pick(const Draw& draw, const Taken& taken, bool first, Time now);
    /// It could not be reached: others come first until then.
    void avoid(std::size_t member, Time until, Time now);
    bool avoided(std::size_t member, Time now) const { return avoid_until_[member] > now; }
    bool panicking() const { return ranking_.panicking; }

    Roster& roster() { return *roster_; }
    double uniform() { return random_.uniform(); }

  private:
    void refresh(Time now);
    std::optional<std::uint32_t> pick_from(std::size_t rank, const Draw& draw, const Taken& taken, bool first);
    std::uint32_t pick_first(const resilience::Rank& rank);
    std::optional<std::uint32_t> pick_other(const resilience::Rank& rank, const Taken& taken);
    std::uint32_t less_busy_of_two(const resilience::Rank& rank);
    std::uint32_t in_turn(const resilience::Rank& rank);
    double load(std::uint32_t at) const;

    std::shared_ptr<Roster> roster_;
    Random random_;
    resilience::Ranking ranking_;
    std::vector<resilience::Entrant> entrants_;
    std::vector<std::uint32_t> rank_of_;  ///< by member, for the ring; its place in the ranking, or none
    std::vector<Time> avoid_until_;       ///< by member
    std::vector<double> credit_;          ///< by member, of turns that follow weights
    std::uint64_t turn_;
    std::uint32_t epoch_ = 0;  ///< of the ranking; 0: there is none
    Time stands_until_{};
};

}  // namespace adit::backend

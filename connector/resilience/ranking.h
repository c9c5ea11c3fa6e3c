// In which order endpoints come into question: the well ones by priority and zone, then those that are not. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace adit::resilience {

/// What is known against an endpoint.
enum class Fitness : std::uint8_t {
    well,
    ejected,    ///< by its own traffic
    unhealthy,  ///< by active checks
};

/// An endpoint as it stands now.
struct Entrant {
    std::uint32_t priority = 0;
    bool near = true;     ///< in our zone, or there are no zones
    double weight = 1.0;  ///< of now, slow start included; 0: only when nobody else is well
    Fitness fitness = Fitness::well;
    bool avoided = false;  ///< it could not be reached a moment ago
};

/// Endpoints that are as good as each other, and which part of all requests begins with them.
struct Rank {
    std::uint32_t first = 0;  ///< its members: [first, last) of Ranking::members
    std::uint32_t last = 0;
    double until = 0.0;   ///< draws from [0, 1) below this, and not below the one before, begin here
    double weight = 0.0;  ///< of its members together
    bool even = true;     ///< they all weigh the same
    std::uint32_t size() const { return last - first; }
};

/// Made whenever something about the endpoints has changed; picking is done by who holds it.
///
/// Priorities, and in each of them our zone before others, form levels. A level takes requests in the measure in which
/// it is well, with reserve: all of them down to 1/1.4 of its endpoints (Envoy's overprovisioning factor), then ever
/// fewer; what it cannot take begins with the next. Where all levels together cannot take all, each takes its part, and
/// levels with fewer healthy endpoints than the panic threshold use all of theirs: that so many are ill is less likely
/// than that those who say so are, and the few that are left would be crushed.
struct Ranking {
    std::vector<Rank> ranks;             ///< in order of preference; those without a share of draws come last
    std::vector<std::uint32_t> members;  ///< indices of entrants
    std::vector<double> up_to;           ///< by member: its weight and those before it in its rank
    bool panicking = false;              ///< some level uses endpoints that are said to be ill

    /// `panic`: percent; 0: never. Reuses memory.
    void make(std::span<const Entrant> entrants, std::uint32_t panic);
    /// The rank that a draw from [0, 1) begins with; 0 where there are none.
    std::size_t begin(double draw) const;
    /// The member of a rank that a draw from [0, 1) means, each in the measure of its weight: an index of `members`.
    std::uint32_t drawn(const Rank& rank, double draw) const;

  private:
    struct Level {
        std::uint32_t priority;
        bool near;
        std::uint32_t all = 0;  ///< endpoints with a weight, as below
        std::uint32_t healthy = 0;
        std::uint32_t well = 0;
        bool panics = false;
        double share = 0.0;
    };
    struct Place {
        std::uint32_t group;  ///< well, without weight, avoided, ejected
        std::uint32_t level;
        std::uint32_t entrant;
    };
    void find_levels(std::span<const Entrant> entrants);
    void share_out(std::uint32_t panic);
    void place(std::span<const Entrant> entrants);
    void form_ranks(std::span<const Entrant> entrants);
    std::uint32_t level_of(const Entrant& entrant) const;

    std::vector<Level> levels_;
    std::vector<Place> places_;
};

}  // namespace adit::resilience

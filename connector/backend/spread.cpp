// Least request, turns, chance and hashing; see spread.h.
#include "connector/backend/spread.h"

#include <algorithm>

namespace adit::backend {
namespace {

constexpr std::uint32_t kNoRank = ~0U;

}  // namespace

Spread::Spread(std::shared_ptr<Roster> roster, Random random)
    : roster_(std::move(roster)),
      random_(random),
      avoid_until_(roster_->members().size()),
      credit_(roster_->members().size()),
      turn_(random_.next() % std::max<std::size_t>(roster_->members().size(), 1)) {}

Spread::Draw Spread::draw(std::optional<std::uint64_t> key) {
    if (roster_->ring() == nullptr || !key) {
        return {.begin = random_.uniform()};
    }
    // One key begins with one level for as long as the levels' shares stay; other bits than those of the ring.
    return {.begin = Random(*key).uniform(), .key = key};
}

void Spread::refresh(Time now) {
    const std::uint32_t epoch = roster_->epoch();
    if (epoch == epoch_ && now < stands_until_) {
        return;
    }
    epoch_ = epoch;
    stands_until_ = roster_->enter(entrants_, now);
    for (std::size_t i = 0; i < entrants_.size(); ++i) {
        if (avoid_until_[i] > now) {
            entrants_[i].avoided = true;
            stands_until_ = std::min(stands_until_, avoid_until_[i]);
        }
    }
    ranking_.make(entrants_, roster_->balance().panic);
    rank_of_.assign(entrants_.size(), kNoRank);
    for (std::size_t i = 0; i < ranking_.ranks.size(); ++i) {
        for (std::uint32_t at = ranking_.ranks[i].first; at < ranking_.ranks[i].last; ++at) {
            rank_of_[ranking_.members[at]] = static_cast<std::uint32_t>(i);
        }
    }
}

void Spread::avoid(std::size_t member, Time until, Time now) {
    const bool known = avoid_until_[member] > now;
    avoid_until_[member] = until;
    if (!known) {
        epoch_ = 0;
    }
}

std::optional<std::uint32_t> Spread::pick(const Draw& draw, const Taken& taken, bool first, Time now) {
    refresh(now);
    if (ranking_.ranks.empty()) {
        return std::nullopt;
    }
    if (first && ranking_.panicking) {
        roster_->panicked();
    }
    const std::size_t begin = ranking_.begin(draw.begin);
    auto one = pick_from(begin, draw, taken, first);
    for (std::size_t i = 0; !one && i < ranking_.ranks.size(); ++i) {
        one = i == begin ? std::nullopt : pick_from(i, draw, taken, first);
    }
    return one;
}

std::optional<std::uint32_t> Spread::pick_from(std::size_t rank, const Draw& draw, const Taken& taken, bool first) {
    const resilience::Rank& among = ranking_.ranks[rank];
    if (draw.key && among.weight > 0.0) {
        const auto found = roster_->ring()->find(
            *draw.key, [&](std::uint32_t member) { return rank_of_[member] == rank && !taken.test(member); });
        return found ? std::optional(static_cast<std::uint32_t>(*found)) : std::nullopt;
    }
    return first ? std::optional(pick_first(among)) : pick_other(among, taken);
}

std::uint32_t Spread::pick_first(const resilience::Rank& rank) {
    using By = config::Balance::By;
    if (rank.size() == 1) {
        return ranking_.members[rank.first];
    }
    switch (roster_->balance().by) {
        case By::least_request:
            return less_busy_of_two(rank);
        case By::round_robin:
            return in_turn(rank);
        case By::random:
        case By::hash:
            break;
    }
    return ranking_.members[ranking_.drawn(rank, random_.uniform())];
}

/// In flight by weight. An idle endpoint has none whatever it weighs: then the draw, which followed weights, decides.
double Spread::load(std::uint32_t at) const {
    const std::uint32_t member = ranking_.members[at];
    const double weight = std::max(entrants_[member].weight, 1e-9);
    return roster_->members()[member].vitals->in_flight() / weight;
}

/// Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996.
std::uint32_t Spread::less_busy_of_two(const resilience::Rank& rank) {
    const std::uint32_t one = ranking_.drawn(rank, random_.uniform());
    std::uint32_t other = ranking_.drawn(rank, random_.uniform());
    if (other == one && rank.even) {
        other = rank.first +
                (one - rank.first + 1 + static_cast<std::uint32_t>(random_.below(rank.size() - 1))) % rank.size();
    }
    return ranking_.members[load(other) < load(one) ? other : one];
}

/// Each in turn; by weight as nginx does it: who is owed most goes, and owes all the others.
std::uint32_t Spread::in_turn(const resilience::Rank& rank) {
    if (rank.even) {
        return ranking_.members[rank.first + static_cast<std::uint32_t>(turn_++ % rank.size())];
    }
    std::uint32_t best = ranking_.members[rank.first];
    for (std::uint32_t at = rank.first; at < rank.last; ++at) {
        const std::uint32_t member = ranking_.members[at];
        credit_[member] += entrants_[member].weight;
        if (credit_[member] > credit_[best]) {
            best = member;
        }
    }
    credit_[best] -= rank.weight;
    return best;
}

/// For a further try: the less busy one of the next two in a row that begins by chance.
std::optional<std::uint32_t> Spread::pick_other(const resilience::Rank& rank, const Taken& taken) {
    std::optional<std::uint32_t> best;
    const auto begin = static_cast<std::uint32_t>(random_.below(rank.size()));
    int seen = 0;
    for (std::uint32_t i = 0; i < rank.size() && seen < 2; ++i) {
        const std::uint32_t at = rank.first + (begin + i) % rank.size();
        if (taken.test(ranking_.members[at])) {
            continue;
        }
        ++seen;
        if (!best || load(at) < load(*best)) {
            best = at;
        }
    }
    return best ? std::optional(ranking_.members[*best]) : std::nullopt;
}

}  // namespace adit::backend

// Levels, their shares, and the order that follows; see ranking.h.
#include "connector/resilience/ranking.h"

#include <algorithm>
#include <tuple>

namespace adit::resilience {
namespace {

constexpr double kReserve = 1.4;
enum Group : std::uint32_t { kWell, kWeightless, kAvoided, kEjected };

}  // namespace

void Ranking::make(std::span<const Entrant> entrants, std::uint32_t panic) {
    find_levels(entrants);
    share_out(panic);
    place(entrants);
    form_ranks(entrants);
}

void Ranking::find_levels(std::span<const Entrant> entrants) {
    levels_.clear();
    for (const Entrant& one : entrants) {
        const auto same = [&](const Level& level) { return level.priority == one.priority && level.near == one.near; };
        if (std::ranges::none_of(levels_, same)) {
            levels_.push_back({.priority = one.priority, .near = one.near});
        }
    }
    std::ranges::sort(levels_, [](const Level& a, const Level& b) {
        return std::tuple(a.priority, !a.near) < std::tuple(b.priority, !b.near);
    });
    for (const Entrant& one : entrants) {
        if (one.weight <= 0.0) {
            continue;
        }
        Level& level = levels_[level_of(one)];
        ++level.all;
        level.healthy += one.fitness == Fitness::well ? 1 : 0;
        level.well += one.fitness == Fitness::well && !one.avoided ? 1 : 0;
    }
}

std::uint32_t Ranking::level_of(const Entrant& entrant) const {
    const auto found = std::ranges::find_if(
        levels_, [&](const Level& level) { return level.priority == entrant.priority && level.near == entrant.near; });
    return static_cast<std::uint32_t>(found - levels_.begin());
}

void Ranking::share_out(std::uint32_t panic) {
    panicking = false;
    double left = 1.0;
    for (Level& level : levels_) {
        const double able = level.all == 0 ? 0.0 : std::min(1.0, kReserve * level.well / level.all);
        level.share = std::min(able, left);
        left -= level.share;
    }
    if (left <= 0.0) {
        return;
    }
    for (Level& level : levels_) {
        level.share = left < 1.0 ? level.share / (1.0 - left) : 0.0;
        level.panics = level.all > 0 && level.healthy * 100 < panic * level.all;
        panicking = panicking || level.panics;
    }
    if (left < 1.0) {
        return;
    }
    // Nobody is well: whoever panics first takes all.
    const auto first = std::ranges::find_if(levels_, &Level::panics);
    if (first != levels_.end()) {
        first->share = 1.0;
    }
}

void Ranking::place(std::span<const Entrant> entrants) {
    places_.clear();
    for (std::size_t i = 0; i < entrants.size(); ++i) {
        const Entrant& one = entrants[i];
        const std::uint32_t level = level_of(one);
        const bool used_anyway = levels_[level].panics && one.weight > 0.0;
        if (one.fitness == Fitness::unhealthy && !used_anyway) {
            continue;
        }
        const Group group = one.avoided                                       ? kAvoided
                            : one.fitness == Fitness::ejected && !used_anyway ? kEjected
                            : one.weight <= 0.0                               ? kWeightless
                                                                              : kWell;
        places_.push_back({group, level, static_cast<std::uint32_t>(i)});
    }
    std::ranges::sort(places_, [](const Place& a, const Place& b) {
        return std::tuple(a.group, a.level, a.entrant) < std::tuple(b.group, b.level, b.entrant);
    });
}

void Ranking::form_ranks(std::span<const Entrant> entrants) {
    ranks.clear();
    members.clear();
    up_to.clear();
    double until = 0.0;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const Place& one = places_[i];
        if (i == 0 || one.group != places_[i - 1].group || one.level != places_[i - 1].level) {
            const auto at = static_cast<std::uint32_t>(members.size());
            until += one.group == kWell ? levels_[one.level].share : 0.0;
            ranks.push_back({.first = at, .last = at, .until = until});
        }
        Rank& rank = ranks.back();
        const double weight = std::max(entrants[one.entrant].weight, 0.0);
        rank.even = rank.even && weight == entrants[places_[i - rank.size()].entrant].weight;
        rank.weight += weight;
        ++rank.last;
        members.push_back(one.entrant);
        up_to.push_back(rank.weight);
    }
}

std::size_t Ranking::begin(double draw) const {
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        if (draw < ranks[i].until) {
            return i;
        }
    }
    return 0;
}

std::uint32_t Ranking::drawn(const Rank& rank, double draw) const {
    if (rank.even) {
        return rank.first + std::min(static_cast<std::uint32_t>(draw * rank.size()), rank.size() - 1);
    }
    const auto from = up_to.begin() + rank.first;
    const auto to = up_to.begin() + rank.last;
    const auto found = std::upper_bound(from, to, draw * rank.weight);
    return static_cast<std::uint32_t>((found == to ? to - 1 : found) - up_to.begin());
}

}  // namespace adit::resilience

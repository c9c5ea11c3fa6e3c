// Levels out of readings; see overload.h.
#include "connector/resilience/overload.h"

#include <algorithm>
#include <cmath>

namespace adit::resilience {
namespace {

constexpr double kDownAt = 0.98;         ///< of where a level began
constexpr double kNextToNothing = 0.95;  ///< of what lies beyond the share: then everything is shed

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view name(Level level) {
    static constexpr std::array<std::string_view, 5> names{"none", "low", "normal", "high", "all"};
    return names[static_cast<std::size_t>(level)];
}

std::string_view name(Resource resource) {
    static constexpr std::array<std::string_view, kResources> names{"none", "memory", "descriptors", "lag", "requests"};
    return names[static_cast<std::size_t>(resource)];
}

std::string_view name(config::Priority priority) {
    static constexpr std::array<std::string_view, kPriorities> names{"low", "normal", "high", "critical"};
    return names[static_cast<std::size_t>(priority)];
}

Steps steps_of_share(std::uint32_t percent) {
    const double share = percent / 100.0;
    const double rest = 1 - share;
    return {share, share + rest / 2, share + rest * 3 / 4, share + rest * kNextToNothing};
}

Steps steps_of_lag(std::chrono::nanoseconds lag) {
    return {seconds(lag), 2 * seconds(lag), 4 * seconds(lag), std::numeric_limits<double>::infinity()};
}

Level Gradation::update(double reading, const Steps& steps) {
    const auto level_at = [&](double factor) {
        return static_cast<Level>(
            std::ranges::count_if(steps, [&](double begin) { return reading >= begin * factor; }));
    };
    level_ = std::clamp(level_, level_at(1), level_at(kDownAt));
    return level_;
}

std::chrono::nanoseconds StandingLag::add(std::chrono::nanoseconds reading) {
    readings_.push_back(reading);
    if (readings_.size() < kReadings) {
        return std::chrono::nanoseconds(0);
    }
    if (readings_.size() > kReadings) {
        readings_.pop_front();
    }
    return *std::ranges::min_element(readings_);
}

std::array<std::uint32_t, kPriorities> bounds_of_requests(std::uint32_t most, std::uint32_t percent) {
    const Steps steps = steps_of_share(percent);
    const auto part = [&](double share) {
        return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::ceil(share * most)));
    };
    return {std::max<std::uint32_t>(1, static_cast<std::uint32_t>(steps[0] * most)), part(steps[1]), part(steps[2]),
            std::max<std::uint32_t>(1, most)};
}

void Overload::configure(const config::Shed& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
    const bool bounded = settings.enabled && settings.requests > 0;
    const auto bounds = bounded ? bounds_of_requests(settings.requests, settings.share) : kNoBounds;
    for (std::size_t i = 0; i < kPriorities; ++i) {
        bounds_[i].store(bounds[i], std::memory_order_relaxed);
    }
}

config::Shed Overload::settings() const {
    const std::lock_guard lock(mutex_);
    return settings_;
}

void Overload::update(const Load& load, std::span<const std::chrono::nanoseconds> lag) {
    const std::lock_guard lock(mutex_);
    const Steps of_share = steps_of_share(settings_.share);
    const Steps of_lag = steps_of_lag(settings_.lag);
    memory_.update(load.memory, of_share);
    descriptors_.update(load.descriptors, of_share);
    const bool on = settings_.enabled;
    short_of_descriptors_.store(on && descriptors_.level() >= Level::high, std::memory_order_relaxed);
    for (std::size_t i = 0; i < std::min(lag.size(), lags_.size()); ++i) {
        lags_[i].gradation.update(seconds(lags_[i].standing.add(lag[i])), of_lag);
        Standing worst{memory_.level(), Resource::memory};
        for (const Standing& other : {Standing{descriptors_.level(), Resource::descriptors},
                                      Standing{lags_[i].gradation.level(), Resource::lag}}) {
            worst = other.level > worst.level ? other : worst;
        }
        standings_[i].store(on && worst.level > Level::none ? worst : Standing(), std::memory_order_relaxed);
    }
}

Resource Overload::enter(unsigned worker, config::Priority priority) {
    const Standing standing = standings_[worker].load(std::memory_order_relaxed);
    if (sheds(standing.level, priority)) {
        return standing.resource;
    }
    const std::uint32_t bound = bounds_[static_cast<std::size_t>(priority)].load(std::memory_order_relaxed);
    if (in_progress_.fetch_add(1, std::memory_order_relaxed) >= bound) {
        leave();
        return Resource::requests;
    }
    return Resource::none;
}

Overload::Standing Overload::worst() const {
    Standing worst;
    for (const auto& one : standings_) {
        const Standing standing = one.load(std::memory_order_relaxed);
        worst = standing.level > worst.level ? standing : worst;
    }
    return worst;
}

std::array<Level, kResources> Overload::levels() const {
    std::array<Level, kResources> levels{};
    const std::uint32_t in_progress = this->in_progress();
    const auto refused = std::ranges::count_if(bounds_, [&](const auto& bound) { return in_progress >= bound.load(); });
    levels[static_cast<std::size_t>(Resource::requests)] = static_cast<Level>(refused);
    const std::lock_guard lock(mutex_);
    if (settings_.enabled) {
        levels[static_cast<std::size_t>(Resource::memory)] = memory_.level();
        levels[static_cast<std::size_t>(Resource::descriptors)] = descriptors_.level();
        for (const WorkerLag& one : lags_) {
            Level& lag = levels[static_cast<std::size_t>(Resource::lag)];
            lag = std::max(lag, one.gradation.level());
        }
    }
    return levels;
}

}  // namespace adit::resilience

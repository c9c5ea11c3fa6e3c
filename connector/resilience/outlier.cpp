// Who goes, for how long, and who has to stay; see outlier.h.
#include "connector/resilience/outlier.h"

#include <algorithm>

namespace adit::resilience {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kJitterMost = 10s;
constexpr std::uint64_t kLatencyFloor = 10'000;  ///< microseconds: who is slower by less than that is not slow

/// Microseconds a call, where enough of them were timed.
std::uint64_t mean_latency(const OutlierRecord& record, std::uint32_t minimum) {
    const std::uint32_t timed = record.timed.load(std::memory_order_relaxed);
    if (timed == 0 || timed < minimum) {
        return 0;
    }
    return std::max<std::uint64_t>(record.microseconds.load(std::memory_order_relaxed) / timed, 1);
}

/// The middle one; of an even number the lower one of the two. 0 where there is none.
std::uint64_t median(std::vector<std::uint64_t> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

std::string_view name(Ejection::Ground ground) {
    switch (ground) {
        case Ejection::Ground::consecutive:
            return "consecutive";
        case Ejection::Ground::success_rate:
            return "success-rate";
        case Ejection::Ground::latency:
            break;
    }
    return "latency";
}

Outliers::Outliers(const config::Outlier& settings, std::vector<std::shared_ptr<OutlierRecord>> records,
                   std::shared_ptr<std::mutex> guard)
    : settings_(settings),
      records_(std::move(records)),
      guard_(std::move(guard)),
      rates_(settings.success_rate > 0 || settings.latency > 0) {}

std::size_t Outliers::most() const {
    if (records_.size() < 2 || settings_.ejected_most == 0) {
        return 0;
    }
    return std::clamp<std::size_t>(records_.size() * settings_.ejected_most / 100, 1, records_.size() - 1);
}

std::vector<Ejection> Outliers::record(std::size_t endpoint, const Outcome& outcome, Time now, double uniform) {
    std::vector<Ejection> gone;
    OutlierRecord& about = *records_[endpoint];
    // What was under way when it was ejected says nothing new.
    if (outcome.end == Outcome::End::neutral || about.ejected(now)) {
        return gone;
    }
    const bool run = count(about, outcome);
    const Clock::rep ends = rates_ ? interval_ends_.load(std::memory_order_relaxed) : 0;
    const bool due = rates_ && now.time_since_epoch().count() >= ends;
    if (!run && !due) {
        return gone;
    }
    const std::lock_guard lock(*guard_);
    if (run && about.consecutive.load(std::memory_order_relaxed) >= settings_.consecutive) {
        eject(endpoint, Ejection::Ground::consecutive, about.consecutive.load(std::memory_order_relaxed), now, uniform,
              gone);
    }
    if (due && interval_ends_.load(std::memory_order_relaxed) == ends) {
        if (ends != 0) {
            look_at_rates(now, uniform, gone);
            look_at_latencies(now, uniform, gone);
            end_interval();
        }
        interval_ends_.store((now + settings_.interval).time_since_epoch().count(), std::memory_order_relaxed);
    }
    return gone;
}

/// Whether it has failed so often in a row that it may have to go.
bool Outliers::count(OutlierRecord& record, const Outcome& outcome) const {
    const bool failure = meets(settings_.on, outcome);
    if (!failure && outcome.throttled()) {
        return false;  // busy, not ill
    }
    if (rates_) {
        record.calls.fetch_add(1, std::memory_order_relaxed);
        // A refusal is quick, and says nothing of how long answers take.
        if (outcome.end == Outcome::End::answered || outcome.end == Outcome::End::timeout) {
            record.timed.fetch_add(1, std::memory_order_relaxed);
            record.microseconds.fetch_add(
                static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(outcome.took).count()),
                std::memory_order_relaxed);
        }
    }
    if (!failure) {
        if (record.consecutive.load(std::memory_order_relaxed) != 0) {
            record.consecutive.store(0, std::memory_order_relaxed);
        }
        return false;
    }
    if (rates_) {
        record.failures.fetch_add(1, std::memory_order_relaxed);
    }
    const std::uint32_t in_a_row = record.consecutive.fetch_add(1, std::memory_order_relaxed) + 1;
    return settings_.consecutive > 0 && in_a_row >= settings_.consecutive;
}

/// Under the lock. Whether so few would be away with it that the rest can be trusted, and somebody is left.
bool Outliers::may_go(std::size_t endpoint, Time now) const {
    std::size_t away = 0;
    std::size_t left = 0;
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const bool ejected = records_[i]->ejected(now);
        away += ejected ? 1 : 0;
        left += i != endpoint && !ejected && !records_[i]->down.load(std::memory_order_relaxed) ? 1 : 0;
    }
    return !records_[endpoint]->ejected(now) && away < most() && left > 0;
}

bool Outliers::eject(std::size_t endpoint, Ejection::Ground ground, std::uint32_t measured, Time now, double uniform,
                     std::vector<Ejection>& gone) {
    if (!may_go(endpoint, now)) {
        return false;
    }
    OutlierRecord& record = *records_[endpoint];
    std::uint32_t times = record.times.load(std::memory_order_relaxed);
    if (times > 0) {
        // As long as an ejection lasts at first, spent well, and one of them is forgotten.
        const auto well = (now - record.back()) / settings_.ejection;
        times -= static_cast<std::uint32_t>(std::min<std::int64_t>(well, times));
    }
    ++times;
    std::chrono::milliseconds lasts = std::min(settings_.ejection * times, settings_.ejection_most);
    const std::chrono::milliseconds jitter = std::min(kJitterMost, lasts / 3);
    lasts += std::chrono::milliseconds(static_cast<std::int64_t>(uniform * static_cast<double>(jitter.count())));
    record.times.store(times, std::memory_order_relaxed);
    record.consecutive.store(0, std::memory_order_relaxed);
    record.ejected_until.store((now + lasts).time_since_epoch().count(), std::memory_order_relaxed);
    gone.push_back({endpoint, ground, lasts, times, measured});
    return true;
}

void Outliers::look_at_rates(Time now, double uniform, std::vector<Ejection>& gone) {
    for (std::size_t i = 0; settings_.success_rate > 0 && i < records_.size(); ++i) {
        const std::uint64_t calls = records_[i]->calls.load(std::memory_order_relaxed);
        const std::uint64_t failures =
            std::min<std::uint64_t>(records_[i]->failures.load(std::memory_order_relaxed), calls);
        if (calls == 0 || calls < settings_.minimum) {
            continue;
        }
        const std::uint64_t successes = (calls - failures) * 100 / calls;
        if (successes < settings_.success_rate) {
            eject(i, Ejection::Ground::success_rate, static_cast<std::uint32_t>(successes), now, uniform, gone);
        }
    }
}

void Outliers::look_at_latencies(Time now, double uniform, std::vector<Ejection>& gone) {
    for (std::size_t i = 0; settings_.latency > 0 && i < records_.size(); ++i) {
        const std::uint64_t own = mean_latency(*records_[i], settings_.minimum);
        std::vector<std::uint64_t> others;
        for (std::size_t j = 0; own > 0 && j < records_.size(); ++j) {
            const std::uint64_t other = j == i ? 0 : mean_latency(*records_[j], settings_.minimum);
            if (other > 0) {
                others.push_back(other);
            }
        }
        const std::uint64_t usual = median(std::move(others));
        if (usual > 0 && own > usual + kLatencyFloor && own * 100 > usual * settings_.latency) {
            eject(i, Ejection::Ground::latency, static_cast<std::uint32_t>(own * 100 / usual), now, uniform, gone);
        }
    }
}

void Outliers::end_interval() {
    for (const auto& record : records_) {
        record->calls.store(0, std::memory_order_relaxed);
        record->failures.store(0, std::memory_order_relaxed);
        record->timed.store(0, std::memory_order_relaxed);
        record->microseconds.store(0, std::memory_order_relaxed);
    }
}

}  // namespace adit::resilience

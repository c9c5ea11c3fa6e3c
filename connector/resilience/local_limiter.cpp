// Rows in sets, and what is decided in one; see local_limiter.h.
#include "connector/resilience/local_limiter.h"

#include <algorithm>
#include <bit>

namespace adit::resilience {

LocalLimiter::LocalLimiter(std::size_t windows, std::size_t callers)
    : windows_(windows), stride_(arrivals + windows), rows_most_(std::bit_ceil(std::max(kSet, callers / kShards))) {}

LocalLimiter::Row LocalLimiter::row(Shard& shard, std::size_t index) const {
    return Row(shard.cells).subspan(index * stride_, stride_);
}

std::size_t LocalLimiter::first_of_set(const Shard& shard, std::uint64_t hash) const {
    const std::size_t sets = shard.cells.size() / stride_ / kSet;
    return ((hash / kShards) & (sets - 1)) * kSet;
}

/// When nothing is remembered any more that a new row would not say.
ArrivalTime LocalLimiter::last_time(Row row) {
    return std::ranges::max(row.subspan(refusals_until));
}

bool LocalLimiter::is_free(Row row, ArrivalTime now) {
    return row[hash] == 0 || last_time(row) <= now;
}

std::optional<LocalLimiter::Row> LocalLimiter::find(Shard& shard, std::uint64_t wanted) const {
    if (shard.cells.empty()) {
        return std::nullopt;
    }
    const std::size_t first = first_of_set(shard, wanted);
    for (std::size_t i = first; i < first + kSet; ++i) {
        if (row(shard, i)[hash] == static_cast<std::int64_t>(wanted)) {
            return row(shard, i);
        }
    }
    return std::nullopt;
}

LocalLimiter::Row LocalLimiter::find_or_make(Shard& shard, std::uint64_t wanted, ArrivalTime now) {
    if (const auto found = find(shard, wanted)) {
        return *found;
    }
    if (shard.cells.empty()) {
        shard.cells.resize(kSet * stride_);
    }
    for (;;) {
        const std::size_t first = first_of_set(shard, wanted);
        Row chosen = row(shard, first);
        for (std::size_t i = first + 1; i < first + kSet && !is_free(chosen, now); ++i) {
            const Row other = row(shard, i);
            chosen = is_free(other, now) || last_time(other) < last_time(chosen) ? other : chosen;
        }
        if (!is_free(chosen, now)) {
            if (grow(shard)) {
                continue;
            }
            forgotten_.fetch_add(1, std::memory_order_relaxed);
        }
        std::ranges::fill(chosen, 0);
        chosen[hash] = static_cast<std::int64_t>(wanted);
        return chosen;
    }
}

/// Twice as many sets; a set's rows part by the next bit of their hashes, so all find room.
bool LocalLimiter::grow(Shard& shard) {
    const std::size_t count = shard.cells.size() / stride_;
    if (count * 2 > rows_most_) {
        return false;
    }
    std::vector<std::int64_t> before(count * 2 * stride_);
    before.swap(shard.cells);
    std::vector<std::size_t> used(count * 2 / kSet);
    for (std::size_t i = 0; i < count; ++i) {
        const Row from = Row(before).subspan(i * stride_, stride_);
        if (from[hash] == 0) {
            continue;
        }
        const std::size_t first = first_of_set(shard, static_cast<std::uint64_t>(from[hash]));
        std::ranges::copy(from, row(shard, first + used[first / kSet]++).begin());
    }
    return true;
}

LimitVerdict LocalLimiter::refuse(Row row, const Limits& limits, LimitVerdict verdict, ArrivalTime now) {
    verdict.result = LimitVerdict::Result::refused;
    if (limits.ban_after == 0) {
        return verdict;
    }
    if (row[refusals_until] <= now) {
        row[refusals] = 0;
        row[refusals_until] = now + limits.ban_for.count();
    }
    if (++row[refusals] >= limits.ban_after) {
        row[refusals] = row[refusals_until] = 0;
        row[banned_until] = now + limits.ban_for.count();
        verdict.result = LimitVerdict::Result::banned;
        verdict.ban_begins = true;
        verdict.retry_after = limits.ban_for;
    }
    return verdict;
}

LimitVerdict LocalLimiter::decide(Row row, const Limits& limits, Demand demand, ArrivalTime now) const {
    using std::chrono::nanoseconds;
    const Row times = row.subspan(arrivals);
    const std::size_t count = std::min(limits.windows.size(), windows_);
    if (row[banned_until] > now) {
        if (limits.ban_after > 0) {
            return {.result = LimitVerdict::Result::banned,
                    .reset = nanoseconds(row[banned_until] - now),
                    .retry_after = nanoseconds(row[banned_until] - now)};
        }
        row[banned_until] = 0;  // a reload has lifted it
    }
    LimitVerdict verdict{.left = UINT64_MAX};
    std::array<ArrivalTime, config::bounds::rate_windows> after{};
    std::int64_t wait = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Metered one = meter(limits.windows[i], times[i], demand.cost, demand.share, now);
        after[i] = one.after;
        if (one.conforms ? wait == 0 && one.left < verdict.left : one.wait > wait) {
            verdict.window = static_cast<std::uint8_t>(i);
            verdict.left = one.left;
            verdict.reset = nanoseconds(std::max<std::int64_t>(0, one.after - now));
        }
        wait = std::max(wait, one.wait);
    }
    if (wait > 0) {
        verdict.retry_after = nanoseconds(wait);
        return refuse(row, limits, verdict, now);
    }
    std::copy_n(after.begin(), count, times.begin());
    return verdict;
}

std::optional<LimitVerdict> LocalLimiter::take(const LimitKey& key, const Limits& limits, Demand demand, Time at) {
    const std::uint64_t wanted = std::max<std::uint64_t>(1, key.hash);
    const ArrivalTime now = arrival(at);
    Shard& shard = shard_of(wanted);
    const std::lock_guard lock(shard.mutex);
    return decide(find_or_make(shard, wanted, now), limits, demand, now);
}

void LocalLimiter::ask(const LimitKey& key, const Limits& limits, Demand demand, Time now,
                       std::function<void(LimitVerdict)> told) {
    told(*take(key, limits, demand, now));
}

void LocalLimiter::give_back(const LimitKey& key, const Limits& limits, Demand demand, LimitVerdict::Counted from,
                             Time at) {
    static_cast<void>(from);  // there are no others
    static_cast<void>(at);
    const std::uint64_t wanted = std::max<std::uint64_t>(1, key.hash);
    Shard& shard = shard_of(wanted);
    const std::lock_guard lock(shard.mutex);
    const auto found = find(shard, wanted);
    if (!found) {
        return;
    }
    const std::size_t count = std::min(limits.windows.size(), windows_);
    for (std::size_t i = 0; i < count; ++i) {
        (*found)[arrivals + i] -= limits.windows[i].advance(demand.cost, demand.share);
    }
}

std::size_t LocalLimiter::rows() const {
    std::size_t all = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (std::size_t at = 0; at < shard.cells.size(); at += stride_) {
            all += shard.cells[at + hash] != 0 ? 1 : 0;
        }
    }
    return all;
}

}  // namespace adit::resilience

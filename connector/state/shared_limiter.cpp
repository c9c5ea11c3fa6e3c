// Asking, leasing and standing in; see shared_limiter.h.
#include "connector/state/shared_limiter.h"

#include "common/base/encoding.h"
#include "common/net/spawn.h"
#include "common/tls/digest.h"
#include "connector/state/scripts.h"

namespace adit::state {
namespace {

using namespace std::chrono_literals;
using resilience::Demand;
using resilience::LimitKey;
using resilience::Limits;
using resilience::LimitVerdict;

constexpr std::size_t kDigest = 12;  ///< bytes of it that tell callers apart
constexpr auto kSweep = 500ms;
constexpr auto kUnavailable = 1s;  ///< what who is refused is told to wait while nothing can be asked

void add_windows(ScriptCall& call, const Limits& limits, std::uint32_t share) {
    for (const resilience::LimitWindow& window : limits.windows) {
        call.add(window.interval_at(share));
        call.add(window.tolerance);
    }
}

/// Tokens that are only welcome: when there are none, nobody was refused.
constexpr std::int64_t kNobodyRefused = -1;

ScriptCall take_call(const std::string& key, const Limits& limits, Demand demand, std::uint64_t ahead,
                     std::int64_t ban_after) {
    ScriptCall call(take_script(), 1);
    call.add(key);
    call.add(static_cast<std::int64_t>(demand.cost));
    call.add(static_cast<std::int64_t>(demand.cost + ahead));
    call.add(ban_after);
    call.add(std::chrono::ceil<std::chrono::milliseconds>(limits.ban_for).count());
    add_windows(call, limits, demand.share);
    return call;
}

/// limits_lua.h says in which order.
std::optional<LimitVerdict> verdict_of(const Reply& reply) {
    if (reply.items.size() != 7) return std::nullopt;
    for (std::size_t i = 0; i < reply.items.size(); ++i) {
        if (!reply.number(i)) return std::nullopt;
    }
    LimitVerdict verdict{.counted = LimitVerdict::Counted::in_fleet};
    const auto result = reply.number(0);
    verdict.result = result == 0   ? LimitVerdict::Result::allowed
                     : result == 1 ? LimitVerdict::Result::refused
                                   : LimitVerdict::Result::banned;
    verdict.window = static_cast<std::uint8_t>(*reply.number(1));
    verdict.left = static_cast<std::uint64_t>(std::max<std::int64_t>(0, *reply.number(2)));
    verdict.reset = std::chrono::microseconds(*reply.number(3));
    verdict.retry_after = std::chrono::microseconds(*reply.number(4));
    verdict.ban_begins = reply.number(6) == 1;
    return verdict;
}

}  // namespace

std::uint64_t lease_most(const Limits& limits) {
    std::uint64_t most = Lease::kMost;
    for (const resilience::LimitWindow& window : limits.windows) most = std::min(most, Lease::most(window.burst));
    return most;
}

std::shared_ptr<SharedLimiter> SharedLimiter::make(Store& store, Terms terms, std::size_t windows,
                                                   std::size_t callers) {
    std::shared_ptr<SharedLimiter> limiter(new SharedLimiter(store, std::move(terms), windows, callers));
    store.keep_up(limiter);
    return limiter;
}

SharedLimiter::SharedLimiter(Store& store, Terms terms, std::size_t windows, std::size_t callers)
    : store_(store),
      terms_(std::move(terms)),
      rows_most_(std::max<std::size_t>(1, callers / kShards)),
      local_(windows, callers) {}

bool SharedLimiter::leases(const Limits& limits) const {
    return terms_.sharing == config::RateLimit::Sharing::lease && lease_most(limits) >= 2;
}

/// Who it is stands there as a digest: names of callers are nobody else's business, and keys have one length.
std::string SharedLimiter::redis_key(const Redis& redis, const LimitKey& key) const {
    const auto digest = tls::sha1(key.who);
    return redis.key("limit", terms_.policy + ":" + hex_encode(std::span(digest).first(kDigest)));
}

LimitVerdict SharedLimiter::alone(const LimitKey& key, const Limits& limits, Demand demand, net::Time now) {
    if (terms_.fail == config::RateLimit::Fail::closed) {
        store_.metrics().refused_limits.Increment();
        return {.result = LimitVerdict::Result::unavailable, .retry_after = kUnavailable};
    }
    store_.metrics().fallback_limits.Increment();
    return *local_.take(key, limits, demand, now);
}

SharedLimiter::Row* SharedLimiter::find(Shard& shard, std::uint64_t hash) {
    const auto found = shard.rows.find(hash);
    return found == shard.rows.end() ? nullptr : &found->second;
}

/// Null: there are too many others.
SharedLimiter::Row* SharedLimiter::find_or_make(Shard& shard, const Asking& asking) {
    if (Row* const row = find(shard, asking.hash)) return row;
    if (shard.rows.size() >= rows_most_) return nullptr;
    Row& row = shard.rows[asking.hash];
    row.key = asking.key;
    row.limits = asking.limits;
    return &row;
}

std::optional<LimitVerdict> SharedLimiter::take(const LimitKey& key, const Limits& limits, Demand demand,
                                                net::Time now) {
    Redis* const redis = store_.here();
    if (redis == nullptr || !redis->configured()) return local_.take(key, limits, demand, now);
    if (auto known = take_here(*redis, key, limits, demand, now)) return known;
    if (!redis->answers()) {
        store_.metrics().not_asked.Increment();
        return alone(key, limits, demand, now);
    }
    return std::nullopt;
}

/// By what was said of this caller lately, and by tokens that are here.
std::optional<LimitVerdict> SharedLimiter::take_here(Redis& redis, const LimitKey& key, const Limits& limits,
                                                     Demand demand, net::Time now) {
    Shard& shard = shard_of(key.hash);
    std::unique_lock lock(shard.mutex);
    const auto found = shard.rows.find(key.hash);
    if (found == shard.rows.end()) return std::nullopt;
    Row& row = found->second;
    if (auto refused = row.refusal.of(demand, now)) return refused;
    if (!leases(limits) || demand.share < resilience::kWholeShare || !row.lease.take(demand.cost, now)) {
        return std::nullopt;
    }
    const LimitVerdict verdict{.counted = LimitVerdict::Counted::in_fleet,
                               .window = row.latest.window,
                               .left = row.latest.left + row.lease.tokens(now),
                               .reset = std::max(0ns, row.latest.reset - (now - row.told_at))};
    const std::uint64_t ahead = redis.answers() ? row.lease.plan(lease_most(limits), now) : 0;
    const std::string row_key = ahead > 0 ? row.key : std::string();
    lock.unlock();
    store_.metrics().lease_served.Increment();
    if (ahead > 0) fetch_ahead(redis, key.hash, row_key, limits, ahead);
    return verdict;
}

void SharedLimiter::fetch_ahead(Redis& redis, std::uint64_t hash, const std::string& row_key, const Limits& limits,
                                std::uint64_t tokens) {
    Asking asking{
        .hash = hash, .key = row_key, .limits = limits, .demand = {}, .ahead = tokens - 1, .only_ahead = true};
    net::spawn(redis.loop().context(), "tokens fetched ahead", run(shared_from_this(), redis, std::move(asking), {}));
}

void SharedLimiter::ask(const LimitKey& key, const Limits& limits, Demand demand, net::Time now,
                        std::function<void(LimitVerdict)> told) {
    Redis* const redis = store_.here();
    if (redis == nullptr || !redis->answers()) return told(alone(key, limits, demand, now));
    Asking asking{.hash = key.hash, .key = redis_key(*redis, key), .limits = limits, .demand = demand};
    if (leases(limits) && demand.share >= resilience::kWholeShare) {
        Shard& shard = shard_of(key.hash);
        const std::lock_guard lock(shard.mutex);
        if (Row* const row = find_or_make(shard, asking)) asking.ahead = row->lease.plan(lease_most(limits), now);
    }
    net::spawn(redis->loop().context(), "a limit asked for",
               run(shared_from_this(), *redis, std::move(asking), std::move(told)));
}

net::Task<> SharedLimiter::run(std::shared_ptr<SharedLimiter> self, Redis& redis, Asking asking,
                               std::function<void(LimitVerdict)> told) {
    const std::int64_t ban_after = asking.only_ahead ? kNobodyRefused : std::int64_t{asking.limits.ban_after};
    const Answer answer =
        co_await redis.call(take_call(asking.key, asking.limits, asking.demand, asking.ahead, ban_after));
    const net::Time now = net::Clock::now();
    const LimitVerdict verdict = self->heard(asking, answer, now);
    if (!told) co_return;
    // It was not in time, or it makes no sense.
    const bool unheard = verdict.result == LimitVerdict::Result::unavailable;
    told(unheard ? self->alone({.hash = asking.hash, .policy = self->terms_.policy, .who = {}}, asking.limits,
                               asking.demand, now)
                 : verdict);
}

/// Files what Redis has said under its caller.
LimitVerdict SharedLimiter::heard(const Asking& asking, const Answer& answer, net::Time now) {
    const auto verdict = answer ? verdict_of(*answer) : std::nullopt;
    const bool allowed = verdict && verdict->result == LimitVerdict::Result::allowed;
    const std::uint64_t had = allowed ? static_cast<std::uint64_t>(*answer->number(5)) : 0;
    // Nobody was refused for tokens that were only welcome; but who is banned by now is.
    const bool refuses = verdict && Refusal::is_kept(*verdict, asking.limits) &&
                         (!asking.only_ahead || verdict->result == LimitVerdict::Result::banned);
    Shard& shard = shard_of(asking.hash);
    const std::lock_guard lock(shard.mutex);
    if (Row* const row = refuses ? find_or_make(shard, asking) : find(shard, asking.hash)) {
        hear_lease(*row, asking, had, now);
        if (verdict) {
            row->latest = *verdict;
            row->told_at = now;
        }
        if (refuses) row->refusal.refused(asking.demand, *verdict, now);
        if (allowed) row->refusal.allowed(asking.demand);
    }
    return verdict.value_or(LimitVerdict{.result = LimitVerdict::Result::unavailable, .retry_after = kUnavailable});
}

/// Of tokens that were asked for ahead of need.
void SharedLimiter::hear_lease(Row& row, const Asking& asking, std::uint64_t had, net::Time now) {
    if (asking.ahead == 0 && !asking.only_ahead) return;
    const std::uint64_t used = asking.only_ahead ? 0 : asking.demand.cost;
    if (had <= used) return row.lease.failed();
    row.limits = asking.limits;
    row.lease.fetched(had - used, now);
    store_.metrics().lease_fetched.Increment(static_cast<double>(had - used));
}

void SharedLimiter::hand_in(Redis& redis, const std::string& key, const Limits& limits, std::uint64_t tokens,
                            std::uint32_t share) {
    ScriptCall call(refund_script(), 1);
    call.add(key);
    call.add(static_cast<std::int64_t>(tokens));
    add_windows(call, limits, share);
    redis.tell(call);
}

/// To where they were taken from: tokens of the fleet are none of this connector's, nor the other way round.
void SharedLimiter::give_back(const LimitKey& key, const Limits& limits, Demand demand, LimitVerdict::Counted from,
                              net::Time now) {
    if (from == LimitVerdict::Counted::here) return local_.give_back(key, limits, demand, from, now);
    Redis* const redis = store_.here();
    if (redis == nullptr || !redis->configured()) return;
    if (leases(limits) && demand.share >= resilience::kWholeShare) {
        Shard& shard = shard_of(key.hash);
        const std::lock_guard lock(shard.mutex);
        Row* const row = find(shard, key.hash);
        if (row != nullptr && row->lease.give_back(demand.cost, lease_most(limits), now)) return;
    }
    if (redis->answers()) hand_in(*redis, redis_key(*redis, key), limits, demand.cost, demand.share);
}

void SharedLimiter::tick(net::Time now) {
    Redis* const redis = store_.here();
    if (redis == nullptr || now < swept_ + kSweep) return;
    swept_ = now;
    for (Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (auto at = shard.rows.begin(); at != shard.rows.end();) {
            Row& row = at->second;
            if (const std::uint64_t unused = row.lease.expire(now); unused > 0) {
                store_.metrics().lease_returned.Increment(static_cast<double>(unused));
                if (redis->answers()) hand_in(*redis, row.key, row.limits, unused, resilience::kWholeShare);
            }
            const bool gone = row.lease.idle(now) && row.refusal.over(now);
            at = gone ? shard.rows.erase(at) : std::next(at);
        }
    }
}

}  // namespace adit::state

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

ScriptCall take_call(const std::string& key, const Limits& limits, Demand demand, std::uint64_t ahead) {
    ScriptCall call(take_script(), 1);
    call.add(key);
    call.add(static_cast<std::int64_t>(demand.cost));
    call.add(static_cast<std::int64_t>(demand.cost + ahead));
    call.add(static_cast<std::int64_t>(limits.ban_after));
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
    LimitVerdict verdict;
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

SharedLimiter::Row* SharedLimiter::find_or_make(Shard& shard, const LimitKey& key, Redis& redis, const Limits& limits) {
    if (const auto found = shard.rows.find(key.hash); found != shard.rows.end()) return &found->second;
    if (shard.rows.size() >= rows_most_) return nullptr;
    Row& row = shard.rows[key.hash];
    row.key = redis_key(redis, key);
    row.limits = limits;
    return &row;
}

std::optional<LimitVerdict> SharedLimiter::take(const LimitKey& key, const Limits& limits, Demand demand,
                                                net::Time now) {
    Redis* const redis = store_.here();
    if (redis == nullptr || !redis->configured()) return local_.take(key, limits, demand, now);
    if (leases(limits)) {
        Shard& shard = shard_of(key.hash);
        std::unique_lock lock(shard.mutex);
        const auto found = shard.rows.find(key.hash);
        if (found != shard.rows.end()) {
            Row& row = found->second;
            if (now < row.refused_until && demand.cost >= row.refused) {
                LimitVerdict verdict = row.latest;
                verdict.retry_after -= now - row.told_at;
                verdict.reset -= now - row.told_at;
                verdict.ban_begins = false;
                return verdict;
            }
            if (demand.share >= resilience::kWholeShare && row.lease.take(demand.cost, now)) {
                LimitVerdict verdict{.window = row.latest.window,
                                     .left = row.latest.left + row.lease.tokens(now),
                                     .reset = std::max(0ns, row.latest.reset - (now - row.told_at))};
                const std::uint64_t ahead = redis->answers() ? row.lease.plan(lease_most(limits), now) : 0;
                Asking asking{.hash = key.hash, .key = row.key, .limits = {}, .demand = {}, .only_ahead = true};
                lock.unlock();
                store_.metrics().lease_served.Increment();
                if (ahead > 0) {
                    asking.limits = limits;
                    asking.ahead = ahead - 1;
                    net::spawn(redis->loop().context(), "tokens fetched ahead",
                               run(shared_from_this(), *redis, std::move(asking), {}));
                }
                return verdict;
            }
        }
    }
    if (!redis->answers()) {
        store_.metrics().not_asked.Increment();
        return alone(key, limits, demand, now);
    }
    return std::nullopt;
}

void SharedLimiter::ask(const LimitKey& key, const Limits& limits, Demand demand, net::Time now,
                        std::function<void(LimitVerdict)> told) {
    Redis* const redis = store_.here();
    if (redis == nullptr || !redis->answers()) return told(alone(key, limits, demand, now));
    Asking asking{.hash = key.hash, .key = {}, .limits = limits, .demand = demand};
    if (leases(limits) && demand.share >= resilience::kWholeShare) {
        Shard& shard = shard_of(key.hash);
        const std::lock_guard lock(shard.mutex);
        if (Row* const row = find_or_make(shard, key, *redis, limits)) {
            asking.key = row->key;
            asking.ahead = row->lease.plan(lease_most(limits), now);
        }
    }
    if (asking.key.empty()) asking.key = redis_key(*redis, key);
    net::spawn(redis->loop().context(), "a limit asked for",
               run(shared_from_this(), *redis, std::move(asking), std::move(told)));
}

net::Task<> SharedLimiter::run(std::shared_ptr<SharedLimiter> self, Redis& redis, Asking asking,
                               std::function<void(LimitVerdict)> told) {
    const Answer answer = co_await redis.call(take_call(asking.key, asking.limits, asking.demand, asking.ahead));
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
    const bool planned = asking.ahead > 0 || asking.only_ahead;
    const bool allowed = verdict && verdict->result == LimitVerdict::Result::allowed;
    const std::uint64_t had = allowed ? static_cast<std::uint64_t>(*answer->number(5)) : 0;
    const std::uint64_t used = asking.only_ahead ? 0 : asking.demand.cost;
    Shard& shard = shard_of(asking.hash);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.rows.find(asking.hash);
    if (found != shard.rows.end()) {
        Row& row = found->second;
        if (planned && allowed && had > used) {
            row.limits = asking.limits;
            row.lease.fetched(had - used, now);
            store_.metrics().lease_fetched.Increment(static_cast<double>(had - used));
        } else if (planned) {
            row.lease.failed();
        }
        if (verdict) {
            row.latest = *verdict;
            row.told_at = now;
            // Where refusals are counted for a ban, each has to be told; a ban itself is known until it ends.
            const bool banned = verdict->result == LimitVerdict::Result::banned;
            if (!allowed && !asking.only_ahead && (banned || asking.limits.ban_after == 0)) {
                row.refused_until = now + std::min<std::chrono::nanoseconds>(verdict->retry_after, kRefusalKept);
                row.refused = banned ? 0 : asking.demand.cost;
            }
        }
    }
    return verdict.value_or(LimitVerdict{.result = LimitVerdict::Result::unavailable, .retry_after = kUnavailable});
}

void SharedLimiter::hand_in(Redis& redis, const std::string& key, const Limits& limits, std::uint64_t tokens,
                            std::uint32_t share) {
    ScriptCall call(refund_script(), 1);
    call.add(key);
    call.add(static_cast<std::int64_t>(tokens));
    add_windows(call, limits, share);
    redis.tell(call);
}

void SharedLimiter::give_back(const LimitKey& key, const Limits& limits, Demand demand, net::Time now) {
    Redis* const redis = store_.here();
    if (redis == nullptr || !redis->answers()) return local_.give_back(key, limits, demand, now);
    if (leases(limits) && demand.share >= resilience::kWholeShare) {
        Shard& shard = shard_of(key.hash);
        const std::lock_guard lock(shard.mutex);
        const auto found = shard.rows.find(key.hash);
        if (found != shard.rows.end() && found->second.lease.give_back(demand.cost, lease_most(limits), now)) return;
    }
    hand_in(*redis, redis_key(*redis, key), limits, demand.cost, demand.share);
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
            const bool gone = row.lease.idle(now) && now >= row.refused_until;
            at = gone ? shard.rows.erase(at) : std::next(at);
        }
    }
}

}  // namespace adit::state

// The tokens of one policy's callers in the whole fleet: asked for in Redis, or from those that were fetched ahead.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "connector/resilience/local_limiter.h"
#include "connector/state/lease.h"
#include "connector/state/refusal.h"
#include "connector/state/store.h"

namespace adit::state {

/// `exact`: each request is one round trip. `lease`: most are served from tokens that are here; see Lease for how much
/// more than its limit a fleet may let through for that. While the store does not answer, this connector counts alone
/// (fail: open) or refuses (fail: closed), and nobody waits.
class SharedLimiter final : public resilience::Limiter,
                            public Upkeep,
                            public std::enable_shared_from_this<SharedLimiter> {
  public:
    struct Terms {
        std::string policy;
        config::RateLimit::Sharing sharing = config::RateLimit::Sharing::lease;
        config::RateLimit::Fail fail = config::RateLimit::Fail::open;
    };
    /// `windows`, `callers`: as of a LocalLimiter, which stands in for the store.
    static std::shared_ptr<SharedLimiter> make(Store& store, Terms terms, std::size_t windows, std::size_t callers);

    std::optional<resilience::LimitVerdict> take(const resilience::LimitKey& key, const resilience::Limits& limits,
                                                 resilience::Demand demand, resilience::Time now) override;
    void ask(const resilience::LimitKey& key, const resilience::Limits& limits, resilience::Demand demand,
             resilience::Time now, std::function<void(resilience::LimitVerdict)> told) override;
    void give_back(const resilience::LimitKey& key, const resilience::Limits& limits, resilience::Demand demand,
                   resilience::LimitVerdict::Counted from, resilience::Time now) override;
    bool wants_text() const override { return true; }
    /// Gives back what was not used in time, and forgets who has gone.
    void tick(net::Time now) override;

  private:
    static constexpr std::size_t kShards = 16;

    /// What one caller has here, and what he was told.
    struct Row {
        Lease lease;
        std::string key;                  ///< in Redis
        resilience::Limits limits;        ///< that its tokens were taken from
        resilience::LimitVerdict latest;  ///< that Redis has said, whatever it was
        net::Time told_at{};
        Refusal refusal;  ///< nobody has to ask while it stands
    };
    struct alignas(64) Shard {
        std::mutex mutex;
        std::unordered_map<std::uint64_t, Row> rows;
    };
    /// A call of the store, as it travels.
    struct Asking {
        std::uint64_t hash;
        std::string key;
        resilience::Limits limits;
        resilience::Demand demand;
        std::uint64_t ahead = 0;  ///< tokens besides the demand
        bool only_ahead = false;  ///< nobody waits: the demand is one token, for the lease
    };

    SharedLimiter(Store& store, Terms terms, std::size_t windows, std::size_t callers);

    bool leases(const resilience::Limits& limits) const;
    std::string redis_key(const Redis& redis, const resilience::LimitKey& key) const;
    resilience::LimitVerdict alone(const resilience::LimitKey& key, const resilience::Limits& limits,
                                   resilience::Demand demand, net::Time now);
    std::optional<resilience::LimitVerdict> take_here(Redis& redis, const resilience::LimitKey& key,
                                                      const resilience::Limits& limits, resilience::Demand demand,
                                                      net::Time now);
    void fetch_ahead(Redis& redis, std::uint64_t hash, const std::string& row_key, const resilience::Limits& limits,
                     std::uint64_t tokens);
    // of a shard that is locked
    static Row* find(Shard& shard, std::uint64_t hash);
    Row* find_or_make(Shard& shard, const Asking& asking);
    void hear_lease(Row& row, const Asking& asking, std::uint64_t had, net::Time now);
    net::Task<> run(std::shared_ptr<SharedLimiter> self, Redis& redis, Asking asking,
                    std::function<void(resilience::LimitVerdict)> told);
    resilience::LimitVerdict heard(const Asking& asking, const Answer& answer, net::Time now);
    void hand_in(Redis& redis, const std::string& key, const resilience::Limits& limits, std::uint64_t tokens,
                 std::uint32_t share);
    Shard& shard_of(std::uint64_t hash) { return shards_[hash % kShards]; }

    Store& store_;
    const Terms terms_;
    const std::size_t rows_most_;
    resilience::LocalLimiter local_;
    std::array<Shard, kShards> shards_;
    net::Time swept_{};
};

/// How many tokens a connector may hold ahead of these limits.
std::uint64_t lease_most(const resilience::Limits& limits);

}  // namespace adit::state

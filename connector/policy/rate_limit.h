// The policy `rate_limit`: how much each caller may ask for in a time, by GCRA.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/base/random.h"
#include "connector/admin/limit_metrics.h"
#include "connector/config/config.h"
#include "connector/http/exchange.h"
#include "connector/policy/caller_key.h"
#include "connector/policy/effects.h"
#include "connector/resilience/lately.h"
#include "connector/resilience/local_limiter.h"
#include "connector/resilience/tightening.h"

namespace adit::policy {

/// A caller is refused for a while.
struct Ban {
    std::string_view policy;
    std::string caller;  ///< without secrets
    std::string_view client;
    std::int64_t seconds;
};

/// What outlives the generations of one rate limit. Any thread.
struct RateLimitState {
    /// What tokens are counted by: where it differs they are other tokens.
    struct Terms {
        config::RateLimit::Key by;
        config::RateLimit::Sharing sharing = config::RateLimit::Sharing::off;  ///< off where there is no `state`
        config::RateLimit::Fail fail = config::RateLimit::Fail::open;
        std::size_t windows = 1;  ///< the most that any tier has
        friend bool operator==(const Terms&, const Terms&) = default;
    };
    /// Counts in this process; whoever makes it may give it another `limiter` before it is used.
    RateLimitState(const Terms& terms, std::shared_ptr<RateLimitMetrics> counted);

    const Terms terms;
    const KeyedHash<> hash;                           ///< of callers
    std::shared_ptr<resilience::LocalLimiter> local;  ///< the tokens of this process
    std::shared_ptr<resilience::Limiter> limiter;     ///< who is asked: `local`, or what connectors share
    resilience::Tightening tightening;
    resilience::Lately refused;
    /// Told of each ban as it begins; any thread. Set before the state is used.
    std::function<void(const Ban&)> tell_ban;
    std::shared_ptr<RateLimitMetrics> metrics;
};

/// Compiled once per generation, then only read by all workers.
class RateLimit {
  public:
    /// Limits of callers of one kind, and what answers say of them.
    struct Tier {
        resilience::Limits limits;
        std::string policy_field;               ///< RateLimit-Policy; empty: nothing is said
        std::vector<std::string> window_names;  ///< in RateLimit
    };

    /// What one request took, until it has ended.
    struct Ticket {
        const RateLimit* of = nullptr;
        const Tier* tier = nullptr;  ///< null: no limit for this caller
        std::uint64_t hash = 0;
        std::string who = {};  ///< where the limiter wants it
        resilience::Demand demand = {};
        resilience::LimitVerdict verdict = {};
        bool pending = false;  ///< it is not there yet
        bool allowed() const { return verdict.result == resilience::LimitVerdict::Result::allowed; }
    };

    RateLimit(std::string name, const config::RateLimit& settings, std::shared_ptr<RateLimitState> state);
    RateLimit(const RateLimit&) = delete;
    RateLimit& operator=(const RateLimit&) = delete;

    /// Asks for `cost` tokens. False: the answer comes from elsewhere; see wait().
    bool take(Ticket& ticket, const Asker& asker, std::uint32_t cost, net::Time now) const;
    /// Suspends until all verdicts that are pending are there: they are asked for at once, in one round trip.
    static net::Task<> wait(std::span<Ticket> tickets, net::Loop& loop);
    /// Counts the verdict; the failure that the client gets, unless this is a dry run.
    std::optional<problem::Failure> judge(const Ticket& ticket, const Asker& asker, net::Time now) const;
    /// What the connector itself refused later costs nothing. False: nothing had been taken.
    bool give_back(const Ticket& ticket, net::Time now) const;
    /// The word of the verdict for the access line.
    std::string_view word(const Ticket& ticket) const;
    /// Of a call that such a request led to, where limits tighten.
    void observe(std::chrono::nanoseconds took) const {
        if (tightening_.beyond.count() > 0) {
            state_->tightening.observe(took);
        }
    }

    const std::string& name() const { return name_; }
    bool dry_run() const { return dry_run_; }
    const std::shared_ptr<RateLimitState>& state() const { return state_; }
    /// Of the limits that counts now, in thousandths.
    std::uint32_t share(net::Time now) const { return state_->tightening.share(tightening_, now); }

  private:
    Tier make_tier(const config::RateWindows& windows, const config::RateLimit& settings) const;
    const Tier* tier_of(const Asker& asker) const;
    problem::Failure refusal(const Ticket& ticket) const;
    void tell_ban(const Asker& asker) const;

    const std::string name_;
    const config::RateLimit::Key by_;
    const bool dry_run_;
    const bool fields_;
    const std::chrono::nanoseconds ban_for_;
    const std::string tier_attribute_;
    const resilience::Tightening::Settings tightening_;
    const std::shared_ptr<RateLimitState> state_;
    Tier usual_;
    std::map<std::string, Tier, std::less<>> tiers_;
};

}  // namespace adit::policy

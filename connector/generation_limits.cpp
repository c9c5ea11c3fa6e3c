// Taking over counts, with the settings of now; see generation_limits.h.
#include "connector/generation_limits.h"

#include "common/base/random.h"
#include "connector/admin/metrics.h"
#include "connector/event/hub.h"
#include "connector/fabric.h"
#include "connector/state/shared_limiter.h"

namespace adit {
namespace {

template <class T>
std::shared_ptr<const T> find(const std::map<std::string, std::shared_ptr<const T>>& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? nullptr : found->second;
}

std::size_t windows_most(const config::RateLimit& settings) {
    std::size_t most = std::max<std::size_t>(1, settings.limits.size());
    for (const auto& [tier, windows] : settings.tiers) {
        most = std::max(most, windows.size());
    }
    return most;
}

/// The hub outlives all limits.
auto teller(event::Hub& events) {
    return [&events](const policy::Ban& ban) {
        events.tell({.kind = event::Kind::ban,
                     .subject = "caller:" + ban.caller,
                     .reason = "too many requests were refused by policy " + std::string(ban.policy),
                     .details = {{"policy", std::string(ban.policy)},
                                 {"caller", ban.caller},
                                 {"client", std::string(ban.client)},
                                 {"seconds", ban.seconds}}});
    };
}

class Maker {
  public:
    Maker(ConnectorMetrics& metrics, Fabric& fabric, bool shares, const LimitsInUse* previous)
        : metrics_(metrics), fabric_(fabric), shares_(shares), previous_(previous) {}

    void rate(const std::string& name, const config::RateLimit& settings) {
        const auto before = previous_ == nullptr ? nullptr : find(previous_->rates, name);
        policy::RateLimitState::Terms terms{settings.by, shares_ ? settings.sharing : config::RateLimit::Sharing::off,
                                            settings.fail, windows_most(settings)};
        std::shared_ptr<policy::RateLimitState> state;
        if (before) {
            // Fewer windows than there are columns for are as good.
            terms.windows = std::max(terms.windows, before->state()->terms.windows);
            state = before->state()->terms == terms ? before->state() : nullptr;
        }
        if (!state) {
            state = std::make_shared<policy::RateLimitState>(
                terms, before ? before->state()->metrics : metrics_.rate_limit(name));
            state->tell_ban = teller(fabric_.events);
            share(name, *state);
        }
        made_.rates.emplace(name, std::make_shared<const policy::RateLimit>(name, settings, std::move(state)));
    }

    void callers(const std::string& name, const config::BulkheadPolicy& settings) {
        using Of = config::RateLimit::Key::Of;
        using Per = config::BulkheadPolicy::Per;
        const auto before = previous_ == nullptr ? nullptr : find(previous_->callers, name);
        const auto made = std::make_shared<policy::CallerBulkhead>();
        made->all = {"policy:" + name, settings.bulkhead, nullptr,
                     before ? before->all.metrics : metrics_.bulkhead("policy:" + name)};
        made->by.of = settings.per == Per::consumer    ? Of::consumer
                      : settings.per == Per::client_ip ? Of::client_ip
                                                       : Of::route;
        Random random;
        made->state =
            before ? before->state : std::make_shared<policy::CallerBulkheadState>(random.next(), random.next());
        made_.callers.emplace(name, made);
    }

    void bulkhead(const std::string& name, const std::optional<config::Bulkhead>& settings) {
        if (!settings) {
            return;
        }
        const auto before = previous_ == nullptr ? nullptr : find(previous_->bulkheads, name);
        made_.bulkheads.emplace(name,
                                std::make_shared<const backend::Bulkhead>(
                                    name, *settings, before ? before->places : std::make_shared<resilience::Bulkhead>(),
                                    before ? before->metrics : metrics_.bulkhead(name)));
    }

    LimitsInUse take() { return std::move(made_); }

  private:
    void share(const std::string& name, policy::RateLimitState& state) {
        if (state.terms.sharing != config::RateLimit::Sharing::off) {
            state.limiter = state::SharedLimiter::make(*fabric_.state, {name, state.terms.sharing, state.terms.fail},
                                                       state.terms.windows, config::defaults::limited_callers);
        }
    }

    ConnectorMetrics& metrics_;
    Fabric& fabric_;
    const bool shares_;  ///< there is a `state`
    const LimitsInUse* previous_;
    LimitsInUse made_;
};

}  // namespace

std::shared_ptr<const policy::RouteLimits> LimitsInUse::of(const config::RouteRule& rule) const {
    if (rule.limits.empty()) {
        return nullptr;
    }
    auto limits = std::make_shared<policy::RouteLimits>();
    for (const std::string& name : rule.limits) {
        if (auto rate = find(rates, name)) {
            limits->rates.push_back(std::move(rate));
        }
        if (auto caller = find(callers, name)) {
            limits->callers.push_back(std::move(caller));
        }
    }
    return limits;
}

std::shared_ptr<const backend::Bulkhead> LimitsInUse::bulkhead(const std::string& kind, const std::string& name) const {
    return find(bulkheads, kind + ":" + name);
}

void LimitsInUse::show() const {
    for (const auto& [name, rate] : rates) {
        const policy::RateLimitState& state = *rate->state();
        state.metrics->show(static_cast<double>(state.local->forgotten()),
                            static_cast<double>(rate->share(resilience::Clock::now())) / resilience::kWholeShare);
    }
    for (const auto& [name, bulkhead] : bulkheads) {
        bulkhead->metrics->show(bulkhead->places->in_progress(), bulkhead->places->waiting(), bulkhead->limit());
    }
    for (const auto& [name, caller] : callers) {
        const auto sum = caller->state->table.sum();
        caller->all.metrics->show(static_cast<double>(sum.in_progress), static_cast<double>(sum.waiting),
                                  caller->all.bounds.concurrent);
    }
}

LimitsInUse make_limits(const config::Configuration& configuration, ConnectorMetrics& metrics, Fabric& fabric,
                        const LimitsInUse* previous) {
    Maker maker(metrics, fabric, configuration.state.has_value(), previous);
    for (const config::Policy& policy : configuration.policies) {
        if (policy.rate_limit) {
            maker.rate(policy.name, *policy.rate_limit);
        } else if (policy.bulkhead) {
            maker.callers(policy.name, *policy.bulkhead);
        }
    }
    for (const config::Backend& backend : configuration.backends) {
        maker.bulkhead("backend:" + backend.name, backend.bulkhead);
    }
    for (const config::RouteRule& route : configuration.routes) {
        maker.bulkhead("route:" + route.name, route.bulkhead);
    }
    return maker.take();
}

}  // namespace adit

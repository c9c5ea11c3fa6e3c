// Tokens of callers, and what callers are told of them; see rate_limit.h.
#include "connector/policy/rate_limit.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "common/base/time.h"

namespace adit::policy {
namespace {

using Result = resilience::LimitVerdict::Result;

std::uint64_t some() {
    static thread_local Random random;
    return random.next();
}

template <class Duration>
int whole_seconds(Duration time) {
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

}  // namespace

RateLimitState::RateLimitState(const Terms& counted_by, std::shared_ptr<RateLimitMetrics> counted)
    : terms(counted_by),
      hash(some(), some()),
      local(std::make_shared<resilience::LocalLimiter>(terms.windows, config::defaults::limited_callers)),
      limiter(local),
      metrics(std::move(counted)) {}

RateLimit::RateLimit(std::string name, const config::RateLimit& settings, std::shared_ptr<RateLimitState> state)
    : name_(std::move(name)),
      by_(settings.by),
      dry_run_(settings.dry_run),
      fields_(settings.fields && !settings.dry_run),
      ban_for_(settings.ban_for),
      tier_attribute_(settings.tier),
      tightening_{.beyond = settings.tighten_beyond, .least = settings.tighten_to * 10},
      state_(std::move(state)),
      usual_(make_tier(settings.limits, settings)) {
    for (const auto& [tier, windows] : settings.tiers) {
        tiers_.emplace(tier, make_tier(windows, settings));
    }
}

/// draft-ietf-httpapi-ratelimit-headers-10 §3: a list of strings, with quota and window in seconds. Names of policies
/// need no escapes (RFC 8941 §3.3.3).
RateLimit::Tier RateLimit::make_tier(const config::RateWindows& windows, const config::RateLimit& settings) const {
    Tier tier{.limits = resilience::Limits::of(windows, settings), .policy_field = {}, .window_names = {}};
    for (const config::RateWindow& window : windows) {
        const int seconds = std::max(1, whole_seconds(window.per));
        std::string window_name = "\"" + name_;
        if (windows.size() > 1) {
            window_name += "-" + std::to_string(seconds) + "s";
        }
        window_name += "\"";
        if (fields_) {
            tier.policy_field.append(tier.policy_field.empty() ? "" : ", ")
                .append(window_name + ";q=" + std::to_string(window.requests) + ";w=" + std::to_string(seconds));
        }
        tier.window_names.push_back(std::move(window_name));
    }
    return tier;
}

const RateLimit::Tier* RateLimit::tier_of(const Asker& asker) const {
    const Tier* tier = &usual_;
    if (!tiers_.empty() && asker.caller != nullptr) {
        const auto attribute = asker.caller->attributes.find(tier_attribute_);
        if (attribute != asker.caller->attributes.end()) {
            const auto found = tiers_.find(attribute->second);
            tier = found == tiers_.end() ? tier : &found->second;
        }
    }
    return tier->limits.windows.empty() ? nullptr : tier;
}

bool RateLimit::take(Ticket& ticket, const Asker& asker, std::uint32_t cost, net::Time now) const {
    ticket.of = this;
    ticket.tier = cost == 0 ? nullptr : tier_of(asker);
    if (ticket.tier == nullptr) {
        return true;
    }
    const CallerKey key(by_, asker);
    ticket.hash = key.hash(state_->hash);
    ticket.demand = {.cost = cost, .share = state_->tightening.share(tightening_, now)};
    if (state_->limiter->wants_text()) {
        ticket.who = key.text();
    }
    const auto verdict =
        state_->limiter->take({ticket.hash, name_, ticket.who}, ticket.tier->limits, ticket.demand, now);
    ticket.verdict = verdict.value_or(resilience::LimitVerdict{.result = Result::unavailable});
    ticket.pending = !verdict;
    return verdict.has_value();
}

net::Task<> RateLimit::wait(std::span<Ticket> tickets, net::Loop& loop) {
    struct Replies {
        Replies(net::Loop& at, std::size_t count) : waiter(at), verdicts(count), left(count) {}
        net::Waiter waiter;
        std::vector<resilience::LimitVerdict> verdicts;  ///< on the loop's thread only, as is the next
        std::size_t left;
    };
    // Whoever tells may do so after the request has gone.
    const auto replies = std::make_shared<Replies>(loop, tickets.size());
    for (std::size_t i = 0; i < tickets.size(); ++i) {
        const Ticket& ticket = tickets[i];
        if (!ticket.pending) {
            replies->verdicts[i] = ticket.verdict;
            --replies->left;
            continue;
        }
        ticket.of->state_->limiter->ask({ticket.hash, ticket.of->name_, ticket.who}, ticket.tier->limits, ticket.demand,
                                        net::Clock::now(),
                                        [replies, i, context = &loop.context()](const resilience::LimitVerdict& told) {
                                            boost::asio::post(*context, [replies, i, told] {
                                                replies->verdicts[i] = told;
                                                --replies->left;
                                                replies->waiter.wake();
                                            });
                                        });
    }
    while (replies->left > 0) {
        co_await replies->waiter.wait();
    }
    for (std::size_t i = 0; i < tickets.size(); ++i) {
        tickets[i].verdict = replies->verdicts[i];
        tickets[i].pending = false;
    }
}

problem::Failure RateLimit::refusal(const Ticket& ticket) const {
    const int seconds = std::max(1, whole_seconds(ticket.verdict.retry_after));
    if (ticket.verdict.result == Result::unavailable) {
        return problem::limits_unavailable("policy " + name_ + ": what is left cannot be told now");
    }
    if (ticket.verdict.result == Result::banned) {
        return problem::banned(
            "policy " + name_ + ": too many requests were refused; come back in " + std::to_string(seconds) + " s",
            seconds);
    }
    const resilience::LimitWindow& window = ticket.tier->limits.windows[ticket.verdict.window];
    return problem::rate_limited("policy " + name_ + " allows " + std::to_string(window.requests) + " requests in " +
                                     format_duration(window.per),
                                 seconds);
}

void RateLimit::tell_ban(const Asker& asker) const {
    state_->metrics->bans.Increment();
    if (state_->tell_ban) {
        state_->tell_ban({.policy = name_,
                          .caller = CallerKey(by_, asker).shown(),
                          .client = asker.client_ip,
                          .seconds = whole_seconds(ban_for_)});
    }
}

std::optional<problem::Failure> RateLimit::judge(const Ticket& ticket, const Asker& asker, net::Time now) const {
    if (ticket.tier == nullptr) {
        return std::nullopt;
    }
    RateLimitMetrics& metrics = *state_->metrics;
    if (ticket.verdict.result == Result::allowed) {
        metrics.allowed.Increment();
        return std::nullopt;
    }
    state_->refused.add(now);
    if (dry_run_) {
        metrics.would_refuse.Increment();
        return std::nullopt;
    }
    (ticket.verdict.result == Result::refused  ? metrics.refused
     : ticket.verdict.result == Result::banned ? metrics.banned
                                               : metrics.unavailable)
        .Increment();
    if (ticket.verdict.ban_begins) {
        tell_ban(asker);
    }
    return refusal(ticket);
}

bool RateLimit::give_back(const Ticket& ticket, net::Time now) const {
    if (ticket.tier == nullptr || ticket.verdict.result != Result::allowed) {
        return false;
    }
    state_->limiter->give_back({ticket.hash, name_, ticket.who}, ticket.tier->limits, ticket.demand,
                               ticket.verdict.counted, now);
    state_->metrics->refunded.Increment();
    return true;
}

std::string_view RateLimit::word(const Ticket& ticket) const {
    switch (ticket.verdict.result) {
        case Result::allowed:
            return "allowed";
        case Result::refused:
            return dry_run_ ? "dry-run" : "refused";
        case Result::banned:
            return dry_run_ ? "dry-run" : "banned";
        case Result::unavailable:
            return dry_run_ ? "dry-run" : "unavailable";
    }
    return {};
}

}  // namespace adit::policy

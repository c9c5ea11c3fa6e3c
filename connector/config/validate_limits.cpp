// Limits in the light of the routes that use them; see validate_limits.h.
#include "connector/config/validate_limits.h"

#include <algorithm>

namespace adit::config {
namespace {

using yaml::place_of;

std::uint64_t at_once(const RateWindow& window) {
    return window.burst > 0 ? window.burst : window.requests;
}

/// The fewest tokens that any of its callers ever has at once.
std::uint64_t fewest_at_once(const RateLimit& limit) {
    std::uint64_t fewest = UINT64_MAX;
    const auto look = [&](const RateWindows& windows) {
        for (const RateWindow& window : windows) fewest = std::min(fewest, at_once(window));
    };
    look(limit.limits);
    for (const auto& [tier, windows] : limit.tiers) look(windows);
    return fewest;
}

/// Whether callers may be known to it: by itself, or by a route that leads to it.
bool knows_callers(const Configuration& configuration, std::size_t route) {
    if (!configuration.routes[route].authentication.empty()) return true;
    return std::ranges::any_of(configuration.routes, [&](const RouteRule& other) {
        return other.inner_route == route ||
               std::ranges::any_of(other.split, [&](const SplitShare& share) { return share.inner_route == route; });
    });
}

/// What of the caller it needs; empty: nothing but the request.
std::string_view needed(const Policy& policy) {
    using Of = RateLimit::Key::Of;
    if (policy.bulkhead) return policy.bulkhead->per == BulkheadPolicy::Per::consumer ? "consumer" : "";
    switch (policy.rate_limit->by.of) {
        case Of::consumer:
            return "consumer";
        case Of::api_key:
            return "api_key";
        case Of::claim:
            return "claim";
        default:
            return policy.rate_limit->tiers.empty() ? "" : "tier";
    }
}

}  // namespace

void check_limits(const yaml::Node& root, const Configuration& configuration, yaml::Diagnostics& diagnostics) {
    for (std::size_t i = 0; i < configuration.routes.size(); ++i) {
        const RouteRule& route = configuration.routes[i];
        for (const std::string& name : route.limits) {
            const Policy* policy = configuration.policy(name);
            if (policy == nullptr || !policy->rate_limit) continue;
            const std::uint64_t most = fewest_at_once(*policy->rate_limit);
            if (route.cost > most)
                diagnostics.error(place_of(root, {"routes", i, "cost"}),
                                  "a request costs " + std::to_string(route.cost) + " tokens, and policy '" + name +
                                      "' never has more than " + std::to_string(most) + " at once");
        }
    }
}

std::vector<std::string> limit_notices(const Configuration& configuration) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < configuration.routes.size(); ++i) {
        const RouteRule& route = configuration.routes[i];
        for (const std::string& name : route.limits) {
            const Policy* policy = configuration.policy(name);
            const std::string_view by = policy == nullptr ? "" : needed(*policy);
            if (by.empty() || knows_callers(configuration, i)) continue;
            all.push_back("route '" + route.name + "': policy '" + name + "' counts by " + std::string(by) +
                          ", and nobody is authenticated there: callers are told apart by their addresses");
        }
    }
    return all;
}

}  // namespace adit::config

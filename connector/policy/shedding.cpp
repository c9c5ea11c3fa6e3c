// Refusals for want of something; see shedding.h.
#include "connector/policy/shedding.h"

namespace adit::policy {
namespace {

using resilience::Resource;

/// Seconds: memory and descriptors come back when others have gone, a place among the requests sooner.
int patience(Resource resource) {
    return resource == Resource::requests ? 1 : 2;
}

std::string words(Resource resource, config::Priority priority) {
    const char* what = resource == Resource::memory        ? "little memory is left"
                       : resource == Resource::descriptors ? "few descriptors are left"
                       : resource == Resource::lag         ? "it is behind with its work"
                                                           : "too many requests are in progress";
    return std::string("the connector is overloaded (") + what + "): requests of " +
           std::string(resilience::name(priority)) + " priority have to wait";
}

}  // namespace

ShedMetrics make_shed_metrics(metrics::Registry& registry) {
    std::vector<std::string_view> resources;
    std::vector<std::string_view> priorities;
    resources.reserve(resilience::kResources);
    priorities.reserve(resilience::kPriorities);
    for (std::size_t i = 0; i < resilience::kResources; ++i) {
        resources.push_back(name(static_cast<Resource>(i)));
    }
    for (std::size_t i = 0; i < resilience::kPriorities; ++i) {
        priorities.push_back(resilience::name(static_cast<config::Priority>(i)));
    }
    return {registry, resources, priorities};
}

Presence::~Presence() {
    if (entered_) {
        shedding_.overload.leave();
    }
}

std::optional<problem::Failure> Presence::enter(http::Exchange& exchange, config::Priority priority, Effects& effects) {
    const Resource missing = shedding_.overload.enter(shedding_.worker, priority);
    if (missing == Resource::none) {
        entered_ = true;
        return std::nullopt;
    }
    shedding_.metrics.shed(static_cast<std::size_t>(missing), static_cast<std::size_t>(priority));
    effects.shed = name(missing);
    if (missing == Resource::descriptors) {
        exchange.keep_alive = false;  // its connection is one
    }
    return problem::overloaded(words(missing, priority), patience(missing));
}

}  // namespace adit::policy

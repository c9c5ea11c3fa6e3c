// Settings and counters, found once for all requests; see generation_degrading.h.
#include "connector/generation_degrading.h"

namespace adit {
namespace {

policy::Fallback compile(const config::Fallback& rule, const std::string& of, ConnectorMetrics& metrics) {
    policy::Fallback compiled{.rule = rule, .metrics = {}};
    for (const config::Fallback::Step& step : rule.to) {
        compiled.metrics.push_back(metrics.fallback(of, step.fixed ? "static" : step.backend));
    }
    return compiled;
}

/// The backends that requests of a route may end at, without those of routes that it leads to.
std::vector<std::size_t> backends_of(const config::RouteRule& rule) {
    std::vector<std::size_t> all;
    if (!rule.backend.empty()) {
        all.push_back(rule.backend_index);
    }
    for (const config::SplitShare& share : rule.split) {
        all.push_back(share.backend_index);
    }
    return all;
}

}  // namespace

policy::Degrading make_degrading(const Generation& made, const policy::Routes& routes, const Generation::Means& means) {
    const config::Configuration& configuration = made.configuration;
    policy::Degrading degrading{.cache = &means.fabric.cache,
                                .reduction = &means.fabric.reduction,
                                .reduction_metrics = means.metrics.reduction(),
                                .backends = {},
                                .routes = {}};
    for (const config::Backend& backend : configuration.backends) {
        auto& of = degrading.backends.emplace_back();
        of.cache = backend.cache;
        of.kept = backend.cache.has_value();
        if (backend.fallback) {
            of.fallback = compile(*backend.fallback, "backend:" + backend.name, means.metrics);
        }
    }
    for (const config::RouteRule& rule : configuration.routes) {
        for (const std::size_t backend : backends_of(rule)) {
            degrading.backends[backend].kept = degrading.backends[backend].kept || rule.cache;
        }
    }
    for (std::size_t i = 0; i < configuration.routes.size(); ++i) {
        const config::RouteRule& rule = configuration.routes[i];
        auto& of = degrading.routes.emplace_back();
        bool keeps = rule.cache.has_value();
        if (rule.fallback) {
            of.fallback = compile(*rule.fallback, "route:" + routes.router.routes()[i].name, means.metrics);
        }
        of.rescues = keeps || rule.fallback;
        for (const std::size_t index : backends_of(rule)) {
            const auto& backend = degrading.backends[index];
            keeps = keeps || backend.cache;
            of.rescues = of.rescues || backend.kept || backend.fallback;
        }
        if (keeps) {
            of.cache = means.metrics.cache(routes.router.routes()[i].name);
        }
    }
    return degrading;
}

void take_up_degrading(const config::Configuration& configuration, Fabric& fabric) {
    fabric.cache.store.use(configuration.cache);
    fabric.reduction.use(configuration.degrade);
}

}  // namespace adit

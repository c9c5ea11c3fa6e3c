// Each backend and each route is looked at once, with what counts for its requests; see warnings.h.
#include "connector/config/warnings.h"

#include <algorithm>
#include <vector>

namespace adit::config {
namespace {

using yaml::Node;

const Node* below(const Node* node, std::string_view key) {
    const yaml::Member* member = node == nullptr ? nullptr : node->find(key);
    return member == nullptr ? nullptr : &member->value;
}

/// What the narrower place says, else the wider one.
TimeoutSettings over(const TimeoutSettings& narrow, const TimeoutSettings& wide) {
    const auto either = [](const auto& first, const auto& second) { return first ? first : second; };
    return {either(narrow.connect, wide.connect),       either(narrow.tls, wide.tls),
            either(narrow.first_byte, wide.first_byte), either(narrow.idle, wide.idle),
            either(narrow.per_try, wide.per_try),       either(narrow.total, wide.total)};
}

class Search {
  public:
    Search(const Node& root, const Configuration& configuration) : root_(root), configuration_(configuration) {}

    yaml::Diagnostics run() {
        warn_of_tries(Part(root_, &root_, "the file", warnings_),
                      {configuration_.timeouts.over({}), configuration_.timeouts, {}});
        for (const Backend& backend : configuration_.backends) {
            look_at(backend);
        }
        for (std::size_t i = 0; i < configuration_.routes.size(); ++i) {
            look_at(i);
        }
        look_at_limits();
        look_at_essentials();
        look_at_priorities();
        warn_of_files(Part(root_, &root_, "the configuration", warnings_), configuration_,
                      std::filesystem::path(root_.place.file()));
        return std::move(warnings_);
    }

  private:
    Composed composed(const Backend& backend) const {
        return {backend.timeouts, over(backend.timeout_settings, configuration_.timeouts), backend.retry};
    }

    void look_at(const Backend& backend) {
        const Part part(root_, below(below(&root_, "backends"), backend.name), "backend " + backend.name, warnings_);
        const Composed all = composed(backend);
        warn_of_tries(part, all);
        warn_of_endpoints(part, backend);
        guard(part, backend.circuit, backend.bulkhead, all);
        if (backend.cache) {
            warn_of_cache(part, *backend.cache, configuration_.cache);
        }
        if (backend.fallback) {
            warn_of_fallback(part, *backend.fallback, all);
        }
    }

    void guard(const Part& part, const std::optional<Circuit>& circuit, const std::optional<Bulkhead>& bulkhead,
               const Composed& all) const {
        if (circuit) {
            warn_of_circuit(part, *circuit, all, configuration_.state.has_value());
        }
        if (bulkhead) {
            warn_of_bulkhead(part, *bulkhead, all);
        }
    }

    void look_at(std::size_t index) {
        const RouteRule& rule = configuration_.routes[index];
        const Node* routes = below(&root_, "routes");
        const Node* node = routes != nullptr && index < routes->items.size() ? &routes->items[index] : nullptr;
        const Part part(root_, node, "route " + rule.name, warnings_);
        if (rule.cache) {
            warn_of_cache(part, *rule.cache, configuration_.cache);
        }
        look_at_methods(part, rule);
        if (rule.redirect || rule.fixed) {
            return look_at_own_answer(part);
        }
        if (rule.inner_route) {
            return look_at_inner(part, rule);
        }
        const Backend& backend =
            configuration_.backends[rule.split.empty() ? rule.backend_index : rule.split.front().backend_index];
        Composed all = composed(backend);
        all.timeouts = rule.timeouts.over(all.timeouts);
        all.said = over(rule.timeouts, all.said);
        all.retry = rule.retry ? rule.retry : all.retry;
        warn_of_tries(part, all);
        guard(part, rule.circuit, rule.bulkhead, all);
        if (rule.fallback) {
            warn_of_fallback(part, *rule.fallback, all);
        }
    }

    static void look_at_own_answer(const Part& part) {
        for (const char* key : {"timeouts", "retry", "circuit", "bulkhead", "fallback", "cache"}) {
            if (part.has(key)) {
                part.warn({key}, std::string(key) + " never counts: " + part.name() + " answers itself");
            }
        }
    }

    /// The last route on a request's way says how it is forwarded.
    void look_at_inner(const Part& part, const RouteRule& rule) const {
        const std::string& inner = configuration_.routes[*rule.inner_route].name;
        for (const char* key : {"timeouts", "retry", "cache", "fallback", "circuit", "bulkhead"}) {
            if (part.has(key)) {
                part.warn({key}, std::string(key) + " never counts: requests go on to route " + inner +
                                     ", which says how they are forwarded");
            }
        }
    }

    static void look_at_methods(const Part& part, const RouteRule& rule) {
        const auto& methods = rule.match.methods;
        const auto cached = [](const std::string& method) { return method == "GET" || method == "HEAD"; };
        if (rule.cache && !methods.empty() && std::ranges::none_of(methods, cached)) {
            part.warn({"cache"}, "nothing is kept: answers to GET and HEAD are, and the route takes neither");
        }
        if (rule.cache && !rule.cache->per_consumer && !rule.authentication.empty()) {
            part.warn({"cache", "per_consumer"},
                      "an answer to one caller may be given to another: the route asks who calls, and of credentials "
                      "RFC 9111 knows the Authorization field alone");
        }
    }

    void look_at_essentials() {
        const auto& routes = configuration_.routes;
        const Part part(root_, &root_, "the configuration", warnings_);
        const auto waits = std::ranges::find(routes, false, &RouteRule::essential);
        if (waits == routes.end()) {
            return;
        }
        const auto at = static_cast<std::size_t>(waits - routes.begin());
        if (configuration_.degrade.automatic && std::ranges::none_of(configuration_.backends, &Backend::essential)) {
            part.warn({"routes", at, "essential"},
                      "route " + waits->name + " waits only when an operator says so: no backend is essential");
        }
        if (std::ranges::none_of(routes, &RouteRule::essential)) {
            part.warn({"routes", at, "essential"}, "no route is essential: reduced functionality is none at all");
        }
    }

    void look_at_limits() {
        for (const Policy& policy : configuration_.policies) {
            if (policy.rate_limit && policy.rate_limit->by.of == RateLimit::Key::Of::header) {
                Part(root_, below(below(&root_, "policies"), policy.name), "policy " + policy.name, warnings_)
                    .warn({"rate_limit", "by"},
                          "a client that writes another " + policy.rate_limit->by.name +
                              " has tokens of its own: only a proxy that sets the field makes this a limit");
            }
        }
    }

    void look_at_priorities() {
        const auto& routes = configuration_.routes;
        const bool all_critical = !routes.empty() && std::ranges::all_of(routes, [](const RouteRule& rule) {
            return rule.priority == Priority::critical;
        });
        if (configuration_.shed.enabled && all_critical) {
            Part(root_, &root_, "the configuration", warnings_)
                .warn({"routes", std::size_t{0}, "priority"},
                      "every route is critical: nothing can be shed before everything is");
        }
    }

    const Node& root_;
    const Configuration& configuration_;
    yaml::Diagnostics warnings_;
};

}  // namespace

bool Part::has(std::string_view key, std::string_view member) const {
    const Node* inner = below(node_, key);
    return inner != nullptr && inner->find(member) != nullptr;
}

void Part::warn(std::initializer_list<yaml::Step> at, std::string message) const {
    const Node& from = node_ == nullptr ? root_ : *node_;
    warnings_.error(yaml::place_of(from, at), std::move(message));
}

yaml::Diagnostics find_warnings(const yaml::Node& root, const Configuration& configuration) {
    return Search(root, configuration).run();
}

}  // namespace adit::config

// A graph of routes: an edge for each backend that is internal://ROUTE. See targets.h.
#include "connector/config/targets.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/config/suggest.h"

namespace adit::config {
namespace {

using yaml::Diagnostics;
using yaml::Node;
using yaml::Place;
using yaml::place_of;

/// Names of one kind with their indices.
class Names {
  public:
    Names(std::string one, std::string many) : one_(std::move(one)), many_(std::move(many)) {}
    void add(const std::string& name, std::size_t index) {
        if (index_.emplace(name, index).second) names_.push_back(name);
    }
    std::optional<std::size_t> find(const std::string& name) const {
        const auto found = index_.find(name);
        return found == index_.end() ? std::nullopt : std::optional(found->second);
    }
    std::string missing(const std::string& name) const {
        const auto known =
            names_.empty() ? " (there are no " + many_ + ")" : " (" + many_ + ": " + yaml::listing(names_, 10) + ")";
        return "there is no " + one_ + " '" + name + "'" + yaml::did_you_mean(name, names_) + known;
    }

  private:
    std::string one_;
    std::string many_;
    std::unordered_map<std::string, std::size_t> index_;
    std::vector<std::string> names_;
};

class Targets {
  public:
    Targets(const Node& root, Configuration& configuration, Diagnostics& diagnostics)
        : root_(root), configuration_(configuration), diagnostics_(diagnostics) {
        for (const Backend& backend : configuration.backends) note(backend);
    }

    void resolve() {
        for (std::size_t i = 0; i < configuration_.routes.size(); ++i) resolve(i);
        for (std::size_t i = 0; i < configuration_.backends.size(); ++i)
            if (Backend& backend = configuration_.backends[i]; backend.fallback)
                resolve(*backend.fallback, [&](std::size_t k) {
                    return place_of(root_, {"backends", backend.name, "fallback", "to", k, "backend"});
                });
        bound_ways();
    }

  private:
    /// The route that a backend leads to, if it does.
    void note(const Backend& backend) {
        backends_.add(backend.name, inner_.size());
        auto& inner = inner_.emplace_back();
        if (backend.endpoints.empty() || backend.endpoints.front().scheme != Endpoint::Scheme::internal) return;
        const std::string& name = backend.endpoints.front().route;
        inner = routes().find(name);
        if (!inner)
            diagnostics_.error(place_of(root_, {"backends", backend.name, "endpoints", std::size_t{0}}),
                               routes_.missing(name));
    }
    /// Who stands in for somebody.
    void resolve(Fallback& fallback, const auto& place_of_step) {
        for (std::size_t k = 0; k < fallback.to.size(); ++k) {
            Fallback::Step& step = fallback.to[k];
            const auto place = [&] { return place_of_step(k); };
            std::optional<std::size_t> inner;
            look_up(step.backend, step.backend_index, &inner, place);
            if (inner)
                diagnostics_.error(place(), "a fallback's backend has endpoints of its own, not internal://ROUTE");
        }
    }
    /// Filled when the first backend asks: few configurations have routes that lead to routes.
    const Names& routes() {
        if (!std::exchange(routes_known_, true))
            for (std::size_t i = 0; i < configuration_.routes.size(); ++i)
                if (const auto& name = configuration_.routes[i].name; !name.empty()) routes_.add(name, i);
        return routes_;
    }

    void look_up(const std::string& name, std::size_t& backend_index, std::optional<std::size_t>* inner,
                 const auto& place) {
        if (name.empty()) return;
        const auto found = backends_.find(name);
        if (!found) return diagnostics_.error(place(), backends_.missing(name));
        backend_index = *found;
        if (inner) *inner = inner_[*found];
    }

    void resolve(std::size_t i) {
        RouteRule& route = configuration_.routes[i];
        look_up(route.backend, route.backend_index, &route.inner_route,
                [&] { return place_of(root_, {"routes", i, "backend"}); });
        for (std::size_t k = 0; k < route.split.size(); ++k)
            look_up(route.split[k].backend, route.split[k].backend_index, &route.split[k].inner_route,
                    [&] { return place_of(root_, {"routes", i, "split", k, "backend"}); });
        if (route.fallback) {
            resolve(*route.fallback,
                    [&](std::size_t k) { return place_of(root_, {"routes", i, "fallback", "to", k, "backend"}); });
        }
        if (!route.mirror) return;
        const auto place = [&] { return place_of(root_, {"routes", i, "mirror", "backend"}); };
        std::optional<std::size_t> inner;
        look_up(route.mirror->backend, route.mirror->backend_index, &inner, place);
        if (inner) diagnostics_.error(place(), "a mirror's backend has endpoints of its own, not internal://ROUTE");
    }

    std::vector<std::size_t> next_of(std::size_t i) const {
        const RouteRule& route = configuration_.routes[i];
        std::vector<std::size_t> next;
        if (route.inner_route) next.push_back(*route.inner_route);
        for (const SplitShare& share : route.split)
            if (share.inner_route) next.push_back(*share.inner_route);
        return next;
    }

    /// How many routes the longest way from each has. A round lengthens every way that is not at its end, so that after
    /// as many rounds as a way may have routes only circles and ways that are too long have more.
    void bound_ways() {
        std::vector<std::size_t> leading;
        for (std::size_t i = 0; i < configuration_.routes.size(); ++i)
            if (!next_of(i).empty()) leading.push_back(i);
        std::vector<std::size_t> length(configuration_.routes.size(), 1);
        for (std::size_t round = 0; round < bounds::inner_routes; ++round)
            for (const std::size_t i : leading)
                for (const std::size_t next : next_of(i)) length[i] = std::max(length[i], length[next] + 1);
        const auto endless = [&](std::size_t i) { return length[i] > bounds::inner_routes; };
        if (const auto first = std::ranges::find_if(leading, endless); first != leading.end())
            report_way(*first, endless);
    }

    /// Follows a way that is too long to where it meets itself, or ends after all.
    void report_way(std::size_t at, const auto& endless) {
        std::vector<bool> seen(configuration_.routes.size());
        for (;;) {
            seen[at] = true;
            const auto ways = next_of(at);
            const auto next = std::ranges::find_if(ways, endless);
            const std::size_t to = next == ways.end() ? ways.front() : *next;
            if (next == ways.end() || seen[to]) {
                const auto by = std::ranges::find(inner_, std::optional(to));
                const Backend& backend = configuration_.backends[static_cast<std::size_t>(by - inner_.begin())];
                const auto route = [&](std::size_t i) { return "route '" + configuration_.routes[i].name + "'"; };
                return diagnostics_.error(place_of(root_, {"backends", backend.name, "endpoints", std::size_t{0}}),
                                          next == ways.end() ? route(at) + " leads through more than " +
                                                                   std::to_string(bounds::inner_routes) + " routes"
                                                             : route(to) + " leads back to itself by this one");
            }
            at = to;
        }
    }

    const Node& root_;
    Configuration& configuration_;
    Diagnostics& diagnostics_;
    Names backends_{"backend", "backends"};
    Names routes_{"route", "routes with a name"};
    bool routes_known_ = false;
    std::vector<std::optional<std::size_t>> inner_;  ///< by backend: the route that it leads to
};

}  // namespace

void resolve_targets(const Node& root, Configuration& configuration, Diagnostics& diagnostics) {
    Targets(root, configuration, diagnostics).resolve();
}

}  // namespace adit::config

// Which route a request takes, by its host and path, and what else the route asks for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/config/config.h"
#include "connector/route/conditions.h"
#include "connector/route/path_template.h"
#include "connector/route/path_tree.h"
#include "connector/route/split.h"

namespace adit::route {

/// A route as the request path sees it.
struct Route {
    /// A path or a location made of parts of the request.
    struct Target {
        PathTemplate text;
        bool keep_query = true;
    };

    std::string name;
    Destination destination;  ///< where no split decides
    std::size_t index = 0;    ///< into Configuration::routes; what per-route counters are indexed by
    Conditions conditions;
    std::optional<Target> rewrite;   ///< of the path that the backend gets
    std::optional<Target> redirect;  ///< where the client is sent
    std::uint32_t redirect_status = 0;
    std::optional<config::StaticAnswer> fixed;
    std::optional<Split> split;
    std::optional<config::Mirror> mirror;
    bool plain = true;           ///< a request goes to one backend as it is: nothing above but its destination
    RouteIndex next = no_route;  ///< the next of those with the same host and path, by how much they ask for
};

/// Built once from the rules and never changed: workers share it without a lock. Pure.
class Router {
  public:
    /// `rules` are those of a loaded configuration: their patterns are valid.
    explicit Router(const std::vector<config::RouteRule>& rules);

    /// The route for a Host field (or authority) and a normalised path (path.h), or nullptr. The host's case, port and
    /// final dot do not matter. Routes of exactly this host come before those of the longest "*.suffix", shorter ones
    /// after it, and routes without a host last; among the routes of one host pattern the more specific path wins (see
    /// PathTree), of one path the route that asks more of `request` (method, header fields, query), in the order of the
    /// file among equals; the next path, then the next host, is asked when none of them matches. Does not allocate. The
    /// route lives as long as the router.
    const Route* match(std::string_view host, std::string_view path, const http::RequestHead& request) const;

    const std::vector<Route>& routes() const { return routes_; }

  private:
    class Met;

    void chain(RouteIndex first, RouteIndex added);
    RouteIndex find(std::string_view host, std::string_view path, const Choice& choice) const;

    std::vector<Route> routes_;
    std::vector<std::uint8_t> conditional_;  ///< by route: it has conditions to look at
    PathTree tree_;                          ///< a suffix is ".example.com" for "*.example.com"
};

}  // namespace adit::route

// Which route a request takes, by its host and path.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/strings.h"
#include "connector/config/config.h"
#include "connector/route/path_tree.h"

namespace adit::route {

/// A route as the request path sees it.
struct Route {
    std::string name;
    std::string backend;
    std::size_t backend_index = 0;  ///< into Configuration::backends
    std::size_t index = 0;          ///< into Configuration::routes; what per-route counters are indexed by
};

/// Built once from the rules and never changed: workers share it without a lock. Pure.
class Router {
  public:
    /// `rules` are those of a loaded configuration: their patterns are valid.
    explicit Router(const std::vector<config::RouteRule>& rules);

    /// The route for a Host field (or authority) and a normalised path (path.h), or nullptr. The host's case, port and
    /// final dot do not matter. Routes of exactly this host come before those of the longest "*.suffix", shorter ones
    /// after it, and routes without a host last; among the routes of one host pattern the more specific path wins (see
    /// PathTree), and the next pattern is asked when none of them matches. Does not allocate. The route lives as long
    /// as the router.
    const Route* match(std::string_view host, std::string_view path) const;

    const std::vector<Route>& routes() const { return routes_; }

  private:
    using Trees = std::unordered_map<std::string, PathTree, StringHash, std::equal_to<>>;

    RouteIndex find(std::string_view host, std::string_view path) const;

    std::vector<Route> routes_;
    Trees exact_;
    Trees suffixes_;  ///< ".example.com" for "*.example.com"
    PathTree any_host_;
};

}  // namespace adit::route

// Paths to routes, one tree level per segment: the cost of a match depends on the path, not on the number of routes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/strings.h"

namespace adit::route {

/// The index of a route, or none.
using RouteIndex = std::uint32_t;
inline constexpr RouteIndex no_route = UINT32_MAX;

/// Has the last word about a route whose path matches: what it asks of the rest of the request.
class Choice {
  public:
    /// The route to take of those that share the pattern of `first`, or no_route.
    virtual RouteIndex among(RouteIndex first) const = 0;

  protected:
    ~Choice() = default;
};

/// The path patterns of one host. Filled once, then only read.
class PathTree {
  public:
    /// Adds a valid pattern without names (config::bare_pattern). Of equal patterns the first stays; its route is the
    /// answer.
    RouteIndex add(std::string_view pattern, RouteIndex route);

    /// The most specific route for a normalised path that `choice` takes, or no_route. Segment by segment from the
    /// left, a literal is more specific than "*" and that than "**"; "*" takes exactly one segment that is not empty,
    /// "**" any number, also none. Does not allocate.
    RouteIndex match(std::string_view path, const Choice& choice) const;

  private:
    using NodeIndex = std::uint32_t;
    static constexpr NodeIndex no_node = UINT32_MAX;

    struct Node {
        std::unordered_map<std::string, NodeIndex, StringHash, std::equal_to<>> literals;
        NodeIndex any = no_node;      ///< "*"
        RouteIndex here = no_route;   ///< the path ends here
        RouteIndex below = no_route;  ///< "**"
    };

    NodeIndex child(NodeIndex parent, std::string_view segment);
    RouteIndex match_below(const Node& node, std::string_view rest, const Choice& choice) const;

    std::vector<Node> nodes_{1};
};

}  // namespace adit::route

// Hosts and paths to routes, one tree level per host and per segment: the cost of a match depends on the path, not on
// the number of routes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

/// The path patterns of all hosts. Filled once, then only read.
///
/// With ten thousand routes it is memory that takes time. So there is one table for all nodes, eight bytes a slot, and
/// a node with its text is one line of the cache: two lines a level.
class PathTree {
  public:
    /// A place where paths begin. Hosts are children of two nodes that are no paths themselves.
    using NodeIndex = std::uint32_t;
    static constexpr NodeIndex no_node = UINT32_MAX;
    static constexpr NodeIndex exact_hosts = 0;
    static constexpr NodeIndex suffixes = 1;
    static constexpr NodeIndex any_host = 2;

    PathTree() : nodes_(3), slots_(16) {}

    /// The place of a host's paths among exact_hosts or suffixes, made when it is new.
    NodeIndex add_host(NodeIndex kind, std::string_view host) { return child(kind, host); }
    /// The same, or no_node.
    NodeIndex find_host(NodeIndex kind, std::string_view host) const { return find(kind, host); }
    /// Whether there is a host of this kind.
    bool has_hosts(NodeIndex kind) const { return nodes_[kind].has_children; }

    /// Adds a valid pattern without names (config::bare_pattern) below a host, or any_host. Of equal patterns the first
    /// stays; its route is the answer.
    RouteIndex add(NodeIndex host, std::string_view pattern, RouteIndex route);

    /// The most specific route for a normalised path that `choice` takes, or no_route. Segment by segment from the
    /// left, a literal is more specific than "*" and that than "**"; "*" takes exactly one segment that is not empty,
    /// "**" any number, also none. Does not allocate.
    RouteIndex match(NodeIndex host, std::string_view path, const Choice& choice) const {
        return match_below(nodes_[host], host, path, choice);
    }

  private:
    struct alignas(64) Node {
        NodeIndex parent = no_node;
        NodeIndex any = no_node;      ///< "*"
        RouteIndex here = no_route;   ///< the path ends here
        RouteIndex below = no_route;  ///< "**"
        std::uint32_t rest = 0;       ///< in rests_, what of the segment `text` has no room for
        std::uint32_t size = 0;       ///< of the segment
        bool has_children = false;    ///< literal ones
        std::array<char, 39> text{};  ///< how the segment begins
    };
    static_assert(sizeof(Node) == 64);
    struct Slot {
        std::uint32_t mark = 0;  ///< of the hash
        NodeIndex node = no_node;
    };

    static std::uint64_t hash(NodeIndex parent, std::string_view segment);
    bool is(const Node& node, NodeIndex parent, std::string_view segment) const;
    NodeIndex find(NodeIndex parent, std::string_view segment) const;
    NodeIndex child(NodeIndex parent, std::string_view segment);
    NodeIndex add_node(NodeIndex parent, std::string_view segment);
    void enter(NodeIndex node, std::uint64_t hash);
    void grow();
    RouteIndex match_below(const Node& node, NodeIndex index, std::string_view rest, const Choice& choice) const;

    std::vector<Node> nodes_;
    std::vector<Slot> slots_;   ///< literal children by parent and segment; a power of two, at most half full
    std::size_t literals_ = 0;  ///< slots in use
    std::vector<std::string> rests_;
    std::vector<std::uint64_t> hashes_ = std::vector<std::uint64_t>(3);  ///< by node, for when the table grows
};

}  // namespace adit::route

// Matching tries the more specific child first and comes back when it leads nowhere; its depth is that of the patterns.
#include "connector/route/path_tree.h"

namespace adit::route {
namespace {

constexpr std::size_t end = std::string_view::npos;

/// What follows the segment at the front: with its slash, or empty at the end of the path.
std::string_view after_segment(std::string_view rest) {
    const auto slash = rest.find('/', 1);
    return slash == end ? std::string_view() : rest.substr(slash);
}

/// The segment at the front of a rest that begins with a slash.
std::string_view first_segment(std::string_view rest) {
    const auto slash = rest.find('/', 1);
    return rest.substr(1, slash == end ? end : slash - 1);
}

}  // namespace

PathTree::NodeIndex PathTree::child(NodeIndex parent, std::string_view segment) {
    const auto next = static_cast<NodeIndex>(nodes_.size());
    auto& node = nodes_[parent];
    const auto found = segment == "*" ? node.any : node.literals.try_emplace(std::string(segment), next).first->second;
    if (found != next && found != no_node) return found;
    if (segment == "*") node.any = next;
    nodes_.emplace_back();
    return next;
}

void PathTree::add(std::string_view pattern, RouteIndex route) {
    NodeIndex node = 0;
    for (auto rest = pattern; !rest.empty(); rest = after_segment(rest)) {
        const auto segment = first_segment(rest);
        if (segment == "**") {
            if (nodes_[node].below == no_route) nodes_[node].below = route;
            return;
        }
        node = child(node, segment);
    }
    if (nodes_[node].here == no_route) nodes_[node].here = route;
}

RouteIndex PathTree::match(std::string_view path) const {
    return match_below(nodes_[0], path);
}

RouteIndex PathTree::match_below(const Node& node, std::string_view rest) const {
    if (rest.empty()) return node.here != no_route ? node.here : node.below;
    const auto segment = first_segment(rest);
    const auto remaining = after_segment(rest);
    if (!node.literals.empty()) {
        if (const auto literal = node.literals.find(segment); literal != node.literals.end())
            if (const auto route = match_child(literal->second, remaining); route != no_route) return route;
    }
    if (node.any != no_node && !segment.empty())
        if (const auto route = match_child(node.any, remaining); route != no_route) return route;
    return node.below;
}

RouteIndex PathTree::match_child(NodeIndex child, std::string_view rest) const {
    return match_below(nodes_[child], rest);
}

}  // namespace adit::route

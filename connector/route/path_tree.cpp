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
    const bool any = segment == "*";
    const auto found = any ? node.any : node.literals.try_emplace(std::string(segment), next).first->second;
    if (found != next && found != no_node) return found;
    if (any) node.any = next;
    nodes_.emplace_back();
    return next;
}

RouteIndex PathTree::add(std::string_view pattern, RouteIndex route) {
    NodeIndex node = 0;
    for (auto rest = pattern; !rest.empty(); rest = after_segment(rest)) {
        const auto segment = first_segment(rest);
        if (segment == "**") {
            if (nodes_[node].below == no_route) nodes_[node].below = route;
            return nodes_[node].below;
        }
        node = child(node, segment);
    }
    if (nodes_[node].here == no_route) nodes_[node].here = route;
    return nodes_[node].here;
}

RouteIndex PathTree::match(std::string_view path, const Choice& choice) const {
    return match_below(nodes_[0], path, choice);
}

RouteIndex PathTree::match_below(const Node& node, std::string_view rest, const Choice& choice) const {
    const auto chosen = [&choice](RouteIndex first) { return first == no_route ? no_route : choice.among(first); };
    if (rest.empty()) {
        const auto here = chosen(node.here);
        return here != no_route ? here : chosen(node.below);
    }
    const auto segment = first_segment(rest);
    const auto remaining = after_segment(rest);
    if (!node.literals.empty()) {
        if (const auto literal = node.literals.find(segment); literal != node.literals.end())
            if (const auto route = match_below(nodes_[literal->second], remaining, choice); route != no_route)
                return route;
    }
    if (node.any != no_node && !segment.empty())
        if (const auto route = match_below(nodes_[node.any], remaining, choice); route != no_route) return route;
    return chosen(node.below);
}

}  // namespace adit::route

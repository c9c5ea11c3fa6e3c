// Matching tries the more specific child first and comes back when it leads nowhere; its depth is that of the patterns.
#include "connector/route/path_tree.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

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

std::uint64_t PathTree::hash(NodeIndex parent, std::string_view segment) {
    // The parent is spread over all bits; the upper half marks a slot, the lower half chooses it.
    return std::hash<std::string_view>()(segment) ^ ((parent + 1) * 0x9e3779b97f4a7c15);
}

bool PathTree::is(const Node& node, NodeIndex parent, std::string_view segment) const {
    if (node.parent != parent || node.size != segment.size()) return false;
    const std::size_t here = std::min(segment.size(), node.text.size());
    if (std::memcmp(node.text.data(), segment.data(), here) != 0) return false;
    return here == segment.size() || rests_[node.rest] == segment.substr(here);
}

PathTree::NodeIndex PathTree::find(NodeIndex parent, std::string_view segment) const {
    const std::uint64_t hashed = hash(parent, segment);
    const auto mark = static_cast<std::uint32_t>(hashed >> 32);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hashed & mask;; i = (i + 1) & mask) {
        const Slot& slot = slots_[i];
        if (slot.node == no_node || (slot.mark == mark && is(nodes_[slot.node], parent, segment))) return slot.node;
    }
}

PathTree::NodeIndex PathTree::child(NodeIndex parent, std::string_view segment) {
    const auto found = segment == "*" ? nodes_[parent].any : find(parent, segment);
    return found != no_node ? found : add_node(parent, segment);
}

PathTree::NodeIndex PathTree::add_node(NodeIndex parent, std::string_view segment) {
    const auto added = static_cast<NodeIndex>(nodes_.size());
    Node& node = nodes_.emplace_back();
    hashes_.push_back(hash(parent, segment));
    node.parent = parent;
    if (segment == "*") {
        nodes_[parent].any = added;
        return added;
    }
    nodes_[parent].has_children = true;
    node.size = static_cast<std::uint32_t>(segment.size());
    const std::size_t here = segment.copy(node.text.data(), node.text.size());
    if (here < segment.size()) {
        node.rest = static_cast<std::uint32_t>(rests_.size());
        rests_.emplace_back(segment.substr(here));
    }
    if (2 * ++literals_ > slots_.size()) grow();
    enter(added, hashes_.back());
    return added;
}

void PathTree::enter(NodeIndex node, std::uint64_t hashed) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = hashed & mask;
    while (slots_[i].node != no_node) i = (i + 1) & mask;
    slots_[i] = {static_cast<std::uint32_t>(hashed >> 32), node};
}

void PathTree::grow() {
    const auto before = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
    for (const Slot& slot : before)
        if (slot.node != no_node) enter(slot.node, hashes_[slot.node]);
}

RouteIndex PathTree::add(NodeIndex host, std::string_view pattern, RouteIndex route) {
    NodeIndex node = host;
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

RouteIndex PathTree::match_below(const Node& node, NodeIndex index, std::string_view rest, const Choice& choice) const {
    const auto chosen = [&choice](RouteIndex first) { return first == no_route ? no_route : choice.among(first); };
    if (rest.empty()) {
        const auto here = chosen(node.here);
        return here != no_route ? here : chosen(node.below);
    }
    const auto segment = first_segment(rest);
    const auto remaining = after_segment(rest);
    if (node.has_children) {
        if (const auto literal = find(index, segment); literal != no_node)
            if (const auto route = match_below(nodes_[literal], literal, remaining, choice); route != no_route)
                return route;
    }
    if (node.any != no_node && !segment.empty())
        if (const auto route = match_below(nodes_[node.any], node.any, remaining, choice); route != no_route)
            return route;
    return chosen(node.below);
}

}  // namespace adit::route

// The rules that the YAML library leaves open: one document, plain keys, no key twice, no explosion by aliases.
#include "common/config/builder.h"

#include <algorithm>
#include <utility>

#include "common/config/limits.h"

namespace adit::yaml {

void Builder::stop(Place place, std::string message) {
    if (!stopped_) diagnostics_.error(std::move(place), std::move(message));
    stopped_ = true;
}

void Builder::document(Place place) {
    // A line that is indented less than its list starts a second document for yaml-cpp, even without "---".
    if (++documents_ > 1)
        stop(std::move(place), "a second document begins here; a file holds one (or is this line indented wrongly?)");
}

bool Builder::awaits_key() const {
    return !open_.empty() && open_.back().value.node.kind == Node::Kind::map && !open_.back().key;
}

bool Builder::accepts_tag(const std::string& tag, const Place& place) {
    // "?" is an untagged plain value, "!" a quoted one.
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return true;
    stop(place, "tags have no meaning here; a value that begins with '!' needs quotes");
    return false;
}

void Builder::nothing(Place place, Anchor anchor) {
    if (stopped_) return;
    if (awaits_key()) return stop(std::move(place), "a key is missing here");
    // yaml-cpp marks a value that was left out at whatever follows; its key is the better place.
    if (!open_.empty() && open_.back().key) place = open_.back().key->key_place;
    Finished value;
    value.node.place = std::move(place);
    add(std::move(value), anchor);
}

void Builder::scalar(Place place, const std::string& tag, Anchor anchor, const std::string& value) {
    if (stopped_ || !accepts_tag(tag, place)) return;
    if (tag == "!") last_quoted_ = place;
    Finished scalar;
    scalar.node.kind = Node::Kind::scalar;
    scalar.node.place = std::move(place);
    scalar.node.text = value;
    if (awaits_key()) return take_key(open_.back(), std::move(scalar.node), tag == "?");
    add(std::move(scalar), anchor);
}

void Builder::alias(Place place, Anchor anchor) {
    if (stopped_) return;
    if (awaits_key()) return stop(std::move(place), "an alias cannot be a key");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return stop(std::move(place), "this alias stands within the value that it repeats");
    // Checked before copying, so that the copies of a "billion laughs" are never made.
    if (nodes_ + found->second.nodes > limits::nodes)
        return stop(std::move(place),
                    "with aliases expanded this file has more than " + std::to_string(limits::nodes) + " values");
    if (open_.size() + found->second.depth > limits::depth)
        return stop(std::move(place), "lists and maps are nested more than " + std::to_string(limits::depth) + " deep");
    nodes_ += found->second.nodes;
    attach(found->second);
}

void Builder::open(Node::Kind kind, Place place, const std::string& tag, Anchor anchor) {
    if (stopped_ || !accepts_tag(tag, place)) return;
    if (awaits_key()) return stop(std::move(place), "a key must be a word, not a list or a map");
    if (open_.size() >= limits::depth)
        return stop(std::move(place), "lists and maps are nested more than " + std::to_string(limits::depth) + " deep");
    auto& frame = open_.emplace_back();
    frame.value.node.kind = kind;
    frame.value.node.place = std::move(place);
    frame.anchor = anchor;
}

void Builder::close() {
    if (stopped_) return;
    auto frame = std::move(open_.back());
    open_.pop_back();
    // What the map says itself wins over what it merges, and earlier merged maps over later ones.
    for (auto& map : frame.merged)
        for (auto& member : map.members)
            if (frame.keys.emplace(member.key, member.key_place).second)
                frame.value.node.members.push_back(std::move(member));
    add(std::move(frame.value), frame.anchor);
}

void Builder::add(Finished value, Anchor anchor) {
    // An anchor keeps a copy, which counts as well: nested anchors copy the same values many times.
    nodes_ += 1 + (anchor != 0 ? value.nodes : 0);
    if (nodes_ > limits::nodes)
        return stop(value.node.place, "this file has more than " + std::to_string(limits::nodes) + " values");
    if (anchor != 0) anchors_.insert_or_assign(anchor, value);
    attach(std::move(value));
}

void Builder::attach(Finished value) {
    if (open_.empty()) {
        root_ = std::move(value);
        return;
    }
    auto& frame = open_.back();
    frame.value.nodes += value.nodes;
    frame.value.depth = std::max(frame.value.depth, value.depth + 1);
    if (frame.value.node.kind == Node::Kind::list)
        frame.value.node.items.push_back(std::move(value.node));
    else
        attach_to_map(frame, std::move(value));
}

void Builder::take_key(Frame& frame, Node node, bool plain) {
    frame.merge_key = plain && node.text == "<<";
    frame.key = Member{std::move(node.text), std::move(node.place), {}};
}

void Builder::attach_to_map(Frame& frame, Finished value) {
    auto member = std::move(*frame.key);
    frame.key.reset();
    if (frame.merge_key) return merge(frame, std::move(value.node));
    const auto [first, is_new] = frame.keys.emplace(member.key, member.key_place);
    if (!is_new)
        return diagnostics_.error(member.key_place,
                                  "\"" + member.key + "\" is given twice; first at " + first->second.text());
    member.value = std::move(value.node);
    frame.value.node.members.push_back(std::move(member));
}

void Builder::merge(Frame& frame, Node node) {
    if (node.kind == Node::Kind::map) {
        frame.merged.push_back(std::move(node));
        return;
    }
    const bool maps_only = node.kind == Node::Kind::list && std::ranges::all_of(node.items, [](const Node& item) {
                               return item.kind == Node::Kind::map;
                           });
    if (!maps_only) return stop(node.place, "\"<<\" merges a map or a list of maps");
    std::ranges::move(node.items, std::back_inserter(frame.merged));
}

std::optional<Node> Builder::finish() && {
    if (stopped_) return std::nullopt;
    return root_ ? std::move(root_->node) : Node{};
}

}  // namespace adit::yaml

// Look-ups in a parsed document.
#include "common/config/node.h"

#include <algorithm>

namespace adit::yaml {
namespace {

constexpr std::size_t max_shown = 60;

const Node* step_into(const Node& node, const Step& step) {
    if (const auto* key = std::get_if<std::string_view>(&step)) {
        const auto* member = node.find(*key);
        return member ? &member->value : nullptr;
    }
    const auto index = std::get<std::size_t>(step);
    return index < node.items.size() ? &node.items[index] : nullptr;
}

}  // namespace

const Member* Node::find(std::string_view key) const {
    const auto found = std::ranges::find(members, key, &Member::key);
    return found == members.end() ? nullptr : &*found;
}

std::string Node::shown() const {
    std::string result = written.empty() ? text : written;
    if (result.contains("//") || result.contains('@')) return "...";
    if (result.size() > max_shown) result = result.substr(0, max_shown) + "...";
    std::ranges::replace_if(result, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
    return result;
}

std::string_view describe(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::nothing:
            return "nothing";
        case Node::Kind::scalar:
            return "a value";
        case Node::Kind::list:
            return "a list";
        case Node::Kind::map:
            return "a map";
    }
    return "nothing";
}

Place place_of(const Node& root, std::initializer_list<Step> way) {
    const Node* node = &root;
    for (const auto& step : way) {
        const auto* next = step_into(*node, step);
        if (!next) break;
        node = next;
    }
    return node->place;
}

}  // namespace adit::yaml

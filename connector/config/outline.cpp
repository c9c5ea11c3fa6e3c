// Comparing configurations part by part; see outline.h and make_outline.h.
#include "connector/config/outline.h"

#include <functional>
#include <utility>

#include "common/base/encoding.h"
#include "common/config/effective.h"
#include "common/tls/key.h"
#include "connector/config/make_outline.h"
#include "connector/config/table.h"

namespace adit::config {
namespace {

using yaml::Node;

/// All of a value, with what was filled in from elsewhere. Places do not count, nor comments.
void add(const Node& node, std::string& to) {
    to.append(std::to_string(static_cast<int>(node.kind))).append(std::to_string(node.text.size())).append(node.text);
    for (const Node& item : node.items) add(item, to);
    for (const yaml::Member& member : node.members) {
        to.append(std::to_string(member.key.size())).append(member.key);
        add(member.value, to);
    }
    to += '.';
}

std::size_t hash_of(const Node& node) {
    std::string text;
    add(node, text);
    return std::hash<std::string>()(text);
}

/// How an item of a list is called: by its name, else by its number.
std::string name_of(const Node& item, std::size_t number) {
    const yaml::Member* name = item.find("name");
    return name != nullptr && !name->value.text.empty() ? name->value.text : std::to_string(number);
}

}  // namespace

Outline make_outline(const Node& root) {
    Outline outline;
    const std::string text = yaml::effective(root, configuration_table().schema());
    outline.digest = hex_encode(tls::sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
    for (const yaml::Member& section : root.members) {
        const Node& value = section.value;
        for (const yaml::Member& member : value.members)
            outline.parts[section.key + "." + member.key] = hash_of(member.value);
        for (std::size_t i = 0; i < value.items.size(); ++i)
            outline.parts[section.key + "." + name_of(value.items[i], i)] += hash_of(value.items[i]);
        if (value.kind == Node::Kind::scalar) outline.parts[section.key] = hash_of(value);
    }
    return outline;
}

std::vector<std::string> changed_parts(const Outline& was, const Outline& now) {
    std::vector<std::string> names;
    for (auto [a, b] = std::pair(was.parts.begin(), now.parts.begin()); a != was.parts.end() || b != now.parts.end();) {
        const bool went = b == now.parts.end() || (a != was.parts.end() && a->first < b->first);
        const bool came = a == was.parts.end() || (b != now.parts.end() && b->first < a->first);
        if (went || came || a->second != b->second) names.push_back(came ? b->first : a->first);
        if (!came) ++a;
        if (!went) ++b;
    }
    return names;
}

}  // namespace adit::config

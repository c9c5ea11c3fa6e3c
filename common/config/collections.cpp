// Names as keys.
#include "common/config/collections.h"

#include <algorithm>
#include <utility>

namespace adit::yaml {
namespace {

constexpr std::size_t max_name = 64;

bool is_name_character(char c) {
    return c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

}  // namespace

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= max_name && std::ranges::all_of(text, is_name_character);
}

bool Name::read(const Node& node, std::string& value, Diagnostics& diagnostics) const {
    if (!expect_scalar(node, "a name", diagnostics)) return false;
    value = node.text;
    if (is_name(value)) return true;
    diagnostics.error(node.place, "\"" + node.shown() + "\" is not a name: use 1 to " + std::to_string(max_name) +
                                      " letters, digits, '-', '_' and '.'");
    return false;
}

bool expect_name(const Member& member, Diagnostics& diagnostics) {
    if (is_name(member.key)) return true;
    diagnostics.error(member.key_place, "\"" + member.key + "\" is not a name: use 1 to " + std::to_string(max_name) +
                                            " letters, digits, '-', '_' and '.'");
    return false;
}

bool TextMap::read(const Node& node, value_type& value, Diagnostics& diagnostics) const {
    if (!expect_kind(node, Node::Kind::map, "a map of words", diagnostics)) return false;
    if (node.members.size() > maximum_) {
        diagnostics.error(node.place, "more than " + std::to_string(maximum_) + " words in this map");
        return false;
    }
    value.clear();
    bool all = true;
    for (const auto& member : node.members) {
        std::string text;
        all &= expect_name(member, diagnostics);
        all &= Text().read(member.value, text, diagnostics);
        value.emplace(member.key, std::move(text));
    }
    return all;
}

Schema TextMap::schema() const {
    Schema text = Text().schema();
    text.secret = secrecy_ == Secrecy::secret;
    return {.kind = Schema::Kind::named,
            .name = "a map of words",
            .maximum = static_cast<std::int64_t>(maximum_),
            .items = {std::move(text)},
            .secret_by_name = secrecy_ == Secrecy::by_name};
}

}  // namespace adit::yaml

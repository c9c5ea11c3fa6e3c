// A parsed document as plain values: every key and value knows its place. No type of the YAML library shows here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/config/place.h"

namespace adit::yaml {

struct Member;

/// A value of the document. Owns its children.
struct Node {
    enum class Kind { nothing, scalar, list, map };

    Kind kind = Kind::nothing;
    Place place;

    std::string text;     ///< scalar: the value, after substitution
    std::string written;  ///< scalar: what the file says, when substitution changed it (the value may be secret)
    std::vector<std::filesystem::path> files = {};  ///< scalar: those that a part of the value was read from
    bool failed = false;  ///< an error of this value was reported already; reading it adds no second one

    std::vector<Node> items;      ///< list
    std::vector<Member> members;  ///< map, in the order of the file; keys are unique

    /// The member of a map, or nullptr.
    const Member* find(std::string_view key) const;

    /// What the scalar may be called in an error: as written, shortened, control characters replaced. "..." where it
    /// may be a URL, whose user information, path or query may be secret. Never for what is a secret.
    std::string shown() const;
};

/// A key of a map with its value.
struct Member {
    std::string key;
    Place key_place;
    Node value;
};

/// "a list", "a map", "a value", "nothing": for messages.
std::string_view describe(Node::Kind kind);

/// A way into a document: keys of maps and indices of lists.
using Step = std::variant<std::string_view, std::size_t>;

/// The place of the value at the end of the way, or of the deepest value on it that the document has: errors about
/// something that was left out point at what it was left out of.
Place place_of(const Node& root, std::initializer_list<Step> way);

}  // namespace adit::yaml

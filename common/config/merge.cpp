// Merging keeps every value's own place, so later errors still point into the right file.
#include "common/config/merge.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>

namespace adit::yaml {

void merge(Member& into, Member from, Diagnostics& diagnostics) {
    auto& ours = into.value;
    auto& theirs = from.value;
    if (theirs.kind == Node::Kind::nothing) return;
    if (ours.kind == Node::Kind::nothing) {
        into = std::move(from);
    } else if (ours.kind == Node::Kind::list && theirs.kind == Node::Kind::list) {
        std::ranges::move(theirs.items, std::back_inserter(ours.items));
    } else if (ours.kind == Node::Kind::map && theirs.kind == Node::Kind::map) {
        merge(ours, std::move(theirs), diagnostics);
    } else if (ours.kind == theirs.kind) {
        diagnostics.error(from.key_place,
                          "\"" + from.key + "\" is given in two files; also at " + into.key_place.text());
    } else {
        diagnostics.error(from.key_place, "\"" + from.key + "\" is " + std::string(describe(theirs.kind)) +
                                              " here but " + std::string(describe(ours.kind)) + " at " +
                                              into.key_place.text());
    }
}

void merge(Node& into, Node from, Diagnostics& diagnostics) {
    std::unordered_map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < into.members.size(); ++i) index.emplace(into.members[i].key, i);
    for (auto& member : from.members) {
        const auto found = index.find(member.key);
        if (found == index.end())
            into.members.push_back(std::move(member));
        else
            merge(into.members[found->second], std::move(member), diagnostics);
    }
}

}  // namespace adit::yaml

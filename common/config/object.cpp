// The keys of an object: unknown ones with the word that was probably meant, those of other versions, missing ones.
#include "common/config/object.h"

#include "common/config/suggest.h"

namespace adit::yaml {

void Keys::add(std::string key, bool required) {
    keys_.push_back(Key{std::move(key), required});
}

void Keys::add_later(std::vector<std::string> keys) {
    later_ = std::move(keys);
}

bool Keys::report_unknown(const Member& member, Diagnostics& diagnostics) const {
    if (std::ranges::find(later_, member.key) != later_.end()) {
        diagnostics.error(member.key_place, "'" + member.key + "' is known but not available in this version");
        return false;
    }
    std::vector<std::string> allowed;
    allowed.reserve(keys_.size());
    for (const auto& key : keys_) allowed.push_back(key.text);
    diagnostics.error(member.key_place, "unknown key '" + member.key + "' in " + name_ +
                                            did_you_mean(member.key, allowed) + " (allowed: " + listing(allowed) + ")");
    return false;
}

bool Keys::check(const Node& node, Diagnostics& diagnostics) const {
    bool all = true;
    for (const auto& member : node.members)
        if (std::ranges::find(keys_, member.key, &Key::text) == keys_.end()) all = report_unknown(member, diagnostics);
    for (const auto& key : keys_) {
        if (!key.required || node.find(key.text)) continue;
        diagnostics.error(node.place, "'" + key.text + "' is missing in " + name_);
        all = false;
    }
    return all;
}

}  // namespace adit::yaml

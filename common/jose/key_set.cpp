// Reading a JWKS (RFC 7517 §5).
#include "common/jose/key_set.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <set>

#include "common/jose/json_strict.h"

namespace json = boost::json;

namespace adit::jose {

Result<KeySet> KeySet::parse(std::string_view document) {
    if (document.size() > kMost) {
        return failure(fmt::format("a key set of more than {} bytes", kMost));
    }
    const auto parsed = parse_strict(document);
    const json::value* keys = parsed ? parsed->if_contains("keys") : nullptr;
    if (keys == nullptr || !keys->is_array()) {
        return failure("not a key set: a JSON object with an array \"keys\" and no name twice was expected");
    }
    if (keys->get_array().size() > kKeysMost) {
        return failure(fmt::format("a key set of more than {} keys", kKeysMost));
    }
    auto state = std::make_unique<State>();
    std::set<std::string> kids;
    for (const json::value& entry : keys->get_array()) {
        if (!entry.is_object()) {
            return failure("not a key set: something in \"keys\" is no object");
        }
        auto key = read_jwk(entry.get_object());
        if (!key) {
            continue;
        }
        if (!key->kid.empty() && !kids.insert(key->kid).second) {
            return failure("two keys of the set have one kid");
        }
        state->keys.push_back(std::move(*key));
    }
    return KeySet(std::move(state));
}

KeySet::KeySet(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeySet::KeySet(KeySet&&) noexcept = default;
KeySet& KeySet::operator=(KeySet&&) noexcept = default;
KeySet::~KeySet() = default;

std::size_t KeySet::size() const {
    return state_->keys.size();
}

bool KeySet::has(std::string_view kid) const {
    return std::ranges::any_of(state_->keys, [kid](const PublicKey& key) { return key.kid == kid; });
}

}  // namespace adit::jose

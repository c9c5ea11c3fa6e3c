// Spells of wrong proofs; see guesses.h.
#include "connector/admin/guesses.h"

namespace adit {
namespace {

constexpr std::uint64_t kMany = 10;
constexpr std::chrono::minutes kPause{5};  ///< ends a spell

}  // namespace

void Guesses::note(WallTime now, const std::string& from) {
    if (spell_.count == 0 || now - spell_.last > kPause) {
        spell_ = {.first = now};
    }
    ++spell_.count;
    spell_.last = now;
    spell_.from = from;
}

std::optional<Guesses::Spell> Guesses::lately(WallTime now) const {
    return spell_.count >= kMany && now - spell_.last <= kPause ? std::optional(spell_) : std::nullopt;
}

}  // namespace adit

// Which key of an issuer signs, which ones are published, and when the next one is to be made. Pure: the answer depends
// on the keys and the time alone, so that connectors which share a directory agree without talking.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/jose/jose.h"

namespace adit::credential {

/// What the schedule has to know of a key.
struct KeyFacts {
    std::string kid;  ///< RFC 7638 thumbprint
    jose::Algorithm algorithm{};
    WallTime signs_from{};
    friend bool operator==(const KeyFacts&, const KeyFacts&) = default;
};

struct KeySettings {
    std::vector<jose::Algorithm> algorithms;  ///< keys of others are published and left alone
    std::chrono::seconds rotate{};            ///< how long a key signs
    std::chrono::seconds publish_ahead{};     ///< how long it is published before
    std::chrono::seconds keep_after{};        ///< how long it is published afterwards, at least

    /// How far clocks of connectors may be apart, and how late one may look: a quarter of keep_after, at most 5
    /// minutes.
    std::chrono::seconds leeway() const;
};

/// The life of a key: it waits for its time, signs, verifies what it has signed, and is over.
enum class KeyState { next, signing, retired, over };
std::string_view name(KeyState state);

/// One key at one time.
struct KeyStanding {
    KeyFacts key;
    KeyState state{};
    std::optional<WallTime> signs_until;      ///< when its successor begins; nothing while there is none
    std::optional<WallTime> published_until;  ///< some time after that
    bool removable = false;                   ///< so long over that no connector can need it
};

/// A key that has to be made.
struct KeyWanted {
    jose::Algorithm algorithm{};
    WallTime make_at{};     ///< in the past: it is due
    WallTime signs_from{};  ///< when made now or at make_at, whichever is later
};

struct KeyPlan {
    std::vector<KeyStanding> keys;  ///< by algorithm, then by the time from which they sign
    std::vector<KeyWanted> wanted;  ///< of each algorithm whose signing key has no successor yet
};

/// Of two keys that sign from the same time on, the one with the greater kid is the later one.
///
/// - A key signs from its time on until the next one's; if none has come to its time, the earliest signs.
/// - The first key of an algorithm signs at once: nobody can have cached a key set that lacks it.
/// - Its successor signs when `rotate` has passed, but never before it was published for `publish_ahead`.
/// - A key that has signed stays published for `keep_after` and the leeway, and may be removed a leeway later.
KeyPlan plan_keys(std::vector<KeyFacts> keys, const KeySettings& settings, WallTime now);

}  // namespace adit::credential

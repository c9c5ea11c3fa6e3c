// What chained connectors tell each other of a request, signed: who retries, and how long is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/secret.h"
#include "common/base/time.h"

namespace adit::route {

/// In requests between connectors only: a client's own never gets further.
inline constexpr std::string_view kHopField = "x-adit-hop";

/// One hop's word.
struct Hop {
    std::uint32_t attempt = 1;                           ///< of this try, from 1
    bool retries = false;                                ///< this hop tries again; those behind it need not
    std::optional<std::chrono::milliseconds> left = {};  ///< until it gives up; nothing: it does not
    friend bool operator==(const Hop&, const Hop&) = default;
};

/// The key of a fleet; any thread. What is signed: the hop, the time, and the id of the request, so that a word that
/// somebody has seen is of no use for another request, nor later.
class Chain {
  public:
    /// A word is as old as this at most, or as much ahead of our clock.
    static constexpr std::chrono::seconds kAgeMost{60};

    explicit Chain(Secret key) : key_(std::move(key)) {}

    std::string sign(const Hop& hop, std::string_view request_id, WallTime now) const;
    /// Nothing of a word that is not signed by the same key, for this request, lately.
    std::optional<Hop> read(std::string_view field, std::string_view request_id, WallTime now) const;

  private:
    std::string code(std::string_view text, std::string_view request_id) const;

    Secret key_;
};

}  // namespace adit::route

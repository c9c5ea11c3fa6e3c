// Whether somebody seems to guess at the operators' door. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/time.h"

namespace adit {

/// Counts wrong tokens and certificates, whoever shows them; who is at it for long is one spell of them. One thread.
class Guesses {
  public:
    struct Spell {
        std::uint64_t count = 0;
        WallTime first = {};
        WallTime last = {};
        std::string from = {};  ///< of the last one
    };

    void note(WallTime now, const std::string& from);
    /// Nothing where they were few, as of one who has an old token, or the last one was minutes ago.
    std::optional<Spell> lately(WallTime now) const;

  private:
    Spell spell_;
};

}  // namespace adit

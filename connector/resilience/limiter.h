// Whether a caller may have tokens of a rate limit: decided here, or by what connectors share.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "connector/resilience/gcra.h"

namespace adit::resilience {

/// Who asks. Views live for the time of the call.
struct LimitKey {
    std::uint64_t hash = 0;     ///< of `who`, in this process only
    std::string_view policy;    ///< the name of the limit
    std::string_view who = {};  ///< the same in all connectors; only where Limiter::wants_text()
};

/// What is asked for.
struct Demand {
    std::uint32_t cost = 1;
    std::uint32_t share = kWholeShare;  ///< of the limits that counts now, in thousandths: see Tightening
};

struct LimitVerdict {
    enum class Result : std::uint8_t { allowed, refused, banned, unavailable };
    enum class Counted : std::uint8_t { here, in_fleet };
    Result result = Result::allowed;
    Counted counted = Counted::here;         ///< whose tokens were taken, and are given back
    std::uint8_t window = 0;                 ///< with the fewest tokens left; where refused, the one that takes longest
    bool ban_begins = false;                 ///< this refusal was one too many
    std::uint64_t left = 0;                  ///< tokens of that window
    std::chrono::nanoseconds reset{};        ///< until that window is whole again
    std::chrono::nanoseconds retry_after{};  ///< until the same may be asked for with success; 0: allowed
};

/// The tokens of all callers of one policy. Any thread. `limits` are those of the caller's tier, in the generation that
/// asks: tokens that were taken count on when they change.
class Limiter {
  public:
    virtual ~Limiter() = default;

    /// Takes `demand` of all windows, or of none. Nothing: it can only be told by ask().
    virtual std::optional<LimitVerdict> take(const LimitKey& key, const Limits& limits, Demand demand, Time now) = 0;
    /// For when take() could not tell: `told` is called once, on any thread, perhaps before this returns; within the
    /// time that a store may take. Copies what it needs of the key.
    virtual void ask(const LimitKey& key, const Limits& limits, Demand demand, Time now,
                     std::function<void(LimitVerdict)> told) = 0;
    /// What was taken, and was not used; `from`: as the verdict said.
    virtual void give_back(const LimitKey& key, const Limits& limits, Demand demand, LimitVerdict::Counted from,
                           Time now) = 0;
    /// Whether it needs LimitKey::who.
    virtual bool wants_text() const { return false; }
};

}  // namespace adit::resilience

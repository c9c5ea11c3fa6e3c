// How old an answer is and how long it is fresh (RFC 9111 §4.2). Pure: all times are arguments.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "common/base/time.h"
#include "common/net/deadline.h"
#include "connector/cache/control.h"
#include "connector/http/message.h"

namespace adit::cache {

using net::Time;
using std::chrono::milliseconds;

/// When an answer was asked for and came, by the steady clock, and what the clock on the wall showed as it came.
struct Moment {
    Time requested;
    Time received;
    WallTime wall;
};

struct Freshness {
    milliseconds initial_age{};  ///< as it came (corrected_initial_age of RFC 9111 §4.2.3)
    milliseconds lifetime{};     ///< freshness_lifetime of RFC 9111 §4.2.1
    Time received{};

    milliseconds age(Time now) const { return initial_age + std::chrono::duration_cast<milliseconds>(now - received); }
    /// What is left of the time that it is fresh; zero or below: it is stale since so long.
    milliseconds left(Time now) const { return lifetime - age(now); }
    bool fresh(Time now) const { return left(now).count() > 0; }
};

/// What the answer itself says of how long it is fresh, for a cache that many share: s-maxage, max-age, Expires.
/// Nothing when it says nothing.
std::optional<milliseconds> explicit_lifetime(const std::vector<http::Field>& fields, const Control& control,
                                              WallTime received);

/// RFC 9111 §4.2.3, from Date, Age and how long the answer took.
milliseconds initial_age(const std::vector<http::Field>& fields, const Moment& moment);

}  // namespace adit::cache

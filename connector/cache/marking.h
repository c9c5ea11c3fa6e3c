// Cache-Status (RFC 9211): what a cache did with a request, truthfully. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connector/cache/freshness.h"

namespace adit::cache {

/// How the cache names itself there.
inline constexpr std::string_view kCacheName = "adit";

/// The parameters of RFC 9211 §2. Either `hit` or `fwd` says what happened.
struct Marking {
    bool hit = false;
    std::string_view fwd = {};           ///< bypass, method, uri-miss, vary-miss, request, stale
    std::optional<int> fwd_status = {};  ///< where the origin's is not the answer's
    std::optional<milliseconds> ttl = {};
    bool stored = false;
    bool collapsed = false;
    std::string_view detail = {};  ///< a token
};
std::string text(const Marking& marking);

}  // namespace adit::cache

// What timeouts and retries come to together: how long a try may take, and all of them.
#pragma once

#include <chrono>
#include <optional>

#include "connector/config/resilience.h"

namespace adit::config {

/// How long one try may take to its response head, at the most. Without per_try: where requests are tried again, an
/// even part of the total; else the time to connect and to the first byte, as far as the total allows.
std::chrono::milliseconds longest_try(const Timeouts& timeouts, const std::optional<Retry>& retry);

/// The waits before all retries together, at the most; each is drawn from nothing to its part of this.
std::chrono::milliseconds longest_backoff(const Retry& retry);

/// Until a request that fails on every try is answered, at the most.
std::chrono::milliseconds worst_case(const Timeouts& timeouts, const std::optional<Retry>& retry);

}  // namespace adit::config

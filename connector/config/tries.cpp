// Sums over the tries of a request; see tries.h.
#include "connector/config/tries.h"

#include <algorithm>

namespace adit::config {

using std::chrono::milliseconds;

milliseconds longest_try(const Timeouts& timeouts, const std::optional<Retry>& retry) {
    const milliseconds total = timeouts.total;
    const std::uint32_t attempts = retry ? retry->attempts : 1;
    milliseconds longest = timeouts.connect + timeouts.first_byte;
    if (timeouts.per_try.count() > 0) {
        longest = timeouts.per_try;
    } else if (attempts > 1 && total.count() > 0) {
        longest = std::min(defaults::per_try_most, total / attempts);
    }
    return total.count() > 0 ? std::min(longest, total) : longest;
}

milliseconds longest_backoff(const Retry& retry) {
    milliseconds sum{0};
    milliseconds next = retry.backoff;
    for (std::uint32_t i = 1; i < retry.attempts; ++i) {
        sum += std::min(next, retry.backoff_most);
        next = std::min(next * 2, std::max(retry.backoff_most, milliseconds(1)));
    }
    return sum;
}

milliseconds worst_case(const Timeouts& timeouts, const std::optional<Retry>& retry) {
    const std::uint32_t attempts = retry ? retry->attempts : 1;
    const milliseconds all =
        longest_try(timeouts, retry) * attempts + (retry ? longest_backoff(*retry) : milliseconds(0));
    return timeouts.total.count() > 0 ? std::min(all, timeouts.total) : all;
}

}  // namespace adit::config

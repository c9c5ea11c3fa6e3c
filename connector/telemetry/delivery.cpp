// Judging answers; see delivery.h.
#include "connector/telemetry/delivery.h"

#include <algorithm>

#include "connector/http/reply_time.h"

namespace adit::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kWaitMost = 300s;  ///< a collector that errs must not silence us for a day

}  // namespace

Verdict judge(int status) {
    if (status >= 200 && status < 300) {
        return Verdict::delivered;
    }
    const bool passing = status == 0 || status == 408 || status == 429 || status >= 500;
    return passing ? Verdict::again : Verdict::refused;
}

std::chrono::milliseconds retry_after(std::string_view value, WallTime now) {
    return std::min(http::retry_after(value, now).value_or(0s), kWaitMost);
}

}  // namespace adit::telemetry

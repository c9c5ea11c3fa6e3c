// Judging answers; see delivery.h.
#include "connector/telemetry/delivery.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

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
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc() || end != value.data() + value.size()) {
        std::tm parts{};
        const std::string text(value);
        const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        if (rest == nullptr || *rest != '\0') {
            return 0ms;
        }
        seconds = ::timegm(&parts) - std::chrono::system_clock::to_time_t(now);
    }
    return std::clamp<std::chrono::seconds>(std::chrono::seconds(seconds), 0s, kWaitMost);
}

}  // namespace adit::telemetry

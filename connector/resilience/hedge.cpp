// Credit and quantiles; see hedge.h.
#include "connector/resilience/hedge.h"

#include <algorithm>

namespace adit::resilience {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kEvery = 16;  ///< records between two looks at the quantile

}  // namespace

void Hedging::set(const config::Hedge& settings) {
    after_ = settings.after.count();
    quantile_ = settings.quantile;
    percent_ = static_cast<std::int32_t>(settings.percent);
}

std::optional<std::chrono::milliseconds> Hedging::begin() {
    const std::int32_t earned = percent_.load(std::memory_order_relaxed);
    std::int32_t have = credit_.load(std::memory_order_relaxed);
    while (have < kBurst * kPrice &&
           !credit_.compare_exchange_weak(have, std::min(have + earned, kBurst * kPrice), std::memory_order_relaxed)) {
    }
    if (const auto fixed = after_.load(std::memory_order_relaxed); fixed > 0) {
        return std::chrono::milliseconds(fixed);
    }
    const std::uint32_t found = found_.load(std::memory_order_relaxed);
    return found == 0 ? std::nullopt
                      : std::optional(std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(found)));
}

bool Hedging::take() {
    std::int32_t have = credit_.load(std::memory_order_relaxed);
    do {
        if (have < kPrice) {
            return false;
        }
    } while (!credit_.compare_exchange_weak(have, have - kPrice, std::memory_order_relaxed));
    return true;
}

void Hedging::record(std::chrono::nanoseconds took) {
    const auto us =
        std::chrono::duration_cast<std::chrono::microseconds>(std::clamp<std::chrono::nanoseconds>(took, 1us, 1h));
    const std::uint64_t index = recorded_.fetch_add(1, std::memory_order_relaxed);
    latest_[index % kSamples].store(static_cast<std::uint32_t>(us.count()), std::memory_order_relaxed);
    if (index + 1 >= kSamplesLeast && (index + 1) % kEvery == 0) {
        find_quantile();
    }
}

/// Of what is there as it is read: a value more or less makes no difference.
void Hedging::find_quantile() {
    std::array<std::uint32_t, kSamples> sorted;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(recorded_.load(std::memory_order_relaxed), kSamples));
    for (std::size_t i = 0; i < count; ++i) {
        sorted[i] = latest_[i].load(std::memory_order_relaxed);
    }
    const std::size_t at = std::min(count - 1, count * quantile_.load(std::memory_order_relaxed) / 100);
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at),
                     sorted.begin() + static_cast<std::ptrdiff_t>(count));
    found_.store(sorted[at], std::memory_order_relaxed);
}

}  // namespace adit::resilience

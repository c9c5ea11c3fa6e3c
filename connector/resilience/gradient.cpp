// The arithmetic of Gradient2; see gradient.h.
#include "connector/resilience/gradient.h"

#include <algorithm>

namespace adit::resilience {
namespace {

constexpr double kBeginning = 20;  ///< where a limit begins that nothing is known of

}  // namespace

Gradient::Gradient(const config::Adaptive& settings, std::uint32_t most)
    : settings_(settings),
      most_(std::max(most, settings.minimum)),
      limit_(std::clamp(kBeginning, static_cast<double>(settings.minimum), most_)) {}

void Gradient::use(const config::Adaptive& settings, std::uint32_t most) {
    settings_ = settings;
    most_ = std::max(most, settings.minimum);
    limit_ = std::clamp(limit_, static_cast<double>(settings.minimum), most_);
}

void Gradient::sample(std::chrono::nanoseconds took, std::uint32_t in_progress, bool throttled, Time now) {
    if (throttled) {
        // Once in a window: all that was on its way learns the same.
        if (now - throttled_at_ >= kWindow) {
            throttled_at_ = now;
            limit_ = std::max(static_cast<double>(settings_.minimum), limit_ * kThrottled);
        }
        return;  // how fast somebody says no tells nothing
    }
    if (samples_ == 0) {
        window_began_ = now;
    }
    ++samples_;
    sum_ += took;
    in_progress_ = std::max(in_progress_, in_progress);
    if (samples_ >= kSamplesLeast && now - window_began_ >= kWindow) {
        end_window(now);
    }
}

void Gradient::end_window(Time now) {
    const double latest = std::max(1.0, static_cast<double>(sum_.count()) / samples_);
    const double in_progress = in_progress_;
    samples_ = in_progress_ = 0;
    sum_ = {};
    ++windows_;
    const double weight = 2 / (kLongTerm + 1);
    long_term_ = windows_ <= kWarmUp ? (long_term_ * (windows_ - 1) + latest) / windows_
                                     : long_term_ * (1 - weight) + latest * weight;
    // A long time of trouble must not count as normal when it is over.
    if (long_term_ / latest > 2) {
        long_term_ *= kDrift;
    }
    if (in_progress < limit_ / 2 || now - throttled_at_ < kWindow) {
        return;  // who does not need the limit learns nothing about it
    }
    const double tolerance = 1 + settings_.tolerance / 100.0;
    const double gradient = std::clamp(tolerance * long_term_ / latest, kGradientLeast, 1.0);
    const double wanted = limit_ * gradient + kQueue;
    limit_ = std::clamp(limit_ * (1 - kSmoothing) + wanted * kSmoothing, static_cast<double>(settings_.minimum), most_);
}

}  // namespace adit::resilience

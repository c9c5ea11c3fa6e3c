// When a second try may run beside a slow first one: after how long, and for how many requests (J. Dean, L. Barroso,
// "The Tail at Scale", CACM 2013).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "connector/config/resilience.h"

namespace adit::resilience {

/// Of one backend, or one route with retries of its own; any thread.
class Hedging {
  public:
    /// So many may come at once, whatever the share.
    static constexpr std::int32_t kBurst = 10;
    /// Latencies that the quantile is of, and how many there must be.
    static constexpr std::size_t kSamples = 128;
    static constexpr std::size_t kSamplesLeast = 20;

    explicit Hedging(const config::Hedge& settings) { set(settings); }
    void set(const config::Hedge& settings);

    /// A request begins: when it has had no answer for so long, another try is worth asking for. Nothing while too
    /// little is known.
    std::optional<std::chrono::milliseconds> begin();
    /// Whether there may be one more.
    bool take();
    /// How long an origin took for its head.
    void record(std::chrono::nanoseconds took);

  private:
    static constexpr std::int32_t kPrice = 100;  ///< a request earns its percentage

    void find_quantile();

    std::atomic<std::int64_t> after_{0};  ///< milliseconds; 0: the quantile
    std::atomic<std::uint32_t> quantile_{0};
    std::atomic<std::int32_t> percent_{0};
    std::atomic<std::int32_t> credit_{kBurst * kPrice};
    std::array<std::atomic<std::uint32_t>, kSamples> latest_{};  ///< microseconds
    std::atomic<std::uint64_t> recorded_{0};
    std::atomic<std::uint32_t> found_{0};  ///< microseconds; 0: too little is known
};

}  // namespace adit::resilience

// Doing with less: routes that are not essential answer at once while those that are have a hard time.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "connector/config/degrade.h"
#include "connector/resilience/outcome.h"

namespace adit::resilience {

/// Begins once stress has stood for a moment, ends when there was none for `hold`; or as an operator says. Any thread:
/// a request reads one atomic.
class Reduction {
  public:
    enum class Switch : std::uint8_t { automatic, on, off };
    /// Stress is no stress before it has stood for so long: one full queue for one turn says nothing.
    static constexpr std::chrono::milliseconds kSettle{100};

    explicit Reduction(const config::Degrade& settings) { use(settings); }

    void use(const config::Degrade& settings);
    bool reduced() const { return reduced_.load(std::memory_order_relaxed); }

    /// What has just begun or ended.
    struct Change {
        bool reduced;
        std::string why;
    };
    /// An operator's word.
    std::optional<Change> set(Switch to, Time now);
    /// Whether it would be reduced after that.
    bool would_reduce(Switch to, Time now) const;
    /// How essential backends fare now, regularly: `stress` says what is wrong with the first that is not well, and is
    /// empty when all are.
    std::optional<Change> look(const std::string& stress, Time now);

    struct Standing {
        bool reduced;
        Switch by;
        std::string why;  ///< empty where it is not reduced
        std::optional<Time> since;
    };
    Standing standing() const;
    /// When a client may come again.
    std::chrono::seconds retry_after(Time now) const;

  private:
    bool wanted(Switch by, Time now) const;
    std::optional<Change> settle(Time now);

    std::atomic<bool> reduced_{false};
    mutable std::mutex mutex_;  ///< of the rest
    config::Degrade settings_;
    Switch switch_ = Switch::automatic;
    std::string stress_;            ///< the last one
    std::optional<Time> stressed_;  ///< since when without a pause
    std::optional<Time> last_;      ///< when it was last seen
    std::string why_;
    std::optional<Time> since_;
};

/// "auto", "on", "off".
std::string_view name(Reduction::Switch by);

}  // namespace adit::resilience

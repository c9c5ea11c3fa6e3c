// Requests to origins that others for the same wait for, so that a crowd costs an origin one call. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/net/loop.h"
#include "common/net/task.h"
#include "common/problem/failure.h"
#include "connector/cache/entry.h"

namespace adit::cache {

/// What came of a flight for those who wait.
struct Landing {
    enum class End : std::uint8_t {
        stored,  ///< `entry` may be used
        alone,   ///< the answer was for who asked: everybody asks for himself
        failed,  ///< by `failure`, which is not one of who asked alone
        lost,    ///< who asked has left: somebody else begins anew
        slow,    ///< the wait was long enough
    };
    End end = End::lost;
    std::shared_ptr<const Entry> entry = {};
    std::optional<problem::Failure> failure = {};
};

class Flight {
  public:
    /// Suspends the caller, on his `loop`, until the flight has landed or the time has come.
    static net::Task<Landing> wait(std::shared_ptr<Flight> flight, net::Loop& loop, Time until);
    /// The answer is on its way and will be stored: those who wait do so for `most` at most, whatever they have said.
    void answering(milliseconds most);

  private:
    friend class Lead;
    struct Seat;
    void land(const Landing& landing);
    void tell(const auto& what);

    std::mutex mutex_;
    std::optional<Landing> landing_;
    std::optional<milliseconds> patience_;
    std::vector<std::shared_ptr<Seat>> seats_;
};

class Flights;

/// The right to ask the origin for all who wait, and the duty to tell them. Dropped without that, it is lost.
class Lead {
  public:
    Lead() = default;
    Lead(Flights& flights, std::string key, std::shared_ptr<Flight> flight)
        : flights_(&flights), key_(std::move(key)), flight_(std::move(flight)) {}
    Lead(Lead&& other) noexcept = default;
    Lead& operator=(Lead&& other) noexcept;
    ~Lead() { land({}); }

    explicit operator bool() const { return flight_ != nullptr; }
    void answering(milliseconds most) const { flight_->answering(most); }
    /// Once; later calls tell nobody.
    void land(const Landing& landing);

  private:
    Flights* flights_ = nullptr;
    std::string key_;
    std::shared_ptr<Flight> flight_;
};

/// Outlives all leads.
class Flights {
  public:
    /// One of the two.
    struct Boarding {
        Lead lead;
        std::shared_ptr<Flight> flight;  ///< of somebody else
    };
    Boarding board(const std::string& key);

    /// Answers to this were for who asked lately: nobody waits for another's. Keys are told apart by their hashes; who
    /// is taken for another only waits, or does not wait, for nothing.
    void pass(const std::string& key, Time now);
    bool passes(const std::string& key, Time now) const;

  private:
    friend class Lead;
    void leave(const std::string& key, const Flight* flight);

    struct Shard {
        std::mutex mutex;
        std::unordered_map<std::string, std::shared_ptr<Flight>> flights;
    };
    static constexpr std::size_t kShards = 16;
    static constexpr std::size_t kPasses = 4096;
    static constexpr std::chrono::seconds kPassFor{10};

    std::array<Shard, kShards> shards_;
    /// By hash: its upper half, and the second of the steady clock up to which it counts.
    std::array<std::atomic<std::uint64_t>, kPasses> passes_{};
};

}  // namespace adit::cache

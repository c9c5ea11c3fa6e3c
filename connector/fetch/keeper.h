// A value that one thread keeps fresh and all workers read: a token, AWS keys, a key set.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/net/loop.h"
#include "common/net/task.h"
#include "connector/fetch/desk.h"
#include "connector/fetch/schedule.h"

namespace adit::fetch {

/// Why a fetch failed.
struct Trouble {
    Fault fault = Fault::transient;
    std::string words;  ///< for people and logs: the provider's error code and description, never a secret
    std::optional<std::chrono::seconds> retry_after = {};
};

/// What fetches make; the keeper knows nothing of it but its end.
struct Value {
    virtual ~Value() = default;
    std::chrono::system_clock::time_point fetched = std::chrono::system_clock::now();
    std::chrono::milliseconds life{};  ///< from `fetched` on; positive
};

using Made = std::expected<std::shared_ptr<const Value>, Trouble>;
/// Runs on the desk's loop, one at a time; tries again within itself where that makes sense (see tries.h). What it
/// captures is let go there as well, and may outlive the keeper until its deadline.
using Fetch = std::function<net::Task<Made>(net::Time deadline)>;

/// Shared by those who use it. Refreshes by itself for as long as it lives, once it has been asked or started; only
/// where the provider refuses us it waits until somebody asks again. May be made and destroyed on any thread.
class Keeper {
  public:
    struct Settings {
        std::string name;  ///< for logs: "backend payments: oauth2_client_credentials"
        Schedule::Settings schedule = {};
        std::chrono::milliseconds flight{30'000};  ///< of one fetch with its tries
        std::chrono::milliseconds wait{5'000};     ///< that somebody without a value waits at most
        /// Told of each fetch that has ended, on the desk's thread.
        std::function<void(const Made&, std::chrono::nanoseconds took)> fetched = {};
        /// Told of each wait that has ended, on the thread of who waited.
        std::function<void(std::chrono::nanoseconds)> waited = {};
    };
    /// The desk outlives it.
    static std::shared_ptr<Keeper> make(Desk& desk, Settings settings, Fetch fetch);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper();

    /// The value unless there is none or it has expired. Any thread, no lock.
    std::shared_ptr<const Value> value() const;
    /// The value; waits on `loop`, the caller's, for the first one: all who wait share one fetch and, if it fails, its
    /// trouble. While a provider fails, its last trouble is the answer at once. Giving up does not end the fetch.
    net::Task<Made> get(net::Loop& loop, net::Time deadline);
    /// `used` was refused by whom it was for: fetch another if that is still the newest and the last such wish is long
    /// ago. Whether get_other() is worth waiting for. Any thread.
    bool renew(const Value* used);
    /// Waits for a value that is not `used`.
    net::Task<Made> get_other(net::Loop& loop, const Value* used, net::Time deadline);
    /// Begins the first fetch without anybody waiting for it. Any thread, even before the desk is open.
    void prefetch();

    /// For the operator. Any thread.
    struct Standing {
        bool has_value = false;
        std::chrono::system_clock::time_point fetched{};
        std::chrono::system_clock::time_point expires{};
        std::string trouble;  ///< of the last fetch; empty when it went well
        std::uint64_t fetches = 0;
        std::uint64_t failures = 0;
    };
    Standing standing() const;

  private:
    struct State;
    explicit Keeper(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace adit::fetch

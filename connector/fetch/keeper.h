// A value that one thread keeps fresh and all workers read: a token, AWS keys, a key set.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/net/loop.h"
#include "common/net/task.h"
#include "common/net/worker.h"
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
    std::chrono::system_clock::time_point fetched{};
    std::chrono::milliseconds life{};  ///< from `fetched` on
};

using Made = std::expected<std::shared_ptr<const Value>, Trouble>;
/// Runs on the keeper's own loop, one at a time; tries again within itself where that makes sense.
using Fetch = std::function<net::Task<Made>(net::Time deadline)>;

/// Shared by those who use it; its fetches end with it. Fetches run on one worker's loop (`home`), so that they can go
/// through tunnels. Refreshes by itself for as long as it lives, once it has been asked or started.
class Keeper : public std::enable_shared_from_this<Keeper> {
  public:
    struct Settings {
        std::string name;  ///< for logs and metrics: "backend payments: oauth2_client_credentials"
        Schedule::Settings schedule;
        std::chrono::milliseconds flight{30'000};  ///< of one fetch with its tries
        std::chrono::milliseconds wait{5'000};     ///< that somebody without a value waits at most
    };
    static std::shared_ptr<Keeper> make(net::Worker& home, Settings settings, Fetch fetch);
    ~Keeper();

    /// The value unless there is none or it has expired. Any thread, no lock.
    std::shared_ptr<const Value> value() const;
    /// The value; waits on `loop` for the first one: all who wait share one fetch and, if it fails, its trouble. Giving
    /// up waiting does not end the fetch.
    net::Task<Made> get(net::Loop& loop, net::Time deadline);
    /// `used` was refused by whom it was for: fetch another if that is still the newest and the last such wish is long
    /// ago. Whether get_other() is worth waiting for. Any thread.
    bool renew(const Value* used);
    /// Waits for a value that is not `used`.
    net::Task<Made> get_other(net::Loop& loop, const Value* used, net::Time deadline);
    /// Begins the first fetch without anybody waiting for it.
    void prefetch();
    /// Ends fetches and waits nothing; on home's thread, before its loop ends.
    void close();

    /// For the operator.
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
    explicit Keeper(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace adit::fetch

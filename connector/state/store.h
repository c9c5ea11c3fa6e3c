// What connectors of a fleet share, as one process sees it: a way to it for each worker, and how it stands.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/net/worker.h"
#include "connector/state/redis.h"

namespace adit::state {

/// What time alone changes. Any thread may own it.
class Upkeep {
  public:
    /// On the first worker's thread, some twenty times a second.
    virtual void tick(net::Time now) = 0;

  protected:
    ~Upkeep() = default;
};

/// Made before the workers; outlives what they run.
class Store {
  public:
    /// Told when the store is out of reach, or back: on the first worker's thread.
    using Watcher = std::function<void(const Standing&)>;

    /// `pseudonym` tells this connector from others, in Redis's list of clients and in its rows.
    Store(metrics::Registry& registry, net::Resolver& resolver, std::string pseudonym);
    ~Store();

    /// Before the workers run, in their order.
    void attach(net::Worker& worker);
    /// The workers have ended, and their loops are about to.
    void detach() { ways_.clear(); }
    /// On the first worker's thread, some twenty times a second.
    void tick(net::Time now);
    /// Has it ticked for as long as it lives. Any thread.
    void keep_up(std::weak_ptr<Upkeep> one);

    /// Null: nothing is shared. Any thread.
    void use(const std::shared_ptr<const Settings>& settings);
    void watch(Watcher watcher) { watcher_ = std::move(watcher); }

    /// Whether anything is shared. Any thread.
    bool shares() const { return shares_.load(std::memory_order_relaxed); }
    /// Whether the store answered the first worker lately. Any thread.
    bool main_answers() const { return main_answers_.load(std::memory_order_relaxed); }
    /// Any thread, while workers run.
    void post_main(std::function<void()> function) {
        if (!ways_.empty()) ways_.front()->worker->post(std::move(function));
    }
    /// The way of the calling thread; null where it is no worker's.
    Redis* here() const;
    Redis& main() const { return *ways_.front()->redis; }
    StateMetrics& metrics() { return metrics_; }
    const std::string& pseudonym() const { return pseudonym_; }

    struct WorkerStanding : Standing {
        std::chrono::nanoseconds lag{};
    };
    /// By worker. Any thread.
    std::vector<WorkerStanding> standings() const;

  private:
    struct Way {
        net::Worker* worker;
        std::unique_ptr<Redis> redis;
        std::atomic<std::thread::id> thread;
        Standing standing;  ///< under mutex_
    };

    void heard(std::size_t worker, const Standing& standing);

    StateMetrics metrics_;
    net::Resolver& resolver_;
    std::string pseudonym_;
    Watcher watcher_;
    bool lost_ = false;  ///< as the watcher was told; on the first worker's thread
    std::atomic<bool> shares_ = false;
    std::atomic<bool> main_answers_ = false;
    std::vector<std::unique_ptr<Way>> ways_;
    std::vector<std::weak_ptr<Upkeep>> kept_up_;  ///< under mutex_
    mutable std::mutex mutex_;
};

}  // namespace adit::state

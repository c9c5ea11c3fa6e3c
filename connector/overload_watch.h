// Watches what load shedding decides by: a thread of its own, so that it goes on when workers do not.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/free_memory.h"
#include "common/base/process_use.h"
#include "common/net/worker.h"
#include "connector/admin/shed_metrics.h"
#include "connector/event/hub.h"
#include "connector/resilience/overload.h"

namespace adit {

/// What an operator is shown of one resource.
struct ResourceStanding {
    std::string_view resource;
    std::string_view level;  ///< up to which priority requests are shed for want of it
    double share = 0;        ///< of all of it; of lag, of the lag that is allowed
    std::string words;       ///< "812 MiB of 1024 MiB"
};

class OverloadWatch {
  public:
    /// All must outlive this, `workers` also stop().
    OverloadWatch(resilience::Overload& overload, ShedMetrics& metrics, event::Hub& events,
                  std::vector<net::Worker*> workers);
    ~OverloadWatch();
    void start();
    /// Asks no worker anything from now on; from any thread.
    void stop();
    /// As it was a moment ago; from any thread.
    std::vector<ResourceStanding> standings() const;

  private:
    using Time = std::chrono::steady_clock::time_point;
    using Lag = std::chrono::nanoseconds;

    /// A question that a worker answers in its own time; shared with the worker's queue.
    struct Ping {
        std::atomic<bool> under_way = false;
        std::atomic<Lag> took = Lag(0);
        Time asked{};  ///< by this thread alone
    };

    void run();
    void look();
    Lag lag_of(std::size_t worker, Time now);
    void tell(const std::vector<ResourceStanding>& seen, const std::vector<Lag>& lags);
    void tell_change(const std::vector<ResourceStanding>& seen);

    resilience::Overload& overload_;
    ShedMetrics& metrics_;
    event::Hub& events_;
    const std::vector<net::Worker*> workers_;
    std::vector<std::shared_ptr<Ping>> pings_;
    ProcessUse use_;
    FreeMemory free_memory_;
    resilience::Level told_ = resilience::Level::none;

    mutable std::mutex mutex_;  ///< of what follows
    std::condition_variable stirred_;
    bool stopped_ = false;
    std::vector<ResourceStanding> seen_;
    std::thread thread_;
};

}  // namespace adit

// Pushes what waits in a queue to a collector, batch by batch, until it takes it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <semaphore>

#include "common/base/random.h"
#include "common/log/carrier.h"
#include "common/log/queue.h"
#include "common/net/alarm.h"
#include "common/net/worker.h"
#include "connector/telemetry/post_client.h"

namespace adit::telemetry {

/// One body for a collector.
struct Parcel {
    std::string body;
    std::uint64_t records = 0;
};

/// What is pushed: records of some kind that wait in a queue.
class Load {
  public:
    virtual ~Load() = default;
    virtual std::size_t waiting() const = 0;  ///< bytes
    /// About `bytes` of the oldest; without records when none wait.
    virtual Parcel take(std::size_t bytes) = 0;
    /// See Queue::on_push().
    virtual void on_push(std::function<void()> wake) = 0;
    virtual void close() = 0;
    virtual void discard() = 0;
};

/// A thread with a loop for one collector.
class Pusher final : public logging::Carrier {
  public:
    struct Settings {
        std::string name;  ///< of the sink, for the log
        std::size_t batch_bytes = 512 << 10;
        std::chrono::milliseconds batch_time{1'000};
        std::chrono::milliseconds timeout{10'000};
    };
    /// Told, on the pusher's thread, how many records were taken and how many never will be.
    using Report = std::function<void(std::uint64_t delivered, std::uint64_t lost)>;

    Pusher(Settings settings, PostClient::Target target, std::unique_ptr<Load> load, Report report,
           net::Resolver& resolver);
    ~Pusher() override;

    void close() override;
    bool await_end(std::chrono::steady_clock::time_point deadline) override;

  private:
    net::Task<> run();
    net::Task<> gather();
    net::Task<> deliver(const Parcel& parcel);
    net::Task<> pause(std::chrono::milliseconds time);
    void complain(const std::string& problem);

    Settings settings_;
    std::unique_ptr<Load> load_;
    Report report_;
    net::Worker worker_;
    net::Waiter event_;
    net::Alarm alarm_;
    PostClient client_;
    Random random_;
    bool closing_ = false;       ///< on the thread; one attempt each is left
    bool complained_ = false;    ///< since the last batch that was taken
    std::uint64_t in_hand_ = 0;  ///< records that are neither delivered nor lost yet
    std::binary_semaphore ended_{0};
    bool has_ended_ = false;  ///< the semaphore was taken
};

}  // namespace adit::telemetry

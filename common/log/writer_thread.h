// A thread that writes what waits in a queue, so that a place that stalls holds nobody up but itself.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <semaphore>
#include <thread>

#include "common/log/batch.h"
#include "common/log/carrier.h"
#include "common/log/writer.h"

namespace adit::logging {

class WriterThread final : public Carrier {
  public:
    /// Told, on the thread, how many lines of a batch were written and how many were not.
    using Report = std::function<void(std::uint64_t written, std::uint64_t lost)>;

    WriterThread(std::shared_ptr<BatchQueue> queue, std::unique_ptr<Writer> writer, Report report);
    ~WriterThread() override;

    void reopen() override;
    void close() override;
    bool await_end(std::chrono::steady_clock::time_point deadline) override;

  private:
    void run();
    void write_waiting();
    void wake();

    std::shared_ptr<BatchQueue> queue_;
    std::unique_ptr<Writer> writer_;
    Report report_;
    Abandon abandon_;
    std::atomic<bool> work_ = false;
    std::atomic<bool> reopen_ = false;
    std::atomic<bool> closing_ = false;
    std::binary_semaphore ended_{0};
    bool has_ended_ = false;  ///< the semaphore was taken
    std::thread thread_;
};

}  // namespace adit::logging

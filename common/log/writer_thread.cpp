// The loop of a writing thread; see writer_thread.h.
#include "common/log/writer_thread.h"

#include <utility>

namespace adit::logging {

WriterThread::WriterThread(std::shared_ptr<BatchQueue> queue, std::unique_ptr<Writer> writer, Report report)
    : queue_(std::move(queue)), writer_(std::move(writer)), report_(std::move(report)) {
    queue_->on_push([this] { wake(); });
    thread_ = std::thread([this] { run(); });
    wake();  // for what was queued before
}

WriterThread::~WriterThread() {
    close();
    abandon_.raise();
    thread_.join();
    queue_->discard();
}

void WriterThread::wake() {
    work_.store(true);
    work_.notify_one();
}

void WriterThread::reopen() {
    reopen_.store(true);
    wake();
}

void WriterThread::close() {
    queue_->on_push(nullptr);
    queue_->close();
    closing_.store(true);
    wake();
}

bool WriterThread::await_end(std::chrono::steady_clock::time_point deadline) {
    has_ended_ = has_ended_ || ended_.try_acquire_until(deadline);
    return has_ended_;
}

void WriterThread::run() {
    while (!closing_.load()) {
        work_.wait(false);
        work_.store(false);
        if (reopen_.exchange(false)) {
            writer_->reopen();
        }
        write_waiting();
    }
    write_waiting();
    ended_.release();
}

void WriterThread::write_waiting() {
    while (!abandon_.raised()) {
        const auto batches = queue_->take(1);
        if (batches.empty()) {
            return;
        }
        const Batch& batch = *batches.front();
        const std::uint64_t lost = writer_->write(batch, abandon_);
        report_(batch.lines.size() - lost, lost);
    }
}

}  // namespace adit::logging

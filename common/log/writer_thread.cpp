// The loop of a writing thread; see writer_thread.h.
#include "common/log/writer_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace adit::logging {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kGather = 5ms;  ///< for lines to come together: a wake-up and a write cost more
constexpr std::size_t kWriteMost = 256 * 1024;      ///< at once

/// The batches as few, in the same order: neighbours of one kind become one.
std::vector<std::shared_ptr<const Batch>> merge(std::vector<std::shared_ptr<const Batch>> batches) {
    std::vector<std::shared_ptr<const Batch>> merged;
    for (auto first = batches.begin(); first != batches.end();) {
        const auto end =
            std::find_if(first, batches.end(), [&](const auto& batch) { return batch->kind != (*first)->kind; });
        if (end - first == 1) {
            merged.push_back(std::move(*first));
        } else {
            auto joint = std::make_shared<Batch>(Batch{.kind = (*first)->kind, .text = {}, .lines = {}});
            for (auto batch = first; batch != end; ++batch) {
                joint->text += (*batch)->text;
                joint->lines.insert(joint->lines.end(), (*batch)->lines.begin(), (*batch)->lines.end());
            }
            merged.push_back(std::move(joint));
        }
        first = end;
    }
    return merged;
}

}  // namespace

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
        if (!closing_.load()) {
            abandon_.await(kGather);
        }
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
        const auto batches = merge(queue_->take(kWriteMost));
        if (batches.empty()) {
            return;
        }
        for (const auto& batch : batches) {
            const std::uint64_t lost = writer_->write(*batch, abandon_);
            report_(batch->lines.size() - lost, lost);
        }
    }
}

}  // namespace adit::logging

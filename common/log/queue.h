// A bounded queue from many threads to one that never makes a writer wait: when it is full, the oldest goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace adit::logging {

/// What waits to be written or sent. An item stands for a number of records (lines, spans), which is what losses are
/// counted in.
template <class T>
class Queue {
  public:
    struct Settings {
        std::size_t bytes = 4 << 20;  ///< the most that waits
        std::size_t eager = 1;        ///< the reader is woken again when so many bytes have come together
        std::function<void(std::uint64_t)> dropped = [](std::uint64_t) {};  ///< records lost; on any thread
    };

    explicit Queue(Settings settings) : settings_(std::move(settings)) {}

    /// From any thread, for a short lock. What does not fit beside it goes, oldest first; after close() it goes itself.
    void push(T item, std::size_t bytes, std::uint64_t records) {
        std::uint64_t lost = 0;
        {
            const std::scoped_lock lock(mutex_);
            if (closed_ || bytes > settings_.bytes) {
                lost = records;
            } else {
                while (bytes_ + bytes > settings_.bytes) {
                    lost += pop().records;
                }
                const bool first = items_.empty();
                const bool enough = bytes_ < settings_.eager && bytes_ + bytes >= settings_.eager;
                items_.push_back({std::move(item), bytes, records});
                bytes_ += bytes;
                if ((first || enough) && wake_) {
                    wake_();
                }
            }
        }
        if (lost > 0) {
            settings_.dropped(lost);
        }
    }

    /// The oldest items, as many as begin within the first `bytes`; none when nothing waits.
    std::vector<T> take(std::size_t bytes) {
        const std::scoped_lock lock(mutex_);
        std::vector<T> taken;
        for (std::size_t sum = 0; !items_.empty() && sum < bytes;) {
            Entry entry = pop();
            sum += entry.bytes;
            taken.push_back(std::move(entry.item));
        }
        return taken;
    }

    /// `wake` is called when an empty queue gets an item and when `eager` bytes have come together: under the queue's
    /// lock, on the thread of the writer, so it must not call back. Null: the reader has gone.
    void on_push(std::function<void()> wake) {
        const std::scoped_lock lock(mutex_);
        wake_ = std::move(wake);
    }

    std::size_t bytes() const {
        const std::scoped_lock lock(mutex_);
        return bytes_;
    }

    /// Takes nothing any more; what waits can still be read.
    void close() {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
    }

    /// Drops all that waits, and counts it.
    void discard() {
        std::uint64_t lost = 0;
        {
            const std::scoped_lock lock(mutex_);
            while (!items_.empty()) {
                lost += pop().records;
            }
        }
        if (lost > 0) {
            settings_.dropped(lost);
        }
    }

  private:
    struct Entry {
        T item;
        std::size_t bytes;
        std::uint64_t records;
    };

    Entry pop() {
        Entry entry = std::move(items_.front());
        items_.pop_front();
        bytes_ -= entry.bytes;
        return entry;
    }

    const Settings settings_;
    mutable std::mutex mutex_;
    std::deque<Entry> items_;
    std::size_t bytes_ = 0;
    std::function<void()> wake_;
    bool closed_ = false;
};

}  // namespace adit::logging

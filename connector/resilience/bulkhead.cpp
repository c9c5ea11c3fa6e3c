// Places, and the queue before them; see bulkhead.h.
#include "connector/resilience/bulkhead.h"

namespace adit::resilience {

/// Bounds that differ from those of the last one who asked: a reload, or the first request.
void Bulkhead::take_up(const config::Bulkhead& bounds) {
    if (concurrent_.load(std::memory_order_relaxed) == bounds.concurrent &&
        adaptive_.load(std::memory_order_relaxed) == bounds.adaptive.has_value()) {
        return;
    }
    const std::lock_guard lock(mutex_);
    concurrent_ = bounds.concurrent;
    adaptive_ = bounds.adaptive.has_value();
    if (!bounds.adaptive) {
        gradient_.reset();
    } else if (gradient_) {
        gradient_->use(*bounds.adaptive, bounds.concurrent);
    } else {
        gradient_.emplace(*bounds.adaptive, bounds.concurrent);
    }
    limit_ = gradient_ ? gradient_->limit() : bounds.concurrent;
    serve_waiting();
}

/// Nobody is overtaken: while anybody waits there is no free place.
bool Bulkhead::take_free_place() {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    const std::uint32_t limit = limit_.load(std::memory_order_relaxed);
    while (waiting(state) == 0 && in_progress(state) < limit) {
        if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) {
            return true;
        }
    }
    return false;
}

bool Bulkhead::try_enter(const config::Bulkhead& bounds) {
    take_up(bounds);
    return take_free_place();
}

Bulkhead::Entry Bulkhead::enter(const config::Bulkhead& bounds, Turn& turn) {
    take_up(bounds);
    if (take_free_place()) {
        return Entry::entered;
    }
    const std::lock_guard lock(mutex_);
    queue_most_ = bounds.queue;
    if (queue_.size() >= bounds.queue) {
        return take_free_place() ? Entry::entered : Entry::full;
    }
    // From the moment that the word says so, whoever leaves comes for the lock first.
    state_.fetch_add(kOneWaits, std::memory_order_acq_rel);
    queue_.push_back(turn);
    serve_waiting();  // a place may have been given up since we looked
    return Entry::queued;
}

void Bulkhead::serve_waiting() {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while (!queue_.empty() && in_progress(state) < limit_.load(std::memory_order_relaxed)) {
        if (!state_.compare_exchange_weak(state, state + 1 - kOneWaits, std::memory_order_acq_rel)) {
            continue;
        }
        state = state_.load(std::memory_order_relaxed);
        Turn& turn = queue_.size() > queue_most_ / 2 ? queue_.back() : queue_.front();
        queue_.erase(queue_.iterator_to(turn));
        turn.come();
    }
}

bool Bulkhead::withdraw(Turn& turn) {
    const std::lock_guard lock(mutex_);
    if (!turn.is_linked()) {
        return false;
    }
    queue_.erase(queue_.iterator_to(turn));
    state_.fetch_sub(kOneWaits, std::memory_order_acq_rel);
    return true;
}

void Bulkhead::leave() {
    const std::uint64_t before = state_.fetch_sub(1, std::memory_order_acq_rel);
    if (waiting(before) > 0) {
        const std::lock_guard lock(mutex_);
        serve_waiting();
    }
}

void Bulkhead::sample(const config::Bulkhead& bounds, std::chrono::nanoseconds took, bool throttled, Time now) {
    if (!bounds.adaptive) {
        return;
    }
    const std::lock_guard lock(mutex_);
    if (!gradient_) {
        return;
    }
    if (adaptive_settings_ != *bounds.adaptive) {
        adaptive_settings_ = *bounds.adaptive;
        gradient_->use(*bounds.adaptive, bounds.concurrent);
    }
    gradient_->sample(took, in_progress(), throttled, now);
    limit_ = gradient_->limit();
    serve_waiting();
}

}  // namespace adit::resilience

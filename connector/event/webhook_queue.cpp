// Times of deliveries; see webhook_queue.h.
#include "connector/event/webhook_queue.h"

#include <algorithm>
#include <array>
#include <utility>

namespace adit::event {
namespace {

constexpr std::chrono::nanoseconds kMinute = std::chrono::minutes(1);

}  // namespace

void WebhookQueue::use(Bounds bounds) {
    bounds_ = bounds;
    not_before_ = Time();
}

/// The first one stays while it is being tried: it may be delivered at this moment.
bool WebhookQueue::push(std::shared_ptr<const Message> message) {
    waiting_.push_back(std::move(message));
    if (waiting_.size() <= bounds_.events + (flying_ ? 1 : 0)) {
        return true;
    }
    waiting_.erase(most_frequent());
    return false;
}

/// The oldest of the kind of which most wait; of kinds that are as many, the oldest of all.
WebhookQueue::Waiting::iterator WebhookQueue::most_frequent() {
    const auto first = waiting_.begin() + (flying_ ? 1 : 0);
    std::array<std::size_t, config::kEventKinds.size()> counts{};
    for (auto one = first; one != waiting_.end(); ++one) {
        ++counts[static_cast<std::size_t>((*one)->kind)];
    }
    const std::size_t most = std::ranges::max(counts);
    return std::find_if(first, waiting_.end(),
                        [&](const auto& one) { return counts[static_cast<std::size_t>(one->kind)] == most; });
}

std::optional<WebhookQueue::Time> WebhookQueue::next() const {
    if (waiting_.empty()) {
        return std::nullopt;
    }
    const auto interval = kMinute / bounds_.per_minute;
    return std::max(not_before_, full_at_ - kMinute + interval);
}

std::shared_ptr<const Message> WebhookQueue::begin(Time now) {
    flying_ = true;
    full_at_ = std::max(full_at_, now) + kMinute / bounds_.per_minute;
    return waiting_.front();
}

void WebhookQueue::delivered() {
    flying_ = false;
    waiting_.pop_front();
    backoff_ = net::Backoff(kBackoff);
    not_before_ = Time();
}

bool WebhookQueue::failed(Time now, std::chrono::milliseconds after, double uniform) {
    flying_ = false;
    if (backoff_.failures() + 1 >= kTriesMost) {
        waiting_.pop_front();
        backoff_ = net::Backoff(kBackoff);
        not_before_ = now + std::max(after, kBackoff.base);
        return false;
    }
    not_before_ = now + std::max(after, backoff_.next(uniform));
    return true;
}

}  // namespace adit::event

// What one webhook delivers when: a bounded queue, a rate, and tries that grow apart. Pure: time and chance come in.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "common/net/backoff.h"
#include "connector/event/event.h"

namespace adit::event {

class WebhookQueue {
  public:
    using Time = std::chrono::steady_clock::time_point;
    struct Bounds {
        std::uint32_t per_minute;
        std::uint32_t events;  ///< that wait, besides the one that is being tried
    };
    static constexpr int kTriesMost = 10;  ///< of one event: some minutes

    explicit WebhookQueue(Bounds bounds) : bounds_(bounds) {}
    /// Tries at once again: what was wrong may have been mended.
    void use(Bounds bounds);

    /// False: one had to go, the oldest of the kind of which most wait. What callers bring about (bans) does not push
    /// out what happened to a circuit.
    bool push(std::shared_ptr<const Message> message);
    std::size_t size() const { return waiting_.size(); }
    /// When the first one may be tried; nothing: none waits.
    std::optional<Time> next() const;
    /// The first one, which is being tried from now on.
    std::shared_ptr<const Message> begin(Time now);
    void delivered();
    /// `after`: how long the receiver wants to be left alone. False: that was its last try.
    bool failed(Time now, std::chrono::milliseconds after, double uniform);

  private:
    using Waiting = std::deque<std::shared_ptr<const Message>>;
    Waiting::iterator most_frequent();

    Bounds bounds_;
    Waiting waiting_;  ///< the first one may be in flight
    bool flying_ = false;
    net::Backoff backoff_{kBackoff};
    Time not_before_{};  ///< of the next try
    Time full_at_{};     ///< GCRA: when all of a minute's tries may be made at once again

    static constexpr net::Backoff::Settings kBackoff{std::chrono::milliseconds(1'000),
                                                     std::chrono::milliseconds(60'000), std::chrono::milliseconds(0)};
};

}  // namespace adit::event

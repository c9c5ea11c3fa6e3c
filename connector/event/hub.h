// Where events are told: each becomes a line in the log, a count, and a message for the webhooks that want its kind.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connector/admin/event_metrics.h"
#include "connector/event/event.h"

namespace adit::event {

/// Gets messages. Called on any thread: takes them at once, or drops one and counts it; never waits.
class Subscriber {
  public:
    virtual ~Subscriber() = default;
    virtual void take(const std::shared_ptr<const Message>& message) = 0;
};

/// Any thread. Delays nobody: what takes its time happens elsewhere.
class Hub {
  public:
    explicit Hub(EventMetrics metrics) : metrics_(metrics) {}
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;

    void tell(const Event& event);
    /// Who this connector says it is.
    void speak_as(std::string instance);
    /// These, and no others, from now on.
    void subscribe(std::vector<std::shared_ptr<Subscriber>> subscribers);

  private:
    const EventMetrics metrics_;
    std::mutex mutex_;  ///< of what follows; held for a moment
    std::string instance_;
    std::vector<std::shared_ptr<Subscriber>> subscribers_;
};

}  // namespace adit::event

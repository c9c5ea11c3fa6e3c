// All webhooks of a configuration: kept over reloads by their names, with what waits.
#pragma once

#include <memory>
#include <vector>

#include "connector/admin/event_metrics.h"
#include "connector/event/webhook.h"

namespace adit::event {

/// What a configuration says of webhooks, ready for use; used up by Webhooks::adopt().
struct WebhookPlan {
    std::vector<WebhookMeans> all;
};
/// Fails, without a trace, when one cannot be used. Any thread.
Result<std::shared_ptr<WebhookPlan>> plan_webhooks(const std::vector<config::Webhook>& configured,
                                                   const fetch::Desk& desk);

/// Main thread.
class Webhooks {
  public:
    Webhooks(Hub& hub, fetch::Desk& desk, metrics::Registry& metrics) : hub_(hub), desk_(desk), metrics_(metrics) {}

    /// These count from now on; what waits for one that is there no more is dropped and counted.
    void adopt(WebhookPlan& plan);
    std::vector<WebhookStanding> standings() const;

  private:
    struct Named {
        std::string name;
        std::shared_ptr<Webhook> webhook;
    };
    Hub& hub_;
    fetch::Desk& desk_;
    metrics::Registry& metrics_;
    std::vector<Named> webhooks_;
};

}  // namespace adit::event

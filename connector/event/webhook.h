// One webhook: messages wait here and leave one after the other, on the desk's loop.
#pragma once

#include <memory>
#include <string>

#include "common/base/secret.h"
#include "connector/admin/event_metrics.h"
#include "connector/config/fleet.h"
#include "connector/event/hub.h"
#include "connector/fetch/desk.h"

namespace adit::event {

/// What a webhook needs to deliver, made of a configuration before it counts.
struct WebhookMeans {
    config::Webhook settings;
    Secret key;
    std::string target;  ///< path and query
    std::unique_ptr<fetch::Client> client;
};
/// Fails when the URL, the secret or the file of CAs cannot be used. Any thread.
Result<WebhookMeans> webhook_means(const config::Webhook& settings, const fetch::Desk& desk);

/// For the operator.
struct WebhookStanding {
    std::string name;
    std::size_t waiting = 0;
    std::string trouble;  ///< of the last try; empty when it went well
};

class Webhook final : public Subscriber {
  public:
    /// The desk outlives it.
    Webhook(fetch::Desk& desk, std::shared_ptr<WebhookMetrics> metrics, WebhookMeans means);
    ~Webhook() override;

    void take(const std::shared_ptr<const Message>& message) override;
    /// By these from the next try on; what waits goes on waiting.
    void use(WebhookMeans means);
    WebhookStanding standing() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace adit::event

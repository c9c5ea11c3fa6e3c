// Taking webhooks over; see webhooks.h.
#include "connector/event/webhooks.h"

#include <algorithm>
#include <utility>

namespace adit::event {

Result<std::shared_ptr<WebhookPlan>> plan_webhooks(const std::vector<config::Webhook>& configured,
                                                   const fetch::Desk& desk) {
    auto plan = std::make_shared<WebhookPlan>();
    for (const config::Webhook& webhook : configured) {
        auto means = webhook_means(webhook, desk);
        if (!means) {
            return usage_error("webhook " + webhook.name + ": " + means.error().message);
        }
        plan->all.push_back(std::move(*means));
    }
    return plan;
}

void Webhooks::adopt(WebhookPlan& plan) {
    std::vector<Named> now;
    std::vector<std::shared_ptr<Subscriber>> subscribers;
    for (WebhookMeans& means : std::exchange(plan.all, {})) {
        std::string name = means.settings.name;
        const auto known = std::ranges::find(webhooks_, name, &Named::name);
        std::shared_ptr<Webhook> webhook;
        if (known != webhooks_.end()) {
            webhook = known->webhook;
            webhook->use(std::move(means));
        } else {
            webhook =
                std::make_shared<Webhook>(desk_, std::make_shared<WebhookMetrics>(metrics_, name), std::move(means));
        }
        subscribers.push_back(webhook);
        now.push_back({std::move(name), std::move(webhook)});
    }
    hub_.subscribe(std::move(subscribers));
    webhooks_ = std::move(now);
}

std::vector<WebhookStanding> Webhooks::standings() const {
    std::vector<WebhookStanding> list;
    list.reserve(webhooks_.size());
    for (const Named& one : webhooks_) {
        list.push_back(one.webhook->standing());
    }
    return list;
}

}  // namespace adit::event

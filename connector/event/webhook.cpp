// The coroutine of a webhook and who wakes it; see webhook.h.
#include "connector/event/webhook.h"

#include <algorithm>
#include <expected>
#include <mutex>
#include <utility>

#include "common/base/random.h"
#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "connector/config/url.h"
#include "connector/event/webhook_queue.h"
#include "connector/event/webhook_request.h"
#include "connector/http/reply_time.h"

namespace adit::event {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLeaveAloneMost = 5min;  ///< a receiver that errs must not silence us for a day

/// Why a try has failed, and how long the receiver wants to be left alone.
struct Refusal {
    std::string words;
    std::chrono::milliseconds after{0};
};
using Told = std::expected<void, Refusal>;

Told judge(const std::expected<fetch::Reply, problem::Failure>& reply) {
    if (!reply) {
        return std::unexpected(Refusal{reply.error().detail});
    }
    if (reply->status >= 200 && reply->status < 300) {
        return {};
    }
    const auto after = http::retry_after(reply->field("retry-after"), std::chrono::system_clock::now());
    return std::unexpected(Refusal{"status " + std::to_string(reply->status),
                                   std::min<std::chrono::milliseconds>(after.value_or(0s), kLeaveAloneMost)});
}

}  // namespace

Result<WebhookMeans> webhook_means(const config::Webhook& settings, const fetch::Desk& desk) {
    auto url = config::parse_url(settings.url);
    if (!url) {
        return std::unexpected(std::move(url.error()));
    }
    auto key = webhook_key(settings.secret.reveal());
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    config::TokenEndpoint endpoint;
    endpoint.ca = settings.ca;
    auto client = desk.client(endpoint, url->origin);
    if (!client) {
        return std::unexpected(std::move(client.error()));
    }
    return WebhookMeans{settings, std::move(*key), url->target, std::move(*client)};
}

/// Shared by the webhook and its coroutine on the desk's loop.
struct Webhook::State {
    State(fetch::Desk& of, std::shared_ptr<WebhookMetrics> counted, WebhookMeans with)
        : desk(of), metrics(std::move(counted)), queue(bounds(with.settings)) {
        name = with.settings.name;
        kinds = with.settings.events;
        means = std::make_unique<WebhookMeans>(std::move(with));
    }

    static WebhookQueue::Bounds bounds(const config::Webhook& settings) {
        return {settings.per_minute, settings.queue};
    }
    static net::Task<> run(std::shared_ptr<State> state);
    static void wake(const std::shared_ptr<State>& state, std::unique_lock<std::mutex>& lock);
    bool wants(Kind kind) const;
    void end(const Told& told);
    void show() const { metrics->waiting.Set(static_cast<double>(queue.size())); }

    fetch::Desk& desk;
    const std::shared_ptr<WebhookMetrics> metrics;

    std::mutex mutex;  ///< of what follows
    std::string name;
    std::vector<std::string> kinds;
    WebhookQueue queue;
    std::unique_ptr<WebhookMeans> means;  ///< newer ones than those of the coroutine
    std::string trouble;
    bool started = false;
    bool closed = false;

    net::Waiter* event = nullptr;  ///< of the coroutine; desk's thread only
};

Webhook::Webhook(fetch::Desk& desk, std::shared_ptr<WebhookMetrics> metrics, WebhookMeans means)
    : state_(std::make_shared<State>(desk, std::move(metrics), std::move(means))) {}

/// What waits still has nowhere to go.
Webhook::~Webhook() {
    std::unique_lock lock(state_->mutex);
    state_->closed = true;
    if (const std::size_t lost = state_->queue.size(); lost > 0) {
        state_->metrics->crowded.Increment(static_cast<double>(lost));
        state_->metrics->waiting.Set(0);
    }
    if (state_->started) {
        State::wake(state_, lock);
    }
}

bool Webhook::State::wants(Kind kind) const {
    const auto meant = [&](const std::string& pattern) { return config::meets(pattern, config::name(kind)); };
    return kinds.empty() || std::ranges::any_of(kinds, meant);
}

/// Wakes the coroutine, or starts it. Posts without the lock.
void Webhook::State::wake(const std::shared_ptr<State>& state, std::unique_lock<std::mutex>& lock) {
    const bool first = !std::exchange(state->started, true);
    lock.unlock();
    state->desk.post([state, first] {
        if (first) {
            net::spawn(state->desk.loop().context(), "a webhook", run(state));
        } else if (state->event != nullptr) {
            state->event->wake();
        }
    });
}

void Webhook::take(const std::shared_ptr<const Message>& message) {
    std::unique_lock lock(state_->mutex);
    if (!state_->wants(message->kind)) {
        return;
    }
    if (!state_->queue.push(message)) {
        state_->metrics->crowded.Increment();
    }
    state_->show();
    if (state_->queue.size() == 1 || !state_->started) {  // else it is awake, or waits for a time
        State::wake(state_, lock);
    }
}

void Webhook::use(WebhookMeans means) {
    std::unique_lock lock(state_->mutex);
    state_->kinds = means.settings.events;
    state_->queue.use(State::bounds(means.settings));
    state_->means = std::make_unique<WebhookMeans>(std::move(means));
    if (state_->started) {
        State::wake(state_, lock);
    }
}

WebhookStanding Webhook::standing() const {
    const std::scoped_lock lock(state_->mutex);
    return {state_->name, state_->queue.size(), state_->trouble};
}

net::Task<> Webhook::State::run(std::shared_ptr<State> state) {
    net::Loop& loop = state->desk.loop();
    net::Waiter event(loop);
    net::Alarm alarm(loop, event);
    struct Presence {
        State& state;
        ~Presence() { state.event = nullptr; }
    } const presence{*state};
    state->event = &event;
    std::unique_ptr<WebhookMeans> means;
    for (;;) {
        const net::Time now = net::Clock::now();
        std::shared_ptr<const Message> message;
        alarm.disarm();
        {
            const std::scoped_lock lock(state->mutex);
            if (state->closed) {
                co_return;
            }
            if (state->means) {
                means = std::move(state->means);
            }
            if (const auto next = state->queue.next(); next && *next <= now) {
                message = state->queue.begin(now);
            } else if (next) {
                alarm.set(*next);
            }
        }
        if (!message) {
            co_await event.wait();
            continue;
        }
        auto request = webhook_request(*message, means->key, means->target, std::chrono::system_clock::now());
        const auto reply = co_await means->client->ask(std::move(request), now + means->settings.timeout);
        state->end(judge(reply));
    }
}

void Webhook::State::end(const Told& told) {
    const std::scoped_lock lock(mutex);
    if (told) {
        queue.delivered();
        metrics->delivered.Increment();
        if (!std::exchange(trouble, std::string()).empty()) {
            logging::info("a webhook gets events again", {{"webhook", name}, {"waiting", queue.size()}});
        }
    } else {
        metrics->failed.Increment();
        Random chance;
        const bool lost = !queue.failed(net::Clock::now(), told.error().after, chance.uniform());
        if (lost) {
            metrics->given_up.Increment();
        }
        // Once for each trouble: a receiver that is away for an hour fills no log.
        if (std::exchange(trouble, told.error().words) != told.error().words || lost) {
            logging::warn(lost ? "a webhook has not got an event" : "a webhook could not be told of an event",
                          {{"webhook", name}, {"reason", trouble}, {"waiting", queue.size()}});
        }
    }
    show();
}

}  // namespace adit::event

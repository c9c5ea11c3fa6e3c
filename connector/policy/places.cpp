// Standing in the queue of a bulkhead; see places.h.
#include "connector/policy/places.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "common/base/time.h"
#include "common/net/alarm.h"

namespace adit::policy {
namespace {

using resilience::Bulkhead;

/// One request in a queue, until its place comes, its time is up, or its client has gone. On its loop's thread, but for
/// come().
class Queued final : private resilience::Turn, private net::HangupListener {
  public:
    Queued(Bulkhead& bulkhead, http::Exchange& exchange)
        : bulkhead_(bulkhead),
          client_(exchange.client()),
          waiter_(client_.loop()),
          alarm_(client_.loop(), waiter_),
          bell_(std::make_shared<Bell>(waiter_)) {
        client_.on_hangup(this);
    }
    Queued(const Queued&) = delete;
    Queued& operator=(const Queued&) = delete;
    ~Queued() {
        client_.on_hangup(nullptr);
        bell_->waiter = nullptr;
        if (in_queue_ && !bulkhead_.withdraw(*this)) {
            bulkhead_.leave();  // it came, and nobody wants it any more
        }
    }

    Bulkhead::Entry enter(const config::Bulkhead& bounds) {
        const Bulkhead::Entry entry = bulkhead_.enter(bounds, *this);
        in_queue_ = entry == Bulkhead::Entry::queued;
        return entry;
    }
    /// Whether the place came.
    net::Task<bool> wait(net::Time until) {
        alarm_.set(until);
        while (!bell_->rung && !client_left_ && !alarm_.passed()) {
            co_await waiter_.wait();
        }
        in_queue_ = false;
        const bool came = bell_->rung || !bulkhead_.withdraw(*this);
        if (came && client_left_) {
            bulkhead_.leave();
            co_return false;
        }
        co_return came;
    }
    bool client_left() const { return client_left_; }

  private:
    /// Rung on the thread of whoever gave the place up; heard on ours, where the request may have gone meanwhile.
    struct Bell {
        explicit Bell(net::Waiter& of) : waiter(&of) {}
        net::Waiter* waiter;
        bool rung = false;
    };

    void come() noexcept override {
        boost::asio::post(client_.loop().context(), [bell = bell_] {
            bell->rung = true;
            if (bell->waiter != nullptr) {
                bell->waiter->wake();
            }
        });
    }
    void peer_hung_up() override {
        client_left_ = true;
        waiter_.wake();
    }

    Bulkhead& bulkhead_;
    net::Stream& client_;
    net::Waiter waiter_;
    net::Alarm alarm_;
    const std::shared_ptr<Bell> bell_;
    bool in_queue_ = false;
    bool client_left_ = false;
};

problem::Failure turned_away(const backend::Bulkhead& of, Effects& effects, problem::Failure failure) {
    effects.bulkhead = of.name;
    return failure;
}

}  // namespace

problem::Failure no_room_for_caller(const backend::Bulkhead& of, Effects& effects) {
    of.metrics->full.Increment();
    return turned_away(of, effects, problem::bulkhead_full("bulkhead " + of.name + " has no room for another caller"));
}

bool Places::holds(const Bulkhead& places) const {
    return std::ranges::any_of(held_, [&](const Held& held) { return held.places == &places; });
}

bool Places::take(const backend::Bulkhead& of, const std::shared_ptr<Bulkhead>& places) {
    if (!places->try_enter(of.bounds)) {
        return false;
    }
    held_.push_back({&of, places.get(), resilience::Place(places)});
    return true;
}

net::Task<std::optional<problem::Failure>> Places::wait(const backend::Bulkhead& of, std::shared_ptr<Bulkhead> places,
                                                        http::Exchange& exchange, Patience patience) {
    const net::Time began = net::Clock::now();
    const net::Time until = std::min(began + of.bounds.queue_timeout, patience.until);
    bool came = false;
    bool client_left = false;
    {
        Queued queued(*places, exchange);
        const Bulkhead::Entry entry = queued.enter(of.bounds);
        if (entry == Bulkhead::Entry::full) {
            of.metrics->full.Increment();
            co_return turned_away(
                of, patience.effects,
                problem::bulkhead_full("bulkhead " + of.name + " has " + std::to_string(places->limit()) +
                                       " requests in progress and its queue is full"));
        }
        came = entry == Bulkhead::Entry::entered || co_await queued.wait(until);
        client_left = queued.client_left();
    }
    const auto waited = net::Clock::now() - began;
    if (waited > patience.effects.queued) {
        patience.effects.bulkhead = of.name;
    }
    patience.effects.queued += waited;
    if (came) {
        of.metrics->queued.Observe(std::chrono::duration<double>(waited).count());
        held_.push_back({&of, places.get(), resilience::Place(std::move(places))});
        co_return std::nullopt;
    }
    (client_left ? of.metrics->left : of.metrics->timed_out).Increment();
    if (client_left) {
        co_return problem::client_gone();
    }
    co_return turned_away(
        of, patience.effects,
        problem::queue_timeout("bulkhead " + of.name + " had no place within " +
                               format_duration(std::chrono::round<std::chrono::milliseconds>(until - began))));
}

void Places::sample(std::chrono::nanoseconds took, bool throttled, net::Time now) {
    for (const Held& held : held_) {
        if (held.of->bounds.adaptive) {
            held.places->sample(held.of->bounds, took, throttled, now);
        }
    }
}

}  // namespace adit::policy

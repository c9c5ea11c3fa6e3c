// One flight at a time, and who waits for it; see keeper.h.
#include "connector/fetch/keeper.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "connector/fetch/published.h"

namespace adit::fetch {
namespace {

/// What readers see: a value with its end.
struct Held {
    std::shared_ptr<const Value> value;
    Time hard_end;
};

/// Somebody who waits for the end of a flight; shared with the post that wakes him.
struct Seat {
    net::Loop* loop = nullptr;
    net::Waiter* waiter = nullptr;  ///< loop's thread only; null once its coroutine has gone
    std::optional<Made> outcome;    ///< loop's thread only
};

Trouble closing() {
    return {Fault::transient, "this configuration is being taken down"};
}

}  // namespace

/// Shared by the keeper and the coroutine on the desk's loop that fetches for it.
struct Keeper::State {
    State(Desk& of, Settings with) : desk(of), settings(std::move(with)), schedule(settings.schedule) {}

    /// The flag and the loop of the flights; both begin with the first wish.
    void want(const std::shared_ptr<State>& self, std::unique_lock<std::mutex>& lock);
    static net::Task<> run(std::shared_ptr<State> state, Fetch fetch);
    bool begin(Time now);
    void end(const Made& made, Time began);
    void tell(const Made& made, bool usable, bool was_failing) const;
    void answer(const Made& made);
    std::optional<Time> next() const;
    net::Task<Made> wait(std::shared_ptr<State> self, net::Loop& loop, std::shared_ptr<Seat> seat, net::Time deadline);
    std::shared_ptr<const Value> value() const;
    Made missing(Time now) const;

    Desk& desk;
    const Settings settings;
    Published<const Held> held;

    mutable std::mutex mutex;  ///< of what follows
    Schedule schedule;
    Random random;
    std::vector<std::shared_ptr<Seat>> seats;
    Standing standing;
    Trouble trouble;  ///< of the last fetch that failed
    bool started = false;
    bool wished = false;  ///< somebody wants a value since the last flight began
    bool flying = false;
    bool closed = false;
    Fetch fetch;  ///< until the coroutine has it

    net::Waiter* event = nullptr;  ///< of the coroutine; desk's thread only
};

std::shared_ptr<Keeper> Keeper::make(Desk& desk, Settings settings, Fetch fetch) {
    auto state = std::make_shared<State>(desk, std::move(settings));
    state->fetch = std::move(fetch);
    return std::shared_ptr<Keeper>(new Keeper(std::move(state)));
}

Keeper::~Keeper() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->closed = true;
        if (!state_->started) {
            return;
        }
    }
    state_->desk.post([state = state_] {
        if (state->event != nullptr) {
            state->event->wake();
        }
    });
}

/// Wakes the coroutine, or starts it. Posts without the lock.
void Keeper::State::want(const std::shared_ptr<State>& self, std::unique_lock<std::mutex>& lock) {
    wished = true;
    const bool first = !std::exchange(started, true);
    lock.unlock();
    if (first) {
        desk.post([self] { net::spawn(self->desk.loop().context(), "a keeper", run(self, std::move(self->fetch))); });
        return;
    }
    desk.post([self] {
        if (self->event != nullptr) {
            self->event->wake();
        }
    });
}

net::Task<> Keeper::State::run(std::shared_ptr<State> state, Fetch fetch) {
    net::Loop& loop = state->desk.loop();
    net::Waiter event(loop);
    net::Alarm alarm(loop, event);
    struct Presence {
        State& state;
        ~Presence() { state.event = nullptr; }
    } const presence{*state};
    state->event = &event;
    for (;;) {
        const Time now = Clock::now();
        if (state->begin(now)) {
            Made made = co_await fetch(now + state->settings.flight);
            state->end(made, now);
            continue;
        }
        alarm.disarm();
        {
            const std::lock_guard lock(state->mutex);
            if (state->closed) {
                break;
            }
            if (const auto next = state->next()) {
                alarm.set(*next);
            }
        }
        co_await event.wait();
    }
    const std::lock_guard lock(state->mutex);
    state->answer(std::unexpected(closing()));
}

/// Whether a flight begins now. Those who want a value while a provider fails hear its last trouble.
bool Keeper::State::begin(Time now) {
    const std::lock_guard lock(mutex);
    const bool due = now >= schedule.due();
    const bool wanted = std::exchange(wished, false) || !seats.empty() || schedule.usable(now) || !schedule.refused();
    flying = !closed && due && wanted;
    if (!flying && !seats.empty() && schedule.backing_off(now)) {
        answer(missing(now));
    }
    return flying;
}

/// When to look again; nothing: when somebody asks.
std::optional<Time> Keeper::State::next() const {
    const bool by_itself = !schedule.refused() || schedule.usable(Clock::now());
    return by_itself ? std::optional(schedule.due()) : std::nullopt;
}

void Keeper::State::end(const Made& made, Time began) {
    const Time now = Clock::now();
    if (settings.fetched) {
        settings.fetched(made, now - began);
    }
    bool usable = false;
    bool was_failing = false;
    {
        const std::lock_guard lock(mutex);
        flying = false;
        wished = false;
        was_failing = !standing.trouble.empty();
        ++standing.fetches;
        if (made) {
            const Value& value = **made;
            // Counted from when the request for it left: the provider's clock began to run somewhere in between.
            schedule.made(began, value.life, random);
            held.store(std::make_shared<const Held>(*made, schedule.hard_end()));
            standing.fetched = value.fetched;
            standing.expires = value.fetched + value.life;
        } else {
            ++standing.failures;
            schedule.failed(now, made.error().fault, made.error().retry_after, random);
            trouble = made.error();
        }
        standing.trouble = made ? std::string() : made.error().words;
        usable = schedule.usable(now);
        answer(made ? made : missing(now));
    }
    tell(made, usable, was_failing);
}

/// The log hears of each failure, they are at least a second apart, and of the first success after one.
void Keeper::State::tell(const Made& made, bool usable, bool was_failing) const {
    if (made) {
        if (was_failing) {
            logging::info("fetched again", {{"what", settings.name}});
        }
        return;
    }
    const bool refused = made.error().fault == Fault::permanent;
    logging::write(
        refused || !usable ? logging::Level::error : logging::Level::warn, "a fetch failed",
        {{"what", settings.name}, {"reason", made.error().words}, {"refused", refused}, {"last_one_usable", usable}});
}

/// Everybody who waits. A seat that is in the list has its loop: whoever leaves takes his seat out, under the lock.
void Keeper::State::answer(const Made& made) {
    for (auto& seat : std::exchange(seats, {})) {
        boost::asio::post(seat->loop->context(), [seat, made] {
            seat->outcome = made;
            if (seat->waiter != nullptr) {
                seat->waiter->wake();
            }
        });
    }
}

/// The last trouble, as it is now.
Made Keeper::State::missing(Time now) const {
    Trouble as_of_now = trouble;
    if (as_of_now.words.empty()) {
        as_of_now.words = "another one is not to be had yet";
    }
    as_of_now.retry_after = schedule.retry_after(now);
    return std::unexpected(std::move(as_of_now));
}

std::shared_ptr<const Value> Keeper::State::value() const {
    const auto now_held = held.load();
    return now_held && Clock::now() < now_held->hard_end ? now_held->value : nullptr;
}

net::Task<Made> Keeper::State::wait(std::shared_ptr<State> self, net::Loop& loop, std::shared_ptr<Seat> seat,
                                    net::Time deadline) {
    net::Waiter waiter(loop);
    net::Alarm alarm(loop, waiter);
    struct Leave {
        State& state;
        std::shared_ptr<Seat> seat;
        ~Leave() {
            seat->waiter = nullptr;
            const std::lock_guard lock(state.mutex);
            std::erase(state.seats, seat);
        }
    } const leave{*self, seat};
    seat->waiter = &waiter;
    const Time began = Clock::now();
    alarm.set(std::min(deadline, began + settings.wait));
    while (!seat->outcome && !alarm.passed()) {
        co_await waiter.wait();
    }
    if (settings.waited) {
        settings.waited(Clock::now() - began);
    }
    if (seat->outcome) {
        co_return std::move(*seat->outcome);
    }
    co_return std::unexpected(
        Trouble{Fault::transient, "the provider has not answered in time", std::chrono::seconds(1)});
}

std::shared_ptr<const Value> Keeper::value() const {
    return state_->value();
}

net::Task<Made> Keeper::get(net::Loop& loop, net::Time deadline) {
    if (auto value = state_->value()) {
        co_return value;
    }
    const std::shared_ptr<State> state = state_;
    auto seat = std::make_shared<Seat>(&loop);
    {
        std::unique_lock lock(state->mutex);
        const Time now = Clock::now();
        if (auto value = state->value()) {
            co_return value;
        }
        if (!state->flying && state->schedule.backing_off(now)) {
            co_return state->missing(now);
        }
        state->seats.push_back(seat);
        state->want(state, lock);
    }
    co_return co_await state->wait(state, loop, std::move(seat), deadline);
}

bool Keeper::renew(const Value* used) {
    std::unique_lock lock(state_->mutex);
    const auto held = state_->held.load();
    if ((held && held->value.get() != used) || state_->flying || state_->wished) {
        return true;
    }
    if (!state_->schedule.force(Clock::now())) {
        return false;
    }
    state_->want(state_, lock);
    return true;
}

net::Task<Made> Keeper::get_other(net::Loop& loop, const Value* used, net::Time deadline) {
    const std::shared_ptr<State> state = state_;
    auto seat = std::make_shared<Seat>(&loop);
    {
        const std::lock_guard lock(state->mutex);
        if (auto value = state->value(); value && value.get() != used) {
            co_return value;
        }
        if (!state->flying && !state->wished) {
            co_return state->missing(Clock::now());
        }
        state->seats.push_back(seat);
    }
    co_return co_await state->wait(state, loop, std::move(seat), deadline);
}

void Keeper::prefetch() {
    std::unique_lock lock(state_->mutex);
    if (!state_->started) {
        state_->want(state_, lock);
    }
}

Keeper::Standing Keeper::standing() const {
    const std::lock_guard lock(state_->mutex);
    Standing standing = state_->standing;
    standing.has_value = state_->value() != nullptr;
    return standing;
}

}  // namespace adit::fetch

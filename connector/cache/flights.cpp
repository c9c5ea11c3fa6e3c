// Leaders and those who follow; see flights.h.
#include "connector/cache/flights.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/net/alarm.h"

namespace adit::cache {

/// Somebody who waits; shared with the posts that wake him.
struct Flight::Seat {
    net::Loop* loop = nullptr;
    net::Waiter* waiter = nullptr;  ///< loop's thread only, as the rest; null once its coroutine has gone
    std::optional<Landing> landing;
    std::optional<milliseconds> patience;
};

/// Has `what` done to each seat on its own loop. The mutex is held.
void Flight::tell(const auto& what) {
    for (const std::shared_ptr<Seat>& seat : seats_) {
        boost::asio::post(seat->loop->context(), [seat, what] {
            what(*seat);
            if (seat->waiter != nullptr) {
                seat->waiter->wake();
            }
        });
    }
}

void Flight::land(const Landing& landing) {
    const std::lock_guard lock(mutex_);
    landing_ = landing;
    tell([landing](Seat& seat) { seat.landing = landing; });
    seats_.clear();
}

void Flight::answering(milliseconds most) {
    const std::lock_guard lock(mutex_);
    patience_ = most;
    tell([most](Seat& seat) { seat.patience = most; });
}

net::Task<Landing> Flight::wait(std::shared_ptr<Flight> flight, net::Loop& loop, Time until) {
    net::Waiter waiter(loop);
    net::Alarm alarm(loop, waiter);
    const auto seat = std::make_shared<Seat>(Seat{&loop, &waiter, {}, {}});
    struct Presence {  // a seat in the list has its loop: whoever leaves takes his seat out
        Flight& flight;
        std::shared_ptr<Seat> seat;
        ~Presence() {
            seat->waiter = nullptr;
            const std::lock_guard lock(flight.mutex_);
            std::erase(flight.seats_, seat);
        }
    } const presence{*flight, seat};
    {
        const std::lock_guard lock(flight->mutex_);
        if (flight->landing_) {
            co_return *flight->landing_;
        }
        seat->patience = flight->patience_;
        flight->seats_.push_back(seat);
    }
    alarm.set(until);
    while (!seat->landing && !alarm.passed()) {
        if (const auto patience = std::exchange(seat->patience, std::nullopt)) {
            alarm.set(std::min(until, loop.now() + *patience));
        }
        co_await waiter.wait();
    }
    co_return seat->landing ? std::move(*seat->landing) : Landing{.end = Landing::End::slow};
}

Lead& Lead::operator=(Lead&& other) noexcept {
    land({});
    flights_ = other.flights_;
    key_ = std::move(other.key_);
    flight_ = std::move(other.flight_);
    return *this;
}

void Lead::land(const Landing& landing) {
    if (const auto flight = std::exchange(flight_, nullptr)) {
        flights_->leave(key_, flight.get());
        flight->land(landing);
    }
}

Flights::Boarding Flights::board(const std::string& key) {
    Shard& shard = shards_[std::hash<std::string>()(key) % kShards];
    const std::lock_guard lock(shard.mutex);
    auto& flight = shard.flights[key];
    if (flight) {
        return {{}, flight};
    }
    flight = std::make_shared<Flight>();
    return {Lead(*this, key, flight), nullptr};
}

/// Whoever comes from now on begins anew, or finds what was stored.
void Flights::leave(const std::string& key, const Flight* flight) {
    Shard& shard = shards_[std::hash<std::string>()(key) % kShards];
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.flights.find(key);
    if (found != shard.flights.end() && found->second.get() == flight) {
        shard.flights.erase(found);
    }
}

void Flights::pass(const std::string& key, Time now) {
    const std::uint64_t hash = std::hash<std::string>()(key);
    const auto until = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch() + kPassFor).count();
    passes_[hash % kPasses].store((hash & 0xFFFFFFFF00000000ULL) | static_cast<std::uint32_t>(until),
                                  std::memory_order_relaxed);
}

bool Flights::passes(const std::string& key, Time now) const {
    const std::uint64_t hash = std::hash<std::string>()(key);
    const std::uint64_t entry = passes_[hash % kPasses].load(std::memory_order_relaxed);
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return (entry ^ hash) >> 32 == 0 && static_cast<std::uint32_t>(second) < static_cast<std::uint32_t>(entry);
}

}  // namespace adit::cache

// Giving seats away and back; see seats.h.
#include "connector/tunnel/seats.h"

namespace adit::tunnel {
namespace {

using namespace std::chrono_literals;

constexpr auto kReserved = 30s;  ///< for an agent that was sent to a seat
constexpr auto kComing = 3s;     ///< in which it surely comes, and nobody else is sent there
constexpr auto kReturn = 60s;    ///< for one whose sessions have ended: it may be on its way back
constexpr auto kSettling = 5s;   ///< after a connector's start

}  // namespace

SeatHold::~SeatHold() {
    if (seats_ != nullptr) {
        seats_->leave(seat_);
    }
}

std::optional<unsigned> Seats::assign(const std::string& key_id, unsigned seats) {
    const std::lock_guard lock(mutex_);
    const net::Time now = now_();
    const bool settling = now < started_ + kSettling;
    std::optional<unsigned> idle;
    net::Time idle_until = net::Time::max();
    for (unsigned i = 0; i < seats; ++i) {
        const unsigned number = settling ? i + 1 : seats - i;
        const auto found = taken_.find({key_id, number});
        if (found == taken_.end() || (found->second.sessions == 0 && now >= found->second.reserved_until)) {
            idle = number;
            break;
        }
        const bool awaited = found->second.agent.empty() && now < found->second.reserved_until - kReserved + kComing;
        if (found->second.sessions == 0 && !awaited && found->second.reserved_until < idle_until) {
            idle = number;
            idle_until = found->second.reserved_until;
        }
    }
    if (idle) {
        taken_[{key_id, *idle}] = {.agent = {}, .sessions = 0, .reserved_until = now + kReserved};
    }
    return idle;
}

SeatHold Seats::hold(Seat seat, const std::string& agent) {
    if (seat.number == 0) {
        return {nullptr, std::move(seat), true};
    }
    const std::lock_guard lock(mutex_);
    Taken& taken = taken_[seat];
    if (taken.sessions > 0 && taken.agent != agent) {
        return {nullptr, std::move(seat), false};
    }
    taken.agent = agent;
    ++taken.sessions;
    return {this, std::move(seat), true};
}

void Seats::leave(const Seat& seat) {
    const std::lock_guard lock(mutex_);
    if (const auto found = taken_.find(seat); found != taken_.end() && --found->second.sessions == 0) {
        found->second.reserved_until = now_() + kReturn;
    }
}

}  // namespace adit::tunnel

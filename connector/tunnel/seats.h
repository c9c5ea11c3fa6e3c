// Which agent is in which seat of a key's row in the WireGuard network.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "common/net/loop.h"

namespace adit::tunnel {

/// A place in the network: one member of a key's row. Number 0 is no seat.
struct Seat {
    std::string key_id;
    unsigned number = 0;
    friend auto operator<=>(const Seat&, const Seat&) = default;
};

class Seats;

/// Keeps a seat for an agent as long as it lives; false when another agent is there. Sessions without a seat hold
/// nothing and are true.
class SeatHold {
  public:
    SeatHold(Seats* seats, Seat seat, bool held) : seats_(seats), seat_(std::move(seat)), held_(held) {}
    SeatHold(const SeatHold&) = delete;
    SeatHold& operator=(const SeatHold&) = delete;
    ~SeatHold();
    explicit operator bool() const { return held_; }

  private:
    Seats* seats_;  ///< null: nothing to give back
    Seat seat_;
    bool held_;
};

/// Touched when sessions open and end, never by requests. From any thread.
class Seats {
  public:
    using Now = std::function<net::Time()>;
    explicit Seats(Now now = net::Clock::now) : now_(std::move(now)), started_(now_()) {}

    /// A free seat, 1 to `seats`, for an agent that is in the lobby; reserved until it comes. The highest ones first,
    /// since people write the low ones into the files of other WireGuard clients; but the lowest first while agents of
    /// an earlier connector may be on their way back to theirs. None when all are in use.
    std::optional<unsigned> assign(const std::string& key_id, unsigned seats);
    /// An agent has opened a session from this seat.
    SeatHold hold(Seat seat, const std::string& agent);

  private:
    friend class SeatHold;
    struct Taken {
        std::string agent;
        unsigned sessions = 0;
        net::Time reserved_until{};
    };

    void leave(const Seat& seat);

    Now now_;
    net::Time started_;
    std::mutex mutex_;
    std::map<Seat, Taken> taken_;
};

}  // namespace adit::tunnel

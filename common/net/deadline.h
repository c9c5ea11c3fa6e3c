// Deadlines by the thousand: a hashed wheel, pure, with the time as an argument.
//
// Re-arming to a later time, which every request does, is one store: an entry stays where it is filed and moves only
// when its old slot comes round (the lazy scheme of timing wheels; Varghese and Lauck 1987, scheme 6).
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <optional>

namespace adit::net {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

class Wheel;

/// A point in time after which `expired()` is called once, on the loop's thread, at most 20 ms late when the loop is
/// idle. Destroying or disarming it cancels. expired() may destroy this deadline or any other.
class Deadline : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    explicit Deadline(Wheel& wheel) : wheel_(&wheel) {}
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    virtual ~Deadline() = default;

    void arm(Time at);
    void disarm() { at_ = Time::max(); }
    bool armed() const { return at_ != Time::max(); }
    Time at() const { return at_; }

  protected:
    virtual void expired() = 0;

  private:
    friend class Wheel;
    Wheel* wheel_;
    Time at_ = Time::max();
    Time filed_ = Time::max();  ///< the slot's time; meaningful while linked
};

/// Holds deadlines. The owner calls advance() with the time and asks next() when it has to call again.
class Wheel {
  public:
    static constexpr std::chrono::milliseconds kTick{16};
    static constexpr std::size_t kSlots = 512;

    explicit Wheel(Time now) : current_(tick_of(now)) {}
    /// Calls expired() of all that are due.
    void advance(Time now);
    /// When advance() must be called at the latest; nothing when no deadline is filed.
    std::optional<Time> next() const;
    /// The soonest slot filed since forget_soonest(): tells the owner that its timer is set too late.
    Time soonest() const { return soonest_; }
    void forget_soonest() { soonest_ = Time::max(); }

  private:
    friend class Deadline;
    using Slot = boost::intrusive::list<Deadline, boost::intrusive::constant_time_size<false>>;
    using Tick = std::int64_t;

    static Tick tick_of(Time at) { return at.time_since_epoch() / kTick; }
    void file(Deadline& deadline);

    std::array<Slot, kSlots> slots_;
    Time soonest_ = Time::max();
    Tick current_;  ///< the last tick that advance() has handled
};

}  // namespace adit::net

// One thread's turn: readiness events, then the coroutines they woke, then one flush of what those produced.
//
// Asio runs the thread; sockets of the byte path are watched by an epoll set of ours that Asio watches in turn. That
// saves the extra recv() (or epoll_ctl()) which Asio spends per wait, and gives the end of a turn a name, which is
// where the frames of many streams leave in one write.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <functional>

#include "common/net/block.h"
#include "common/net/deadline.h"
#include "common/net/waiter.h"
#include "common/net/watch.h"

struct epoll_event;

namespace adit::net {

/// Work for the end of the current turn; done once per enlisting.
class TurnEnd : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual void turn_ended() = 0;

  protected:
    ~TurnEnd() = default;
};

/// Owns what one thread's streams share: readiness, ready coroutines, deadlines, blocks. Everything is used on the
/// thread that runs `context` only; post to the context from elsewhere. Must outlive the streams made on it.
class Loop {
  public:
    explicit Loop(boost::asio::io_context& context);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    /// Unwinds the coroutines that still wait on this loop.
    ~Loop();

    boost::asio::io_context& context() { return *context_; }
    BlockPool& blocks() { return blocks_; }
    Wheel& wheel() { return wheel_; }
    /// The time at the start of the current turn, cheap enough to ask for anywhere. Whom Asio has called outside of one
    /// is told the clock's: the last turn may be long ago.
    Time now() const { return in_turn_ ? now_ : Clock::now(); }

    /// Has `work` called when all coroutines that are ready in this turn have run.
    void at_turn_end(TurnEnd& work);
    /// Resumes what waits, by turns, until nothing waits any more: called when a program ends.
    void unwind();
    /// Coroutines are being unwound: they are destroyed where they stand, not resumed.
    bool ending() const { return ending_; }

  private:
    friend class Waiter;
    friend class Watch;
    friend class Deadline;

    void add(Watch& watch);
    void remove(Watch& watch);
    void make_ready(Waiter& waiter);
    void schedule_turn();
    void listen_for_events();
    void turn();
    std::size_t deal_out_events();
    void deal(Watch& watch, std::uint32_t events);
    void run_ready();
    void end_round();
    void arm_timer(Time at);
    void mind_deadlines();

    using TurnEndList = boost::intrusive::list<TurnEnd, boost::intrusive::constant_time_size<false>>;
    using WaiterList = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;
    static constexpr std::size_t kBatch = 256;  ///< events taken by one system call
    static constexpr int kRoundsPerTurn = 4;    ///< looks for more events before Asio gets its turn
    static constexpr int kPassesPerRound = 3;   ///< coroutines that wake each other, before a flush

    boost::asio::io_context* context_;
    BlockPool blocks_;
    Time now_ = Clock::now();
    Wheel wheel_{now_};
    boost::asio::posix::stream_descriptor events_;
    boost::asio::steady_timer timer_;
    Time timer_at_ = Time::max();
    WaiterList ready_;
    WaiterList suspended_;
    TurnEndList turn_end_;
    bool in_turn_ = false;
    bool turn_posted_ = false;
    bool ending_ = false;
    Watch** batch_ = nullptr;  ///< watches of events not dealt out yet
    std::size_t batch_size_ = 0;
};

}  // namespace adit::net

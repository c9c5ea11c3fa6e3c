// The turn of a thread; see loop.h.
#include "common/net/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cassert>
#include <cerrno>
#include <system_error>

namespace adit::net {

// --- Waiter ------------------------------------------------------------------------------------------------------

Waiter::~Waiter() {
    assert(!handler_ && "a coroutine still waits here");
}

Task<> Waiter::wait() {
    Token token;
    return boost::asio::async_initiate<Token, void()>(
        [this](auto handler) {
            assert(!handler_);
            handler_.emplace(std::move(handler));
            if (std::exchange(woken_, false)) {
                loop_->make_ready(*this);
            } else {
                loop_->suspended_.push_back(*this);
                loop_->mind_deadlines();
            }
        },
        token);
}

void Waiter::wake() {
    if (!handler_) {
        woken_ = true;
        return;
    }
    loop_->make_ready(*this);
}

void Waiter::resume() {
    Handler handler = std::move(*handler_);
    handler_.reset();
    handler();  // may destroy this waiter
}

// --- Watch -------------------------------------------------------------------------------------------------------

Watch::Watch(Loop& loop, int fd) : on_readable(loop), on_writable(loop), loop_(&loop), fd_(fd) {
    loop.add(*this);
}

Watch::~Watch() {
    loop_->remove(*this);
}

// --- Loop --------------------------------------------------------------------------------------------------------

Loop::Loop(boost::asio::io_context& context) : context_(&context), events_(context), timer_(context) {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::system_category(), "epoll_create1");
    }
    events_.assign(fd);
    listen_for_events();
}

Loop::~Loop() {
    unwind();
}

void Loop::unwind() {
    ending_ = true;
    // Destroying a handler destroys its coroutine and with it the streams it owns, which unlinks further waiters.
    for (WaiterList* list : {&ready_, &suspended_}) {
        while (!list->empty()) {
            Waiter& waiter = list->front();
            list->pop_front();
            Waiter::Handler handler = std::move(*waiter.handler_);
            waiter.handler_.reset();
        }
    }
}

void Loop::add(Watch& watch) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watch;
    if (::epoll_ctl(events_.native_handle(), EPOLL_CTL_ADD, watch.fd(), &event) != 0) {
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }
}

void Loop::remove(Watch& watch) {
    ::epoll_ctl(events_.native_handle(), EPOLL_CTL_DEL, watch.fd(), nullptr);
    for (std::size_t i = 0; i < batch_size_; ++i) {
        if (batch_[i] == &watch) {
            batch_[i] = nullptr;  // an event of this batch that nobody is left to hear
        }
    }
}

void Loop::make_ready(Waiter& waiter) {
    if (waiter.is_linked()) {
        waiter.unlink();
    }
    ready_.push_back(waiter);
    schedule_turn();
}

void Loop::at_turn_end(TurnEnd& work) {
    if (!work.is_linked()) {
        turn_end_.push_back(work);
        schedule_turn();
    }
}

void Loop::schedule_turn() {
    if (in_turn_ || turn_posted_ || ending_) {
        return;
    }
    turn_posted_ = true;
    boost::asio::post(*context_, [this] {
        turn_posted_ = false;
        turn();
    });
}

void Loop::listen_for_events() {
    events_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
        if (!error && !ending_) {
            turn();
            listen_for_events();
        }
    });
}

void Loop::turn() {
    if (ending_) {
        return;
    }
    in_turn_ = true;
    for (int round = 0; round < kRoundsPerTurn; ++round) {
        now_ = Clock::now();
        const std::size_t events = deal_out_events();
        wheel_.advance(now_);
        for (int pass = 0; pass < kPassesPerRound && !ready_.empty(); ++pass) {
            run_ready();
        }
        end_round();
        if (events == 0 && ready_.empty()) {
            break;
        }
    }
    in_turn_ = false;
    if (!ready_.empty() || !turn_end_.empty()) {
        schedule_turn();
    }
    mind_deadlines();
}

/// At the end of a turn, and when a coroutine that Asio started suspends outside of one: nothing else may come.
void Loop::mind_deadlines() {
    if (!in_turn_ && wheel_.soonest() < timer_at_) {
        arm_timer(wheel_.soonest());
    }
}

void Loop::end_round() {
    TurnEndList due;
    due.swap(turn_end_);
    while (!due.empty()) {
        TurnEnd& work = due.front();
        due.pop_front();
        work.turn_ended();
    }
}

std::size_t Loop::deal_out_events() {
    std::array<epoll_event, kBatch> events;
    const int count = ::epoll_wait(events_.native_handle(), events.data(), static_cast<int>(kBatch), 0);
    if (count <= 0) {
        return 0;
    }
    std::array<Watch*, kBatch> batch;
    for (int i = 0; i < count; ++i) {
        batch[static_cast<std::size_t>(i)] = static_cast<Watch*>(events[static_cast<std::size_t>(i)].data.ptr);
    }
    batch_ = batch.data();
    batch_size_ = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < batch_size_; ++i) {
        if (batch_[i] != nullptr) {
            deal(*batch_[i], events[i].events);
        }
    }
    batch_ = nullptr;
    batch_size_ = 0;
    return static_cast<std::size_t>(count);
}

void Loop::deal(Watch& watch, std::uint32_t events) {
    if (watch.forward_to != nullptr) {
        watch.forward_to->wake();
    }
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
        watch.hangup = true;
        if (watch.hangup_listener != nullptr) {
            watch.hangup_listener->peer_hung_up();
        }
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
        watch.readable = true;
        if (watch.on_readable.waiting()) {
            watch.on_readable.wake();
        }
    }
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        watch.writable = true;
        watch.on_writable.wake();  // kept when nobody waits yet: the kernel says it once
    }
}

void Loop::run_ready() {
    // Only those that are ready now: a coroutine that never runs dry must not keep the others from their events.
    WaiterList batch;
    batch.swap(ready_);
    while (!batch.empty()) {
        Waiter& waiter = batch.front();
        batch.pop_front();
        waiter.resume();
    }
}

void Loop::arm_timer(Time at) {
    timer_at_ = at;
    timer_.expires_at(at);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error || ending_) {
            return;  // an end has no turns: a deadline that is due would be due for ever
        }
        timer_at_ = Time::max();
        wheel_.forget_soonest();
        turn();
        if (const auto next = wheel_.next(); next && *next < timer_at_) {
            arm_timer(*next);
        }
    });
}

}  // namespace adit::net

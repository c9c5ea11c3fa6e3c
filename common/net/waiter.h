// One place where one coroutine waits for one thing. Waking costs a list link, no allocation and no system call.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <optional>

#include "common/net/task.h"

namespace adit::net {

class Loop;

/// `co_await waiter.wait()` suspends until `wake()`; the coroutine goes on later in the same turn of the loop, never
/// inside the call of wake(). A wake() without a waiting coroutine is kept for the next wait(), so none is lost.
/// At most one coroutine waits at a time. All on the loop's thread. Destroying a waiter with a coroutine in it is an
/// error; the loop unwinds what still waits when it ends.
class Waiter : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    explicit Waiter(Loop& loop) : loop_(&loop) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

    Task<> wait();  ///< not a coroutine of its own: one frame per suspension, recycled by Asio
    void wake();
    bool waiting() const { return handler_.has_value(); }

  private:
    friend class Loop;
    using Token = boost::asio::use_awaitable_t<boost::asio::io_context::executor_type>;
    using Handler = boost::asio::async_result<Token, void()>::handler_type;

    void resume();

    Loop* loop_;
    std::optional<Handler> handler_;
    bool woken_ = false;
};

}  // namespace adit::net

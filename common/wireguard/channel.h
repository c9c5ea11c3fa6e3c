// Our end of the pair by which the helper is told what to do: whole messages, some with a descriptor, never blocking.
#pragma once

#include <boost/json/object.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "common/base/secret.h"
#include "common/net/descriptor.h"
#include "common/net/loop.h"

namespace adit::wireguard {

/// A SOCK_SEQPACKET socket on a loop. Shared between its owner and the coroutine that reads from it, which notices the
/// owner's close() only when it is woken.
class Channel {
  public:
    /// A message, and the descriptor that came with it, if one did: non-blocking, close-on-exec.
    using Receive = std::function<void(boost::json::object message, net::Descriptor descriptor)>;

    /// Takes over `socket`: non-blocking from here on.
    Channel(net::Loop& loop, net::Descriptor socket);

    /// Reads until the end, which it tells in words. What holds the channel must live until then.
    net::Task<std::string> run(Receive receive);
    /// Sends now or as soon as the helper has read enough. False when the channel has ended or its queue is full.
    bool send(Secret message);
    void close();
    /// As close(); run() tells why.
    void give_up(std::string why);
    /// Gives the socket up, still connected: what has not been sent is dropped, what has not been read is the next
    /// owner's.
    net::Descriptor release();
    bool open() const { return watch_ != nullptr; }

  private:
    static constexpr std::size_t kQueueMost = 1024;  ///< messages that wait; more means that nobody reads
    static constexpr int kMessagesPerWake = 32;      ///< then others get their turn

    enum class Taken { message, nothing, end };
    Taken take_one(const Receive& receive);
    bool send_now(const Secret& message);
    void flush();

    net::Descriptor socket_;
    net::Waiter event_;
    std::unique_ptr<net::Watch> watch_;
    std::deque<Secret> queue_;
    std::string end_;
};

}  // namespace adit::wireguard

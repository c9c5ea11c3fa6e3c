// One connection to a server: commands leave in the order in which they are sent, and so do their replies come.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "common/net/alarm.h"
#include "connector/state/resp.h"

namespace adit::state {

class Link;

/// Somebody who waits for one reply. Gone before it comes, the reply is taken off all the same and told to nobody.
class Awaited {
  public:
    explicit Awaited(net::Loop& loop) : waiter_(loop), alarm_(loop, waiter_) {}
    Awaited(const Awaited&) = delete;
    Awaited& operator=(const Awaited&) = delete;
    ~Awaited();

    /// Until the reply is here, the connection has ended, or `deadline` has passed; null in the last two cases.
    net::Task<const Reply*> reply(net::Time deadline);
    /// The connection has ended before the reply came.
    bool cut_off() const { return !link_ && !reply_; }

  private:
    friend class Link;
    net::Waiter waiter_;
    net::Alarm alarm_;
    std::shared_ptr<Link> link_ = {};  ///< null: nothing comes any more
    std::optional<Reply> reply_ = {};
};

/// On its loop's thread. Shared by those who wait and by the two coroutines that move its bytes.
class Link final : public std::enable_shared_from_this<Link>, private net::Deadline {
  public:
    static constexpr std::size_t kOutMost = 1 << 20;     ///< bytes that the server has not taken
    static constexpr std::size_t kAwaitedMost = 16'384;  ///< replies

    /// After `silence` without the reply that is next, the connection is given up.
    Link(std::unique_ptr<net::Stream> stream, net::Clock::duration silence);

    /// False when it has ended, or too much waits. `who` may be null: nobody waits for that reply.
    bool send(std::string_view command, Awaited* who);
    bool usable() const { return !ended_; }
    /// When the command was sent whose reply is next; Time::max() when none is awaited.
    net::Time oldest() const { return slots_.empty() ? net::Time::max() : slots_.front().sent; }
    /// Gives it up; those that wait hear of it.
    void end(net::Status why);
    /// Moves its bytes from now on, until it ends. Once.
    static void start(const std::shared_ptr<Link>& link);
    /// Until it has ended; says why, in words.
    net::Task<std::string> over();

  private:
    friend class Awaited;
    struct Slot {
        Awaited* who;
        net::Time sent;
    };
    void expired() override;
    void forget(const Awaited& who);
    Result<> take_replies();
    void release_all();
    static net::Task<> read(std::shared_ptr<Link> link);
    static net::Task<> write(std::shared_ptr<Link> link);

    std::unique_ptr<net::Stream> stream_;
    net::Clock::duration silence_;
    net::Chain out_;
    net::Waiter more_;  ///< to write
    ReplyReader replies_;
    std::deque<Slot> slots_;
    net::Waiter done_;
    std::string why_;
    bool ended_ = false;  ///< nothing is sent any more
    bool over_ = false;   ///< nothing comes any more
};

}  // namespace adit::state

// Names to addresses without blocking a loop: getaddrinfo on a few threads of its own, so /etc/hosts and search domains
// mean what they mean to every other program of the machine. A name with a final dot is absolute: no search domain
// completes it, and /etc/hosts has it without the dot.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/net/address.h"
#include "common/net/call_off.h"
#include "common/net/loop.h"
#include "common/problem/failure.h"

namespace adit::net {

/// Shared by all loops of a program; outlives them. Threads start with the first name that is not an IP address.
///
/// Who asks for a name that somebody else waits for shares his look-up. A name that nobody waits for any more leaves
/// the queue: a look-up that has begun cannot be ended, so whoever asks and leaves must cost nothing but his place.
class Resolver {
  public:
    using Answer = std::expected<std::vector<Address>, problem::Failure>;
    /// What a look-up found; without addresses, why in words.
    struct Found {
        std::vector<boost::asio::ip::address> addresses;
        std::string error;
    };
    /// Looks a name up and blocks meanwhile; called on several threads at once.
    using LookUp = std::function<Found(const std::string& host)>;

    static constexpr std::size_t kThreads = 4;        ///< look-ups under way at once
    static constexpr std::size_t kQueuedMost = 1024;  ///< names that wait behind them

    /// By getaddrinfo, or, in tests, by something else.
    Resolver();
    explicit Resolver(LookUp look_up);
    ~Resolver();

    /// All addresses of `host`, families interleaved as RFC 8305 §4 wants them (IPv6 first), or dns_error, also
    /// when too many names wait; dns_timeout when `deadline` passes first. Called off, it ends at once, with a failure.
    /// An IP literal answers itself at once.
    Task<Answer> resolve(Loop& loop, HostPort host, Time deadline, CallOff* call_off = nullptr);

  private:
    struct Asker;
    struct Lookup;
    class Interest;

    std::shared_ptr<Asker> ask(const std::string& host, Loop& loop, Waiter& waiter);
    void leave(const std::string& host, const std::shared_ptr<Asker>& asker);
    void start_thread();
    void work();

    LookUp look_up_;
    std::mutex mutex_;                       ///< of all that follows
    std::map<std::string, Lookup> lookups_;  ///< by name, those that wait and those under way
    std::list<Lookup*> queue_;
    std::size_t working_ = 0;
    bool ending_ = false;
    std::unique_ptr<boost::asio::thread_pool> pool_;
};

}  // namespace adit::net

// One worker's way to the Redis of a fleet: found, greeted, asked, given up when it does not answer, found again.
#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "common/base/random.h"
#include "common/net/backoff.h"
#include "common/net/resolver.h"
#include "connector/admin/state_metrics.h"
#include "connector/state/greeting.h"
#include "connector/state/link.h"
#include "connector/state/settings.h"
#include "connector/state/trust.h"

namespace adit::state {

/// Why there is no reply.
enum class Trouble : std::uint8_t {
    none_configured,
    away,     ///< no connection, or too many failures lately: nobody waited
    late,     ///< not within state.timeout
    refused,  ///< an error: it is short of memory, is loading, has become a replica
};
std::string_view name(Trouble trouble);

using Answer = std::expected<Reply, Trouble>;

/// How a worker's connection is, for operators.
struct Standing {
    bool configured = false;
    bool answers = false;
    std::chrono::system_clock::time_point since = {};  ///< it has answered, or not
    std::string master = {};                           ///< the server's address, as far as it was found
    std::string trouble = {};                          ///< the last one; stays when it is over
};

/// Made before its worker runs; used on that worker's thread from then on. While nothing is configured it does nothing.
class Redis {
  public:
    /// Told of every change, on the worker's thread.
    using Watcher = std::function<void(const Standing&)>;

    Redis(net::Loop& loop, net::Resolver& resolver, StateMetrics& metrics, std::string client, Watcher watcher);

    /// Goes over to another Redis, or to none.
    void use(std::shared_ptr<const Settings> settings);
    bool configured() const { return settings_ != nullptr; }
    /// Whether a call now would ask: nobody has to wait to learn that it would not.
    bool answers() const;
    const config::State& settings() const { return settings_->of; }
    net::Loop& loop() const { return loop_; }

    /// One round trip, or two when the server has forgotten the script; never longer than `state.timeout`. An error of
    /// the server is Trouble::refused.
    net::Task<Answer> call(ScriptCall call);
    /// Without waiting; what comes of it, nobody hears.
    void tell(const ScriptCall& call);
    /// How long the latest reply took. Any thread.
    std::chrono::nanoseconds lag() const { return std::chrono::nanoseconds(lag_.load(std::memory_order_relaxed)); }
    /// A key of this fleet.
    std::string key(std::string_view kind, std::string_view rest) const;

  private:
    net::Task<> run();
    net::Task<> connect_once(std::shared_ptr<const Settings> settings);
    net::Task<Result<net::HostPort>> find_master(const Settings& settings);
    net::Task<Result<std::unique_ptr<net::Stream>>> dial(const Settings& settings, net::HostPort to);
    net::Task<Result<Reply>> greet(std::shared_ptr<Link> link, Greeting greeting);
    std::shared_ptr<Link> link_over(std::unique_ptr<net::Stream> stream, const Settings& settings);
    net::Task<> attend();
    net::Task<Answer> exchange(std::string command, net::Time deadline);
    Answer judged(Reply reply, std::chrono::nanoseconds took);
    void late(net::Time sent);
    void failed(Trouble trouble, const std::string& words);
    void load_scripts();
    void lost(const Settings& settings, const std::string& why);
    /// Tells the watcher when it answers, or does not any more.
    void note();

    net::Loop& loop_;
    net::Resolver& resolver_;
    StateMetrics& metrics_;
    std::string client_;
    Watcher watcher_;
    std::shared_ptr<const Settings> settings_;
    std::shared_ptr<Link> link_;  ///< null while there is no connection; greeted when `ready_`
    bool ready_ = false;
    bool running_ = false;
    bool attending_ = false;
    std::size_t sentinel_ = 0;  ///< that is asked first: the one that answered last
    Trust trust_;
    Standing standing_;
    std::atomic<std::chrono::nanoseconds::rep> lag_ = 0;
    net::Backoff backoff_;
    net::Waiter changed_;  ///< settings
    net::Waiter attention_;
    Random random_;
};

}  // namespace adit::state

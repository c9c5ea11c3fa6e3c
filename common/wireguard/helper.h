// The helper as its users see it: questions and answers, what it says unasked, and starting it again when it ends.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/base/random.h"
#include "common/net/backoff.h"
#include "common/wireguard/channel.h"
#include "common/wireguard/helper_process.h"
#include "common/wireguard/messages.h"

namespace adit::wireguard {

/// How the helper is run.
struct HelperSettings {
    std::filesystem::path program;                    ///< empty: find_helper() says
    unsigned processors = 1;                          ///< that it may keep busy at once
    std::uint64_t memory = 64ULL * 1024 * 1024;       ///< bytes that the process tries not to exceed
    net::Backoff::Settings backoff;                   ///< between one that ended and the next
    std::chrono::milliseconds answer_within{10'000};  ///< what takes longer is a sign that it hangs
};

/// One helper after the other, on one loop's thread. Shared: between its owner, who ends it with stop(), its devices,
/// and coroutines that wait for it and may wake after all of those are gone.
class Helper : public std::enable_shared_from_this<Helper> {
  public:
    /// What has a name inside the helper.
    class Client {
      public:
        /// A helper that knows nothing runs in place of one that has ended.
        virtual void helper_started() = 0;
        virtual void accepted(net::Descriptor connection, const net::Address& from) = 0;
        /// Somebody whose key is no peer's has begun a handshake. Said once a second at most.
        virtual void stranger(const net::Address& from) = 0;

      protected:
        ~Client() = default;
    };

    struct Answer {
        boost::json::object message;
        net::Descriptor descriptor;
    };
    using Answered = std::expected<Answer, Refusal>;
    using Callback = std::move_only_function<void(Answered)>;

    static Result<std::shared_ptr<Helper>> start(net::Loop& loop, HelperSettings settings);
    /// One that runs already, of another process. It is not our child: only the end of its control socket tells its
    /// end.
    static std::shared_ptr<Helper> adopt(net::Loop& loop, net::Descriptor control, HelperSettings settings);

    Helper(net::Loop& loop, HelperSettings settings);
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;
    ~Helper();

    /// Sends before it returns, so requests arrive in the order of the calls. `answered` is called once: later, or at
    /// once when the helper does not run. A deadline that passes makes us ask whether it hangs.
    void ask(const Request& request, net::Time deadline, Callback answered);
    /// The same as a coroutine; it may outlive everything but the loop.
    net::Task<Answered> request(Request request, net::Time deadline);

    /// `name` is unique; the client is told until remove().
    void add(const std::string& name, Client& client) { clients_[name] = &client; }
    void remove(const std::string& name) { clients_.erase(name); }

    bool running() const { return channel_ != nullptr && channel_->open(); }
    /// Counts the helpers: what was made in an earlier one is not in this one.
    unsigned generation() const { return generation_; }
    const HelperSettings& settings() const { return settings_; }
    net::Loop& loop() const { return loop_; }
    net::Time answer_deadline() const { return net::Clock::now() + settings_.answer_within; }

    /// Ends it: the control socket first, then the process, within two seconds. Blocks: for the end of the program.
    void stop();
    /// Gives the control socket up to be handed to another process; the helper runs on. Nothing when it does not run.
    net::Descriptor release();

  private:
    class Pending;

    static net::Task<> keep(std::shared_ptr<Helper> self);
    static net::Task<> restart(std::shared_ptr<Helper> self, std::string why);
    static net::Task<> reap(std::shared_ptr<HelperProcess> process);
    static net::Task<Answered> ask_and_wait(std::shared_ptr<Helper> self, Request request, net::Time deadline);

    Result<> launch();
    void take_control(net::Descriptor control);
    void received(boost::json::object message, net::Descriptor descriptor);
    void received_event(const boost::json::object& event, net::Descriptor descriptor);
    void resolve(std::uint64_t id, Answered answered);
    void overdue(std::uint64_t id);
    void lose_pending(const std::string& why);

    net::Loop& loop_;
    HelperSettings settings_;
    Random random_;
    net::Backoff backoff_;
    std::shared_ptr<HelperProcess> process_;
    std::shared_ptr<Channel> channel_;
    std::map<std::string, Client*> clients_;
    std::map<std::uint64_t, std::unique_ptr<Pending>> pending_;
    std::uint64_t next_id_;
    std::uint64_t probe_id_ = 0;  ///< of the question whether it hangs; 0: not asked
    unsigned generation_ = 0;
    bool left_ = false;  ///< stopped or released: none is started again
};

}  // namespace adit::wireguard

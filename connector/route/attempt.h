// One try of an exchange on one connection to an origin: the request goes out while the answer comes back.
#pragma once

#include <expected>
#include <memory>
#include <optional>

#include "connector/backend/backend.h"
#include "connector/http/call.h"
#include "connector/http/exchange.h"
#include "connector/resilience/retry_rules.h"
#include "connector/route/asking.h"

namespace adit::route {

/// Holds the connection for the time of the try. On the exchange's loop. First ask(); when that has brought an answer,
/// either relay() or discard().
class Attempt final {
  public:
    Attempt(Asking& asking, backend::Endpoint& endpoint, backend::Way way);
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt();

    /// Connects, sends, and waits for the head of the final answer; nothing of it has gone to the client then. What is
    /// awaited may take as long as nobody says client_left() or give_up().
    net::Task<std::optional<problem::Failure>> ask();
    /// Sends the answer on, whole, or cut off with exchange.truncate().
    net::Task<> relay();
    /// Gets rid of an answer; its connection lives on where that costs little.
    net::Task<> discard();

    /// Final, once ask() went well.
    http::ResponseHead& answer() { return response_; }
    /// How ask() ended, for those who count: `failure` is what it said.
    resilience::Ending ending(const std::optional<problem::Failure>& failure) const;
    /// What relay() has learned after the head: that the origin broke its answer off, or the code of gRPC.
    std::optional<resilience::Outcome> later() const;
    /// What the log and the client are told of it.
    TryTold told(const std::optional<problem::Failure>& failure) const;
    /// Tells the trace that this is the try whose phases count.
    void show_phases() const;

    backend::Endpoint& endpoint() const { return endpoint_; }
    /// The origin was not asked: we have nothing to show it.
    bool without_credential() const { return without_credential_; }
    /// The origin did not believe what it was shown, nothing of the request is gone, and there is something else to
    /// show now: ask() gave up the answer for that.
    bool renewed() const { return renewed_; }
    /// An answer of 401 is the client's whatever it says of credentials of ours.
    void pass_401() { pass_401_ = true; }
    /// The origin need not go on: what is awaited ends soon.
    void give_up(net::Status why);

  private:
    enum class Phase { connect, first_byte, body };

    /// Ends a phase that takes too long by aborting the origin's stream; remembers which it was.
    class Watchdog final : public net::Deadline {
      public:
        explicit Watchdog(Attempt& attempt);
        /// The time of this try begins.
        void begin_try();
        void enter(Phase phase);
        /// Bytes moved: the idle time begins anew.
        void progress();
        /// By when a connection has to stand.
        net::Time connect_ends() const;
        /// Which bound has passed while a connection was made; nothing when it was that of connecting.
        std::optional<problem::Failure> connect_verdict() const;
        std::optional<problem::Failure> verdict() const;

      private:
        enum class Cause { none, phase, slow_client, per_try, total };
        void expired() override;
        void rearm();
        std::chrono::milliseconds allowance() const;

        Attempt& attempt_;
        Phase phase_ = Phase::connect;
        net::Time phase_ends_ = net::Time::max();
        net::Time try_ends_ = net::Time::max();
        Cause fired_ = Cause::none;
    };

    /// When the phases were reached; zero where they were not.
    struct Times {
        net::Time began{};
        net::Time connect_started{};
        net::Time connected{};
        net::Time first_byte{};
        net::Time body_moved{};  ///< the last time, of the request's
        net::Time asked{};       ///< ask() was over
    };

    net::Task<std::optional<problem::Failure>> try_asking();
    net::Task<std::optional<problem::Failure>> attach();
    bool disbelieved() const;
    net::Task<bool> renew();
    bool untouched() const;
    std::vector<std::pair<std::string, std::string>> written_fields() const;
    http::Trailers request_trailers() const;
    net::Task<std::optional<problem::Failure>> connect();
    net::Task<std::expected<backend::Carrier, problem::Failure>> dial(bool upgrade);
    net::Task<std::optional<problem::Failure>> send_request();
    void send_body_that_is_here();
    net::Task<> upload();
    net::Task<bool> upload_next();
    void send_kept(std::size_t most);
    net::Task<> until_established();
    bool body_handed_over() const;
    net::Task<> stop_upload();
    net::Task<std::optional<problem::Failure>> read_answer();
    net::Task<std::optional<problem::Failure>> read_head();
    net::Task<bool> inform();
    net::Task<> relay_body();
    bool origin_broke_off() const;
    net::Task<> relay_upgrade();
    void let_go_of_body();
    void note_end(const http::BodyReader& body);
    net::Task<> continue_if_silent();
    bool asks_for_websocket() const;
    std::string_view authority() const;
    void settle();
    void note_established();
    problem::Failure failure_of(net::Status status) const;
    problem::Failure why_ended(net::Status status) const;
    bool may_arrive_late(net::Status status) const;
    bool way_refused() const;
    void cut_off(const std::string& words);
    resilience::Outcome answered() const;
    std::chrono::nanoseconds took() const;
    bool by_caller(const problem::Failure& failure) const;

    Asking& asking_;
    http::Exchange& exchange_;
    backend::Backend& backend_;
    backend::Endpoint& endpoint_;
    backend::Way way_;
    const backend::InFlight busy_;
    std::string_view kept_left_;  ///< of the body: kept from before, not sent yet
    net::Loop& loop_;
    Watchdog watchdog_;
    std::shared_ptr<backend::SharedSession> session_;  ///< below the call, where it is shared
    std::unique_ptr<http::Call> call_;
    net::Stream* origin_ = nullptr;  ///< the call's, once it has started
    http::ResponseHead response_;
    Times times_;
    net::Waiter dialled_;
    net::Waiter upload_ended_;
    net::Waiter established_;                  ///< what holds a body back until the far end has connected
    std::vector<backend::Attached> attached_;  ///< by credential of the backend
    int grpc_ = -1;                            ///< from the trailers of the answer
    bool broke_off_ = false;                   ///< the origin, in the middle of its answer
    bool without_credential_ = false;
    bool renewed_ = false;
    bool pass_401_ = false;
    bool given_up_ = false;
    bool uploading_ = false;
    bool stop_uploading_ = false;
    bool awaiting_client_ = false;  ///< the next bytes of the request body are not here yet
    bool reused_ = false;
    bool answered_ = false;       ///< a byte of an answer came
    bool told_to_go_on_ = false;  ///< the origin has answered Expect
    int interims_ = 0;            ///< responses of the origin so far
    bool reusable_ = false;       ///< the exchange ended so that the connection may serve another
};

}  // namespace adit::route

// One try of an exchange on one connection to an origin: the request goes out while the answer comes back.
#pragma once

#include <memory>
#include <optional>

#include "connector/backend/backend.h"
#include "connector/http/call.h"
#include "connector/http/exchange.h"
#include "connector/route/forward.h"
#include "connector/route/held_body.h"

namespace adit::route {

/// Holds the connection for the time of the try. On the exchange's loop.
class Attempt final : private net::HangupListener {
  public:
    Attempt(http::Exchange& exchange, backend::Backend& backend, backend::Endpoint& endpoint, backend::Way way,
            const Passage& passage, Trace& trace, const Plan& plan, HeldBody* held);
    ~Attempt();

    /// Connects, sends, and relays the answer. A failure with nothing of an answer sent may be tried again elsewhere
    /// when repeatable() says so.
    net::Task<std::optional<problem::Failure>> run();
    /// Whether the request can be sent once more: none of its body is gone, and the origin cannot have acted on it, or
    /// acting twice is the same (RFC 9110 §9.2.2: a kept connection that closed without a byte of an answer).
    bool repeatable(const problem::Failure& failure) const;
    /// The origin was not asked: we have nothing to show it.
    bool without_credential() const { return without_credential_; }
    /// The origin did not believe what it was shown, nothing of the request is gone, and there is something else to
    /// show now: run() gave up the answer for that.
    bool renewed() const { return renewed_; }
    /// An answer of 401 is the client's whatever it says of credentials of ours.
    void pass_401() { pass_401_ = true; }

  private:
    enum class Phase { connect, first_byte, body };

    /// Ends a phase that takes too long by aborting the origin's stream; remembers which it was.
    class Watchdog final : public net::Deadline {
      public:
        explicit Watchdog(Attempt& attempt);
        void enter(Phase phase);
        /// Bytes moved: the idle time begins anew.
        void progress();
        /// When the exchange must be over, whatever its phase.
        net::Time total_ends() const { return total_ends_; }
        std::optional<problem::Failure> verdict() const;

      private:
        enum class Cause { none, phase, slow_client, total };
        void expired() override;
        void rearm();
        std::chrono::milliseconds allowance() const;

        Attempt& attempt_;
        Phase phase_ = Phase::connect;
        net::Time phase_ends_ = net::Time::max();
        net::Time total_ends_ = net::Time::max();
        net::Time caller_waits_until_ = net::Time::max();  ///< of a gRPC call
        Cause fired_ = Cause::none;
    };

    void peer_hung_up() override;
    net::Task<std::optional<problem::Failure>> attach();
    bool disbelieved() const;
    net::Task<bool> renew();
    bool untouched() const;
    std::vector<std::pair<std::string, std::string>> credential_fields() const;
    http::Trailers request_trailers() const;
    net::Task<std::optional<problem::Failure>> connect();
    net::Task<std::optional<problem::Failure>> send_request();
    void send_body_that_is_here();
    net::Task<> upload();
    net::Task<> upload_held();
    void send_held(std::size_t most);
    net::Task<> until_established();
    bool body_handed_over() const;
    net::Task<> stop_upload();
    net::Task<std::optional<problem::Failure>> read_answer();
    net::Task<std::optional<problem::Failure>> read_head();
    net::Task<> relay_body();
    net::Task<> relay_upgrade();
    net::Task<> continue_if_silent();
    bool asks_for_websocket() const;
    std::string_view authority() const;
    void settle();
    void note_established();
    problem::Failure failure_of(net::Status status) const;
    void cut_off(const std::string& words);

    http::Exchange& exchange_;
    backend::Backend& backend_;
    backend::Endpoint& endpoint_;
    backend::Way way_;
    const Passage& passage_;
    Trace& trace_;
    const Plan& plan_;
    HeldBody* const held_;  ///< null: the body is streamed
    std::string_view held_left_;
    net::Loop& loop_;
    const std::optional<std::chrono::nanoseconds> grpc_timeout_;  ///< how long the caller waits
    Watchdog watchdog_;
    std::shared_ptr<backend::SharedSession> session_;  ///< below the call, where it is shared
    std::unique_ptr<http::Call> call_;
    net::Stream* origin_ = nullptr;  ///< the call's, once it has started
    http::ResponseHead response_;
    net::Waiter upload_ended_;
    net::Waiter established_;                  ///< what holds a body back until the far end has connected
    std::vector<backend::Attached> attached_;  ///< by credential of the backend
    bool without_credential_ = false;
    bool renewed_ = false;
    bool pass_401_ = false;
    bool uploading_ = false;
    bool stop_uploading_ = false;
    bool awaiting_client_ = false;  ///< the next bytes of the request body are not here yet
    bool reused_ = false;
    bool answered_ = false;  ///< a byte of an answer came
    bool client_left_ = false;
    bool reusable_ = false;  ///< the exchange ended so that the connection may serve another
};

}  // namespace adit::route

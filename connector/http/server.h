// The client-facing side of HTTP/1.1: reads requests off a connection one by one and hands each to the handler.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/random.h"
#include "common/net/alarm.h"
#include "common/net/stream.h"
#include "common/problem/failure.h"
#include "connector/http/body.h"
#include "connector/http/forward.h"
#include "connector/http/message.h"

namespace adit::http {

/// Bounds and names of a listener.
struct ServerSettings {
    HeadLimits head;
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds idle_timeout{75'000};
    std::uint64_t body_bytes = 0;  ///< 0: no bound
    std::string pseudonym = "adit";
    bool tls = false;
    std::uint16_t https_redirect_port = 0;  ///< not 0: requests are sent to https there
};

/// One request and its answer, as a handler sees them. Lives on the connection's loop for the time of the exchange.
class Exchange {
  public:
    Exchange(net::Stream& client, RequestHead& request, const ServerSettings& settings, std::string_view client_ip);

    RequestHead& request;
    BodyReader body;
    BodyWriter out;
    std::string_view client_ip;
    const ServerSettings& settings;
    std::string request_id;
    net::Time started;
    /// Set when the request itself was refused while it was read: the handler only has to answer and log it.
    std::optional<problem::Failure> refused;
    /// Whether the connection may go on after this exchange; a handler only ever clears it.
    bool keep_alive = true;
    int status = 0;  ///< of the final answer; 0 while there is none
    bool interim_sent = false;

    net::Stream& client() const { return body.stream(); }
    /// Queues the answer's head; its body goes through `out`.
    void answer(const ResponseHead& response);
    /// Queues an interim response; the caller sends.
    void answer_interim(const ResponseHead& response);
    /// An answer of our own, whole.
    struct Whole {
        int status = 200;
        std::string_view content_type;
        std::string_view content;
        std::string fields;  ///< more field lines, each with its end
    };
    net::Task<> answer(const Whole& whole);
    /// Answers a failure of ours as problem+json with Proxy-Status, if nothing of an answer has gone out; otherwise
    /// marks the connection so that the client sees a truncated answer and not a clean end.
    net::Task<> answer(const problem::Failure& failure);
    /// The answer was begun and cannot be completed: the client shall see that, not a clean end.
    void truncate() {
        truncated_ = true;
        keep_alive = false;
    }
    bool truncated() const { return truncated_; }

  private:
    bool truncated_ = false;
};

/// What happens to requests. One virtual call per request.
class Handler {
  public:
    /// Answers the exchange. Never throws; what goes wrong becomes an answer.
    virtual net::Task<> handle(Exchange& exchange) = 0;

  protected:
    ~Handler() = default;
};

/// A client's connection from its first byte to its close. Owned by the coroutine that awaits run().
class Connection {
  public:
    Connection(std::unique_ptr<net::Stream> stream, std::string client_ip, const ServerSettings& settings,
               Handler& handler);

    /// Serves until the client leaves, an error, or a drain.
    net::Task<> run();
    /// The next answer is the last (Connection: close); an idle connection closes after a grace of its own, which lets
    /// a request that is already on its way arrive.
    void drain();

  private:
    /// Ends a phase that takes too long: softly where an answer can still be given, hard where it was given already.
    class Watchdog final : public net::Deadline {
      public:
        explicit Watchdog(net::Stream& stream) : Deadline(stream.loop().wheel()), stream_(stream) {}
        void wake_at(net::Time at) {
            hard_ = fired_ = false;
            arm(at);
        }
        void abort_at(net::Time at) {
            hard_ = true;
            arm(at);
        }
        const bool& fired() const { return fired_; }

      private:
        void expired() override {
            fired_ = true;
            if (hard_) {
                stream_.abort(net::Errc::timed_out);
            } else {
                stream_.on_readable().wake();
            }
        }
        net::Stream& stream_;
        bool hard_ = false;
        bool fired_ = false;
    };
    enum class Read { request, refused, closed };

    net::Task<Read> read_head();
    bool take_head(std::size_t& scanned);
    void skip_empty_line();
    net::Task<bool> serve_one(Read read);
    net::Task<bool> finish_request_body(Exchange& exchange);
    net::Task<> linger();

    std::unique_ptr<net::Stream> stream_;
    std::string client_ip_;
    const ServerSettings& settings_;
    Handler& handler_;
    Watchdog watchdog_;
    RequestHead request_;
    std::optional<problem::Failure> refusal_;
    bool draining_ = false;
    bool busy_ = false;
};

}  // namespace adit::http

// One request and its answer as a handler sees them, whatever version of HTTP the client speaks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/give_way.h"
#include "common/net/stream.h"
#include "common/problem/answer.h"
#include "common/problem/failure.h"
#include "common/tls/peer_certificate.h"
#include "connector/http/body.h"
#include "connector/http/caller.h"
#include "connector/http/forward.h"
#include "connector/http/message.h"

namespace adit::http {

/// How much is read of a request body that nobody wanted, so that its connection can go on or its answer be read.
inline constexpr std::size_t kUnwantedBodyMost = 64 * 1024;

/// Bounds and names of a listener.
struct ServerSettings {
    HeadLimits head;
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds idle_timeout{75'000};
    std::uint64_t body_bytes = 0;  ///< 0: no bound
    std::string pseudonym = "adit";
    std::string problem_types{problem::kOwnPages};  ///< what the code in a problem's `type` follows
    bool tls = false;
    Role role = Role::gateway;
    bool http2 = true;
    std::uint32_t concurrent_streams = 128;  ///< of one HTTP/2 connection
    net::LeastRate least_rate = {};          ///< of request bodies, and of taking answers
    std::uint16_t https_redirect_port = 0;   ///< not 0: requests are sent to https there
    Trust trust;
};

class Exchange;

/// Has the last word about the head of an answer, whether an origin's or our own.
class AnswerFilter {
  public:
    /// Called once, with the final head before its body is framed; interim heads do not come by. May change fields and
    /// framing, and give `exchange.out` a coder. Fields that it adds live until the exchange ends.
    virtual void filter(ResponseHead& response, Exchange& exchange) = 0;

  protected:
    ~AnswerFilter() = default;
};

/// Lives on the connection's loop for the time of the exchange.
class Exchange {
  public:
    Exchange(RequestHead& request, BodyReader body, BodyWriter out, const ServerSettings& settings,
             std::string_view peer_ip);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    RequestHead& request;
    BodyReader body;
    BodyWriter out;
    const ServerSettings& settings;
    std::string_view peer_ip;            ///< of the connection
    std::string_view client_ip;          ///< of who asks: the peer, or whom trusted proxies name
    bool client_tls;                     ///< whether who asks used https
    std::optional<CallerField> vouched;  ///< the field that counts, where the peer is a trusted proxy
    const tls::PeerCertificate* certificate =
        nullptr;                          ///< of the peer, verified; null: none. Lives with the connection
    std::vector<std::string> challenges;  ///< of a 401 (WWW-Authenticate) or 407 (Proxy-Authenticate) of ours
    std::string request_id;
    net::Time started;
    /// Set when the request itself was refused while it was read: the handler only has to answer and log it.
    std::optional<problem::Failure> refused;
    /// Whether the connection may go on after this exchange; a handler only ever clears it. Means nothing on HTTP/2.
    bool keep_alive = true;
    bool via = true;  ///< whether the answer of an origin gets a Via of ours
    int status = 0;   ///< of the final answer; 0 while there is none
    bool interim_sent = false;
    AnswerFilter* answer_filter = nullptr;  ///< whoever sets it takes it away again

    net::Stream& client() const { return body.stream(); }
    /// Queues the head of an origin's answer, as the filter leaves it; its body goes through `out`.
    void answer(ResponseHead& response);
    /// Queues the 200 to a CONNECT. What follows on client(), what stands in its input() already included, belongs to
    /// whom it asked for; the connection serves nothing else.
    void answer_connect();
    /// Queues an interim response; the caller sends.
    void answer_interim(const ResponseHead& response);
    /// Queues 100 Continue: the client may send its body.
    void answer_continue();
    /// An answer of our own, whole.
    struct Whole {
        int status = 200;
        std::string_view content_type;
        std::string_view content;
        std::vector<Field> fields;  ///< further ones
    };
    net::Task<> answer(const Whole& whole);
    /// Answers a failure of ours as problem+json with Proxy-Status, or as gRPC wants it, if nothing of an answer has
    /// gone out; otherwise marks the exchange so that the client sees a truncated answer and not a clean end.
    net::Task<> answer(const problem::Failure& failure);
    /// The answer was begun and cannot be completed: the client shall see that, not a clean end.
    void truncate() {
        truncated_ = true;
        keep_alive = false;
    }
    bool truncated() const { return truncated_; }

  protected:
    /// Queues a head for this version. `backward` says how its body is framed; a head whose body is absent ends there.
    virtual void begin(const ResponseHead& response, const Backward& backward) = 0;
    virtual void inform(const ResponseHead& response) = 0;
    /// The framing in which this client gets a body that the origin framed as `origin`.
    virtual Framing framing_for(const Framing& origin) const = 0;

  private:
    void filter_and_begin(ResponseHead& response, std::string_view pseudonym);
    void begin_own(int code, std::vector<Field> fields, std::uint64_t length);
    net::Task<> answer_grpc(const problem::Failure& failure);
    void ask_proxies();
    bool silent_by_design() const;

    bool truncated_ = false;
    std::string told_ip_;  ///< behind client_ip, where a proxy told it
};

/// What happens to requests. One virtual call per request.
class Handler {
  public:
    /// Answers the exchange. Never throws; what goes wrong becomes an answer.
    virtual net::Task<> handle(Exchange& exchange) = 0;

  protected:
    ~Handler() = default;
};

/// Who stands at the other end of a connection.
struct Peer {
    std::string ip;
    std::shared_ptr<const tls::PeerCertificate> certificate = nullptr;  ///< that it has shown and that was verified
    net::Place* place = nullptr;                                        ///< at the listener; null: it needs none
};

/// A client's connection from its first byte to its close. Owned by the coroutine that awaits run().
class Connection {
  public:
    virtual ~Connection() = default;
    /// Serves until the client leaves, an error, or a drain.
    virtual net::Task<> run() = 0;
    /// Answers what is on its way and then ends.
    virtual void drain() = 0;
};

}  // namespace adit::http

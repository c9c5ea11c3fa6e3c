// The small HTTP server for operators: /live, /ready, /metrics. Beast reads its heads; its cost does not matter, its
// bounds do.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/net/loop.h"
#include "common/net/socket_address.h"
#include "common/status/caller.h"
#include "common/status/listening_socket.h"
#include "common/tls/context.h"

namespace adit::status {

struct ServerState;

struct Answer {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::string allow = {};  ///< with 405: the methods that the path has
};

/// What was asked, and by whom.
struct Asked {
    std::vector<std::string> segments = {};  ///< of the rest of the path, decoded; none is empty
    bool changes = false;                    ///< by POST; else by GET or HEAD
    Caller caller = {};
    std::string request = {};  ///< "POST /reload", as it came, without its query
};

/// Who may ask, and how.
struct Guard {
    Demands demands = {};
    std::shared_ptr<const tls::Context> tls = {};  ///< null: clear text
    std::vector<std::string> names = {};           ///< of hosts that lead here, besides addresses
};

/// Serves a fixed table of paths by GET and HEAD, or by POST, on one address. All on the loop's thread. At most 64
/// connections at a time, of which those that wait without a request give way to newcomers; heads of 8 KiB, no request
/// bodies, 10 s for a handshake, a request and its answer. Whoever does not meet the guard's demands gets no path at
/// all; nor does a page in a browser.
class Server {
  public:
    /// Called for each request, on the loop's thread; not after stop(). One that throws answers 500.
    using Handler = std::function<Answer()>;
    /// Answers a request, once; on the loop's thread, also after stop().
    using Tell = std::function<void(Answer)>;
    /// As Handler, for what takes its time.
    using Action = std::function<void(const Asked&, const Tell&)>;
    /// As Handler, for all paths below one.
    using Below = std::function<Answer(const Asked&)>;
    /// Told of each request that is refused to who asks; `Asked` has no segments then.
    using Refused = std::function<void(const Asked&, const Refusal&)>;

    explicit Server(net::Loop& loop);
    ~Server();

    void add(std::string path, Handler handler);
    /// A path that changes something: by POST, without a body.
    void add_action(std::string path, Action action);
    /// All paths that begin with `prefix`, which ends in '/', by GET, HEAD and POST, but for those that have a handler
    /// of their own. At most eight segments.
    void add_below(std::string prefix, Below handler);
    /// Counts for connections and requests from now on. A connection that is there already has one more request at
    /// most, and over TLS none: what was shown in its handshake was judged by the guard of then.
    void guard(Guard guard);
    void on_refusal(Refused refused);
    /// Listens. With port 0 any free one is taken; address() says which.
    Result<> listen(const net::SocketAddress& address, const Sharing& sharing);
    void start();
    /// Whoever had taken our path has gone: listens there again. Does nothing where we are reached.
    Result<> listen_again();
    /// Stops listening and ends every connection.
    void stop();
    net::SocketAddress address() const;

  private:
    std::shared_ptr<ServerState> state_;  ///< shared with the coroutines, which end when the loop next runs
};

}  // namespace adit::status

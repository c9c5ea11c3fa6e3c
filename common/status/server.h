// The small HTTP server for operators: /live, /ready, /metrics. Boost.Beast; its cost does not matter, its bounds do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/net/address.h"

namespace adit::status {

struct ServerState;

struct Answer {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::string allow = {};  ///< with 405: the methods that the path has
};

/// What was asked below a path.
struct Asked {
    std::vector<std::string> segments;  ///< of the rest of the path, decoded; none is empty
    bool changes = false;               ///< by POST; else by GET or HEAD
};

/// Serves a fixed table of paths by GET and HEAD, or by POST, on one address. All on the context's thread. At most 64
/// connections at a time, heads of 8 KiB, no request bodies, 10 s for a request and for its answer.
class Server {
  public:
    /// Called for each request, on the context's thread; not after stop(). One that throws answers 500.
    using Handler = std::function<Answer()>;
    /// Answers a request, once; on the context's thread, also after stop().
    using Tell = std::function<void(Answer)>;
    /// As Handler, for what takes its time.
    using Action = std::function<void(const Tell&)>;
    /// As Handler, for all paths below one.
    using Below = std::function<Answer(const Asked&)>;

    explicit Server(boost::asio::io_context& context);
    ~Server();

    void add(std::string path, Handler handler);
    /// A path that changes something: by POST, without a body.
    void add_action(std::string path, Action action);
    /// All paths that begin with `prefix`, which ends in '/', by GET, HEAD and POST, but for those that have a handler
    /// of their own. At most eight segments.
    void add_below(std::string prefix, Below handler);
    /// Binds and listens. With port 0 any free one is taken; address() says which. `share_port` sets SO_REUSEPORT, so
    /// that a successor can listen beside us.
    Result<> listen(const net::HostPort& address, bool share_port);
    void start();
    /// Stops listening and ends every connection.
    void stop();
    net::Address address() const;

  private:
    std::shared_ptr<ServerState> state_;  ///< shared with the coroutines, which end when the context next runs
};

}  // namespace adit::status

// The small HTTP server for operators: /live, /ready, /metrics. Boost.Beast; its cost does not matter, its bounds do.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/base/error.h"
#include "common/net/address.h"
#include "common/net/task.h"

namespace adit::status {

struct Answer {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
};

/// Serves a fixed table of paths by GET and HEAD on one address. All on the context's thread.
class Server {
  public:
    using Handler = std::function<Answer()>;

    explicit Server(boost::asio::io_context& context);
    ~Server();

    void add(std::string path, Handler handler) { table_[std::move(path)] = std::move(handler); }
    /// Binds and listens. With port 0 any free one is taken; address() says which.
    Result<> listen(const net::HostPort& address, bool share_port);
    void start();
    void stop();
    net::Address address() const;

  private:
    net::Task<> accept();
    net::Task<> serve(boost::asio::ip::tcp::socket socket);

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::map<std::string, Handler, std::less<>> table_;
    int connections_ = 0;
};

}  // namespace adit::status

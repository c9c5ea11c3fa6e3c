// Two connectors on the same addresses: the newer one makes itself known, the older one learns of it.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <string>

namespace adit {

/// Over a local socket in the abstract namespace (unix(7)), which a network namespace's connectors share as they share
/// its ports. The older one holds the name; a newer one connects to it and takes the name over when the older one's end
/// of the connection is gone. Only processes of the same user believe each other. All on the context's thread.
class Succession {
  public:
    /// `address` is what both listen on. `successor_came` is called for each newer connector.
    Succession(boost::asio::io_context& context, const std::string& address, std::function<void()> successor_came);
    /// Looks for an older connector, then waits for newer ones.
    void start();

  private:
    using Protocol = boost::asio::local::stream_protocol;

    bool follow();
    bool hold_name();
    void accept();
    void attend(Protocol::socket socket);

    Protocol::endpoint name_;
    std::function<void()> successor_came_;
    Protocol::socket predecessor_;
    Protocol::acceptor acceptor_;
    std::list<Protocol::socket> successors_;
    boost::asio::steady_timer retry_;
};

}  // namespace adit

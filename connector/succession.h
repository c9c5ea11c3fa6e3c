// Two connectors on the same addresses: the newer one makes itself known, the older one learns of it.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <string>

#include "common/net/descriptor.h"

namespace adit {

/// Over a local socket in the abstract namespace (unix(7)), which a network namespace's connectors share as they share
/// its ports. The older one holds the name; a newer one connects to it and takes the name over when the older one's end
/// of the connection is gone. A newer one may be given a descriptor: what cannot be opened twice. Only processes of the
/// same user believe each other. All on the context's thread.
class Succession {
  public:
    /// What the parts of a connector do about it.
    struct Duties {
        std::function<void()> successor_came;                 ///< for each newer connector
        std::function<net::Descriptor()> bequeath;            ///< what it is given, or nothing
        std::function<void(net::Descriptor gift)> inherited;  ///< once: what an older one gave, if it gave and is there
        std::function<void()> successor_gone;                 ///< a newer connector has ended before us
    };

    /// `address` is what both listen on.
    Succession(boost::asio::io_context& context, const std::string& address, Duties duties);
    /// Looks for an older connector, then waits for newer ones.
    void start();

  private:
    using Protocol = boost::asio::local::stream_protocol;

    bool follow();
    void await_predecessor();
    bool hear_predecessor();
    void inherit(net::Descriptor gift);
    bool hold_name();
    void accept();
    void attend(Protocol::socket socket);

    Protocol::endpoint name_;
    Duties duties_;
    bool has_inherited_ = false;
    Protocol::socket predecessor_;
    Protocol::acceptor acceptor_;
    std::list<Protocol::socket> successors_;
    boost::asio::steady_timer retry_;
    boost::asio::steady_timer patience_;  ///< for the older one's gift
};

}  // namespace adit

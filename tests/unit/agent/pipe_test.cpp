// Tunnelled connections whose callers leave while they are dialled.
#include "agent/pipe.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "agent/session.h"
#include "tests/unit/agent/allow_lists.h"
#include "tests/unit/h2/pair.h"

using namespace adit;
using namespace adit::agent;
using boost::asio::ip::tcp;

namespace {

/// A port that takes no further connection and refuses none: its backlog is full.
struct Full {
    boost::asio::io_context context;
    tcp::acceptor acceptor{context};
    std::vector<tcp::socket> waiting;

    Full() {
        acceptor.open(tcp::v4());
        acceptor.bind({boost::asio::ip::address_v4::loopback(), 0});
        acceptor.listen(0);
        for (int i = 0; i < 8; ++i) {
            waiting.emplace_back(context);
            waiting.back().open(tcp::v4());
            waiting.back().native_non_blocking(true);
            const tcp::endpoint to = acceptor.local_endpoint();
            ::connect(waiting.back().native_handle(), to.data(), static_cast<socklen_t>(to.size()));  // is under way
        }
    }
    std::string text() const { return "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()); }
};

/// An agent's end of a session in memory, and the connector's that asks it.
struct Tunnel {
    Full full;
    h2::test::Pair pair;
    std::latch looked_up{1};  ///< names have no answer before
    net::Resolver resolver{[this](const std::string&) {
        looked_up.wait();
        return net::Resolver::Found{};
    }};
    metrics::Registry registry;
    AgentMetrics metrics{registry};
    Surroundings surroundings{.loop = pair.worker.loop(),
                              .resolver = resolver,
                              .metrics = metrics,
                              .allow = std::make_shared<const AllowList>(test::list({"127.0.0.1:*", "db.internal:80"})),
                              .introduction = {},
                              .limits = {},
                              .sparing = {}};

    Tunnel() {
        pair.accepting.accepted = [this](auto stream) {
            net::spawn(pair.worker.context(), "a tunnelled connection", serve_pipe(std::move(stream), surroundings));
        };
    }
    ~Tunnel() {
        looked_up.count_down();
        pair.worker.finish();
    }

    std::unique_ptr<h2::Stream> ask() { return ask(full.text()); }
    std::unique_ptr<h2::Stream> ask(const std::string& target) {
        auto stream = pair.opener->open({{":method", "CONNECT"}, {":authority", target}}, false);
        pair.settle();
        return stream;
    }
};

}  // namespace

TEST_CASE("who gives a stream up ends its dial, and a socket with it") {
    Tunnel tunnel;
    std::unique_ptr<h2::Stream> stream = tunnel.ask();
    CHECK(tunnel.metrics.streams.Value() == 1);
    CHECK(stream->answer() == 0);
    stream.reset();
    tunnel.pair.settle();
    CHECK(tunnel.metrics.streams.Value() == 0);
}

TEST_CASE("who gives a stream up does not wait for the name that it named") {
    Tunnel tunnel;
    std::unique_ptr<h2::Stream> stream = tunnel.ask("db.internal:80");
    CHECK(tunnel.metrics.streams.Value() == 1);
    stream.reset();
    tunnel.pair.settle();
    CHECK(tunnel.metrics.streams.Value() == 0);
}

TEST_CASE("who has said all that he has to say is still dialled for") {
    Tunnel tunnel;
    const std::unique_ptr<h2::Stream> stream = tunnel.ask();
    stream->end();
    tunnel.pair.settle();
    CHECK(tunnel.metrics.streams.Value() == 1);
    CHECK_FALSE(stream->status());
}

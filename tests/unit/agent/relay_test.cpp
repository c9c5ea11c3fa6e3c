// Datagrams that pass a relay are counted by what they are.
#include "agent/diagnose/relay.h"

#include <doctest/doctest.h>

#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"

using namespace adit;
using namespace adit::agent;
using namespace std::chrono_literals;
using boost::asio::ip::udp;

namespace {

const udp::endpoint kAny{boost::asio::ip::address_v4::loopback(), 0};

net::Address address_of(const udp::endpoint& endpoint) {
    return {endpoint.address(), endpoint.port()};
}

/// A device, a connector and a relay between them, on one loop.
struct Way {
    net::Worker worker{0};
    udp::socket device{worker.context(), kAny};
    udp::socket connector{worker.context(), kAny};
    std::shared_ptr<Relay> relay;

    Way() {
        auto opened = Relay::open(worker.loop(), address_of(connector.local_endpoint()));
        REQUIRE(opened);
        relay = std::move(*opened);
    }
    ~Way() { worker.finish(); }

    void send_out(std::uint8_t type) {
        const udp::endpoint to{relay->inner().ip, relay->inner().port};
        device.send_to(boost::asio::buffer(&type, 1), to);
    }
    void send_back(std::uint8_t type) {
        std::uint8_t heard = 0;
        udp::endpoint from;
        connector.receive_from(boost::asio::buffer(&heard, 1), from);
        connector.send_to(boost::asio::buffer(&type, 1), from);
    }
    template <class Condition>
    void run_until(Condition condition) {
        while (!condition()) {
            worker.context().run_one_for(5s);
        }
    }
};

}  // namespace

TEST_CASE("a relay knows handshake responses, cookies and data by their first byte") {
    Way way;
    for (const std::uint8_t type : {2, 3, 4}) {
        way.send_out(1);
        const unsigned sent = way.relay->seen().sent;
        way.run_until([&] { return way.relay->seen().sent > sent; });
        way.send_back(type);
        const unsigned received = way.relay->seen().received;
        way.run_until([&] { return way.relay->seen().received > received; });
    }
    const Datagrams& seen = way.relay->seen();
    CHECK(seen.sent == 3);
    CHECK(seen.answers == 1);
    CHECK(seen.cookies == 1);
    CHECK(seen.data == 1);
    CHECK(seen.answered_at >= seen.first_sent);
    CHECK_FALSE(seen.refused);
    std::uint8_t heard = 0;
    way.device.receive(boost::asio::buffer(&heard, 1));
    CHECK(heard == 2);
}

TEST_CASE("a relay notices that nothing listens at the other end") {
    Way way;
    way.connector.close();
    way.send_out(1);
    way.run_until([&] { return way.relay->seen().refused; });
    CHECK(way.relay->seen().received == 0);
}

// Lines between workers, where what they were to be opened to has gone.
#include "connector/tunnel/switchboard.h"

#include <doctest/doctest.h>

#include "connector/tunnel/pool.h"

using namespace adit;
using namespace adit::tunnel;

namespace {

/// Two workers of a connector, run by hand.
struct Two {
    metrics::Registry registry;
    ConnectorMetrics metrics{registry};
    Fleet fleet;
    Switchboard board;
    net::Worker near{0};
    net::Worker far{1};
    Pool near_pool{near, fleet, metrics, board};
    Pool far_pool{far, fleet, metrics, board};

    Two() {
        board.connect(near_pool);
        board.connect(far_pool);
    }
    ~Two() {
        near.finish();
        far.finish();
    }
    void run() {
        while (near.context().poll() + far.context().poll() > 0) {
        }
    }
};

}  // namespace

TEST_CASE(
    "a stream for a session that has just gone is refused: nothing was sent, so that another session may take it") {
    Two two;
    std::unique_ptr<net::Stream> stream;
    two.near.post([&] { stream = two.near_pool.open(77, 1, {"origin.example", 80}); });
    two.run();
    REQUIRE(stream != nullptr);
    CHECK(stream->status() == net::Errc::refused);
    CHECK(stream->failure() == nullptr);
    CHECK_FALSE(stream->established());
    stream.reset();
    two.run();
}

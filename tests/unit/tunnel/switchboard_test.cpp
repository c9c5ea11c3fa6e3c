// Lines between workers, where what they were to be opened to has gone, or who opened them.
#include "connector/tunnel/switchboard.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
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

/// The agent of a session of the far worker: it keeps every stream that it is asked for, and answers none.
struct Silent : h2::SessionListener {
    void stream_accepted(std::unique_ptr<h2::Stream> stream) override {
        if (stream->head().find(":method") == "CONNECT") {
            asked.push_back(std::move(stream));
        } else {
            greeting = std::move(stream);
        }
    }
    void peer_draining() override {}
    std::vector<std::unique_ptr<h2::Stream>> asked;
    std::unique_ptr<h2::Stream> greeting;
};

net::Task<> run(h2::Session& session) {
    co_await session.run();
}

struct Tunnelled : Two {
    Silent silent;
    std::unique_ptr<Session> session;
    std::unique_ptr<h2::Session> agent;

    Tunnelled() {
        auto [one, other] = net::memory_pipe(far.loop(), 200'000);
        session = std::make_unique<Session>(far_pool, std::move(one), Session::Origin{}, Session::Settings{});
        agent = std::make_unique<h2::Session>(std::move(other), h2::Session::Role::acceptor, h2::Limits{}, silent);
        net::spawn(far.context(), "a session", session->run({}));
        net::spawn(far.context(), "its agent", ::run(*agent));
        Two::run();
    }
    ~Tunnelled() {
        near.finish();
        far.finish();
    }
    std::unique_ptr<net::Stream> open() {
        std::unique_ptr<net::Stream> stream;
        near.post([&] { stream = near_pool.open(session->info()->id, 1, {"origin.example", 80}); });
        Two::run();
        return stream;
    }
};

}  // namespace

TEST_CASE("a stream that is given up before its agent has answered is given up at the agent, too") {
    Tunnelled two;
    std::unique_ptr<net::Stream> stream = two.open();
    REQUIRE(two.silent.asked.size() == 1);
    CHECK_FALSE(two.silent.asked[0]->status());
    stream.reset();
    two.run();
    CHECK(two.silent.asked[0]->status() == net::Errc::reset);
    CHECK(two.session->streams() == 1);  // that of the greeting
}

TEST_CASE("a stream that is given up at once is not asked for, or not for long") {
    Tunnelled two;
    two.near.post([&] { two.near_pool.open(two.session->info()->id, 1, {"origin.example", 80}); });
    two.run();
    for (const auto& stream : two.silent.asked) {
        CHECK(stream->status());
    }
    CHECK(two.session->streams() == 1);
}

TEST_CASE("a stream whose opener has said all goes on waiting for its answer") {
    Tunnelled two;
    const std::unique_ptr<net::Stream> stream = two.open();
    REQUIRE(two.silent.asked.size() == 1);
    stream->end();
    two.run();
    CHECK_FALSE(two.silent.asked[0]->status());
    two.silent.asked[0]->respond(200, {}, false);
    two.run();
    CHECK(stream->established());
}

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

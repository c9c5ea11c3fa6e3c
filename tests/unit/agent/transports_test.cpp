// Falling back from one transport to the other, and returning.
#include "agent/dial/transports.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "tests/unit/wireguard/running.h"

using namespace adit;
using namespace adit::agent;
using namespace std::chrono_literals;
using protocol::Transport;
using wireguard::test::Running;

namespace {

/// A dialer of the test's: it works or not, as the test says.
class FakeDialer final : public Dialer {
  public:
    FakeDialer(net::Loop& loop, Transport transport) : loop_(loop), transport_(transport) {}

    net::Task<std::expected<std::vector<Target>, problem::Failure>> targets() override {
        if (!resolves) {
            co_return std::unexpected(problem::dns_error("no such name"));
        }
        co_return std::vector<Target>{{{"connector.test", 1}, std::nullopt, transport_}};
    }

    net::Task<std::expected<Channel, problem::Failure>> dial(std::vector<Target> targets,
                                                             std::chrono::milliseconds timeout) override {
        ++dialled;
        last_timeout = timeout;
        if (!works) {
            co_return std::unexpected(problem::connection_refused(std::string(name(transport_)) + " refused"));
        }
        auto [ours, theirs] = net::memory_pipe(loop_);
        others.push_back(std::move(theirs));
        co_return Channel{std::move(ours), std::move(targets.front())};
    }

    void displaced(const Target&) override { ++displacements; }

    bool resolves = true;
    bool works = true;
    unsigned dialled = 0;
    unsigned displacements = 0;
    std::chrono::milliseconds last_timeout{};
    std::vector<std::unique_ptr<net::Stream>> others;  ///< ends of the connector's

  private:
    net::Loop& loop_;
    Transport transport_;
};

struct Ways {
    explicit Ways(Transports::Settings settings = {}) {
        auto first = std::make_unique<FakeDialer>(running.loop(), Transport::tls);
        auto second = std::make_unique<FakeDialer>(running.loop(), Transport::wireguard);
        tls = first.get();
        wireguard = second.get();
        both = std::make_unique<Transports>(running.loop(), std::move(first), std::move(second), settings);
        both->on_return([this] { ++returns; });
    }

    /// As the supervisor does.
    std::expected<Channel, problem::Failure> dial(std::chrono::milliseconds timeout = 15s) {
        auto targets = running.wait(both->targets());
        if (!targets) {
            return std::unexpected(std::move(targets.error()));
        }
        return running.wait(both->dial(std::move(*targets), timeout));
    }

    Running running;
    FakeDialer* tls;
    FakeDialer* wireguard;
    std::unique_ptr<Transports> both;
    unsigned returns = 0;
};

/// A failure is a reason to change at once, and the preferred one is looked at often.
constexpr Transports::Settings kHasty{.trusted = 0ms, .probe_interval = 1ms};

}  // namespace

TEST_CASE("the preferred transport is used while it works") {
    Ways ways;
    for (int i = 0; i < 3; ++i) {
        const auto channel = ways.dial();
        REQUIRE(channel);
        CHECK(channel->target.transport == Transport::tls);
    }
    CHECK(ways.wireguard->dialled == 0);
}

TEST_CASE("one that never worked is left at once for the other, after less time than there is") {
    Ways ways;
    ways.tls->works = false;
    const auto channel = ways.dial(15s);
    REQUIRE(channel);
    CHECK(channel->target.transport == Transport::wireguard);
    CHECK(ways.tls->last_timeout == 5s);
    CHECK(ways.wireguard->last_timeout == 15s);
    const auto next = ways.dial();
    REQUIRE(next);
    CHECK(next->target.transport == Transport::wireguard);
    CHECK(ways.tls->dialled == 1);  // whether it works again is asked by the probe alone
}

TEST_CASE("names that do not resolve are a reason as well") {
    Ways ways;
    ways.tls->resolves = false;
    const auto channel = ways.dial();
    REQUIRE(channel);
    CHECK(channel->target.transport == Transport::wireguard);
}

TEST_CASE("a failure soon after a success is no reason to change") {
    Ways ways;
    REQUIRE(ways.dial());
    ways.tls->works = false;
    const auto channel = ways.dial();
    REQUIRE_FALSE(channel);
    CHECK(channel.error().detail == "tls refused");
    CHECK(ways.wireguard->dialled == 0);
}

TEST_CASE("when neither works both say why, and nothing has been decided") {
    Ways ways;
    ways.tls->works = false;
    ways.wireguard->works = false;
    const auto channel = ways.dial();
    REQUIRE_FALSE(channel);
    CHECK(channel.error().detail == "tls refused; and over wireguard: wireguard refused");
    ways.tls->works = true;
    const auto next = ways.dial();
    REQUIRE(next);
    CHECK(next->target.transport == Transport::tls);
}

TEST_CASE("it returns once the preferred one works, and the channel that proved it is the next session's") {
    Ways ways(kHasty);
    ways.tls->works = false;
    REQUIRE(ways.dial());
    ways.running.until([&] { return ways.tls->dialled >= 3; });
    CHECK(ways.returns == 0);
    CHECK(ways.tls->last_timeout == 10s);
    ways.tls->works = true;
    ways.running.until([&] { return ways.returns == 1; });
    const unsigned dialled = ways.tls->dialled;
    const auto proven = ways.dial();
    REQUIRE(proven);
    CHECK(proven->target.transport == Transport::tls);
    CHECK(ways.tls->dialled == dialled);
    REQUIRE(ways.dial());
    CHECK(ways.tls->dialled == dialled + 1);
    CHECK(ways.wireguard->dialled == 1);
    SUBCASE("and falls back again when it is lost again") {
        ways.tls->works = false;
        const auto again = ways.dial();
        REQUIRE(again);
        CHECK(again->target.transport == Transport::wireguard);
        ways.tls->works = true;
        ways.running.until([&] { return ways.returns == 2; });
    }
}

TEST_CASE("a channel that proved it and ended before anybody took it is not given out") {
    Ways ways(kHasty);
    ways.tls->works = false;
    REQUIRE(ways.dial());
    ways.tls->works = true;
    ways.running.until([&] { return ways.returns == 1; });
    ways.tls->others.clear();
    const unsigned dialled = ways.tls->dialled;
    REQUIRE(ways.dial());
    CHECK(ways.tls->dialled == dialled + 1);
}

TEST_CASE("who was displaced is told to the transport that it used") {
    Ways ways;
    ways.both->displaced({{"connector.test", 1}, std::nullopt, Transport::wireguard});
    CHECK(ways.wireguard->displacements == 1);
    CHECK(ways.tls->displacements == 0);
}

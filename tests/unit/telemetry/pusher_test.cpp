// What a pusher counts when nobody takes what it has, and that it lets itself be ended.
#include "connector/telemetry/pusher.h"

#include <doctest/doctest.h>

#include <atomic>

#include "common/net/listener.h"

using namespace adit;
using namespace telemetry;
using namespace std::chrono_literals;

namespace {

/// Numbers that wait, each a record of its own.
class Numbers final : public Load {
  public:
    explicit Numbers(std::shared_ptr<logging::Queue<int>> queue) : queue_(std::move(queue)) {}
    std::size_t waiting() const override { return queue_->bytes(); }
    Parcel take(std::size_t bytes) override { return {"{}", queue_->take(bytes).size()}; }
    void on_push(std::function<void()> wake) override { queue_->on_push(std::move(wake)); }
    void close() override { queue_->close(); }
    void discard() override { queue_->discard(); }

  private:
    std::shared_ptr<logging::Queue<int>> queue_;
};

/// A pusher towards an address where connections wait for ever, or are refused.
struct Pushing {
    explicit Pushing(std::uint16_t port) {
        config::Endpoint url;
        url.host = "127.0.0.1";
        url.port = port;
        pusher = std::make_unique<Pusher>(
            Pusher::Settings{.name = "test", .batch_bytes = 1000, .batch_time = 1ms, .timeout = 1h},
            PostClient::Target{url, {}, nullptr}, std::make_unique<Numbers>(queue),
            [this](std::uint64_t, std::uint64_t n) { lost += n; }, resolver);
    }

    std::atomic<std::uint64_t> lost = 0;
    std::shared_ptr<logging::Queue<int>> queue = std::make_shared<logging::Queue<int>>(
        logging::Queue<int>::Settings{.bytes = 100, .eager = 1, .dropped = [this](std::uint64_t n) { lost += n; }});
    net::Resolver resolver;
    std::unique_ptr<Pusher> pusher;
};

}  // namespace

TEST_CASE("a collector that never answers is left behind, and all that it did not take is counted") {
    auto silent = net::ListenSocket::bind({"127.0.0.1", 0}).value();
    REQUIRE(silent.listen());
    Pushing pushing(silent.address().port);
    for (int i = 0; i < 30; ++i) {
        pushing.queue->push(i, 10, 1);
    }
    pushing.pusher->close();
    CHECK_FALSE(pushing.pusher->await_end(std::chrono::steady_clock::now()));
    pushing.pusher.reset();
    CHECK(pushing.lost == 30);
}

TEST_CASE("a collector that is not there gets one last try, then what waits is given up") {
    std::uint16_t port = 0;
    {
        const auto socket = net::ListenSocket::bind({"127.0.0.1", 0}).value();
        port = socket.address().port;
    }
    Pushing pushing(port);
    pushing.queue->push(1, 10, 1);
    pushing.queue->push(2, 10, 1);
    pushing.pusher->close();
    CHECK(pushing.pusher->await_end(std::chrono::steady_clock::now() + 10s));
    CHECK(pushing.lost == 2);
}

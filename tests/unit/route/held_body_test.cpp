// Bodies that are kept whole before they go on.
#include "connector/route/held_body.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "connector/http/parse.h"
#include "tests/unit/http/plain_exchange.h"

using namespace adit;
using namespace adit::route;

namespace {

constexpr std::uint64_t kBudget = 1000;

/// A request of which `text` is here already; the rest can be sent.
struct Reading {
    explicit Reading(const std::string& text)
        : streams(net::memory_pipe(worker.loop(), 64 * 1024)),
          budget(std::make_shared<backend::HeldBudget>(kBudget)),
          held(std::in_place, budget) {
        const std::size_t end = text.find("\r\n\r\n") + 4;
        head.bytes() = text.substr(0, end);
        REQUIRE(http::parse_request(head, {}));
        streams.first->input().append(text.substr(end));
        exchange.emplace(head, http::BodyReader(*streams.first, head.framing),
                         http::BodyWriter(*streams.first, http::Framing::Kind::none), settings, "10.0.0.1");
    }
    ~Reading() { worker.finish(); }

    void start(HeldBody::Bounds bounds) {
        net::spawn(worker.context(), "a reading", store(*held, *exchange, bounds, failure, over));
        turn();
    }
    static net::Task<> store(HeldBody& held, http::Exchange& exchange, HeldBody::Bounds bounds,
                             std::optional<problem::Failure>& failure, bool& over) {
        failure = co_await held.read(exchange, bounds);
        over = true;
    }
    void turn() {
        while (worker.context().poll() > 0) {
        }
    }
    void send(std::string_view bytes) {
        net::Chain chain(worker.loop().blocks());
        chain.append(bytes);
        streams.second->write_some(chain, bytes.size());
        turn();
    }

    net::Worker worker{0};
    std::pair<std::unique_ptr<net::Stream>, std::unique_ptr<net::Stream>> streams;
    http::ServerSettings settings;
    http::RequestHead head;
    std::optional<http::PlainExchange> exchange;
    std::shared_ptr<backend::HeldBudget> budget;
    std::optional<HeldBody> held;
    std::optional<problem::Failure> failure;
    bool over = false;
};

constexpr const char* kLength = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n";
constexpr const char* kChunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr const char* kCareful = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n";

}  // namespace

TEST_CASE("a body is read to its end, as its pieces come, and gets a length") {
    Reading reading(std::string(kChunked) + "5\r\nhello\r\n");
    http::Seen seen;
    reading.exchange->body.add(seen);
    reading.start({.most = 100});
    CHECK_FALSE(reading.over);
    CHECK(reading.budget->held() == 5);
    reading.send("6\r\n world\r\n0\r\nLate: yes\r\n\r\n");
    REQUIRE(reading.over);
    CHECK_FALSE(reading.failure);
    CHECK(reading.held->whole());
    CHECK(reading.held->bytes() == "hello world");
    CHECK(reading.head.framing.kind == http::Framing::Kind::length);
    CHECK(reading.head.framing.length == 11);
    CHECK(reading.exchange->body.trailers().size() == 1);
    CHECK(seen.text == "hello world|");
    CHECK(reading.budget->held() == 11);
    reading.held.reset();
    CHECK(reading.budget->held() == 0);
}

TEST_CASE("a request without a body waits for nothing") {
    for (const char* text :
         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"}) {
        Reading reading(text);
        reading.start({.most = 1});
        CHECK(reading.over);
        CHECK_FALSE(reading.failure);
        CHECK(reading.held->bytes().empty());
        CHECK(reading.head.framing.kind == http::Framing::Kind::none);
    }
}

TEST_CASE("exactly the bound is taken, and a byte more refused, announced or not") {
    Reading exact(std::string(kLength) + "hello world");
    exact.start({.most = 11});
    CHECK(exact.over);
    CHECK_FALSE(exact.failure);

    Reading announced(kLength);
    announced.start({.most = 10});
    REQUIRE(announced.failure);
    CHECK(announced.failure->status == 413);

    Reading streamed(std::string(kChunked) + "5\r\nhello\r\n");
    streamed.start({.most = 10});
    CHECK_FALSE(streamed.over);
    streamed.send("6\r\n world\r\n");
    REQUIRE(streamed.failure);
    CHECK(streamed.failure->status == 413);
    CHECK_FALSE(streamed.held->whole());
}

TEST_CASE("a client that waits for 100 Continue is asked, once, and not where the body is too large or here") {
    Reading waiting(kCareful);
    waiting.start({.most = 100});
    CHECK(waiting.exchange->interim_answers == 1);
    waiting.send("hello ");
    waiting.send("world");
    CHECK(waiting.over);
    CHECK(waiting.exchange->interim_answers == 1);
    CHECK_FALSE(waiting.head.expect_continue);

    Reading large(kCareful);
    large.start({.most = 10});
    CHECK(large.exchange->interim_answers == 0);

    Reading here(std::string(kCareful) + "hello world");
    here.start({.most = 100});
    CHECK(here.over);
    CHECK(here.exchange->interim_answers == 0);
}

TEST_CASE("what all requests hold is bounded; then the answer is to come again") {
    Reading announced("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 901\r\n\r\n");
    REQUIRE(announced.budget->take(100));
    announced.start({.most = 2000});
    REQUIRE(announced.failure);
    CHECK(announced.failure->status == 503);
    CHECK(announced.failure->retry_after > 0);
    CHECK(announced.budget->held() == 100);

    Reading streamed(std::string(kChunked) + "5\r\nhello\r\n");
    REQUIRE(streamed.budget->take(990));
    streamed.start({.most = 2000});
    streamed.send("6\r\n world\r\n");
    REQUIRE(streamed.failure);
    CHECK(streamed.failure->status == 503);
    streamed.held->release();
    CHECK(streamed.budget->held() == 990);
}

TEST_CASE("a client that leaves is gone, and one that is refused by the framing is told") {
    Reading left(kLength);
    left.start({.most = 100});
    left.streams.second.reset();
    left.turn();
    REQUIRE(left.failure);
    CHECK(left.failure->status == 499);

    Reading broken(std::string(kChunked) + "nonsense\r\n");
    broken.start({.most = 100});
    REQUIRE(broken.failure);
    CHECK(broken.failure->status == 400);
}

TEST_CASE("a client that is silent for too long gets 408, and the exchange's end counts as well") {
    Reading silent(kLength);
    silent.start({.most = 100, .silence = std::chrono::milliseconds(1)});
    for (int i = 0; i < 1000 && !silent.over; ++i) {
        silent.worker.context().run_one_for(std::chrono::seconds(5));
    }
    REQUIRE(silent.failure);
    CHECK(silent.failure->status == 408);

    Reading late(kLength);
    late.start({.most = 100, .ends = late.worker.loop().now()});
    for (int i = 0; i < 1000 && !late.over; ++i) {
        late.worker.context().run_one_for(std::chrono::seconds(5));
    }
    REQUIRE(late.failure);
    CHECK(late.failure->status == 504);
}

// Chains, deadlines, back-off, streams in memory, addresses and proxies.
#include <doctest/doctest.h>

#include <numeric>

#include "common/base/random.h"
#include "common/net/address.h"
#include "common/net/alarm.h"
#include "common/net/backoff.h"
#include "common/net/memory_stream.h"
#include "common/net/proxy_environment.h"
#include "common/net/pump.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"

using namespace adit::net;
using namespace std::chrono_literals;

namespace {

std::string content(const Chain& chain) {
    std::string out(chain.size(), '\0');
    chain.copy_out(out);
    return out;
}

struct Counting final : Deadline {
    using Deadline::Deadline;
    void expired() override { ++times; }
    int times = 0;
};

}  // namespace

TEST_CASE("a chain gives back its bytes in order, whatever is done to it") {
    adit::Random random(11);
    BlockPool pool;
    {
        Chain chain(pool);
        Chain other(pool);
        std::string model;
        std::string other_model;
        for (int step = 0; step < 2000; ++step) {
            const auto amount = static_cast<std::size_t>(random.below(40'000));
            switch (random.below(5)) {
                case 0: {
                    const std::string bytes(amount, static_cast<char>('a' + step % 26));
                    chain.append(bytes);
                    model += bytes;
                    break;
                }
                case 1: {
                    const std::size_t n = std::min(amount, chain.size());
                    chain.consume(n);
                    model.erase(0, n);
                    break;
                }
                case 2: {
                    const std::size_t n = std::min(amount, chain.size());
                    other.splice(chain, n);
                    other_model += model.substr(0, n);
                    model.erase(0, n);
                    break;
                }
                case 3: {
                    iovec areas[5];
                    const std::size_t count = chain.prepare(areas, 5, amount);
                    std::size_t room = 0;
                    for (std::size_t i = 0; i < count; ++i) {
                        room += areas[i].iov_len;
                    }
                    std::size_t filled = std::min(amount, room);
                    const std::size_t all = filled;
                    for (std::size_t i = 0; i < count; ++i) {
                        const std::size_t part = std::min(filled, areas[i].iov_len);
                        std::memset(areas[i].iov_base, 'z', part);
                        filled -= part;
                    }
                    chain.commit(all);
                    model.append(all, 'z');
                    break;
                }
                default:
                    CHECK(chain.gather(amount) == model.substr(0, std::min({amount, model.size(), kBlockSize})));
            }
            REQUIRE(chain.size() == model.size());
            if (other.size() > 300'000) {
                REQUIRE(content(other) == other_model);
                other.clear();
                other_model.clear();
            }
            if (chain.size() > 200'000) {
                REQUIRE(content(chain) == model);
                chain.clear();
                model.clear();
            }
        }
    }
    CHECK(pool.in_use() == 0);
}

TEST_CASE("a deadline expires once, when it is due, and not when it was moved away") {
    const Time start{};
    Wheel wheel(start);
    Counting soon(wheel);
    Counting late(wheel);
    Counting moved(wheel);
    Counting never(wheel);
    soon.arm(start + 100ms);
    late.arm(start + 60s);
    moved.arm(start + 100ms);
    moved.arm(start + 200ms);
    never.arm(start + 50ms);
    never.disarm();
    for (Time now = start; now <= start + 61s; now += 10ms) {
        wheel.advance(now);
        CHECK(soon.times == (now >= start + 130ms ? 1 : soon.times));
        if (now < start + 100ms) {
            CHECK(soon.times == 0);
        }
        if (now < start + 200ms) {
            CHECK(moved.times == 0);
        }
        if (now < start + 60s) {
            CHECK(late.times == 0);
        }
    }
    CHECK((soon.times == 1 && late.times == 1 && moved.times == 1 && never.times == 0));
}

TEST_CASE("deadlines re-armed at random expire in time after a long sleep") {
    adit::Random random(3);
    Time now{};
    Wheel wheel(now);
    std::vector<std::unique_ptr<Counting>> all;
    for (int i = 0; i < 200; ++i) {
        all.push_back(std::make_unique<Counting>(wheel));
        all.back()->arm(now + std::chrono::milliseconds(random.below(30'000)));
    }
    now += 1h;
    wheel.advance(now);
    CHECK(std::accumulate(all.begin(), all.end(), 0, [](int sum, const auto& one) { return sum + one->times; }) == 200);
    CHECK_FALSE(wheel.next());
}

TEST_CASE("whoever runs after the loop has slept long is told the time, not that of the last turn") {
    boost::asio::io_context context;
    const Loop loop(context);
    const Time slept = Clock::now();
    while (Clock::now() == slept) {
    }
    CHECK(loop.now() > slept);
}

TEST_CASE("a deadline that is armed before anything has happened on the loop expires") {
    Worker worker(0);
    struct Waking final : Deadline {
        explicit Waking(Loop& loop) : Deadline(loop.wheel()), due(loop) { arm(loop.now()); }
        void expired() override { due.wake(); }
        Waiter due;
    };
    const auto wait = [](Loop& loop, bool& over) -> Task<> {
        Waking deadline(loop);
        co_await deadline.due.wait();
        over = true;
    };
    bool over = false;
    spawn(worker.context(), "one that waits", wait(worker.loop(), over));
    for (int handlers = 0; handlers < 8 && !over; ++handlers) {
        worker.context().run_one_for(5s);
    }
    CHECK(over);
    worker.finish();
}

TEST_CASE("back-off doubles up to its cap, with full jitter, and forgets after a stable time") {
    Backoff backoff({100ms, 1000ms, 10s});
    CHECK(backoff.next(0.999).count() <= 100);
    CHECK(backoff.next(0.5).count() == 100);
    for (int i = 0; i < 40; ++i) {
        CHECK(backoff.next(0.999).count() <= 1000);
    }
    backoff.worked_for(1s);
    CHECK(backoff.failures() > 0);
    backoff.worked_for(11s);
    CHECK(backoff.failures() == 0);
    CHECK(backoff.next(0.0).count() == 0);
}

namespace {

struct Bytes {
    std::string received;
    Status end;
    PipeResult result;
    int left = 3;
};

Task<> write_then_end(Stream& stream, std::string text, Bytes& bytes, Worker& worker) {
    Chain chain(stream.loop().blocks());
    chain.append(text);
    co_await stream.write_all(chain);
    stream.end();
    if (--bytes.left == 0) {
        worker.stop();
    }
}

Task<> read_to_end(Stream& stream, Bytes& bytes, Worker& worker) {
    while (!(bytes.end = co_await stream.receive())) {
        bytes.received += content(stream.input());
        stream.consume(stream.input().size());
    }
    stream.end();
    if (--bytes.left == 0) {
        worker.stop();
    }
}

Task<> join_both(Stream& one, Stream& other, Bytes& bytes, Worker& worker, std::chrono::milliseconds idle = {}) {
    bytes.result = co_await join(one, other, idle);
    if (--bytes.left == 0) {
        worker.stop();
    }
}

}  // namespace

TEST_CASE("joined streams carry every byte and both half-closes") {
    Worker worker(0);
    Bytes bytes;
    {
        auto [a, b] = memory_pipe(worker.loop(), 777);
        auto [c, d] = memory_pipe(worker.loop(), 3333);
        spawn(worker.context(), "writer", write_then_end(*a, std::string(500'000, 'q'), bytes, worker));
        spawn(worker.context(), "joint", join_both(*b, *c, bytes, worker));
        spawn(worker.context(), "reader", read_to_end(*d, bytes, worker));
        worker.run();
        worker.finish();
    }
    CHECK(bytes.received == std::string(500'000, 'q'));
    CHECK(bytes.end == Errc::end_of_stream);
    CHECK_FALSE(bytes.result.why);
    CHECK(bytes.result.forth == 500'000);
}

TEST_CASE("what stands in the input of a stream when it is joined is carried first") {
    Worker worker(0);
    Bytes bytes;
    {
        auto [a, b] = memory_pipe(worker.loop());
        auto [c, d] = memory_pipe(worker.loop());
        Chain early(worker.loop().blocks());
        early.append("early");
        a->write_some(early, early.size());
        CHECK_FALSE(b->poll_receive());
        spawn(worker.context(), "joint", join_both(*b, *c, bytes, worker));
        spawn(worker.context(), "writer", write_then_end(*a, " and late", bytes, worker));
        spawn(worker.context(), "reader", read_to_end(*d, bytes, worker));
        worker.run();
        worker.finish();
    }
    CHECK(bytes.received == "early and late");
    CHECK(bytes.result.forth == 14);
}

TEST_CASE("joined streams in which nothing moves are given up") {
    Worker worker(0);
    Bytes bytes;
    bytes.left = 1;
    {
        auto [a, b] = memory_pipe(worker.loop());
        auto [c, d] = memory_pipe(worker.loop());
        spawn(worker.context(), "joint", join_both(*b, *c, bytes, worker, std::chrono::milliseconds(80)));
        worker.run();
        worker.finish();
        CHECK(b->status());
        CHECK(c->status());
    }
    CHECK(bytes.result.why == Errc::timed_out);
}

TEST_CASE("addresses are read strictly") {
    CHECK(HostPort::parse("example.com:443")->text() == "example.com:443");
    CHECK(HostPort::parse("[::1]:443")->host == "::1");
    for (const char* bad :
         {"", "host", "host:", "host:0", "host:65536", "::1:443", "[::1]", "a b:1", ":1", "u@h:1", "host:1x"}) {
        CAPTURE(bad);
        CHECK_FALSE(HostPort::parse(bad));
    }
}

TEST_CASE("localhost and what is below it is loopback") {
    for (const char* name : {"localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.LocalHost."}) {
        CHECK(is_localhost(name));
    }
    for (const char* name : {"", "local", "notlocalhost", "localhost.example", ".", "localhostx"}) {
        CHECK_FALSE(is_localhost(name));
    }
}

TEST_CASE("the proxy variables mean what they mean elsewhere") {
    const auto proxies = ProxyEnvironment::parse("http://user:p%40ss@proxy.corp:3128",
                                                 "localhost,.internal,10.0.0.0/8,example.com:8443");
    REQUIRE(proxies);
    const auto used = proxies->for_target("gateway.example.org", 7443);
    REQUIRE(used);
    CHECK(used->host == "proxy.corp");
    CHECK(used->port == 3128);
    CHECK(used->password == "p@ss");
    for (const auto& [host, port] : {std::pair{"localhost", 1},
                                     {"a.internal", 1},
                                     {"10.1.2.3", 1},
                                     {"example.com", 8443},
                                     {"sub.example.com", 8443}}) {
        CAPTURE(host);
        CHECK_FALSE(proxies->for_target(host, static_cast<std::uint16_t>(port)));
    }
    CHECK(proxies->for_target("example.com", 443));
    CHECK_FALSE(ProxyEnvironment::parse("", "")->for_target("a", 1));
    CHECK_FALSE(ProxyEnvironment::parse("http://u:secret@h:port", ""));
}

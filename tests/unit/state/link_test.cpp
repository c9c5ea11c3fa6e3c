// One connection to a server, over a stream in memory: who gets which reply, and what becomes of those who wait.
#include "connector/state/link.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"

using namespace adit;
using namespace adit::state;
using namespace std::chrono_literals;

namespace {

/// A link, and the far end of its stream, which a test plays.
struct Rig {
    net::Worker worker{0};
    std::shared_ptr<Link> link;
    std::unique_ptr<net::Stream> far;

    explicit Rig(net::Clock::duration silence = 1h) {
        auto [near, other] = net::memory_pipe(worker.loop());
        link = std::make_shared<Link>(std::move(near), silence);
        far = std::move(other);
        Link::start(link);
    }
    ~Rig() {
        link.reset();
        far.reset();
        worker.finish();
    }
    net::Time soon() const { return net::Clock::now() + 5s; }
    net::Task<> say(std::string bytes) {
        net::Chain out(worker.loop().blocks());
        out.append(bytes);
        co_await far->write_all(out);
    }
    net::Task<> finish(net::Task<> story) {
        co_await std::move(story);
        worker.stop();
    }
    void run(net::Task<> story) {
        net::spawn(worker.context(), "a test", finish(std::move(story)));
        worker.run();
    }
};

net::Task<> each_gets_his_own(Rig& rig) {
    Awaited first(rig.worker.loop()), second(rig.worker.loop());
    CHECK(rig.link->send("*1\r\n$1\r\na\r\n", &first));
    CHECK(rig.link->send("*1\r\n$1\r\nb\r\n", nullptr));
    CHECK(rig.link->send("*1\r\n$1\r\nc\r\n", &second));
    co_await rig.say(":1\r\n:2\r\n:");
    const Reply* const one = co_await first.reply(rig.soon());
    REQUIRE(one != nullptr);
    CHECK(one->integer == 1);
    CHECK(rig.link->oldest() != net::Time::max());
    co_await rig.say("3\r\n");
    const Reply* const three = co_await second.reply(rig.soon());
    REQUIRE(three != nullptr);
    CHECK(three->integer == 3);
    CHECK(rig.link->oldest() == net::Time::max());
}

net::Task<> a_late_reply_is_nobodys(Rig& rig) {
    {
        Awaited late(rig.worker.loop());
        CHECK(rig.link->send("x", &late));
        CHECK(co_await late.reply(net::Clock::now() + 20ms) == nullptr);
        CHECK_FALSE(late.cut_off());
    }
    Awaited next(rig.worker.loop());
    CHECK(rig.link->send("y", &next));
    co_await rig.say("+late\r\n+next\r\n");
    const Reply* const reply = co_await next.reply(rig.soon());
    REQUIRE(reply != nullptr);
    CHECK(reply->text == "next");
}

net::Task<> the_end_is_heard_by_all(Rig& rig) {
    Awaited one(rig.worker.loop()), other(rig.worker.loop());
    CHECK(rig.link->send("x", &one));
    CHECK(rig.link->send("y", &other));
    rig.far.reset();
    CHECK(co_await one.reply(rig.soon()) == nullptr);
    CHECK(co_await other.reply(rig.soon()) == nullptr);
    CHECK((one.cut_off() && other.cut_off()));
    CHECK_FALSE((co_await rig.link->over()).empty());
    CHECK_FALSE(rig.link->usable());
    CHECK_FALSE(rig.link->send("z", nullptr));
}

net::Task<> silence_ends_it(Rig& rig) {
    Awaited one(rig.worker.loop());
    CHECK(rig.link->send("x", &one));
    CHECK(co_await one.reply(rig.soon()) == nullptr);
    CHECK(one.cut_off());
    CHECK(co_await rig.link->over() == "it does not answer");
}

net::Task<> nonsense_ends_it(Rig& rig) {
    co_await rig.say("HTTP/1.1 400 Bad Request\r\n\r\n");
    CHECK((co_await rig.link->over()).contains("not the protocol of Redis"));
}

net::Task<> what_nobody_asked_for_ends_it(Rig& rig) {
    co_await rig.say("+OK\r\n");
    CHECK(co_await rig.link->over() == "a reply that nobody has asked for");
}

net::Task<> bounds_hold(Rig& rig) {
    const std::string large(Link::kOutMost / 4, 'x');
    int sent = 0;
    while (sent < 100 && rig.link->send(large, nullptr)) ++sent;
    CHECK(sent >= 3);
    CHECK(sent <= 5);
    co_return;
}

}  // namespace

TEST_CASE("everybody gets the reply to his own command") {
    Rig rig;
    rig.run(each_gets_his_own(rig));
}
TEST_CASE("a reply that comes too late goes to nobody else") {
    Rig rig;
    rig.run(a_late_reply_is_nobodys(rig));
}
TEST_CASE("when a connection ends, all who wait hear of it at once") {
    Rig rig;
    rig.run(the_end_is_heard_by_all(rig));
}
TEST_CASE("a connection that has been silent for too long is given up") {
    Rig rig(30ms);
    rig.run(silence_ends_it(rig));
}
TEST_CASE("what is no reply ends the connection") {
    Rig nonsense;
    nonsense.run(nonsense_ends_it(nonsense));
    Rig unasked;
    unasked.run(what_nobody_asked_for_ends_it(unasked));
}
TEST_CASE("no more waits to be sent than was promised") {
    Rig rig;
    rig.run(bounds_hold(rig));
}

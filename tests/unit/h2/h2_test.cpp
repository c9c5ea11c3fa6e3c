// Sessions over a pipe in memory: streams, half-close, refusals, back-pressure, endings.
#include <doctest/doctest.h>

#include "pair.h"

using namespace adit;
using namespace adit::h2;
using namespace adit::h2::test;

TEST_CASE("bytes may be sent before the answer, and both directions end on their own") {
    Pair pair;
    std::unique_ptr<Stream> far;
    pair.accepting.accepted = [&](auto stream) { far = std::move(stream); };
    const auto near = pair.connect();
    put(*near, "early");
    pair.settle();
    REQUIRE(far);
    CHECK(far->head().find(":authority") == "a:1");
    CHECK_FALSE(near->established());
    CHECK(take(*far) == "early");
    far->respond(200, {}, false);
    near->end();
    pair.settle();
    CHECK(near->established());
    far->poll_receive();
    CHECK(far->poll_receive() == net::Errc::end_of_stream);
    put(*far, "late");
    far->end();
    pair.settle();
    CHECK(take(*near) == "late");
    near->poll_receive();
    CHECK(near->poll_receive() == net::Errc::end_of_stream);
}

TEST_CASE("a refusal carries its reason to the opener") {
    Pair pair;
    pair.accepting.accepted = [&](auto stream) {
        net::spawn(
            pair.worker.context(), "refusal",
            answer(std::move(stream), 502, {{"proxy-status", "x; error=connection_refused; details=\"no\""}}, {}));
    };
    const auto near = pair.connect();
    pair.settle();
    REQUIRE(near->failure() != nullptr);
    CHECK(near->failure()->error == problem::ProxyError::connection_refused);
    CHECK(near->poll_receive() == net::Errc::refused);
}

TEST_CASE("a reader that takes nothing stalls its own stream only, within its window") {
    Limits limits;
    Pair pair(limits);
    std::vector<std::unique_ptr<Stream>> far;
    pair.accepting.accepted = [&](auto stream) {
        stream->respond(200, {}, false);
        far.push_back(std::move(stream));
    };
    const auto stalled = pair.connect();
    const auto lively = pair.connect();
    pair.settle();
    REQUIRE(far.size() == 2);
    for (int i = 0; i < 100; ++i) {
        put(*far[0], std::string(32'000, 's'));
        put(*far[1], std::string(32'000, 'l'));
        pair.settle();
        take(*lively);
    }
    CHECK(stalled->input().size() <= static_cast<std::size_t>(limits.stream_window));
    net::Chain chain(pair.worker.loop().blocks());
    chain.append("x");
    CHECK(far[0]->write_some(chain, 1) == 0);
    CHECK(far[1]->write_some(chain, 1) == 1);
    std::size_t drained = 0;
    for (int i = 0; i < 20; ++i) {
        drained += take(*stalled).size();
        pair.settle();
    }
    CHECK(drained > static_cast<std::size_t>(limits.stream_window));
    CHECK(far[0]->write_some(chain, 0) == 0);
}

TEST_CASE("readers that take nothing, as many as there may be, leave the others their windows, and hold little") {
    const Limits limits;
    Pair pair(limits);
    std::vector<std::unique_ptr<Stream>> far;
    pair.accepting.accepted = [&](auto stream) {
        stream->respond(200, {}, false);
        far.push_back(std::move(stream));
    };
    std::vector<std::unique_ptr<Stream>> stalled;
    while (pair.opener->has_room()) {
        stalled.push_back(pair.connect());
        if (stalled.size() % 64 == 0) {
            pair.settle();
        }
    }
    pair.settle();
    REQUIRE(far.size() == limits.concurrent_streams);
    const std::unique_ptr<Stream> lively = std::move(stalled.back());
    const std::unique_ptr<Stream> busy = std::move(far.back());
    stalled.pop_back();
    far.pop_back();
    std::size_t waiting = 0;
    for (const auto& stream : far) {
        net::Chain chain(pair.worker.loop().blocks());
        chain.append(std::string(200'000, 's'));
        while (stream->room() > 0) {
            stream->write_some(chain, chain.size());
            pair.settle();
        }
    }
    for (const auto& stream : far) {
        waiting += stream->waiting();
    }
    CHECK(waiting > limits.outboxes);
    CHECK(waiting < limits.outboxes + far.size() * 16'384 + limits.stream_outbox);
    put(*busy, std::string(16'000, 'l'));
    pair.settle();
    CHECK(take(*lively).size() == 16'000);
}

TEST_CASE("no more streams are opened than the session's window has first windows for") {
    Limits limits;
    limits.session_window = limits.growth_budget + 3 * limits.stream_window;
    Pair pair(limits);
    pair.settle();
    std::vector<std::unique_ptr<Stream>> near;
    while (near.size() < 5 && pair.opener->has_room()) {
        near.push_back(pair.connect());
    }
    CHECK(near.size() == 3);
}

TEST_CASE("stalled readers leave the others their windows, although what was taken before is not given back yet") {
    Limits limits;
    limits.growth_budget = 0;
    limits.session_window = 4 * limits.stream_window;
    Pair pair(limits);
    std::vector<std::unique_ptr<Stream>> far;
    pair.accepting.accepted = [&](auto stream) {
        stream->respond(200, {}, false);
        far.push_back(std::move(stream));
    };
    const auto window = static_cast<std::size_t>(limits.stream_window);
    std::vector<std::unique_ptr<Stream>> near;
    near.push_back(pair.connect());
    pair.settle();
    put(*far[0], std::string(window, 't'));
    pair.settle();
    CHECK(take(*near[0]).size() == window);  // less than what nghttp2 would tell the peer of
    pair.settle();
    for (int i = 0; i < 2; ++i) {
        near.push_back(pair.connect());
    }
    pair.settle();
    REQUIRE(far.size() == 3);
    for (const auto& stream : far) {
        put(*stream, std::string(window, 's'));
    }
    pair.settle();
    near.push_back(pair.connect());
    pair.settle();
    REQUIRE(far.size() == 4);
    put(*far[3], "alive");
    pair.settle();
    CHECK(take(*near[3]) == "alive");
}

TEST_CASE("what waits behind a full transport leaves as soon as that takes bytes again") {
    Pair pair;
    std::vector<std::unique_ptr<Stream>> far;
    pair.accepting.accepted = [&](auto stream) { far.push_back(std::move(stream)); };
    std::vector<std::unique_ptr<Stream>> near;
    for (int i = 0; i < 20; ++i) {
        near.push_back(pair.connect());
    }
    pair.settle();
    REQUIRE(far.size() == near.size());
    for (const auto& stream : near) {
        put(*stream, std::string(30'000, 'b'));  // together several times what the transport holds
    }
    pair.settle();
    for (const auto& stream : far) {
        CHECK(stream->input().size() == 30'000);
    }
}

TEST_CASE("a transport that takes a part and has room for more gets the rest at once") {
    Pair pair({}, true);
    std::unique_ptr<Stream> far;
    pair.accepting.accepted = [&](auto stream) { far = std::move(stream); };
    const auto near = pair.connect();
    pair.settle();
    put(*near, std::string(30'000, 'b'));
    pair.settle();
    REQUIRE(far);
    CHECK(far->input().size() == 30'000);
}

TEST_CASE("what dead streams held does not starve the living") {
    Limits limits;
    limits.session_window = 128 * 1024;
    Pair pair(limits);
    std::unique_ptr<Stream> far;
    pair.accepting.accepted = [&](auto stream) {
        stream->respond(200, {}, false);
        far = std::move(stream);
    };
    for (int i = 0; i < 20; ++i) {
        const auto near = pair.connect();
        pair.settle();
        put(*far, std::string(30'000, 'd'));
        pair.settle();
        CHECK(near->input().size() == 30'000);
    }
    const auto near = pair.connect();
    pair.settle();
    put(*far, "alive");
    pair.settle();
    CHECK(take(*near) == "alive");
}

TEST_CASE("destroying a stream resets it at the other end") {
    Pair pair;
    std::unique_ptr<Stream> far;
    pair.accepting.accepted = [&](auto stream) { far = std::move(stream); };
    {
        const auto near = pair.connect();
        put(*near, "x");
        pair.settle();
    }
    pair.settle();
    far->poll_receive();
    CHECK(far->poll_receive() == net::Errc::reset);
}

TEST_CASE("a draining acceptor still serves, and the opener opens nothing new") {
    Pair pair;
    std::unique_ptr<Stream> far;
    pair.accepting.accepted = [&](auto stream) {
        stream->respond(200, {}, false);
        far = std::move(stream);
    };
    const auto near = pair.connect();
    pair.settle();
    pair.acceptor->drain();
    pair.settle();
    CHECK(pair.opening.draining == 1);
    CHECK(pair.connect() == nullptr);
    CHECK_FALSE(near->reusable());
    put(*far, "still here");
    pair.settle();
    CHECK(take(*near) == "still here");
}

TEST_CASE("streams of a session that ends fail, and may outlive it") {
    Pair pair;
    std::unique_ptr<Stream> far;
    pair.accepting.accepted = [&](auto stream) { far = std::move(stream); };
    const auto near = pair.connect();
    pair.settle();
    pair.opener->close(net::Errc::aborted, "good bye");
    pair.settle();
    CHECK(near->poll_receive() == net::Errc::session_closed);
    CHECK(far->poll_receive() == net::Errc::session_closed);
    CHECK(pair.acceptor->peer_words() == "good bye");
}

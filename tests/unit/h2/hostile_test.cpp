// What a peer sends by hand: frames that do no work, in ways that hide it.
#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "pair.h"

using namespace adit;
using namespace adit::h2;
using namespace adit::h2::test;

namespace {

constexpr char kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kWindowUpdate = 8;
constexpr char kEnd = 1, kEndHeaders = 4;
constexpr std::string_view kGet = "\x82\x86\x84\x41\x01\x61";  // :method, :scheme and :path of the static table; a host

std::string frame(char type, char flags, std::uint32_t stream, std::string_view payload = {}) {
    std::string text{'\0', static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size()), type, flags};
    for (int shift = 24; shift >= 0; shift -= 8) {
        text += static_cast<char>(stream >> shift);
    }
    return text.append(payload);
}

const std::string kAnyPing = frame(kPing, 0, 0, "are you?");
const std::string kOverflow("\x7f\xff\xff\xff", 4);  // of a window that has something in it

std::string get(std::uint32_t stream) {
    return frame(kHeaders, kEnd | kEndHeaders, stream, kGet);
}

net::Task<> run(Session& session, bool& done, net::Status& why) {
    why = co_await session.run();
    done = true;
}

/// A server's session, and a far end that says what a test wants and reads nothing.
struct Stranger {
    explicit Stranger(const Limits& limits) {
        auto [near, other] = net::memory_pipe(worker.loop(), 10'000'000);
        far = std::move(other);
        session = std::make_unique<Session>(std::move(near), Session::Role::server, limits, listener);
        listener.accepted = [this](std::unique_ptr<Stream> stream) { asked.push_back(std::move(stream)); };
        net::spawn(worker.context(), "a session", run(*session, done, why));
        say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0));
    }
    ~Stranger() {
        asked.clear();
        worker.finish();
    }

    void say(const std::string& text) {
        put(*far, text);
        worker.context().restart();
        while (worker.context().poll() > 0) {
        }
    }
    /// How often it takes what `one` makes before it has had enough, at most `most` times.
    template <class Make>
    int until_stopped(int most, Make one) {
        int count = 0;
        for (; count < most && !done; ++count) {
            say(one(count));
        }
        return count;
    }
    /// A stream that is over on both sides.
    void ended_stream(std::uint32_t id) {
        say(get(id));
        REQUIRE(asked.size() == 1);
        asked.front()->respond(200, {}, true);
        say("");
        asked.clear();
        say("");
    }

    net::Worker worker{0};
    Listening listener;
    std::vector<std::unique_ptr<Stream>> asked;
    std::unique_ptr<net::Stream> far;
    std::unique_ptr<Session> session;
    bool done = false;
    net::Status why;
};

/// A connector's session with an agent that says what a test wants.
struct LyingAgent {
    explicit LyingAgent(const Limits& limits = {}) {
        auto [near, other] = net::memory_pipe(worker.loop(), 10'000'000);
        far = std::move(other);
        session = std::make_unique<Session>(std::move(near), Session::Role::opener, limits, listener);
        net::spawn(worker.context(), "a session", run(*session, done, why));
        say(frame(kSettings, 0, 0));
    }
    ~LyingAgent() { worker.finish(); }

    std::unique_ptr<Stream> connect() {
        auto stream = session->open({{":method", "CONNECT"}, {":authority", "a:1"}}, false);
        say("");
        return stream;
    }
    void say(const std::string& text) {
        put(*far, text);
        worker.context().restart();
        while (worker.context().poll() > 0) {
        }
    }

    net::Worker worker{0};
    Listening listener;
    std::unique_ptr<net::Stream> far;
    std::unique_ptr<Session> session;
    bool done = false;
    net::Status why;
};

std::string interim(std::int32_t stream) {
    return frame(kHeaders, kEndHeaders, static_cast<std::uint32_t>(stream),
                 "\x08\x03"
                 "103");
}

}  // namespace

TEST_CASE("an interim head is no answer to CONNECT, and the one behind it is") {
    LyingAgent agent;
    const auto stream = agent.connect();
    agent.say(interim(stream->id()));
    CHECK_FALSE(stream->established());
    CHECK_FALSE(stream->status());
    agent.say(frame(kHeaders, kEndHeaders, 1, "\x88") + frame(kData, 0, 1, "hello"));
    CHECK(stream->established());
    CHECK(stream->answer() == 200);
    CHECK(take(*stream) == "hello");
}

TEST_CASE("a stream bears some interim heads in the tunnel, and then ends") {
    LyingAgent agent;
    const auto stream = agent.connect();
    for (int i = 0; i < 32; ++i) {
        agent.say(interim(1));
    }
    CHECK_FALSE(stream->status());
    agent.say(interim(1));
    CHECK(stream->status() == net::Errc::limit);
    CHECK_FALSE(stream->established());
    CHECK_FALSE(agent.done);
}

TEST_CASE("interim heads in the tunnel do no work") {
    const auto stops_at = [](std::size_t streams, int rounds) {
        LyingAgent agent({.idle_frames = 500});
        std::vector<std::unique_ptr<Stream>> open;
        for (std::size_t i = 0; i < streams; ++i) {
            open.push_back(agent.connect());
        }
        int heads = 0;
        for (int round = 0; round < rounds && !agent.done; ++round) {
            for (const auto& stream : open) {
                agent.say(interim(stream->id()));
                heads += agent.done ? 0 : 1;
            }
        }
        return agent.done ? heads : -1;
    };
    const int heads = stops_at(100, 20);
    CHECK(heads >= 450);
    CHECK(heads <= 600);
    // All at once, before the end of their stream can have left.
    LyingAgent agent({.idle_frames = 500});
    const auto stream = agent.connect();
    std::string flood;
    for (int i = 0; i < 2'000; ++i) {
        flood += interim(1);
    }
    agent.say(flood);
    CHECK(agent.why == net::Errc::limit);
}

TEST_CASE("streams above a limit that a client has not acknowledged are refused, but not for ever") {
    Stranger client({.concurrent_streams = 2, .resets_burst = 100, .resets_per_second = 1});
    CHECK(client.until_stopped(1000, [](int i) { return get(static_cast<std::uint32_t>(2 * i + 1)); }) <= 110);
    CHECK(client.asked.size() == 2);
}

TEST_CASE("who makes us reset streams is stopped, whatever else he sends between") {
    Stranger client({.resets_burst = 100, .resets_per_second = 1});
    const auto one = [](int i) {
        const auto stream = static_cast<std::uint32_t>(2 * i + 1);
        return get(stream) + frame(kWindowUpdate, 0, stream, kOverflow) + kAnyPing;
    };
    std::string held;  // each piece begins in the middle of a frame
    const auto shifted = [&](int i) {
        const std::string whole = std::exchange(held, {}) + one(i);
        held = whole.substr(whole.size() - 20);
        return whole.substr(0, whole.size() - 20);
    };
    CHECK(client.until_stopped(1000, shifted) <= 110);
    CHECK(client.session->fault() == Fault::resets);
}

TEST_CASE("a session knows what its peer did that ended it") {
    const auto fault = [](const std::string& text) {
        Stranger client({.resets_burst = 100, .resets_per_second = 1, .idle_frames = 500});
        client.until_stopped(10, [&](int) { return text; });
        CHECK(client.done);
        return client.session->fault();
    };
    std::string pings, resets;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        pings += kAnyPing;
        resets += get(2 * i + 1) + frame(kReset, 0, 2 * i + 1, std::string("\0\0\0\x08", 4));
    }
    CHECK(fault(pings) == Fault::flood);
    CHECK(fault(resets) == Fault::resets);
    CHECK(fault(frame(kData, 0, 0, "x")) == Fault::protocol);
    CHECK(fault("GET / HTTP/1.1\r\n\r\n") == Fault::protocol);
    Stranger client({});
    client.far->end();
    client.say("");
    CHECK(client.done);
    CHECK(client.session->fault() == Fault::none);
}

TEST_CASE("frames on streams that have ended are counted, with a body or without") {
    const auto stops_at = [](const std::string& hundred) {
        Stranger client({.idle_frames = 500});
        client.ended_stream(1);
        return client.until_stopped(1000, [&](int) { return hundred; });
    };
    std::string data, ends, heads;
    for (int i = 0; i < 100; ++i) {
        data += frame(kData, 0, 1);
        ends += frame(kData, kEnd, 1);
        heads += get(1) + kAnyPing;
    }
    CHECK(stops_at(data) <= 300);
    CHECK(stops_at(ends) <= 300);
    CHECK(stops_at(heads) <= 10);
}

TEST_CASE("a client that works is never stopped, nor one whose body was on its way when we gave the stream up") {
    Stranger client({.idle_frames = 500});
    for (std::uint32_t id = 1; id < 2000; id += 2) {
        client.say(frame(kHeaders, kEndHeaders, id, kGet) + frame(kData, 0, id, "x") + kAnyPing +
                   frame(kData, kEnd, id));
    }
    CHECK(client.asked.size() == 1000);
    client.asked.clear();
    client.say("");
    std::string late;
    for (int i = 0; i < 5000; ++i) {
        late += frame(kData, 0, 1999, "x");
    }
    client.say(late);
    CHECK_FALSE(client.done);
}

TEST_CASE("a server that has taken leave serves what was there, and nothing that a client opens all the same") {
    Stranger client({});
    client.say(get(1));
    client.session->drain();
    client.say(get(3));  // it was on its way
    CHECK(client.asked.size() == 2);
    client.session->refuse_streams();
    client.say("");
    client.say(get(5));
    CHECK(client.asked.size() == 2);
    client.asked.front()->respond(200, {}, true);
    client.say("");
    CHECK_FALSE(client.done);
}

TEST_CASE("a session's end tells a breach of the protocol from a limit that was reached") {
    Stranger floods({.idle_frames = 500});
    CHECK(floods.until_stopped(1000, [](int) { return kAnyPing; }) < 1000);
    CHECK(floods.why == net::Errc::limit);
    Stranger resets({.resets_burst = 100, .resets_per_second = 1});
    const auto given_up = [](int i) {
        const auto stream = static_cast<std::uint32_t>(2 * i + 1);
        return get(stream) + frame(kReset, 0, stream, std::string_view("\0\0\0\x08", 4));
    };
    CHECK(resets.until_stopped(1000, given_up) < 1000);
    CHECK(resets.why == net::Errc::limit);
    Stranger breaks({});
    breaks.say(frame(kData, 0, 5, "x"));
    CHECK(breaks.why == net::Errc::protocol);
}

namespace {

struct Crowd {
    int here = 0;
    int most = 0;
    int came = 0;
};

net::Task<> wait_until_given_up(std::unique_ptr<Stream> stream, Crowd& crowd) {
    ++crowd.came;
    crowd.most = std::max(crowd.most, ++crowd.here);
    while (!stream->status()) {
        co_await stream->receive();
    }
    --crowd.here;
}

}  // namespace

TEST_CASE("streams that are given up in one breath do not stand all at once") {
    net::Worker worker(0);
    Crowd crowd;
    bool done = false;
    net::Status why;
    {
        auto [near, far] = net::memory_pipe(worker.loop(), 10'000'000);
        Listening listener;
        listener.accepted = [&](std::unique_ptr<Stream> stream) {
            net::spawn(worker.context(), "a stream", wait_until_given_up(std::move(stream), crowd));
        };
        Session session(std::move(near), Session::Role::acceptor, {}, listener);
        net::spawn(worker.context(), "a session", run(session, done, why));
        std::string flood = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0);
        for (std::uint32_t id = 1; id < 20'000; id += 2) {
            flood += frame(kHeaders, kEndHeaders, id,
                           std::string_view("\x02\x07"
                                            "CONNECT"
                                            "\x01\x03"
                                            "a:1"));
            flood += frame(kReset, 0, id, std::string_view("\0\0\0\x08", 4));
        }
        put(*far, flood);
        while (worker.context().poll() > 0) {
        }
        CHECK(crowd.came == 10'000);
        CHECK(crowd.here == 0);
        CHECK(crowd.most < 1'000);
        CHECK_FALSE(done);
        worker.finish();
    }
}

TEST_CASE("frames are counted wherever bytes are cut") {
    const std::string text =
        "preface" + get(1) + frame(kData, 0, 1) + frame(kData, 0, 1, std::string(300, 'x')) + kAnyPing;
    for (std::size_t size :
         {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{9}, std::size_t{50}, text.size()}) {
        FrameCount counter(7);
        std::size_t frames = 0;
        for (std::size_t at = 0; at < text.size(); at += size) {
            frames += counter.count(std::string_view(text).substr(at, size));
        }
        CHECK(frames == 4);
    }
}

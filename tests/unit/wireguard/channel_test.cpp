// The control socket: whole messages in order, and never a wait.
#include "common/wireguard/channel.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <boost/json.hpp>
#include <vector>

#include "tests/unit/wireguard/running.h"

using namespace adit;
using namespace adit::wireguard;

namespace {

struct Pair {
    Pair() {
        std::array<int, 2> pair{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair.data()) == 0);
        channel = std::make_shared<Channel>(running.loop(), net::Descriptor(pair[0]));
        far = net::Descriptor(pair[1]);
    }
    void run() {
        net::spawn(running.loop().context(), "a channel",
                   [](Pair& pair, std::shared_ptr<Channel> channel) -> net::Task<> {
                       pair.end = co_await channel->run([&pair](boost::json::object message, net::Descriptor) {
                           pair.messages.push_back(std::move(message));
                       });
                   }(*this, channel));
    }
    std::string read() const {
        std::string text(200'000, '\0');
        const ssize_t got = ::recv(far.get(), text.data(), text.size(), 0);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

    test::Running running;
    std::shared_ptr<Channel> channel;
    net::Descriptor far;
    std::vector<boost::json::object> messages;
    std::string end;
};

}  // namespace

TEST_CASE("messages that do not fit wait in order, up to a bound") {
    Pair pair;
    pair.run();
    int sent = 0;
    while (pair.channel->send(Secret(std::to_string(sent) + std::string(1000, ' ')))) {
        ++sent;
    }
    CHECK(sent > 1024);
    for (int i = 0; i < sent; ++i) {
        std::string text;
        pair.running.until([&] { return !(text = pair.read()).empty(); });
        REQUIRE(std::stoi(text) == i);
    }
    CHECK(pair.channel->send(Secret("there is room again")));
}

TEST_CASE("a message of the greatest length crosses, in both directions") {
    Pair pair;
    pair.run();
    const std::string most = "{\"words\":\"" + std::string(128 * 1024 - 12, 'w') + "\"}";
    REQUIRE(most.size() == 128 * 1024);
    CHECK(pair.channel->send(Secret(std::string(most))));
    CHECK(pair.read() == most);
    REQUIRE(::send(pair.far.get(), most.data(), most.size(), 0) == static_cast<ssize_t>(most.size()));
    pair.running.until([&] { return pair.messages.size() == 1; });
}

TEST_CASE("what is no message ends the channel, and so does the other end") {
    for (const std::string text : {"", "nonsense", "[1]", "{\"a\":1}{"}) {
        CAPTURE(text);
        Pair pair;
        pair.run();
        if (text.empty()) {
            pair.far.close();
        } else {
            REQUIRE(::send(pair.far.get(), text.data(), text.size(), 0) > 0);
        }
        pair.running.until([&] { return !pair.end.empty(); });
        CHECK(pair.end ==
              (text.empty() ? "it closed its control socket" : "it sent what is no message of the protocol"));
        CHECK_FALSE(pair.channel->send(Secret("{}")));
    }
}

// Devices that really encrypt: the helper program against itself, and an interface of wireguard-go's daemon.
//
// What a test needs is named by the environment: ADIT_WIREGUARD_HELPER for user space; for an interface what
// tests/integration/wireguard_existing.py makes. What is not named is left out with a word.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "common/net/tcp_stream.h"
#include "common/wireguard/devices.h"
#include "tests/unit/wireguard/running.h"

using namespace adit;
using namespace adit::wireguard;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kPort = 7443;

boost::asio::ip::address ip(const char* text) {
    return boost::asio::ip::make_address(text);
}

net::Task<> echo(std::unique_ptr<net::Stream> stream) {
    net::Chain chain(stream->loop().blocks());
    while (!co_await stream->receive()) {
        chain.splice(stream->input(), stream->input().size());
        if (co_await stream->write_all(chain)) {
            co_return;
        }
    }
    stream->end();
    co_await stream->receive();
}

net::Task<> send_all(net::Stream& stream, std::string bytes) {
    net::Chain chain(stream.loop().blocks());
    chain.append(bytes);
    co_await stream.write_all(chain);
}

net::Task<std::string> receive(net::Stream& stream, std::size_t size) {
    while (stream.input().size() < size && !co_await stream.receive()) {
    }
    std::string bytes(std::min(size, stream.input().size()), '\0');
    stream.input().copy_out(bytes);
    stream.consume(bytes.size());
    co_return bytes;
}

std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<char>(i * 31 + i / 251);
    }
    return bytes;
}

/// One end of a network, with its helper.
struct End {
    End(test::Running& running, const char* address, std::uint16_t accept_port)
        : running(running), secret(std::string(generate_key().reveal())), address(ip(address)) {
        user_space = UserSpace::start(running.loop(), {}).value();
        open(accept_port);
    }
    void open(std::uint16_t accept_port) {
        Settings settings;
        settings.private_key = secret.copy();
        settings.address = address;
        settings.bind = {"127.0.0.1", 0};
        settings.accept_port = accept_port;
        device = running
                     .wait(user_space->open("net", std::move(settings),
                                            [this](int fd, const net::Address& peer) {
                                                from = peer;
                                                net::spawn(running.loop().context(), "an echo",
                                                           echo(std::make_unique<net::TcpStream>(running.loop(), fd)));
                                            }))
                     .value();
    }
    PublicKey key() const { return public_key(secret).value(); }
    std::vector<Peer> as_peer(const Secret& preshared, bool with_endpoint) const {
        std::vector<Peer> one(1);
        one[0] = {key(), preshared.copy(), address, std::nullopt, 0s};
        if (with_endpoint) {
            one[0].endpoint = device->bound();
        }
        return one;
    }

    test::Running& running;
    Secret secret;
    boost::asio::ip::address address;
    net::Address from;
    std::unique_ptr<UserSpace> user_space;
    std::unique_ptr<Device> device;
};

struct Network {
    Network() {
        connector.device->set_peers(agent.as_peer(preshared, false));
        agent.device->set_peers(connector.as_peer(preshared, true));
    }
    auto dial(std::uint16_t port = kPort, net::Clock::duration within = 10s) {
        return running.wait(agent.device->dial({connector.address, port}, connector.key(), net::Clock::now() + within));
    }
    std::string cross(net::Stream& stream, const std::string& bytes) {
        net::spawn(running.loop().context(), "a sender", send_all(stream, bytes));
        return running.wait(receive(stream, bytes.size()));
    }

    test::Running running;
    Secret preshared = generate_key();
    End connector{running, "10.77.0.1", kPort};
    End agent{running, "10.77.0.2", 0};
};

bool without_helper() {
    const bool missing = std::getenv("ADIT_WIREGUARD_HELPER") == nullptr;
    if (missing) {
        MESSAGE("left out: ADIT_WIREGUARD_HELPER does not name the helper program");
    }
    return missing;
}

/// The processes that we started and did not reap.
std::vector<pid_t> children() {
    std::vector<pid_t> all;
    std::ifstream file("/proc/thread-self/children");
    for (pid_t child = 0; file >> child;) {
        all.push_back(child);
    }
    return all;
}

}  // namespace

TEST_CASE("a megabyte crosses two helpers and back, and the peer is known by its address") {
    if (without_helper()) {
        return;
    }
    Network network;
    auto stream = network.dial();
    REQUIRE(stream);
    const std::string bytes = pattern(1'000'000);
    CHECK(network.cross(**stream, bytes) == bytes);
    CHECK(network.connector.from.ip == network.agent.address);
    const auto statistics = network.running.wait(network.connector.device->statistics());
    REQUIRE(statistics->size() == 1);
    CHECK((*statistics)[0].public_key == network.agent.key());
    CHECK((*statistics)[0].received > bytes.size());
    CHECK((*statistics)[0].handshake > std::chrono::system_clock::now() - 1min);
    CHECK((*statistics)[0].endpoint == network.agent.device->bound());
}

TEST_CASE("a port where nobody listens refuses, a peer with another preshared key hears nothing") {
    if (without_helper()) {
        return;
    }
    Network network;
    CHECK(network.dial(81).error().error == problem::ProxyError::connection_refused);
    network.agent.device->set_peers(network.connector.as_peer(generate_key(), true));
    CHECK(network.dial(kPort, 1s).error().error == problem::ProxyError::connection_timeout);
}

TEST_CASE("a connection ends when its peer is removed") {
    if (without_helper()) {
        return;
    }
    Network network;
    auto stream = network.dial();
    REQUIRE(stream);
    CHECK(network.cross(**stream, "hello") == "hello");
    network.agent.device->set_peers({});
    CHECK(network.running.wait(receive(**stream, 1)).empty());
}

TEST_CASE("helpers that are killed are replaced, and the same peers meet again at the same port") {
    if (without_helper()) {
        return;
    }
    Network network;
    auto stream = network.dial();
    REQUIRE(stream);
    const net::Address bound = network.connector.device->bound();
    for (const pid_t child : children()) {
        ::kill(child, SIGKILL);
    }
    CHECK(network.running.wait(receive(**stream, 1)).empty());
    auto again = network.dial(kPort, 1s);
    while (!again) {
        again = network.dial(kPort, 1s);
    }
    CHECK(network.cross(**again, "hello again") == "hello again");
    CHECK(network.connector.device->bound() == bound);
}

TEST_CASE("a successor takes the helper over while connections run") {
    if (without_helper()) {
        return;
    }
    Network network;
    auto stream = network.dial();
    REQUIRE(stream);
    CHECK(network.cross(**stream, "before") == "before");
    const net::Address bound = network.connector.device->bound();
    net::Descriptor control = network.connector.user_space->release();
    auto predecessor = std::move(network.connector.user_space);
    auto old_device = std::move(network.connector.device);
    network.connector.user_space =
        network.running.wait(UserSpace::adopt(network.running.loop(), std::move(control), {})).value();
    network.connector.open(kPort);
    network.connector.device->set_peers(network.agent.as_peer(network.preshared, false));
    old_device.reset();
    predecessor.reset();
    CHECK(network.connector.device->bound() == bound);
    CHECK(network.cross(**stream, "after") == "after");
    auto another = network.dial(kPort, 2s);
    REQUIRE(another);
    CHECK(network.cross(**another, "to the successor") == "to the successor");
}

TEST_CASE("an interface of wireguard-go's daemon carries connections both ways") {
    const char* interface = std::getenv("ADIT_TEST_INTERFACE");
    if (interface == nullptr) {
        MESSAGE("left out: ADIT_TEST_INTERFACE names no interface");
        return;
    }
    test::Running running;
    Devices devices(running.loop(), {});
    Settings settings;
    settings.address = ip(std::getenv("ADIT_TEST_ADDRESS"));
    settings.accept_port = kPort;
    net::Address from;
    auto opened = running.wait(devices.open(
        {"net", DeviceKind::existing, interface}, std::move(settings), [&](int fd, const net::Address& peer) {
            from = peer;
            net::spawn(running.loop().context(), "an echo", echo(std::make_unique<net::TcpStream>(running.loop(), fd)));
        }));
    REQUIRE_MESSAGE(opened, opened.error().message);
    const net::Address peer{ip(std::getenv("ADIT_TEST_PEER")), kPort};
    auto stream = running.wait(opened->device->dial(peer, {}, net::Clock::now() + 10s));
    REQUIRE_MESSAGE(stream, stream.error().detail);
    const std::string bytes = pattern(300'000);
    net::spawn(running.loop().context(), "a sender", send_all(**stream, bytes));
    CHECK(running.wait(receive(**stream, bytes.size())) == bytes);
    // The other end has been told by our connection that we listen, and opens one of its own.
    running.until([&] { return from.port != 0; });
    CHECK(from.ip == peer.ip);
    CHECK(running.wait(receive(**stream, 4)) == "done");
    CHECK(running.wait(opened->device->statistics())->empty());  // a daemon's are not the kernel's to tell
}

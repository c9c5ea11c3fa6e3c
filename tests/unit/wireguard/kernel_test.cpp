// The kernel's WireGuard as far as it can be proved without one: what is asked of a kernel that fake_kernel.h plays.
//
// Every netlink message of ours and of the embeddable-wg-library is decoded there by the kernel's own headers. That the
// module takes them, and that packets flow, is not shown here; docs/wireguard.md says how to see it where there is one.
#include "common/wireguard/kernel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/wireguard/devices.h"
#include "tests/unit/wireguard/fake_kernel.h"
#include "tests/unit/wireguard/running.h"

using namespace adit;
using namespace adit::wireguard;
using adit::wireguard::test::FakeKernel;

namespace {

constexpr const char* kKey = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
constexpr const char* kPreshared = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

Settings settings(std::uint16_t port = 0) {
    Settings made;
    made.private_key = Secret(kKey);
    made.address = boost::asio::ip::make_address("10.77.0.1");
    made.prefix = 16;
    made.mtu = 1380;
    made.bind.port = port;
    return made;
}

std::vector<Peer> peers(unsigned count) {
    std::vector<Peer> all(count);
    for (unsigned i = 0; i < count; ++i) {
        all[i].public_key.bytes[0] = static_cast<std::uint8_t>(i + 1);
        all[i].address = boost::asio::ip::make_address_v4(0x0a4d0002 + i);
    }
    return all;
}

struct Fixture {
    Result<std::unique_ptr<Device>> open(Settings wanted) {
        return open_kernel(running.loop(), name, std::move(wanted), nullptr);
    }
    FakeKernel::Interface& interface() { return kernel.interfaces.at(name); }

    FakeKernel kernel;
    test::Running running;
    std::string name = "adittest" + std::to_string(::getpid() % 100'000);
};

}  // namespace

TEST_CASE("an interface is made with its key, port, address and MTU, taken up, and removed in the end") {
    Fixture fixture;
    auto device = fixture.open(settings(51820));
    REQUIRE(device);
    CHECK((*device)->description() == "kernel " + fixture.name);
    CHECK((*device)->bound().text() == "0.0.0.0:51820");
    const FakeKernel::Interface& interface = fixture.interface();
    CHECK(interface.kind == "wireguard");
    CHECK(interface.private_key == kKey);
    CHECK(interface.addresses == std::vector<std::string>{"10.77.0.1/16"});
    CHECK(interface.mtu == 1380);
    CHECK(interface.up);
    device->reset();
    CHECK(fixture.kernel.interfaces.empty());
}

TEST_CASE("a port that the kernel chooses, and an IPv6 address, are as good") {
    Fixture fixture;
    Settings wanted = settings();
    wanted.address = boost::asio::ip::make_address("fd00::1");
    wanted.prefix = 64;
    auto device = fixture.open(std::move(wanted));
    REQUIRE(device);
    CHECK((*device)->bound().port == 45'678);
    CHECK(fixture.interface().addresses == std::vector<std::string>{"fd00::1/64"});
}

TEST_CASE("a peer is told with all that belongs to it, and taken away when it is not wanted any more") {
    Fixture fixture;
    auto device = std::move(*fixture.open(settings()));
    auto wanted = peers(2);
    wanted[0].preshared_key = Secret(kPreshared);
    wanted[0].endpoint = net::Address{boost::asio::ip::make_address("192.0.2.7"), 51820};
    wanted[0].keepalive = std::chrono::seconds(25);
    wanted[1].address = boost::asio::ip::make_address("fd00::2");
    wanted[1].endpoint = net::Address{boost::asio::ip::make_address("2001:db8::7"), 51821};
    const std::string first = wanted[0].public_key.text();
    const std::string second = wanted[1].public_key.text();
    device->set_peers(std::move(wanted));
    const FakeKernel::Peer& peer = fixture.interface().peers.at(first);
    CHECK(peer.preshared_key == kPreshared);
    CHECK(peer.allowed == std::vector<std::string>{"10.77.0.2/32"});
    CHECK(peer.keepalive == 25);
    CHECK(fixture.interface().peers.at(second).allowed == std::vector<std::string>{"fd00::2/128"});

    const auto statistics = fixture.running.wait(device->statistics());
    REQUIRE(statistics->size() == 2);
    CHECK((*statistics)[0].endpoint->text() == "192.0.2.7:51820");
    CHECK((*statistics)[1].endpoint->text() == "[2001:db8::7]:51821");

    device->set_peers(peers(1));
    REQUIRE(fixture.interface().peers.size() == 1);
    CHECK(fixture.interface().peers.at(first).preshared_key.empty());
    CHECK(fixture.interface().peers.at(first).keepalive == 0);
}

TEST_CASE("many peers cross in several messages both ways, and only what changed crosses again") {
    Fixture fixture;
    auto device = std::move(*fixture.open(settings()));
    device->set_peers(peers(200));
    CHECK(fixture.interface().peers.size() == 200);
    CHECK(fixture.kernel.settings_messages > 2);
    FakeKernel::Peer& talkative = fixture.interface().peers.begin()->second;
    talkative.handshake = 1'700'000'000;
    talkative.received = 1'000'000'000'000;
    talkative.sent = 7;
    const auto statistics = fixture.running.wait(device->statistics());
    REQUIRE(statistics->size() == 200);
    const auto found = std::ranges::find(*statistics, 7U, &PeerStatus::sent);
    REQUIRE(found != statistics->end());
    CHECK(found->received == 1'000'000'000'000);
    CHECK(found->handshake == WallTime(std::chrono::milliseconds(1'700'000'000'500)));

    const unsigned before = fixture.kernel.settings_messages;
    device->set_peers(peers(201));
    CHECK(fixture.kernel.settings_messages == before + 1);
    CHECK(talkative.sent == 7);
    device->set_peers(peers(201));
    CHECK(fixture.kernel.settings_messages == before + 1);
}

TEST_CASE("an interface of somebody else is left alone, one of an Adit that was killed is made anew") {
    Fixture fixture;
    fixture.kernel.interfaces[fixture.name] = {3, "wireguard", "", 1420, true, {}, "", 1, {}};
    CHECK(fixture.open(settings()).error().message.find("that Adit has not made") != std::string::npos);
    CHECK(fixture.interface().index == 3);
    fixture.interface().alias = "made by adit";
    auto device = fixture.open(settings());
    REQUIRE(device);
    CHECK(fixture.interface().index != 3);
    CHECK(fixture.open(settings()).error().message.find("in use by another Adit") != std::string::npos);
}

TEST_CASE("where sockets cannot be bound to the interface nothing listens, and nothing is left behind") {
    Fixture fixture;  // the interface is not one that the operating system could bind a socket to
    Settings wanted = settings();
    wanted.accept_port = 7443;
    const auto device = fixture.open(std::move(wanted));
    CHECK(device.error().message.find("cannot listen on 10.77.0.1:7443 at the interface") != std::string::npos);
    CHECK(fixture.kernel.interfaces.empty());
}

TEST_CASE("a kernel without WireGuard, one that forbids it and a name that is none are told apart") {
    Fixture fixture;
    CHECK(kernel_available().usable);
    fixture.kernel.permits = false;
    CHECK(kernel_available().why == kernel_verdict(EPERM).why);
    CHECK(fixture.open(settings()).error().message.find("CAP_NET_ADMIN") != std::string::npos);
    fixture.kernel.has_wireguard = false;
    CHECK(kernel_available().why == kernel_verdict(EPROTONOSUPPORT).why);
    CHECK(fixture.open(settings()).error().message ==
          "WireGuard device: kernel: this kernel has no WireGuard (no module, or it may not be loaded here)");
    fixture.kernel.permits = fixture.kernel.has_wireguard = true;
    fixture.name = "a name that is too long";
    CHECK(fixture.open(settings()).error().usage);
    Settings one_address = settings();
    one_address.bind.host = "192.0.2.1";
    fixture.name = "adittest";
    CHECK(fixture.open(std::move(one_address)).error().message.find("listens on all addresses") != std::string::npos);
}

TEST_CASE("the kernel of this machine is asked without a trace, and the answer is in words") {
    const KernelVerdict verdict = kernel_available();
    MESSAGE(verdict.why);
    CHECK(verdict.why.find("WireGuard") != std::string::npos);
}

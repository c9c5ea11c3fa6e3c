// Choosing a kind of device, and using an interface that is there.
#include "common/wireguard/devices.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "common/net/listener.h"
#include "common/net/tcp_stream.h"
#include "common/wireguard/existing.h"
#include "tests/unit/wireguard/running.h"

using namespace adit;
using namespace adit::wireguard;
using namespace std::chrono_literals;

namespace {

Settings loopback(const char* address, std::uint16_t port = 0) {
    Settings settings;
    settings.address = boost::asio::ip::make_address(address);
    settings.accept_port = port;
    return settings;
}

}  // namespace

TEST_CASE("auto takes the kernel's when it may, else user space, and says why") {
    const net::HostPort anywhere{"0.0.0.0", 51820};
    const KernelVerdict good = kernel_verdict(ENODEV);
    CHECK(choose(DeviceKind::automatic, anywhere, good).kind == DeviceKind::kernel);
    CHECK(choose(DeviceKind::automatic, {"::", 0}, good).kind == DeviceKind::kernel);
    const Choice one_address = choose(DeviceKind::automatic, {"192.0.2.1", 51820}, good);
    CHECK(one_address.kind == DeviceKind::user_space);
    CHECK(one_address.why.find("all addresses") != std::string::npos);
    for (const int error : {EPROTONOSUPPORT, EPERM, ENOSYS, EIO}) {
        const Choice choice = choose(DeviceKind::automatic, anywhere, kernel_verdict(error));
        CHECK(choice.kind == DeviceKind::user_space);
        CHECK(choice.why == kernel_verdict(error).why);
    }
    CHECK(choose(DeviceKind::existing, anywhere, good).kind == DeviceKind::existing);
}

TEST_CASE("a device is made by its kind, and the helper is started when one needs it") {
    test::Running running;
    HelperSettings settings;
    settings.program = ADIT_FAKE_HELPER;
    auto devices = std::make_unique<Devices>(running.loop(), settings);
    auto there = running.wait(devices->open({"one", DeviceKind::existing, "lo"}, loopback("127.0.0.1"), nullptr));
    REQUIRE(there);
    CHECK(there->device->description() == "existing lo");
    CHECK(devices->user_space() == nullptr);
    auto made = running.wait(devices->open({"two", DeviceKind::user_space, ""}, loopback("10.77.0.1"), nullptr));
    REQUIRE(made);
    CHECK(made->device->description() == "user-space");
    CHECK(made->why == "it was asked for");
    CHECK(devices->user_space() != nullptr);
    devices.reset();
}

TEST_CASE("connections of an interface cross it, and cross nothing else") {
    test::Running running;
    std::vector<std::unique_ptr<net::Stream>> accepted;
    net::Address from;
    // Bound and not listening, it keeps the port from others, and connections come to the one that listens.
    const auto reservation = net::ListenSocket::bind({"127.0.0.1", 0}).value();
    const std::uint16_t port = reservation.address().port;
    auto device =
        open_existing(running.loop(), "lo", loopback("127.0.0.1", port), [&](int fd, const net::Address& peer) {
            accepted.push_back(std::make_unique<net::TcpStream>(running.loop(), fd));
            from = peer;
        });
    REQUIRE(device);
    auto stream =
        running.wait((*device)->dial({boost::asio::ip::make_address("127.0.0.1"), port}, {}, net::Clock::now() + 5s));
    REQUIRE(stream);
    running.until([&] { return !accepted.empty(); });
    CHECK(from.ip.to_string() == "127.0.0.1");
    CHECK(running.wait((*device)->statistics())->empty());

    const auto elsewhere = running.wait(
        (*device)->dial({boost::asio::ip::make_address("192.0.2.1"), port}, {}, net::Clock::now() + 500ms));
    CHECK_FALSE(elsewhere);
    device->reset();
    running.until([] { return true; });
}

TEST_CASE("an interface that cannot be used is refused in words") {
    test::Running running;
    CHECK(
        open_existing(running.loop(), "wg77", loopback("10.77.0.1"), nullptr).error().message ==
        "WireGuard interface wg77: there is no such interface; device: existing uses one that somebody else has made");
    CHECK(open_existing(running.loop(), "lo", loopback("10.77.0.1"), nullptr)
              .error()
              .message.find("it does not have the address 10.77.0.1, but 127.0.0.1") != std::string::npos);
}

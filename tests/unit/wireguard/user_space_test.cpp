// Devices of a helper that is played by fake_helper.py: what is told to it, and what happens when it fails.
#include "common/wireguard/user_space.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "tests/unit/log/capture.h"
#include "tests/unit/wireguard/running.h"

using namespace adit;
using namespace adit::wireguard;
using namespace std::chrono_literals;

namespace {

HelperSettings fake() {
    HelperSettings settings;
    settings.program = ADIT_FAKE_HELPER;
    settings.backoff.base = 1ms;
    return settings;
}

Settings network(std::uint16_t port = 0) {
    Settings settings;
    settings.private_key = generate_key();
    settings.address = boost::asio::ip::make_address("10.77.0.1");
    settings.bind.port = port;
    settings.accept_port = 7443;
    return settings;
}

std::vector<Peer> peers(unsigned count) {
    std::vector<Peer> all(count);
    for (unsigned i = 0; i < count; ++i) {
        all[i].public_key.bytes[0] = static_cast<std::uint8_t>(i);
        all[i].public_key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
        all[i].address = boost::asio::ip::make_address_v4(0x0a4d0002 + i);
    }
    return all;
}

net::Address to(std::uint16_t port) {
    return {boost::asio::ip::make_address("10.77.0.2"), port};
}

/// A helper with one device.
struct Fixture {
    explicit Fixture(HelperSettings settings = fake(), Settings wanted = network())
        : user_space(UserSpace::start(running.loop(), std::move(settings)).value()) {
        device = running
                     .wait(user_space->open("net", std::move(wanted),
                                            [this](int fd, const net::Address& from) {
                                                accepted.emplace_back(fd);
                                                accepted_from = from;
                                            }))
                     .value();
    }
    auto dial(std::uint16_t port) { return running.wait(device->dial(to(port), PublicKey{}, net::Clock::now() + 5s)); }
    std::vector<PeerStatus> statistics() {
        return running.wait(device->statistics()).value_or(std::vector<PeerStatus>());
    }
    void until_open_again() {
        running.until([this] { return dial(80).has_value(); });
    }

    test::Running running;
    std::vector<net::Descriptor> accepted;
    net::Address accepted_from;
    std::unique_ptr<UserSpace> user_space;
    std::unique_ptr<Device> device;
};

net::Task<std::string> talk(net::Stream& stream, std::string words) {
    net::Chain chain(stream.loop().blocks());
    chain.append(words);
    co_await stream.write_all(chain);
    stream.end();
    while (!co_await stream.receive()) {
    }
    std::string answer(stream.input().size(), '\0');
    stream.input().copy_out(answer);
    co_return answer;
}

net::Task<net::Status> end_of(net::Stream& stream) {
    co_return co_await stream.receive();
}

}  // namespace

TEST_CASE("a connection of the helper is a stream with two ends of its own") {
    Fixture fixture;
    CHECK(fixture.device->bound().port != 0);
    auto stream = fixture.dial(80);
    REQUIRE(stream);
    CHECK(fixture.running.wait(talk(**stream, "through the tunnel")) == "through the tunnel");
}

TEST_CASE("what a peer opens arrives as a descriptor") {
    Fixture fixture;
    REQUIRE(fixture.dial(7));
    fixture.running.until([&] { return !fixture.accepted.empty(); });
    CHECK(fixture.accepted_from.text() == "10.77.0.9:999");
    const int fd = fixture.accepted[0].get();
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("the reasons of the helper are those of a dial") {
    Fixture fixture;
    CHECK(fixture.dial(4).error().error == problem::ProxyError::connection_refused);
    CHECK(fixture.dial(5).error().error == problem::ProxyError::connection_timeout);
    CHECK(fixture.dial(6).error().detail.find("lost on its way") != std::string::npos);
}

TEST_CASE("the helper gets nothing of ours but its control socket") {
    ::setenv("ADIT_TEST_SECRET", "must not be seen", 1);
    const int left_open = ::open("/dev/null", O_RDONLY);  // as a careless parent leaves it: not close-on-exec
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    Fixture fixture;
    CHECK(fixture.dial(8).error().detail.find(
              "environment 0, arguments 0, descriptors 0,1,2,3, blocked 0, leader True") != std::string::npos);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(left_open);
}

TEST_CASE("what the helper logs goes to our log and says where it comes from") {
    Fixture fixture;
    logging::set_up(logging::Level::info, logging::Format::json);
    const logging::test::Capture capture;
    REQUIRE(fixture.dial(7));
    fixture.running.until([&] { return capture.text().find('\n') != std::string::npos; });
    CHECK(capture.text().find("a peer was accepted") != std::string::npos);
    CHECK(capture.text().find("adit-wireguard") != std::string::npos);
}

TEST_CASE("a helper that dies, talks nonsense or hangs is replaced, with its device, port and peers") {
    for (const std::uint16_t fault : {1, 2, 3}) {
        CAPTURE(fault);
        HelperSettings settings = fake();
        settings.answer_within = 1s;
        Fixture fixture(settings);
        const net::Address bound = fixture.device->bound();
        fixture.device->set_peers(peers(3));
        auto stream = fixture.dial(80);
        REQUIRE(stream);
        logging::set_up(logging::Level::info, logging::Format::json);
        const logging::test::Capture capture;
        CHECK_FALSE(fixture.running.wait(fixture.device->dial(to(fault), PublicKey{}, net::Clock::now() + 500ms)));
        CHECK(fixture.running.wait(end_of(**stream)) == net::Errc::end_of_stream);
        fixture.until_open_again();
        CHECK(fixture.device->bound() == bound);
        CHECK(fixture.statistics().size() == 3);
        const auto lines = capture.lines();
        CHECK(std::ranges::count_if(lines, [](const std::string& line) {
                  return line.find("the WireGuard helper ended; it is started again") != std::string::npos;
              }) == 1);
    }
}

TEST_CASE("peers are told by what changed, in messages that fit") {
    Fixture fixture;
    fixture.device->set_peers(peers(1500));
    auto statistics = fixture.statistics();
    REQUIRE(statistics.size() == 1500);
    const std::uint64_t messages = statistics[0].received;
    CHECK(messages > 1);
    CHECK(statistics[0].sent == 1500);
    fixture.device->set_peers(peers(1501));
    statistics = fixture.statistics();
    CHECK(statistics[0].received == messages + 1);
    CHECK(statistics[0].sent == 1501);
    fixture.device->set_peers(peers(1501));
    CHECK(fixture.statistics()[0].received == messages + 1);
    CHECK(statistics[0].handshake == WallTime(std::chrono::seconds(1'700'000'000)));
}

TEST_CASE("one peer that is refused does not keep the others away") {
    Fixture fixture;
    auto wanted = peers(50);
    wanted[20].address = boost::asio::ip::make_address("10.77.66.66");
    logging::set_up(logging::Level::info, logging::Format::json);
    const logging::test::Capture capture;
    fixture.device->set_peers(std::move(wanted));
    fixture.running.until([&] { return fixture.statistics().size() == 49; });
    CHECK(capture.object().at("peer").as_string() == peers(21)[20].public_key.text());
}

TEST_CASE("a successor takes devices over as they are and corrects the peers") {
    Fixture fixture;
    Settings same = network();
    same.private_key = generate_key();
    const Secret secret(std::string(same.private_key.reveal()));
    auto device = fixture.running.wait(fixture.user_space->open("handed over", std::move(same), nullptr)).value();
    device->set_peers(peers(1000));
    const net::Address bound = device->bound();
    auto stream = fixture.running.wait(device->dial(to(80), PublicKey{}, net::Clock::now() + 5s));
    REQUIRE(stream);

    net::Descriptor control = fixture.user_space->release();
    REQUIRE(static_cast<bool>(control));
    CHECK_FALSE(fixture.running.wait(device->dial(to(80), PublicKey{}, net::Clock::now() + 5s)));
    auto successor = fixture.running.wait(UserSpace::adopt(fixture.running.loop(), std::move(control), fake())).value();
    Settings again = network();
    again.private_key = secret.copy();
    auto taken = fixture.running.wait(successor->open("handed over", std::move(again), nullptr)).value();
    CHECK(taken->bound() == bound);
    taken->set_peers(peers(2));
    const auto statistics = fixture.running.wait(taken->statistics()).value();
    CHECK(statistics.size() == 2);
    CHECK(statistics[0].sent == 1000 + 998 + 2);  // those of the predecessor, those too many, and two told again
    CHECK(fixture.running.wait(talk(**stream, "still here")) == "still here");
}

TEST_CASE("a device with another key is no successor of the one with the same name") {
    Fixture fixture;
    net::Descriptor control = fixture.user_space->release();
    auto successor = fixture.running.wait(UserSpace::adopt(fixture.running.loop(), std::move(control), fake())).value();
    auto other = fixture.running.wait(successor->open("net", network(), nullptr)).value();
    other->set_peers(peers(1));
    CHECK(fixture.running.wait(other->statistics()).value()[0].sent == 1);
}

TEST_CASE("a helper that was taken over and dies is replaced by one of our own") {
    Fixture fixture;
    net::Descriptor control = fixture.user_space->release();
    auto successor = fixture.running.wait(UserSpace::adopt(fixture.running.loop(), std::move(control), fake())).value();
    auto device = fixture.running.wait(successor->open("net", network(), nullptr)).value();
    const auto dial = [&](std::uint16_t port) {
        return fixture.running.wait(device->dial(to(port), PublicKey{}, net::Clock::now() + 5s));
    };
    CHECK_FALSE(dial(1));
    fixture.running.until([&] { return dial(80).has_value(); });
}

TEST_CASE("what is odd but harmless is passed over") {
    Fixture fixture;
    CHECK(fixture.dial(10));
    CHECK(fixture.accepted.empty());
    CHECK(fixture.dial(80));
}

TEST_CASE("an end that nobody hears frees the loop at once") {
    auto fixture = std::make_unique<Fixture>();
    fixture->device.reset();
    fixture->user_space.reset();
    const auto began = net::Clock::now();
    fixture.reset();
    CHECK(net::Clock::now() - began < 1s);
}

TEST_CASE("a port that is taken, and a helper that is missing, are errors in words") {
    Fixture fixture;
    const auto opened = fixture.running.wait(fixture.user_space->open("second", network(9), nullptr));
    CHECK(opened.error().message == "cannot open the WireGuard device second on 0.0.0.0:9: the port 9 is taken");

    ::setenv("ADIT_WIREGUARD_HELPER", "/nowhere/adit-wireguard", 1);
    CHECK(find_helper().error().message == "ADIT_WIREGUARD_HELPER names /nowhere/adit-wireguard, which is no program");
    ::unsetenv("ADIT_WIREGUARD_HELPER");
    CHECK(find_helper().error().message.find("-DADIT_WIREGUARD=ON") != std::string::npos);
    HelperSettings settings;
    settings.program = "/nowhere/adit-wireguard";
    CHECK(UserSpace::start(fixture.running.loop(), settings).error().message ==
          "cannot start the WireGuard helper /nowhere/adit-wireguard: No such file or directory");
}

// The steps over WireGuard in their order; see wireguard_walk.h.
#include "agent/diagnose/wireguard_walk.h"

#include "agent/diagnose/judge_wireguard.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "common/wireguard/mtu.h"

namespace adit::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kResolve = 10s;
constexpr auto kPatience = 6s;     ///< for a handshake: two tries, since WireGuard repeats one after 5 s
constexpr auto kAfterAnswer = 2s;  ///< from a handshake's response to the first packet of the session
constexpr auto kGreeting = 5s;
constexpr auto kLook = 50ms;  ///< how soon a refusal is noticed
constexpr unsigned kLobby = 0;

/// A connection inside the network that is on its way.
struct Dialling {
    explicit Dialling(net::Loop& loop) : event(loop) {}
    std::optional<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> result;
    net::Waiter event;
};

net::Task<> dial(std::shared_ptr<Dialling> dialling, wireguard::Device& device, net::Address to,
                 wireguard::PublicKey peer, net::Time deadline) {
    dialling->result = co_await device.dial(to, peer, deadline);
    dialling->event.wake();
}

bool hopeless(const Datagrams& seen) {
    return seen.refused || (seen.answered_at && seen.data == 0 && net::Clock::now() > *seen.answered_at + kAfterAnswer);
}

/// A device whose datagrams pass by, and a connection inside.
struct Visit {
    std::shared_ptr<Relay> relay;  ///< none for an interface of somebody else, whose endpoint is not ours to set
    std::unique_ptr<wireguard::Device> device;
    std::unique_ptr<net::Stream> stream;
    Knock knock;
};

/// The walk to one address.
class Walk {
  public:
    Walk(const WireGuardGround& ground, const net::Address& endpoint)
        : ground_(ground), part_(*ground.token.wireguard), endpoint_(endpoint), about_(endpoint.text() + " (UDP)") {}

    net::Task<Findings> go();

  private:
    net::Task<Result<std::string>> open_device(Visit& visit, unsigned mtu);
    net::Task<Result<std::string>> open_existing(Visit& visit);
    net::Task<Result<wireguard::Devices::Opened>> open(wireguard::DeviceKind kind, unsigned number, unsigned mtu);
    net::Task<> knock(Visit& visit);
    net::Task<> note_handshake(Visit& visit, net::Time started);
    net::Task<> look_inside(Visit visit);
    net::Task<bool> crosses(unsigned mtu);
    void skip(std::initializer_list<const char*> steps);
    unsigned mtu() const { return ground_.options.mtu.value_or(part_.mtu); }
    bool existing() const { return ground_.options.device == wireguard::DeviceKind::existing; }

    const WireGuardGround& ground_;
    const token::WireGuard& part_;
    net::Address endpoint_;
    std::string about_;
    Findings findings_;
};

void Walk::skip(std::initializer_list<const char*> steps) {
    for (const char* step : steps) {
        findings_.push_back(skipped(step, about_, "the step before has failed"));
    }
}

net::Task<Result<wireguard::Devices::Opened>> Walk::open(wireguard::DeviceKind kind, unsigned number, unsigned mtu) {
    auto key = part_.private_key(number);
    if (!key) {
        co_return std::unexpected(key.error());
    }
    wireguard::Settings settings;
    settings.private_key = std::move(*key);
    settings.address = part_.address(number);
    settings.prefix = part_.prefix;
    settings.mtu = mtu;
    co_return co_await ground_.devices.open(
        {"diagnosis " + endpoint_.text() + " " + std::to_string(mtu), kind, ground_.options.interface},
        std::move(settings), [](int fd, const net::Address&) { ::close(fd); });
}

/// One of the row's members has it: which, is for its maker to say.
net::Task<Result<std::string>> Walk::open_existing(Visit& visit) {
    Result<wireguard::Devices::Opened> opened = failure("the token's row is empty");
    for (unsigned number = 1; number <= part_.seats && !opened; ++number) {
        opened = co_await open(wireguard::DeviceKind::existing, number, mtu());
    }
    if (!opened) {
        co_return std::unexpected(std::move(opened).error());
    }
    visit.device = std::move(opened->device);
    co_return visit.device->description() + ", " + opened->why;
}

net::Task<Result<std::string>> Walk::open_device(Visit& visit, unsigned mtu) {
    if (existing()) {
        co_return co_await open_existing(visit);
    }
    const auto verdict = wireguard::kernel_available();
    const auto choice =
        wireguard::choose(ground_.options.device, {endpoint_.ip.is_v6() ? "::" : "0.0.0.0", 0}, verdict);
    const bool kernel = choice.kind == wireguard::DeviceKind::kernel;
    if (kernel && !verdict.usable) {
        co_return failure("the kernel's device cannot be had: " + verdict.why);
    }
    auto relay = Relay::open(ground_.loop, endpoint_);
    if (!relay) {
        co_return std::unexpected(std::move(relay).error());
    }
    visit.relay = std::move(*relay);
    auto opened = co_await open(wireguard::DeviceKind::user_space, kLobby, mtu);
    if (!opened) {
        co_return std::unexpected(std::move(opened).error());
    }
    visit.device = std::move(opened->device);
    std::vector<wireguard::Peer> peers(1);
    peers[0] = {.public_key = part_.peer,
                .preshared_key = part_.preshared_key.copy(),
                .address = part_.connector.ip,
                .endpoint = visit.relay->inner(),
                .keepalive = {}};
    visit.device->set_peers(std::move(peers));
    co_return kernel ? "kernel, " + choice.why + "; the steps that follow use one in user space"
                     : visit.device->description() + ", " + choice.why;
}

net::Task<> Walk::knock(Visit& visit) {
    const net::Time started = net::Clock::now();
    const net::Time deadline = started + kPatience;
    const auto dialling = std::make_shared<Dialling>(ground_.loop);
    net::spawn(ground_.loop.context(), "a look inside",
               dial(dialling, *visit.device, part_.connector, part_.peer, deadline));
    net::Alarm alarm(ground_.loop, dialling->event);
    while (!dialling->result && (!visit.relay || !hopeless(visit.relay->seen()))) {
        alarm.set(ground_.loop.now() + kLook);
        co_await dialling->event.wait();
    }
    if (dialling->result && *dialling->result) {
        visit.stream = std::move(**dialling->result);
    } else {
        visit.knock.inside = dialling->result ? dialling->result->error().detail : "no answer";
    }
    visit.knock.waited = net::Clock::now() - started;
    co_await note_handshake(visit, started);
}

net::Task<> Walk::note_handshake(Visit& visit, net::Time started) {
    if (!visit.relay) {
        if (visit.stream) {
            visit.knock.took = visit.knock.waited;
        }
        co_return;
    }
    bool shaken = visit.stream != nullptr;
    if (const auto peers = co_await visit.device->statistics(); peers && !peers->empty()) {
        shaken = shaken || peers->front().handshake.has_value();
    }
    visit.knock.datagrams = visit.relay->seen();
    const Datagrams& seen = visit.knock.datagrams;
    if (shaken) {
        visit.knock.took = seen.answered_at.value_or(started) - seen.first_sent.value_or(started);
    }
}

net::Task<Findings> Walk::go() {
    Visit visit;
    findings_.push_back(judge_device(about_, co_await open_device(visit, mtu())));
    if (findings_.back().verdict == Verdict::failed) {
        skip({"udp", "handshake", "session", "mtu", "clock"});
        co_return std::move(findings_);
    }
    co_await knock(visit);
    if (existing()) {
        const std::string why = "the datagrams of an interface of somebody else are not to be seen here";
        findings_.push_back(skipped("udp", about_, why));
        findings_.push_back(skipped("handshake", about_, why));
        if (!visit.stream) {
            visit.knock.took = visit.knock.waited;  // so that the session tells what is wrong
        }
    } else {
        findings_.push_back(judge_udp(about_, visit.knock, ground_.token));
        if (findings_.back().verdict == Verdict::failed) {
            skip({"handshake", "session", "mtu", "clock"});
            co_return std::move(findings_);
        }
        findings_.push_back(judge_handshake(about_, visit.knock, ground_.token));
    }
    co_await look_inside(std::move(visit));
    co_return std::move(findings_);
}

/// The answer to the greeting is so heavy that it fills packets: what the session shows, the size of packets does.
net::Task<> Walk::look_inside(Visit visit) {
    SessionEnd end;
    if (visit.stream) {
        Look look(Channel{std::move(visit.stream), {}}, std::min<std::size_t>(2 * mtu(), Look::kWeightMost));
        end = co_await look.run(ground_.loop.now() + kGreeting);
    }
    findings_.push_back(judge_inner_session(about_, visit.knock, end, ground_.token));
    if (findings_.back().verdict != Verdict::ok) {
        skip({"mtu", "clock"});
        co_return;
    }
    if (mtu() > Look::kWeightMost) {
        findings_.push_back(
            skipped("mtu", about_, "packets of " + std::to_string(mtu()) + " bytes are too large to be tried"));
    } else {
        Fullness fullness{.mtu = mtu(), .v6 = endpoint_.ip.is_v6(), .crossed = end.heard};
        if (visit.relay) {
            fullness.path = visit.relay->seen().path;
        }
        visit.device.reset();
        if (!end.heard && !fullness.path && !existing() && mtu() > wireguard::kMinMtu &&
            co_await crosses(wireguard::kMinMtu)) {
            fullness.smaller = wireguard::kMinMtu;
        }
        findings_.push_back(judge_mtu(about_, fullness));
    }
    findings_.push_back(judge_clock(about_, end, std::nullopt, std::chrono::system_clock::now()));
}

/// The same visit again with smaller packets.
net::Task<bool> Walk::crosses(unsigned mtu) {
    Visit visit;
    if (const auto opened = co_await open_device(visit, mtu); !opened) {
        co_return false;
    }
    co_await knock(visit);
    if (!visit.stream) {
        co_return false;
    }
    Look look(Channel{std::move(visit.stream), {}}, 2 * mtu);
    const SessionEnd end = co_await look.run(ground_.loop.now() + kGreeting);
    co_return end.heard;
}

}  // namespace

net::Task<std::vector<Findings>> walk_wireguard(const WireGuardGround& ground, net::HostPort name) {
    std::vector<Findings> all(1);
    const net::Time started = net::Clock::now();
    const auto addresses = co_await ground.resolver.resolve(ground.loop, name, ground.loop.now() + kResolve);
    all.front().push_back(judge_dns(name, addresses, net::Clock::now() - started));
    if (!addresses) {
        for (const char* step : {"device", "udp", "handshake", "session", "mtu", "clock"}) {
            all.front().push_back(skipped(step, name.text(), "the step before has failed"));
        }
        co_return all;
    }
    for (const net::Address& address : *addresses) {
        Walk walk(ground, address);
        all.push_back(co_await walk.go());
    }
    co_return all;
}

}  // namespace adit::agent

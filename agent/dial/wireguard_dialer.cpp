// Devices, lobby and seats; see wireguard_dialer.h.
#include "agent/dial/wireguard_dialer.h"

#include <unistd.h>

#include <algorithm>
#include <boost/intrusive/list.hpp>

#include "agent/dial/look.h"
#include "common/log/log.h"
#include "common/wireguard/existing.h"

namespace adit::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kResolveTimeout = 10s;
constexpr auto kLobbyVisit = 3s;   ///< another agent may have taken the lobby meanwhile: then again
constexpr auto kAddressTime = 5s;  ///< for one of several addresses
constexpr unsigned kLobby = 0;
constexpr const char* kNoHandshake =
    "no WireGuard handshake: UDP does not get there and back, or the connector does not know this token's key (it was "
    "revoked, has expired or is another connector's), or it is not the one that the token names";

/// A dial that waits until another has prepared the way.
struct Waiting : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    explicit Waiting(net::Loop& loop) : settled(loop) {}
    net::Waiter settled;
};

}  // namespace

/// The way to one address of the connector.
struct WireGuardDialer::Link {
    Link(const net::Address& endpoint, std::string interface) : endpoint(endpoint), interface(std::move(interface)) {}

    const net::Address endpoint;
    const std::string interface;  ///< for a device of the operating system
    std::unique_ptr<wireguard::Device> device;
    unsigned seat = kLobby;  ///< none yet
    bool preparing = false;
    boost::intrusive::list<Waiting, boost::intrusive::constant_time_size<false>> waiting;  ///< for whoever prepares it
};

WireGuardDialer::WireGuardDialer(net::Loop& loop, net::Resolver& resolver, wireguard::Devices& devices,
                                 token::WireGuard token, Settings settings)
    : loop_(loop), resolver_(resolver), devices_(devices), token_(std::move(token)), settings_(std::move(settings)) {}

WireGuardDialer::~WireGuardDialer() = default;

/// Addresses of one family at a time: over two families the same connector would look like two, each with a seat.
net::Task<std::expected<std::vector<Target>, problem::Failure>> WireGuardDialer::targets() {
    std::vector<Target> found;
    std::optional<problem::Failure> failure;
    for (const net::HostPort& name : token_.endpoints) {
        auto addresses = co_await resolver_.resolve(loop_, name, loop_.now() + kResolveTimeout);
        if (!addresses) {
            failure = std::move(addresses.error());
            continue;
        }
        const bool first_is_v6 = addresses->front().ip.is_v6();
        const auto wanted = [&](const net::Address& address) {
            return address.ip.is_v6() == (second_family_ ? !first_is_v6 : first_is_v6);
        };
        const bool any = std::ranges::any_of(*addresses, wanted);
        for (const net::Address& address : *addresses) {
            if (!any || wanted(address)) {
                found.push_back({name, address, protocol::Transport::wireguard});
            }
        }
    }
    if (found.empty()) {
        co_return std::unexpected(failure.value_or(problem::dns_error("the token names no WireGuard endpoint")));
    }
    co_return found;
}

net::Task<std::expected<Channel, problem::Failure>> WireGuardDialer::dial(std::vector<Target> targets,
                                                                          std::chrono::milliseconds timeout) {
    const net::Time deadline = loop_.now() + timeout;
    std::optional<problem::Failure> failure;
    for (Target& target : targets) {
        const net::Time until = targets.size() == 1 ? deadline : std::min(deadline, loop_.now() + kAddressTime);
        Link& link = link_to(*target.address);
        auto stream = co_await connect(link, until);
        if (stream) {
            co_return Channel{std::move(*stream), std::move(target)};
        }
        failure = std::move(stream.error());
        if (loop_.now() >= deadline) {
            break;
        }
    }
    second_family_ = !second_family_;
    co_return std::unexpected(std::move(*failure));
}

net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> WireGuardDialer::connect(Link& link,
                                                                                                  net::Time deadline) {
    if (auto prepared = co_await prepare(link, deadline); !prepared) {
        co_return std::unexpected(std::move(prepared.error()));
    }
    co_return co_await dial_inside(link, deadline);
}

/// WireGuard answers nobody whom it does not know, so silence is all that there is to be explained.
net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> WireGuardDialer::dial_inside(
    Link& link, net::Time deadline) {
    const WallTime began = std::chrono::system_clock::now();
    auto stream = co_await link.device->dial(token_.connector, token_.peer, deadline);
    if (stream || stream.error().error != problem::ProxyError::connection_timeout || !link.device) {
        co_return stream;
    }
    const auto peers = co_await link.device->statistics();
    const bool answered =
        peers && std::ranges::any_of(*peers, [&](const auto& peer) { return peer.handshake >= began; });
    std::string& detail = stream.error().detail;
    detail = link.endpoint.text() + ": " + (answered ? detail : kNoHandshake);
    co_return stream;
}

WireGuardDialer::Link& WireGuardDialer::link_to(const net::Address& endpoint) {
    const std::size_t before = links_.size();
    auto& link = links_[endpoint.text()];
    if (!link) {
        // Each of the kernel's interfaces has one key and one address; one that exists serves for all.
        const bool shared = before == 0 || settings_.kind == wireguard::DeviceKind::existing;
        link = std::make_unique<Link>(
            endpoint, shared ? settings_.interface : settings_.interface + "-" + std::to_string(before));
    }
    return *link;
}

/// A device with a seat. One asks for it, the others wait for what comes of that.
net::Task<WireGuardDialer::Done> WireGuardDialer::prepare(Link& link, net::Time deadline) {
    while (link.preparing) {
        Waiting waiting(loop_);
        link.waiting.push_back(waiting);
        co_await waiting.settled.wait();
    }
    if (link.device) {
        co_return Done();
    }
    struct Preparing {
        explicit Preparing(Link& of) : link(of) { link.preparing = true; }
        ~Preparing() {
            link.preparing = false;
            for (Waiting& waiting : link.waiting) {
                waiting.settled.wake();
            }
        }
        Link& link;
    } preparing(link);
    if (settings_.kind == wireguard::DeviceKind::existing) {
        link.seat = seat_of_interface();
    } else if (link.seat == kLobby) {
        if (auto taken = co_await take_seat(link, deadline); !taken) {
            link.device.reset();
            co_return taken;
        }
    }
    co_return co_await open_device(link, link.seat);
}

/// The seat whose address it has. When it has none, the first: opening the device then says what is missing.
unsigned WireGuardDialer::seat_of_interface() const {
    const auto addresses = wireguard::addresses_of(settings_.interface);
    for (unsigned seat = kLobby + 1; seat <= token_.seats; ++seat) {
        if (std::ranges::find(addresses, token_.address(seat)) != addresses.end()) {
            return seat;
        }
    }
    return kLobby + 1;
}

net::Task<WireGuardDialer::Done> WireGuardDialer::take_seat(Link& link, net::Time deadline) {
    problem::Failure failure = problem::connection_timeout(link.endpoint.text() + ": no WireGuard handshake");
    if (auto opened = co_await open_device(link, kLobby); !opened) {
        co_return opened;
    }
    while (loop_.now() < deadline) {
        const net::Time until = std::min(deadline, loop_.now() + kLobbyVisit);
        auto stream = co_await dial_inside(link, until);
        if (!stream) {
            failure = std::move(stream.error());
            continue;
        }
        Look look(Channel{std::move(*stream), {}});
        const SessionEnd end = co_await look.run(until);
        if (end.invitation && end.invitation->seat != kLobby) {
            link.seat = end.invitation->seat;
            link.device.reset();
            logging::info("took a seat in the connector's WireGuard network",
                          {{"connector", link.endpoint.text()}, {"seat", link.seat}});
            co_return Done();
        }
        if (!end.words.empty()) {  // asking again at once would get the same answer
            co_return std::unexpected(
                problem::connection_terminated(link.endpoint.text() + ": the connector says: " + end.words));
        }
        failure = problem::connection_terminated(link.endpoint.text() + ": the connector gave no seat in its network");
    }
    co_return std::unexpected(std::move(failure));
}

net::Task<WireGuardDialer::Done> WireGuardDialer::open_device(Link& link, unsigned seat) {
    auto key = token_.private_key(seat);
    if (!key) {
        co_return std::unexpected(problem::connection_failed(key.error().message));
    }
    wireguard::Settings settings;
    settings.private_key = std::move(*key);
    settings.address = token_.address(seat);
    settings.prefix = token_.prefix;
    settings.mtu = settings_.mtu != 0 ? settings_.mtu : token_.mtu;
    settings.bind = {link.endpoint.ip.is_v6() ? "::" : "0.0.0.0", 0};
    auto opened = co_await devices_.open(
        {"agent " + link.endpoint.text() + (seat == kLobby ? " lobby" : ""), settings_.kind, link.interface},
        std::move(settings), [](int fd, const net::Address&) { ::close(fd); });
    if (!opened) {
        co_return std::unexpected(problem::connection_failed(opened.error().message));
    }
    std::vector<wireguard::Peer> peers(1);
    peers[0] = {.public_key = token_.peer,
                .preshared_key = token_.preshared_key.copy(),
                .address = token_.connector.ip,
                .endpoint = link.endpoint,
                .keepalive = settings_.keepalive};
    link.device = std::move(opened->device);
    link.device->set_peers(std::move(peers));
    logging::debug("WireGuard device", {{"connector", link.endpoint.text()},
                                        {"device", link.device->description()},
                                        {"seat", seat},
                                        {"why", opened->why}});
    co_return Done();
}

void WireGuardDialer::displaced(const Target& target) {
    if (const auto found = links_.find(target.text()); found != links_.end() && !found->second->preparing) {
        found->second->seat = kLobby;
        found->second->device.reset();
    }
}

net::Task<std::vector<WireGuardDialer::Standing>> WireGuardDialer::standings() {
    std::vector<Standing> all;
    for (const auto& [endpoint, link] : links_) {
        if (!link->device || link->preparing) {
            continue;
        }
        Standing standing{endpoint, link->seat, link->device->description(), {}};
        if (auto peers = co_await link->device->statistics()) {
            standing.peers = std::move(*peers);
        }
        all.push_back(std::move(standing));
    }
    co_return all;
}

}  // namespace adit::agent

// The device and its peers; see wireguard_door.h.
#include "connector/wireguard_door.h"

#include <algorithm>
#include <thread>

#include "common/log/log.h"
#include "common/wireguard/key_file.h"
#include "connector/store/address_rows.h"
#include "connector/store/wireguard_peers.h"

namespace adit {
namespace {

constexpr const char* kName = "connector";  ///< of the device: a successor asks for it by this

/// The helper encrypts for all agents, beside the workers.
wireguard::HelperSettings helper_settings() {
    wireguard::HelperSettings settings;
    settings.processors = std::max(1U, std::thread::hardware_concurrency() / 2);
    return settings;
}

Secret copy(const Secret& secret) {
    return Secret(std::string(secret.reveal()));
}

}  // namespace

Result<std::unique_ptr<WireGuardDoor>> WireGuardDoor::make(net::Loop& loop, ConnectorMetrics& metrics,
                                                           config::WireGuardSettings settings,
                                                           wireguard::Device::Accepted accepted) {
    bool made = false;
    auto key = wireguard::load_or_make_key(settings.key, made);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    if (made) {
        logging::info("made the connector's WireGuard key", {{"file", settings.key.string()}});
    }
    auto preshared = wireguard::load_or_make_key(settings.preshared, made);
    if (!preshared) {
        return std::unexpected(std::move(preshared.error()));
    }
    return std::unique_ptr<WireGuardDoor>(new WireGuardDoor(loop, metrics, std::move(settings), std::move(*key),
                                                            std::move(*preshared), std::move(accepted)));
}

WireGuardDoor::WireGuardDoor(net::Loop& loop, ConnectorMetrics& metrics, config::WireGuardSettings settings, Secret key,
                             Secret preshared, wireguard::Device::Accepted accepted)
    : loop_(loop),
      metrics_(metrics),
      settings_(std::move(settings)),
      key_(std::move(key)),
      preshared_(std::move(preshared)),
      accepted_(std::move(accepted)),
      devices_(loop, helper_settings()) {}

net::Task<Result<>> WireGuardDoor::open(int inherited) {
    wireguard::DeviceKind kind = settings_.device;
    if (inherited >= 0) {
        auto adopted = co_await wireguard::UserSpace::adopt(loop_, inherited, helper_settings());
        if (adopted) {
            devices_.use(std::move(*adopted));
            kind = wireguard::DeviceKind::user_space;
        } else {
            logging::warn("the predecessor's WireGuard helper cannot be taken over",
                          {{"reason", adopted.error().message}});
        }
    }
    wireguard::Settings settings;
    settings.private_key = copy(key_);
    settings.address = connector_address(settings_.network);
    settings.prefix = settings_.network.prefix();
    settings.mtu = settings_.mtu;
    settings.bind = settings_.listen;
    settings.accept_port = config::kInnerPort;
    auto opened = co_await devices_.open({kName, kind, settings_.interface}, std::move(settings), accepted_);
    if (!opened) {
        trouble_ = opened.error().message;
        co_return std::unexpected(std::move(opened.error()));
    }
    trouble_.clear();
    device_ = std::move(opened->device);
    why_ = std::move(opened->why);
    logging::info("listening for agents", {{"transport", "wireguard"},
                                           {"address", device_->bound().text()},
                                           {"device", device_->description()},
                                           {"why", why_}});
    use(records_);
    co_return Result<>();
}

void WireGuardDoor::use(const std::vector<TunnelRecord>& records) {
    if (&records != &records_) {
        records_ = records;
    }
    members_.clear();
    for (const RowMember& member : row_members(records_)) {
        members_[*member.public_key] = {member.tunnel->name, member.key->id, member.number, member.address};
    }
    forget();
    auto peers =
        wireguard_peers(records_, preshared_, settings_.network, std::chrono::system_clock::now(), settings_.keepalive);
    if (!peers) {
        logging::error("the peers of the WireGuard device stay as they are", {{"reason", peers.error().message}});
    } else if (device_) {
        device_->set_peers(std::move(*peers));
    }
}

int WireGuardDoor::release() {
    return devices_.user_space() == nullptr ? -1 : devices_.user_space()->release();
}

net::Task<> WireGuardDoor::look(std::set<boost::asio::ip::address> with_session) {
    if (!device_ || std::exchange(looking_, true)) {
        co_return;
    }
    const auto peers = co_await device_->statistics();
    looking_ = false;
    trouble_ = peers || !device_ ? std::string() : peers.error().message;
    if (peers) {
        std::ranges::for_each(*peers, [&](const wireguard::PeerStatus& peer) { note(peer, with_session); });
    }
    forget();
    count_helpers();
}

void WireGuardDoor::note(const wireguard::PeerStatus& peer, const std::set<boost::asio::ip::address>& with_session) {
    const auto member = members_.find(peer.public_key);
    if (member == members_.end() || !peer.handshake) {
        return;
    }
    const Member& who = member->second;
    WireGuardStanding& standing = standings_[who.address];
    const auto before = standing.peer.endpoint;
    const WallTime now = std::chrono::system_clock::now();
    standing.tunnel = who.tunnel;
    standing.key_id = who.key_id;
    standing.seat = who.number;
    if (standing.note(peer, with_session.contains(who.address), now)) {
        logging::info(
            "an agent's address has changed",
            {{"tunnel", who.tunnel}, {"seat", who.number}, {"from", before->text()}, {"to", peer.endpoint->text()}});
    }
    auto& shown = shown_[who.address];
    if (!shown) {
        shown = metrics_.wireguard(who.tunnel, who.key_id, who.number);
    }
    shown->show({now - *peer.handshake, peer.received, peer.sent, standing.roams});
}

/// Seats whose agents have left, or whose keys are no longer here.
void WireGuardDoor::forget() {
    const WallTime now = std::chrono::system_clock::now();
    std::erase_if(standings_, [&](const auto& entry) {
        const auto member = members_.find(entry.second.peer.public_key);
        return member == members_.end() || member->second.address != entry.first || entry.second.gone(now);
    });
    std::erase_if(shown_, [this](const auto& entry) { return !standings_.contains(entry.first); });
}

void WireGuardDoor::count_helpers() {
    const wireguard::UserSpace* user_space = devices_.user_space();
    const unsigned helpers = user_space == nullptr ? 0 : user_space->helpers();
    metrics_.helper_restarted(helpers_ > 0 && helpers > helpers_ ? helpers - helpers_ : 0);
    helpers_ = helpers;
}

}  // namespace adit

// The device and its peers; see wireguard_door.h.
#include "connector/wireguard_door.h"

#include <algorithm>
#include <iterator>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "common/wireguard/key_file.h"
#include "connector/store/address_rows.h"
#include "connector/store/wireguard_peers.h"

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "connector";  ///< of the device: a successor asks for it by this
constexpr auto kParting = 1s;
constexpr auto kAfterExpiry = 15s;  ///< the sessions of a key that has expired have ten seconds for what runs

}  // namespace

Result<std::unique_ptr<WireGuardDoor>> WireGuardDoor::make(net::Loop& loop, ConnectorMetrics& metrics,
                                                           config::WireGuardSettings settings, Visits visits) {
    bool made = false;
    auto key = wireguard::load_or_make_key(settings.key, made);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    auto preshared = wireguard::load_or_make_key(settings.preshared, made);
    if (!preshared) {
        return std::unexpected(std::move(preshared.error()));
    }
    return std::unique_ptr<WireGuardDoor>(new WireGuardDoor(loop, metrics, std::move(settings), std::move(*key),
                                                            std::move(*preshared), std::move(visits)));
}

WireGuardDoor::WireGuardDoor(net::Loop& loop, ConnectorMetrics& metrics, config::WireGuardSettings settings, Secret key,
                             Secret preshared, Visits visits)
    : loop_(loop),
      metrics_(metrics),
      settings_(std::move(settings)),
      key_(std::move(key)),
      preshared_(std::move(preshared)),
      visits_(std::move(visits)),
      devices_(loop, {}) {}

net::Task<Result<>> WireGuardDoor::open(net::Descriptor inherited) {
    wireguard::DeviceKind kind = settings_.device;
    if (inherited) {
        auto adopted = co_await wireguard::UserSpace::adopt(loop_, std::move(inherited), {});
        if (adopted) {
            devices_.use(std::move(*adopted));
            kind = wireguard::DeviceKind::user_space;
        } else {
            logging::warn("the predecessor's WireGuard helper cannot be taken over",
                          {{"reason", adopted.error().message}});
        }
    }
    wireguard::Settings settings;
    settings.private_key = key_.copy();
    settings.address = connector_address(settings_.network);
    settings.prefix = settings_.network.prefix();
    settings.mtu = settings_.mtu;
    settings.bind = settings_.listen;
    settings.accept_port = config::kInnerPort;
    settings.stranger = visits_.stranger;
    auto opened = co_await devices_.open({kName, kind, settings_.interface}, std::move(settings), visits_.accepted);
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
    set_peers();
    co_return Result<>();
}

void WireGuardDoor::use(const std::vector<TunnelRecord>& records) {
    if (auto gone = keys_gone(records_, records); !gone.empty()) {
        std::ranges::move(gone, std::back_inserter(parting_));
        parted_at_ = loop_.now() + kParting;
        net::spawn(loop_.context(), "keys that are gone", let_part());
    }
    records_ = records;
    members_.clear();
    for (const RowMember& member : row_members(records_)) {
        members_[*member.public_key] = {member.tunnel->name, member.key->id, member.number, member.address};
    }
    forget();
    set_peers();
}

void WireGuardDoor::set_peers() {
    if (!device_) {
        return;
    }
    std::vector<TunnelRecord> records = records_;
    std::ranges::copy(parting_, std::back_inserter(records));  // behind the others: what both claim is not theirs
    auto peers = wireguard_peers(records, preshared_, settings_.network,
                                 std::chrono::system_clock::now() - kAfterExpiry, settings_.keepalive);
    if (!peers) {
        logging::error("the peers of the WireGuard device stay as they are", {{"reason", peers.error().message}});
        return;
    }
    device_->set_peers(std::move(*peers));
}

net::Task<> WireGuardDoor::let_part() {
    co_await net::sleep_for(loop_, kParting);
    if (loop_.now() >= parted_at_) {
        parting_.clear();
        set_peers();
    }
}

net::Descriptor WireGuardDoor::release() {
    net::Descriptor control;
    if (devices_.user_space() != nullptr) {
        control = devices_.user_space()->release();
    }
    if (control) {
        device_.reset();
        devices_.use(nullptr);
    }
    return control;
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

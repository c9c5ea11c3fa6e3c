// How the agent in one seat of the WireGuard network fares, as the device tells it. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <map>
#include <optional>
#include <string>

#include "common/base/time.h"
#include "common/wireguard/device.h"

namespace adit {

/// What is known of one member of a key's row that has come at least once.
struct WireGuardStanding {
    std::string tunnel;
    std::string key_id;
    unsigned seat = 0;
    wireguard::PeerStatus peer;
    std::uint64_t roams = 0;              ///< how often it was heard from another address than before
    WallTime heard{};                     ///< when its bytes were last seen to grow
    std::optional<WallTime> alone_since;  ///< since when it has been heard without having a session

    /// Takes up what the device says of the peer now, which has shaken hands. True when it has roamed.
    bool note(const wireguard::PeerStatus& now_known, bool has_session, WallTime now);
    /// It cannot be there any more: its last handshake is older than any session key may be.
    bool gone(WallTime now) const;
    /// It has kept sending for a while, and has no session.
    bool idle() const;
};

/// By address inside the network.
using WireGuardStandings = std::map<boost::asio::ip::address, WireGuardStanding>;

}  // namespace adit

// Times of a seat; see wireguard_standing.h.
#include "connector/wireguard_standing.h"

namespace adit {
namespace {

using namespace std::chrono_literals;

/// WireGuard gives a session's keys up after three minutes, and an agent's keepalive makes new ones before.
constexpr auto kGone = 5min;
constexpr auto kIdle = 30s;  ///< longer than a keepalive interval: what an agent sent in leaving is not enough

}  // namespace

bool WireGuardStanding::note(const wireguard::PeerStatus& now_known, bool has_session, WallTime now) {
    const bool grown = now_known.received != peer.received;
    // Without a session it may be another agent that comes, in the lobby above all.
    const bool roamed = has_session && peer.endpoint && now_known.endpoint && peer.endpoint != now_known.endpoint;
    roams += roamed ? 1 : 0;
    peer = now_known;
    if (grown) {
        heard = now;
    }
    if (has_session) {
        alone_since.reset();
    } else if (grown && !alone_since) {
        alone_since = now;
    }
    return roamed;
}

bool WireGuardStanding::gone(WallTime now) const {
    return !peer.handshake || now >= *peer.handshake + kGone;
}

bool WireGuardStanding::idle() const {
    return alone_since && heard >= *alone_since + kIdle;
}

}  // namespace adit

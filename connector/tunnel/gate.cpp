// Letting agents in; see gate.h.
#include "connector/tunnel/gate.h"

#include <unistd.h>

#include <algorithm>
#include <limits>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/network.h"
#include "common/net/spawn.h"
#include "common/net/tcp_stream.h"

namespace adit::tunnel {
namespace {

constexpr std::chrono::milliseconds kDeadPeer{9'000};
constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
constexpr const char* kUnknownKey = "its key is unknown here or was revoked";
constexpr const char* kExpiredKey = "its key has expired";
constexpr const char* kUnknownAddress = "its WireGuard address belongs to no key";

/// What a failed handshake says about the agent's key; nothing when it was not about that.
const char* said_of_key(const std::string& problem) {
    return problem.find("expired") != std::string::npos       ? kExpiredKey
           : problem.find("not trusted") != std::string::npos ? kUnknownKey
                                                              : nullptr;
}

/// `told`: for the operator who asks why an agent does not come; null when the reason is not about that agent.
void note_refusal(ConnectorMetrics& metrics, Fleet& fleet, const net::Address& from, const char* kind,
                  const std::string& reason, const char* told) {
    metrics.session_refused(kind);
    if (fleet.sparing().may_write(kind, net::Clock::now())) {
        logging::warn("agent refused", {{"address", from.text()}, {"reason", reason}});
    }
    if (told != nullptr) {
        fleet.refusals().add(from.ip.to_string(), told, std::chrono::system_clock::now());
    }
}

/// Counts a session from when its socket was dealt until it ends.
struct Counted {
    std::atomic<std::size_t>& load;
    ~Counted() { load.fetch_sub(1, std::memory_order_relaxed); }
};

}  // namespace

Result<std::unique_ptr<Gate>> Gate::make(Pool& pool, const tls::PrivateKey* key, const Settings& settings) {
    std::unique_ptr<Gate> gate(new Gate(pool, settings));
    if (key == nullptr) {
        return gate;
    }
    auto context =
        tls::Context::tunnel_acceptor(*key, [self = gate.get()](const tls::Spki& spki) { return self->check(spki); });
    if (!context) {
        return std::unexpected(std::move(context.error()));
    }
    gate->context_ = std::make_unique<tls::Context>(std::move(*context));
    return gate;
}

tls::Admission Gate::check(const tls::Spki& spki) const {
    const KeyEntry* key = pool_.table()->key(spki);
    if (key == nullptr) {
        return tls::Admission::unknown;
    }
    return key->valid_at(std::chrono::system_clock::now()) ? tls::Admission::accepted : tls::Admission::expired;
}

void Gate::admit(protocol::Transport transport, int fd, const net::Address& from) {
    if (load() > settings_.sessions) {
        refuse(from, "limit", "too many sessions", "there are too many sessions");
        load_.fetch_sub(1, std::memory_order_relaxed);
        ::close(fd);
        return;
    }
    if (handshakes_ >= settings_.handshakes) {
        handshaking_.free_one();
    }
    net::spawn(pool_.loop().context(), "an agent's session",
               transport == protocol::Transport::tls ? let_in_by_tls(fd, from) : let_in_by_wireguard(fd, from));
}

void Gate::refuse(const net::Address& from, const char* kind, const std::string& reason, const char* told) {
    note_refusal(pool_.metrics(), pool_.fleet(), from, kind, reason, told);
}

void refuse_stranger(ConnectorMetrics& metrics, Fleet& fleet, const net::Address& from) {
    note_refusal(metrics, fleet, from, "unknown_key", kUnknownKey, kUnknownKey);
}

net::Task<> Gate::let_in_by_tls(int fd, net::Address from) {
    const Counted counted{load_};
    auto tcp = std::make_unique<net::TcpStream>(pool_.loop(), fd);
    tcp->detect_dead_peer(kDeadPeer);
    auto channel = std::make_unique<tls::TlsStream>(std::move(tcp), *context_, tls::TlsStream::Side::server);
    net::Status agreed;
    bool gave_way = false;
    {
        net::Place place(handshaking_, client_key(net::plain(from.ip)));
        const net::StreamInPlace tenant(&place, *channel);
        const net::AbortAt guard(*channel, pool_.loop().now() + settings_.session.handshake_timeout);
        ++handshakes_;
        agreed = co_await channel->handshake();
        --handshakes_;
        gave_way = place.gave_way();
    }
    if (gave_way) {
        refuse(from, "limit", "its handshake took long, and others came", "there are too many handshakes");
        co_return;
    }
    const auto spki = channel->peer_spki();
    const KeyEntry* key = spki ? pool_.table()->key(*spki) : nullptr;
    if (agreed || channel->alpn() != tls::kReverseHttp2 || key == nullptr) {
        const std::string reason = agreed ? channel->problem() : "no ALPN rh2, or the key was revoked meanwhile";
        refuse(from, spki && key == nullptr ? "unknown_key" : "handshake", reason,
               agreed ? said_of_key(reason) : kUnknownKey);
        co_return;
    }
    co_await run_session(std::move(channel), {*key, protocol::Transport::tls, from, spki, 0});
}

net::Task<> Gate::let_in_by_wireguard(int fd, net::Address from) {
    const Counted counted{load_};
    auto channel = std::make_unique<net::TcpStream>(pool_.loop(), fd);
    channel->detect_dead_peer(kDeadPeer);
    const std::shared_ptr<const Table> table = pool_.table();
    const AddressEntry* entry = table->by_address(from.ip);
    if (entry == nullptr) {
        refuse(from, "unknown_key", kUnknownAddress, kUnknownAddress);
        co_return;
    }
    Session::Origin origin{*entry->key, protocol::Transport::wireguard, from, std::nullopt, entry->number};
    if (!entry->key->valid_at(std::chrono::system_clock::now())) {
        refuse(from, "expired_key", kExpiredKey, kExpiredKey);
        co_await turn_away(std::move(channel), std::move(origin), "this key has expired");
    } else if (entry->number == 0) {
        co_await show_seat(std::move(channel), std::move(origin), entry->seats);
    } else {
        co_await run_session(std::move(channel), std::move(origin));
    }
}

/// Whoever has a key may fill this connector with sessions, so they have a bound; those that are only shown their seat
/// do not stay.
net::Task<> Gate::run_session(std::unique_ptr<net::Stream> channel, Session::Origin origin, unsigned seat) {
    const std::uint32_t most = seat == 0 ? settings_.sessions_per_key : 0;
    const auto share =
        pool_.fleet().sessions_of_keys().enter({origin.key.tunnel_id, origin.key.key_id}, most > 0 ? most : kUnbounded);
    if (!share) {
        refuse(origin.address, "key_sessions",
               "key " + origin.key.key_id + " of tunnel " + origin.key.tunnel_name + " has " + std::to_string(most) +
                   " sessions, its most (tunnels.sessions_per_key)",
               "its key has as many sessions as it may have (tunnels.sessions_per_key)");
        co_return co_await turn_away(std::move(channel), std::move(origin),
                                     "this token has as many sessions as it may have");
    }
    protocol::Invitation invitation = settings_.invitation;
    invitation.seat = seat;
    invitation.time = std::chrono::system_clock::now();
    Session session(pool_, std::move(channel), std::move(origin), settings_.session);
    co_await session.run(std::move(invitation));
}

/// Says why, and ends.
net::Task<> Gate::turn_away(std::unique_ptr<net::Stream> channel, Session::Origin origin, const char* words) {
    Session session(pool_, std::move(channel), std::move(origin), settings_.session);
    session.close(words);
    co_await session.run(settings_.invitation);
}

/// Nobody stays in the lobby.
net::Task<> Gate::show_seat(std::unique_ptr<net::Stream> channel, Session::Origin origin, unsigned seats) {
    const auto seat = pool_.fleet().seats().assign(origin.key.key_id, seats);
    if (!seat) {
        const auto& [tunnel_id, tunnel, key_id, expires] = origin.key;
        if (pool_.fleet().sparing().may_write("seats", net::Clock::now())) {
            logging::warn("agent refused: all seats of its key in the WireGuard network are taken",
                          {{"tunnel", tunnel}, {"key", key_id}, {"seats", seats}});
        }
        pool_.metrics().session_refused("seats");
        pool_.fleet().refusals().add(origin.address.ip.to_string(),
                                     "all " + std::to_string(seats) + " seats of key " + key_id + " of tunnel " +
                                         tunnel + " are taken: end an agent, or make another token with " +
                                         "'adit-connector tunnel rotate-token " + tunnel + "'",
                                     std::chrono::system_clock::now());
        co_await turn_away(std::move(channel), std::move(origin),
                           "all seats of this key in the WireGuard network are taken");
        co_return;
    }
    co_await run_session(std::move(channel), std::move(origin), *seat);
}

void deal(const std::vector<std::unique_ptr<Gate>>& gates, protocol::Transport transport, int fd,
          const net::Address& from) {
    Gate& gate = **std::ranges::min_element(gates, {}, [](const auto& one) { return one->load(); });
    gate.expect();
    gate.worker().post([&gate, transport, fd, from] { gate.admit(transport, fd, from); });
}

}  // namespace adit::tunnel

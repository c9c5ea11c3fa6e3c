// Letting agents in; see gate.h.
#include "connector/tunnel/gate.h"

#include <unistd.h>

#include <algorithm>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "common/net/tcp_stream.h"

namespace adit::tunnel {
namespace {

constexpr std::chrono::milliseconds kDeadPeer{9'000};
constexpr const char* kUnknownKey = "its key is unknown here or was revoked";

/// What a failed handshake says about the agent's key; nothing when it was not about that.
const char* said_of_key(const std::string& problem) {
    return problem.find("expired") != std::string::npos       ? "its key has expired"
           : problem.find("not trusted") != std::string::npos ? kUnknownKey
                                                              : nullptr;
}

}  // namespace

Result<std::unique_ptr<Gate>> Gate::make(Pool& pool, const tls::PrivateKey& key, const Settings& settings) {
    std::unique_ptr<Gate> gate(new Gate(pool, settings));
    auto context =
        tls::Context::tunnel_acceptor(key, [self = gate.get()](const tls::Spki& spki) { return self->check(spki); });
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

void Gate::admit(int fd, const net::Address& from) {
    if (handshakes_ >= settings_.handshakes || load() > settings_.sessions) {
        pool_.metrics().session_refused("limit");
        pool_.fleet().refusals().add(from.ip.to_string(), "there are too many sessions or handshakes",
                                     std::chrono::system_clock::now());
        logging::warn("agent refused: too many sessions or handshakes", {{"address", from.text()}});
        load_.fetch_sub(1, std::memory_order_relaxed);
        ::close(fd);
        return;
    }
    net::spawn(pool_.loop().context(), "an agent's session", let_in(fd, from));
}

net::Task<> Gate::let_in(int fd, net::Address from) {
    struct Counted {
        std::atomic<std::size_t>& load;
        ~Counted() { load.fetch_sub(1, std::memory_order_relaxed); }
    } counted{load_};
    auto tcp = std::make_unique<net::TcpStream>(pool_.loop(), fd);
    tcp->detect_dead_peer(kDeadPeer);
    auto channel = std::make_unique<tls::TlsStream>(std::move(tcp), *context_, tls::TlsStream::Side::server);
    net::Status agreed;
    {
        const net::AbortAt guard(*channel, pool_.loop().now() + settings_.session.handshake_timeout);
        ++handshakes_;
        agreed = co_await channel->handshake();
        --handshakes_;
    }
    const auto spki = channel->peer_spki();
    const KeyEntry* key = spki ? pool_.table()->key(*spki) : nullptr;
    if (agreed || channel->alpn() != tls::kReverseHttp2 || key == nullptr) {
        const std::string reason = agreed ? channel->problem() : "no ALPN rh2, or the key was revoked meanwhile";
        pool_.metrics().session_refused(spki && key == nullptr ? "unknown_key" : "handshake");
        logging::warn("agent refused", {{"address", from.text()}, {"reason", reason}});
        if (const char* told = agreed ? said_of_key(reason) : kUnknownKey) {
            pool_.fleet().refusals().add(from.ip.to_string(), told, std::chrono::system_clock::now());
        }
        co_return;
    }
    Session session(pool_, std::move(channel), *key, *spki, from.text(), settings_.session);
    protocol::Invitation invitation = settings_.invitation;
    invitation.time = std::chrono::system_clock::now();
    co_await session.run(std::move(invitation));
}

void deal(const std::vector<std::unique_ptr<Gate>>& gates, int fd, const net::Address& from) {
    Gate& gate = **std::ranges::min_element(gates, {}, [](const auto& one) { return one->load(); });
    gate.expect();
    gate.worker().post([&gate, fd, from] { gate.admit(fd, from); });
}

}  // namespace adit::tunnel

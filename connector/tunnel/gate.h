// The doors for agents: accepted sockets are dealt to workers, and each worker's gate lets the right keys in.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "common/net/give_way.h"
#include "common/net/listener.h"
#include "common/protocol/transport.h"
#include "common/tls/tls_stream.h"
#include "connector/tunnel/pool.h"

namespace adit::tunnel {

/// One worker's gate: who is it, may it come in, then the session. On the worker's thread, but for load().
///
/// Over TLS the agent's certificate says who it is; over WireGuard its address does, since a device takes packets of an
/// address only from the peer that has the address's key.
class Gate {
  public:
    struct Settings {
        Session::Settings session;
        protocol::Invitation invitation;
        std::size_t handshakes = 256;        ///< under way at once; one of them makes room for another
        std::size_t sessions = 4096;         ///< per worker
        std::uint32_t sessions_per_key = 0;  ///< of all workers; 0: no bound
    };

    /// `key`: the connector's own, for TLS; null where agents do not come over TLS.
    static Result<std::unique_ptr<Gate>> make(Pool& pool, const tls::PrivateKey* key, const Settings& settings);

    /// Takes over a socket that was dealt to this worker.
    void admit(protocol::Transport transport, int fd, const net::Address& from);
    /// Sessions and handshakes, for the dealer on another thread.
    std::size_t load() const { return load_.load(std::memory_order_relaxed); }
    net::Worker& worker() { return pool_.worker(); }
    /// Counted by the dealer when it hands a socket over, so that a burst is spread.
    void expect() { load_.fetch_add(1, std::memory_order_relaxed); }

  private:
    Gate(Pool& pool, const Settings& settings) : pool_(pool), settings_(settings) {}
    void refuse(const net::Address& from, const char* kind, const std::string& reason, const char* told);
    net::Task<> let_in_by_tls(int fd, net::Address from);
    net::Task<> let_in_by_wireguard(int fd, net::Address from);
    /// With a seat the agent is only sent there.
    net::Task<> run_session(std::unique_ptr<net::Stream> channel, Session::Origin origin, unsigned seat = 0);
    net::Task<> turn_away(std::unique_ptr<net::Stream> channel, Session::Origin origin, const char* words);
    net::Task<> show_seat(std::unique_ptr<net::Stream> channel, Session::Origin origin, unsigned seats);
    tls::Admission check(const tls::Spki& spki) const;

    Pool& pool_;
    Settings settings_;
    std::unique_ptr<tls::Context> context_;
    std::atomic<std::size_t> load_{0};
    std::size_t handshakes_ = 0;
    net::IdlePlaces handshaking_;
};

/// Notes somebody whose WireGuard key nobody knows: he does not get as far as a gate. From any thread.
void refuse_stranger(ConnectorMetrics& metrics, Fleet& fleet, const net::Address& from);

/// Gives a socket to the gate with fewest sessions. On the listener's worker.
void deal(const std::vector<std::unique_ptr<Gate>>& gates, protocol::Transport transport, int fd,
          const net::Address& from);

}  // namespace adit::tunnel

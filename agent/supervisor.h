// Keeps the agent's sessions up: how many, to which addresses, when to try again, and how to leave.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "agent/dial/dialer.h"
#include "agent/session.h"
#include "agent/status_report.h"
#include "common/base/random.h"
#include "common/net/backoff.h"

namespace adit::agent {

/// Each slot holds one session or is on its way to one. A slot dials the connector address that has fewest sessions, so
/// they spread over all addresses of the connector's names, and there are at least as many slots as addresses. An
/// address whose sessions went elsewhere while it was away gets its share again when it is back.
class Supervisor {
  public:
    struct Settings {
        unsigned sessions = 4;        ///< wanted by the operator; the connector may want more
        unsigned sessions_most = 64;  ///< whatever the connector wants
        net::Backoff::Settings backoff;
        std::chrono::milliseconds resolve_interval{30'000};  ///< how soon a new address of the connector is used
        /// Between looks whether an address has too few sessions; longer while one goes on not to answer.
        net::Backoff::Settings spread{.base = std::chrono::seconds(1), .cap = std::chrono::seconds(30)};
    };

    Supervisor(Surroundings& surroundings, Dialer& dialer, const Settings& settings);
    ~Supervisor();

    /// Starts dialling. The supervisor must live as long as the loop runs.
    void start();
    /// Opens other sessions in place of those over this transport, and ends those when they are there.
    void replace(protocol::Transport transport);
    /// Takes no new work, finishes what runs; drained() says when.
    void drain();
    bool drained() const { return draining_ && live_.empty(); }
    std::size_t sessions() const { return live_.size(); }
    std::vector<SessionStanding> standings() const;
    /// A probe was answered within the last `within`: traffic can flow.
    bool ready(std::chrono::milliseconds within) const;

  private:
    struct Slot;
    class Live;

    net::Task<> keep(Slot& slot);
    net::Task<> serve(std::unique_ptr<Live> live);
    net::Task<> follow_addresses();
    net::Task<> keep_spread();
    std::ptrdiff_t sessions_to(const Target& target) const;
    void take_place(Channel channel, const Target& fullest);
    void want(std::size_t slots);
    std::vector<Target> order_targets(std::vector<Target> targets) const;
    void note_end(const Live& live, net::Status why);
    net::Task<> drain_later(protocol::Transport transport);

    Surroundings& surroundings_;
    Dialer& dialer_;
    Settings settings_;
    Random random_;
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<Live*> live_;
    std::vector<Target> known_;  ///< of the last resolution
    bool draining_ = false;
};

}  // namespace adit::agent

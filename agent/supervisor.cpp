// Slots and their sessions; see supervisor.h.
#include "agent/supervisor.h"

#include <algorithm>
#include <map>

#include "agent/dial/tls_dialer.h"
#include "common/log/log.h"
#include "common/net/spawn.h"

namespace adit::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kDialTimeout = 15s;
constexpr std::chrono::milliseconds kReplaceTime = 3s;  ///< for the sessions that take the place of others

}  // namespace

/// A place for one session.
struct Supervisor::Slot {
    Slot(net::Loop& loop, const net::Backoff::Settings& settings) : backoff(settings), vacated(loop) {}
    net::Backoff backoff;
    net::Waiter vacated;  ///< the session ended or its connector is leaving: another is needed
    std::string aim;      ///< the target being dialled: others choose another meanwhile
    bool occupied = false;
    bool urgent = false;  ///< the connector leaves in order: its successor waits for us, so no back-off
};

/// A session that runs. Owned by its coroutine; listed in live_.
class Supervisor::Live final : public SessionWatcher {
  public:
    Live(Supervisor& supervisor, Slot& slot, Channel channel)
        : target(std::move(channel.target)),
          started(supervisor.surroundings_.loop.now()),
          tls(channel.tls),
          session(std::move(channel.stream), supervisor.surroundings_, *this),
          supervisor_(supervisor),
          slot_(&slot) {
        supervisor_.live_.push_back(this);
        supervisor_.surroundings_.metrics.sessions(protocol::name(target.transport)).Increment();
        slot_->occupied = true;
    }
    ~Live() {
        std::erase(supervisor_.live_, this);
        supervisor_.surroundings_.metrics.sessions(protocol::name(target.transport)).Decrement();
        leave_slot();
    }

    void leave_slot() {
        if (Slot* slot = std::exchange(slot_, nullptr)) {
            slot->occupied = false;
            slot->backoff.worked_for(supervisor_.surroundings_.loop.now() - started);
            slot->vacated.wake();
        }
    }

    bool holds_slot() const { return slot_ != nullptr; }
    /// Its slot, for a session that takes its place; this one goes on.
    Slot* yield() { return std::exchange(slot_, nullptr); }
    /// Another session is opened at once; this one goes on.
    void make_room() {
        if (slot_ != nullptr) {
            slot_->urgent = true;
        }
        leave_slot();
    }

    const Target target;
    const net::Time started;
    const tls::TlsStream* tls;  ///< owned by the session; null when it is not over TLS
    Session session;
    bool accepted = false;  ///< the connector greeted

  private:
    void greeted(const protocol::Invitation& invitation) override {
        accepted = true;
        logging::info("session ready", {{"connector", target.text()},
                                        {"transport", protocol::name(target.transport)},
                                        {"instance", invitation.instance}});
        supervisor_.want(invitation.wanted_sessions);
    }
    void connector_leaving() override {
        logging::info("the connector is leaving, another session is opened",
                      {{"connector", target.text()}, {"words", session.peer_words()}});
        if (slot_ != nullptr) {
            slot_->urgent = session.peer_words().empty();  // words come with a session that was taken away
        }
        leave_slot();
    }

    void successor_came() override {
        logging::info("the connector has a successor, another session is opened", {{"connector", target.text()}});
        make_room();
    }

    Supervisor& supervisor_;
    Slot* slot_;  ///< null once another session has taken this one's place
};

Supervisor::Supervisor(Surroundings& surroundings, Dialer& dialer, const Settings& settings)
    : surroundings_(surroundings), dialer_(dialer), settings_(settings) {}

Supervisor::~Supervisor() = default;

void Supervisor::start() {
    want(settings_.sessions);
    net::spawn(surroundings_.loop.context(), "the connector's addresses", follow_addresses());
    net::spawn(surroundings_.loop.context(), "the spread of sessions", keep_spread());
}

void Supervisor::want(std::size_t slots) {
    slots = std::min<std::size_t>(slots, settings_.sessions_most);
    while (!draining_ && slots_.size() < slots) {
        slots_.push_back(std::make_unique<Slot>(surroundings_.loop, settings_.backoff));
        net::spawn(surroundings_.loop.context(), "a session slot", keep(*slots_.back()));
    }
}

net::Task<> Supervisor::follow_addresses() {
    while (!draining_) {
        if (const auto targets = co_await dialer_.targets()) {
            want(targets->size());
            known_ = *targets;
        }
        co_await net::sleep_for(surroundings_.loop, settings_.resolve_interval);
    }
}

std::ptrdiff_t Supervisor::sessions_to(const Target& target) const {
    const auto live = std::ranges::count_if(
        live_, [&](const Live* one) { return one->holds_slot() && one->target.text() == target.text(); });
    return live + std::ranges::count(slots_, target.text(), [](const auto& slot) { return slot->aim; });
}

// A connector that was away would, when it is back, have no session until some elsewhere ended: each agent has as many
// as it wants. So one that has fewer than its share is dialled beside them, and its session takes the place of another.
net::Task<> Supervisor::keep_spread() {
    net::Backoff pause(settings_.spread);
    while (!draining_) {
        co_await net::sleep_for(surroundings_.loop, settings_.spread.base + pause.next(random_.uniform()));
        const std::vector<Target> ordered = order_targets(known_);
        if (ordered.empty() || sessions_to(ordered.back()) - sessions_to(ordered.front()) < 2) {
            pause = net::Backoff(settings_.spread);
            continue;
        }
        auto channel = co_await dialer_.dial_beside(ordered.front(), kDialTimeout);
        if (channel && !draining_) {
            take_place(std::move(*channel), ordered.back());
            pause = net::Backoff(settings_.spread);
        }
    }
}

void Supervisor::take_place(Channel channel, const Target& fullest) {
    const auto one = std::ranges::find_if(
        live_, [&](const Live* live) { return live->holds_slot() && live->target.text() == fullest.text(); });
    if (one == live_.end()) {
        return;
    }
    const protocol::Transport transport = fullest.transport;
    auto live = std::make_unique<Live>(*this, *(*one)->yield(), std::move(channel));
    logging::info("a session moves to another address of the connector",
                  {{"from", fullest.text()}, {"connector", live->target.text()}});
    net::spawn(surroundings_.loop.context(), "a session", serve(std::move(live)));
    net::spawn(surroundings_.loop.context(), "sessions that were replaced", drain_later(transport));
}

std::vector<Target> Supervisor::order_targets(std::vector<Target> targets) const {
    // Stable: among equals the resolver's order stands (RFC 6724).
    std::multimap<std::ptrdiff_t, Target> by_sessions;
    for (Target& target : targets) {
        const std::ptrdiff_t sessions = sessions_to(target);
        by_sessions.emplace(sessions, std::move(target));
    }
    std::vector<Target> ordered;
    for (auto& [sessions, target] : by_sessions) {
        ordered.push_back(std::move(target));
    }
    return ordered;
}

net::Task<> Supervisor::keep(Slot& slot) {
    while (!draining_) {
        auto targets = co_await dialer_.targets();
        std::expected<Channel, problem::Failure> channel = std::unexpected(problem::Failure());
        if (targets) {
            std::vector<Target> ordered = order_targets(std::move(*targets));
            slot.aim = ordered.front().text();
            channel = co_await dialer_.dial(std::move(ordered), kDialTimeout);
            slot.aim.clear();
        } else {
            channel = std::unexpected(std::move(targets.error()));
        }
        if (draining_) {
            co_return;
        }
        if (channel) {
            auto live = std::make_unique<Live>(*this, slot, std::move(*channel));
            net::spawn(surroundings_.loop.context(), "a session", serve(std::move(live)));
            while (slot.occupied) {
                co_await slot.vacated.wait();
            }
            if (std::exchange(slot.urgent, false)) {
                continue;
            }
        } else {
            surroundings_.metrics.reconnecting(problem::name(channel.error().error));
            logging::warn("cannot reach the connector",
                          {{"error", problem::name(channel.error().error)}, {"reason", channel.error().detail}});
        }
        co_await net::sleep_for(surroundings_.loop, slot.backoff.next(random_.uniform()));
    }
}

net::Task<> Supervisor::serve(std::unique_ptr<Live> live) {
    const net::Status why = co_await live->session.run();
    note_end(*live, why);
}

void Supervisor::note_end(const Live& live, net::Status why) {
    std::string reason =
        live.tls == nullptr || live.tls->problem().empty() ? why.message() : explain_tls(live.tls->problem());
    if (!live.session.peer_words().empty()) {
        reason = "the connector says: " + live.session.peer_words();
    }
    if (live.session.peer_words() == protocol::kSeatTaken) {
        dialer_.displaced(live.target);
    }
    const char* kind = live.session.draining() ? "drained" : live.accepted ? "session_lost" : "not_accepted";
    surroundings_.metrics.reconnecting(kind);
    surroundings_.metrics.session_closed(protocol::name(live.target.transport), why.message());
    if (draining_ || live.session.draining()) {
        logging::info("session ended", {{"connector", live.target.text()}, {"reason", reason}});
    } else {
        logging::warn("session lost", {{"connector", live.target.text()}, {"reason", reason}});
    }
}

void Supervisor::replace(protocol::Transport transport) {
    for (Live* live : std::vector(live_)) {
        if (live->target.transport == transport) {
            live->make_room();
        }
    }
    net::spawn(surroundings_.loop.context(), "sessions that were replaced", drain_later(transport));
}

net::Task<> Supervisor::drain_later(protocol::Transport transport) {
    co_await net::sleep_for(surroundings_.loop, kReplaceTime);
    for (Live* live : live_) {
        if (live->target.transport == transport && !live->holds_slot()) {
            live->session.drain();
        }
    }
}

void Supervisor::drain() {
    draining_ = true;
    for (Live* live : live_) {
        live->session.drain();
    }
    for (const auto& slot : slots_) {
        slot->vacated.wake();
    }
}

std::vector<SessionStanding> Supervisor::standings() const {
    using State = SessionStanding::State;
    std::vector<SessionStanding> all;
    all.reserve(live_.size());
    for (const Live* live : live_) {
        all.push_back({.connector = live->target.text(),
                       .transport = live->target.transport,
                       .state = live->session.draining() ? State::draining
                                : live->accepted         ? State::ready
                                                         : State::greeting,
                       .streams = live->session.streams(),
                       .age = surroundings_.loop.now() - live->started});
    }
    return all;
}

bool Supervisor::ready(std::chrono::milliseconds within) const {
    const net::Time since = surroundings_.loop.now() - within;
    return !draining_ &&
           std::ranges::any_of(live_, [since](const Live* live) { return live->session.probed_at() >= since; });
}

}  // namespace adit::agent

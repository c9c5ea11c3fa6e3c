// A session's life at the connector; see session.h.
#include "connector/tunnel/session.h"

#include "common/log/log.h"
#include "common/net/spawn.h"
#include "connector/tunnel/pool.h"

namespace adit::tunnel {
namespace {

constexpr std::size_t kGreetingMost = 64 * 1024;
constexpr std::chrono::milliseconds kDrainCheck{50};  ///< how soon a draining session without streams is closed
constexpr std::chrono::seconds kRetireGrace{10};      ///< for the requests of a session whose key has expired

/// Reads a short body whole.
net::Task<Result<std::string>> read_body(h2::Stream& stream) {
    std::string body;
    for (;;) {
        const net::Status status = co_await stream.receive();
        while (!stream.input().empty()) {
            const std::string_view part = stream.input().front();
            if (body.size() + part.size() > kGreetingMost) {
                co_return failure("the agent's greeting is too long");
            }
            body += part;
            stream.consume(part.size());
        }
        if (status == net::Errc::end_of_stream) {
            co_return body;
        }
        if (status) {
            co_return failure("the session ended in its greeting: " + status.message());
        }
    }
}

/// Keeps a stream until its answer, or its end.
net::Task<> await_answer(std::unique_ptr<h2::Stream> stream) {
    co_await stream->answered();
}

}  // namespace

Session::Session(Pool& pool, std::unique_ptr<net::Stream> channel, Origin origin, const Settings& settings)
    : pool_(pool),
      settings_(settings),
      origin_(std::move(origin)),
      info_(std::make_shared<SessionInfo>()),
      session_(std::move(channel), h2::Session::Role::opener, settings.limits, *this),
      event_(pool.loop()),
      finished_(pool.loop()) {
    info_->id = pool.fleet().next_session_id();
    info_->worker = pool.worker_index();
    info_->key_id = origin_.key.key_id;
    info_->transport = origin_.transport;
    info_->address = origin_.address.text();
    if (info_->transport == protocol::Transport::wireguard) {
        info_->inner = origin_.address.ip;
        info_->seat = origin_.seat;
    }
    info_->since = std::chrono::system_clock::now();
    pool_.register_session(*this);
}

Session::~Session() {
    pool_.unregister_session(*this);
}

net::Task<> Session::run(protocol::Invitation invitation) {
    net::spawn(pool_.loop().context(), "the reader of a session", read_until_over());
    const auto introduction = co_await greet(invitation);
    if (invitation.seat != 0) {
        session_.close(net::Errc::end_of_stream);
    } else if (introduction) {
        co_await serve(*introduction);
    } else {
        session_.close(net::Errc::protocol, introduction.error().message);
    }
    while (!over_) {
        co_await finished_.wait();
    }
    if (joined_) {
        pool_.withdraw(info_);
        pool_.metrics().session_closed(origin_.key.tunnel_name, protocol::name(info_->transport), why_.message());
    }
    const std::string reason = invitation.seat != 0 ? "sent to seat " + std::to_string(invitation.seat)
                               : introduction       ? why_.message()
                                                    : introduction.error().message;
    if (may_tell()) {
        logging::info("session closed", {{"tunnel", origin_.key.tunnel_name},
                                         {"address", info_->address},
                                         {"agent", joined_ ? info_->agent->id : std::string()},
                                         {"reason", reason}});
    }
}

net::Task<> Session::serve(const protocol::Introduction& introduction) {
    const SeatHold hold = pool_.fleet().seats().hold({origin_.key.key_id, origin_.seat}, introduction.agent);
    if (!hold) {
        if (may_tell()) {
            logging::warn(
                "session refused: another agent is in its seat",
                {{"tunnel", origin_.key.tunnel_name}, {"agent", introduction.agent}, {"address", info_->address}});
        }
        pool_.metrics().session_refused("seat_taken");
        pool_.fleet().refusals().add(origin_.address.ip.to_string(),
                                     "another agent is in seat " + std::to_string(origin_.seat) + " of key " +
                                         origin_.key.key_id + " of tunnel " + origin_.key.tunnel_name +
                                         ": one seat is for one agent or other WireGuard client",
                                     std::chrono::system_clock::now());
        session_.close(net::Errc::aborted, protocol::kSeatTaken);
        co_return;
    }
    info_->agent = pool_.fleet().agent(origin_.key.tunnel_id, origin_.key.tunnel_name, introduction.agent,
                                       introduction.version, introduction.host);
    joined_ = true;
    pool_.announce(info_);
    pool_.metrics().session_opened(origin_.key.tunnel_name, protocol::name(info_->transport));
    if (may_tell()) {
        logging::info("session opened", {{"tunnel", origin_.key.tunnel_name},
                                         {"agent", introduction.agent},
                                         {"host", introduction.host},
                                         {"transport", protocol::name(info_->transport)},
                                         {"address", info_->address},
                                         {"key", info_->key_id},
                                         {"worker", info_->worker}});
    }
    co_await probe();
}

net::Task<> Session::read_until_over() {
    const net::Status why = co_await session_.run();
    if (!why_) {
        why_ = why;
    }
    over_ = true;
    event_.wake();
    finished_.wake();
}

net::Task<Result<protocol::Introduction>> Session::greet(const protocol::Invitation& invitation) {
    const std::unique_ptr<h2::Stream> stream = session_.open(invitation.to_request(), true);
    if (!stream) {
        co_return failure("the session ended before its greeting");
    }
    const net::AbortAt guard(*stream, pool_.loop().now() + settings_.handshake_timeout);
    const net::Time asked = net::Clock::now();
    const int status = co_await stream->answered();
    if (status == protocol::kNobody) {
        co_return failure("a diagnosis, which takes no requests");
    }
    if (status != 200) {
        co_return failure("the agent did not answer the greeting");
    }
    info_->round_trip_us = std::chrono::duration_cast<std::chrono::microseconds>(stream->answered_at() - asked).count();
    auto body = co_await read_body(*stream);
    if (!body) {
        co_return std::unexpected(std::move(body.error()));
    }
    co_return protocol::Introduction::from_json(*body);
}

net::Task<> Session::probe() {
    net::Alarm alarm(pool_.loop(), event_);
    while (!over_) {
        const auto pause = session_.draining() ? kDrainCheck : settings_.probe_interval;
        alarm.set(pool_.loop().now() + pause);
        while (!over_ && !alarm.passed()) {
            co_await event_.wait();
        }
        info_->streams = static_cast<std::uint32_t>(session_.stream_count());
        if (over_ || session_.draining()) {
            if (!over_ && (session_.stream_count() == 0 || pool_.loop().now() >= leave_by_)) {
                session_.close(net::Errc::end_of_stream);
            }
            continue;
        }
        if (!co_await probe_once() && !over_) {
            pool_.metrics().probe_failed(origin_.key.tunnel_name);
            if (may_tell()) {
                logging::warn(
                    "session closed: its probe got no answer",
                    {{"tunnel", origin_.key.tunnel_name}, {"agent", info_->agent->id}, {"address", info_->address}});
            }
            why_ = net::Errc::timed_out;
            session_.close(net::Errc::timed_out, "no answer to the probe");
        }
    }
}

net::Task<bool> Session::probe_once() {
    const std::unique_ptr<h2::Stream> stream = session_.open(protocol::get(protocol::kProbePath), true);
    if (!stream) {
        co_return false;
    }
    struct Impatience final : net::Deadline {
        Impatience(Session& of, h2::Stream& on) : Deadline(on.loop().wheel()), session(of), stream(on) {}
        void expired() override {
            if (session.info_->state == SessionInfo::State::ready) {
                session.set_state(SessionInfo::State::suspect);
                arm(session.pool_.loop().now() + session.settings_.probe_patience - session.settings_.probe_deadline);
            } else {
                stream.abort(net::Errc::timed_out);
            }
        }
        Session& session;
        h2::Stream& stream;
    } impatience(*this, *stream);
    impatience.arm(pool_.loop().now() + settings_.probe_deadline);
    const net::Time asked = net::Clock::now();
    if (co_await stream->answered() == 0) {
        co_return false;
    }
    const auto took = net::Clock::now() - asked;
    info_->round_trip_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    pool_.metrics().probed(origin_.key.tunnel_name, took);
    if (info_->state == SessionInfo::State::suspect) {
        set_state(SessionInfo::State::ready);
    }
    co_return true;
}

void Session::set_state(SessionInfo::State state) {
    info_->state = state;
    if (joined_) {
        pool_.announce(info_);
    }
    if (may_tell()) {
        logging::info("session state", {{"tunnel", origin_.key.tunnel_name},
                                        {"address", info_->address},
                                        {"state", state == SessionInfo::State::ready     ? "ready"
                                                  : state == SessionInfo::State::suspect ? "no answer to the probe"
                                                                                         : "draining"}});
    }
}

bool Session::may_tell() const {
    return pool_.fleet().session_lines().may_write(
        "sessions of key " + origin_.key.key_id + " of tunnel " + origin_.key.tunnel_name, net::Clock::now());
}

std::unique_ptr<h2::Stream> Session::open(const net::HostPort& target) {
    return session_.open({{":method", "CONNECT"}, {":authority", target.text()}}, false);
}

const KeyEntry* Session::key_in(const Table& table) const {
    if (origin_.spki) {
        return table.key(*origin_.spki);
    }
    const AddressEntry* entry = table.by_address(origin_.address.ip);
    return entry != nullptr && entry->key->key_id == origin_.key.key_id ? entry->key.get() : nullptr;
}

void Session::peer_draining() {
    set_state(SessionInfo::State::draining);
}

void Session::drain() {
    session_.drain();
}

void Session::retire(std::string_view words) {
    if (leave_by_ != net::Time::max()) {
        return;
    }
    leave_by_ = pool_.loop().now() + kRetireGrace;
    set_state(SessionInfo::State::draining);
    session_.retire(words);
}

void Session::announce_successor() {
    if (auto stream = session_.open(protocol::get(protocol::kSuccessorPath), true)) {
        net::spawn(pool_.loop().context(), "a notice", await_answer(std::move(stream)));
    }
}

void Session::close(std::string_view words) {
    session_.close(net::Errc::aborted, words);
}

}  // namespace adit::tunnel

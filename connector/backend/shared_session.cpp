// The life of a shared connection; see shared_session.h.
#include "connector/backend/shared_session.h"

#include "common/net/spawn.h"

namespace adit::backend {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLook = 1s;      ///< between two looks at a session
constexpr std::chrono::milliseconds kIdle = 60s;     ///< without streams, then closed
constexpr std::chrono::milliseconds kSilence = 5s;   ///< with streams, then asked for a sign of life
constexpr std::chrono::milliseconds kPatience = 5s;  ///< for that sign

h2::Limits limits() {
    h2::Limits limits;
    limits.head_fields = 256;
    limits.head_bytes = net::kBlockSize;  // as of HTTP/1.1
    limits.session_window = 16 * 1024 * 1024;
    limits.growth_budget = 8 * 1024 * 1024;
    return limits;
}

}  // namespace

SharedSession::SharedSession(std::unique_ptr<net::Stream> stream)
    : Deadline(stream->loop().wheel()),
      session_(std::move(stream), h2::Session::Role::client, limits(), *this),
      idle_since_(session_.loop().now()) {
    session_.transport().on_hangup(this);
    arm(session_.loop().now() + kLook);
}

SharedSession::~SharedSession() {
    session_.transport().on_hangup(nullptr);
}

std::shared_ptr<SharedSession> SharedSession::start(std::unique_ptr<net::Stream> stream) {
    net::Loop& loop = stream->loop();
    std::shared_ptr<SharedSession> made(new SharedSession(std::move(stream)));
    net::spawn(loop.context(), "a session with an origin", run(made));
    return made;
}

net::Task<> SharedSession::run(std::shared_ptr<SharedSession> self) {
    co_await self->session_.run();
    self->retired_ = true;
    self->disarm();
}

void SharedSession::retire() {
    retired_ = true;
}

void SharedSession::expired() {
    const net::Time now = session_.loop().now();
    arm(now + kLook);
    if (session_.stream_count() == 0) {
        asked_at_ = net::Time::max();
        if (retired_ || now - idle_since_ > kIdle) {
            session_.close(net::Errc::end_of_stream);
        }
        return;
    }
    idle_since_ = now;
    if (session_.heard_at() > asked_at_) {
        asked_at_ = net::Time::max();
    }
    if (asked_at_ == net::Time::max() && now - session_.heard_at() > kSilence) {
        asked_at_ = now;
        session_.ping();
    } else if (asked_at_ != net::Time::max() && now - asked_at_ > kPatience) {
        session_.close(net::Errc::timed_out);
    }
}

SharedSessions::~SharedSessions() {
    for (auto& [key, sessions] : ways_) {
        for (const auto& session : sessions) {
            session->retire();
        }
    }
}

std::shared_ptr<SharedSession> SharedSessions::find(std::uint64_t pool_key) {
    const auto way = ways_.find(pool_key);
    if (way == ways_.end()) {
        return nullptr;
    }
    std::erase_if(way->second, [](const auto& session) { return session->spent(); });
    for (const auto& session : way->second) {
        if (session->has_room()) {
            return session;
        }
    }
    if (way->second.empty()) {
        ways_.erase(way);
    }
    return nullptr;
}

void SharedSessions::add(std::uint64_t pool_key, std::shared_ptr<SharedSession> session) {
    ways_[pool_key].push_back(std::move(session));
}

}  // namespace adit::backend

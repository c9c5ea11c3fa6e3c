// An HTTP/2 connection to an origin that many exchanges share, and the set of them that an endpoint keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/h2/session.h"

namespace adit::backend {

/// Lives as long as its connection; exchanges hold it while they use it. On its loop's thread.
class SharedSession final : public std::enable_shared_from_this<SharedSession>,
                            private h2::SessionListener,
                            private net::HangupListener,
                            private net::Deadline {
  public:
    /// Begins to speak HTTP/2 over the stream.
    static std::shared_ptr<SharedSession> start(std::unique_ptr<net::Stream> stream);
    ~SharedSession() override;

    /// Takes another stream now.
    bool has_room() const { return !retired_ && session_.has_room(); }
    /// Takes no further ones ever.
    bool spent() const { return retired_ || !session_.open_for_streams(); }
    /// Ends when the streams that run have ended.
    void retire();
    h2::Session& session() { return session_; }

  private:
    explicit SharedSession(std::unique_ptr<net::Stream> stream);
    static net::Task<> run(std::shared_ptr<SharedSession> self);
    void stream_accepted(std::unique_ptr<h2::Stream>) override {}  // a client is asked for nothing (RFC 9113 §8.4)
    void peer_draining() override { retire(); }
    void peer_hung_up() override { retire(); }
    void expired() override;

    h2::Session session_;
    bool retired_ = false;
    net::Time idle_since_;
    net::Time asked_at_ = net::Time::max();  ///< for a sign of life
};

/// The sessions of one endpoint on one worker, by the way they lead.
class SharedSessions {
  public:
    ~SharedSessions();
    /// One with room for another stream, or null.
    std::shared_ptr<SharedSession> find(std::uint64_t pool_key);
    void add(std::uint64_t pool_key, std::shared_ptr<SharedSession> session);

  private:
    std::unordered_map<std::uint64_t, std::vector<std::shared_ptr<SharedSession>>> ways_;
};

}  // namespace adit::backend

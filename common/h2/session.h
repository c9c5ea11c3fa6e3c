// An HTTP/2 session over a stream: nghttp2 for the protocol, one read per wake-up, one write per turn of the loop.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>

#include "common/h2/limits.h"
#include "common/h2/patience.h"
#include "common/h2/stream.h"
#include "common/net/budget.h"

struct nghttp2_session;

namespace adit::h2 {

/// What a session tells its owner. Called while frames are read: start coroutines, do not destroy the session.
class SessionListener {
  public:
    /// A complete request head of the peer (acceptors and servers only).
    virtual void stream_accepted(std::unique_ptr<Stream> stream) = 0;
    /// The peer sent GOAWAY: it takes no new streams, running ones go on.
    virtual void peer_draining() = 0;

  protected:
    ~SessionListener() = default;
};

/// What a peer did for which its session was ended.
enum class Fault : std::uint8_t {
    none,      ///< it was not, or not for that
    flood,     ///< frames without work, more than we bear
    resets,    ///< streams that it gave up, or made us give up
    protocol,  ///< it broke the rules of HTTP/2
};

/// Owns the transport. All on its loop's thread. Streams may outlive it: they fail with session_closed.
class Session final : private net::TurnEnd {
  public:
    /// In the tunnel the connector opens streams and the agent accepts them (reverse HTTP/2: who opens sends the client
    /// preface). Clients and servers carry messages: heads, interim heads and trailers, and answers of any status.
    enum class Role { opener, acceptor, client, server };

    Session(std::unique_ptr<net::Stream> transport, Role role, const Limits& limits, SessionListener& listener);
    ~Session();

    /// Reads until the session is over; answers why: limit where the peer has asked for more than the limits allow,
    /// protocol where it broke a rule. Must be awaited exactly once, by the owner.
    net::Task<net::Status> run();

    /// Opens a stream with this request head; with `end` no body follows. Null when the session takes none any more.
    std::unique_ptr<Stream> open(const Fields& request, bool end);

    /// Announces that this side leaves (GOAWAY). An acceptor still serves streams that are on their way; an opener may
    /// go on opening streams for what it has to finish, the acceptor knows to look for another session meanwhile.
    /// `words` are for the peer's log.
    void drain(std::string_view words = {});
    /// Ends a drain: streams that the peer opens from now on are not served, those that it has opened are. For a peer
    /// that does not care about the announcement.
    void refuse_streams();
    /// As drain(), and opens no more streams itself; idle ones are given back (their hang-up listeners are told).
    void retire(std::string_view words);
    /// Ends the session now: a GOAWAY with `words` for the peer's log is tried once, streams fail.
    void close(net::Status why, std::string_view words = {});
    /// What the peer's last GOAWAY said in words, printable.
    const std::string& peer_words() const { return peer_words_; }
    Fault fault() const { return fault_; }

    bool draining() const { return draining_ || peer_draining_; }
    bool open_for_streams() const { return !peer_draining_ && !retired_ && !over_; }
    /// Whether the peer's limit, and our window, leave room for one more stream now.
    bool has_room() const;
    /// Whether the peer's SETTINGS have come; on_settled() is woken when they do, and when the session ends before.
    bool settled() const { return settled_; }
    net::Waiter& on_settled() { return on_settled_; }
    /// Whether the peer has said that it takes WebSockets as streams (RFC 8441 §3).
    bool takes_extended_connect() const;
    /// Asks the peer for a sign of life; heard_at() moves when it answers.
    void ping();
    /// When the peer's last bytes were read.
    net::Time heard_at() const { return heard_at_; }
    /// Since when a request head has been arriving in pieces; Time::max() when none is.
    net::Time head_begun_at() const { return head_begun_at_; }
    std::size_t stream_count() const { return stream_count_; }
    /// Bytes of bodies that have left and that the peer has taken, as far as can be told. May ask the kernel.
    std::int64_t taken() const { return data_sent_ - static_cast<std::int64_t>(out_.size() + transport_->waiting()); }
    net::Loop& loop() const { return transport_->loop(); }
    net::Stream& transport() { return *transport_; }
    const Limits& limits() const { return limits_; }

  private:
    friend class Stream;
    struct Callbacks;
    struct Free {
        void operator()(nghttp2_session* session) const;
    };

    void release_idle_streams();
    void turn_ended() override;
    void send_pending();
    net::Task<> write_when_possible();
    void make_session();
    void submit_settings();
    void leave_when_told();
    net::Status read_frames();
    bool overfull() const;
    /// The first fault is the one that counts: what we say because of it is none.
    void blame(Fault fault) { fault_ = fault_ == Fault::none ? fault : fault_; }
    void wear_out(Fault fault) {
        worn_out_ = true;
        blame(fault);
    }
    /// What a peer is told to calm down for is no breach of the protocol: those who watch want to know which it was.
    net::Status broken_by_peer() const { return fault_ == Fault::protocol ? net::Errc::protocol : net::Errc::limit; }
    void mark_dirty();
    void unlink(Stream& stream);
    void forget(Stream& stream);
    void resume(Stream& stream);
    void credit(Stream* stream, std::int32_t id, std::size_t n);
    void over(net::Status why);
    void head_ended(std::int32_t id) { head_begun_at_ = head_of_ == id ? net::Time::max() : head_begun_at_; }
    bool opens() const { return role_ == Role::opener || role_ == Role::client; }
    bool carries_messages() const { return role_ == Role::client || role_ == Role::server; }

    std::unique_ptr<net::Stream> transport_;
    Role role_;
    Limits limits_;
    SessionListener* listener_;
    std::unique_ptr<nghttp2_session, Free> session_;
    net::Chain out_;
    boost::intrusive::list<Stream, boost::intrusive::constant_time_size<false>> streams_;
    std::size_t stream_count_ = 0;
    std::size_t outboxes_ = 0;  ///< bytes in those of its streams
    std::int32_t growth_left_;
    std::int64_t data_sent_ = 0;
    Patience patience_;
    net::Budget resets_;        ///< of streams, by the peer or for what it did wrong
    std::size_t accepted_ = 0;  ///< streams, since others had their turn
    bool worn_out_ = false;     ///< the peer has asked for more than it may
    Fault fault_ = Fault::none;
    bool told_off_ = false;  ///< the peer has broken the protocol, and our GOAWAY says so
    net::Time heard_at_;
    net::Time head_begun_at_ = net::Time::max();
    std::int32_t head_of_ = 0;  ///< the stream whose head has begun last
    bool settled_ = false;
    bool draining_ = false;
    bool peer_draining_ = false;
    bool retired_ = false;
    bool over_ = false;
    bool writer_running_ = false;
    net::Status why_;
    std::string peer_words_;
    net::Waiter blocked_;
    net::Waiter writer_done_;
    net::Waiter on_settled_;
};

}  // namespace adit::h2

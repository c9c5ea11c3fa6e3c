// One stream of an HTTP/2 session as a byte stream: a connection through the tunnel, or the bodies of a message and its
// answer.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/h2/fields.h"
#include "common/net/stream.h"

namespace adit::h2 {

class Session;

/// Owned by its user; the session keeps a link and fails it with session_closed when it ends first. Destroying it
/// before both directions ended resets it (RST_STREAM: CANCEL; CONNECT_ERROR after abort(Errc::reset), RFC 9113 §8.5;
/// NO_ERROR when an answer was complete before its request, §8.1; INTERNAL_ERROR when an answer stays incomplete).
class Stream final
    : public net::Stream,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    ~Stream() override;

    std::int32_t id() const { return id_; }
    /// The peer's head: of the request where streams are accepted, of the response where they are opened.
    const Fields& head() const { return head_; }

    /// Opener: suspends until the response head is here (its status then), or returns 0 when the stream ended without.
    net::Task<int> answered();
    /// Opener: the response's status, 0 before it came.
    int answer() const { return answer_; }
    /// Opener: when the response's head arrived.
    net::Time answered_at() const { return answered_at_; }

    /// Client: the next response head that was not taken yet, interim ones (1xx) in their order before the final one;
    /// null when none is here, and on_readable() is woken when one comes. Lives until the next call.
    const Fields* take_head();
    /// The peer's head was larger than the limits; what is over them was not kept.
    bool head_overflowed() const { return head_overflowed_; }
    /// Client: why there will be no final head although the peer has said something that should have been one, in words
    /// that quote nothing of it; null while nothing is wrong.
    const char* head_fault() const { return head_fault_; }
    /// The peer's last byte has been received; it may still stand in input().
    bool peer_ended() const { return end_received_; }
    /// Whether the session leaves the peer room for a frame: what others of its streams have not read may fill its
    /// window.
    bool peer_may_send() const;
    /// Whether the peer would take bytes of this stream, were it not for the session.
    bool peer_has_room() const;
    /// Bytes that the peer has taken of the session: what counts for a stream that only waits for others.
    std::int64_t session_taken() const;
    /// Fields that came after the peer's body; complete once receive() has told its end.
    const Fields& trailers() const { return trailers_; }

    /// Acceptor, server: sends the response head; `end` when no body follows. The rest of `fields` in lower case.
    void respond(int status, const Fields& fields, bool end);
    /// Server: sends an interim head (1xx).
    void inform(int status, const Fields& fields);
    /// As end(), with fields that come after the body.
    void end(Fields trailers);

    net::Status poll_receive() override;
    void consumed(std::size_t n) override;
    std::size_t write_some(net::Chain& from, std::size_t limit) override;
    std::size_t room() override;
    bool flush() override { return !ending_ || end_sent_ || bool(status_); }
    std::size_t waiting() const override { return outbox_.size(); }
    void end() override;
    void abort(net::Status why) override;
    net::Status status() const override { return status_; }
    const problem::Failure* failure() const override { return refusal_ ? &*refusal_ : nullptr; }
    void on_hangup(net::HangupListener* listener) override { hangup_listener_ = listener; }
    bool reusable() const override;
    bool established() const override { return message_ || !opener_ || answer_ != 0; }
    net::Waiter& on_readable() override { return on_readable_; }
    net::Waiter& on_writable() override { return on_writable_; }

  private:
    friend class Session;

    explicit Stream(Session& session);
    void head_complete(bool end);
    bool head_is_interim() const;
    void interim_head_came();
    void note_answer();
    void data_arrived(std::string_view bytes);
    void data_ended();
    void closed(std::uint32_t error_code);
    void session_ended(net::Status why);
    void fail(net::Status why);
    void hung_up();
    void reset_for_its_peer();
    Session* session_;  ///< null once the session or the stream's number is gone
    std::int32_t id_ = 0;
    bool opener_;
    bool message_;        ///< and not a connection through the tunnel
    bool fresh_ = false;  ///< bytes arrived since the last poll
    bool end_received_ = false;
    bool full_ = false;  ///< a writer was turned away, and is told when there is room
    bool ending_ = false;
    bool end_sent_ = false;
    bool handed_over_ = false;  ///< the head is complete; from then on the stream has an owner
    bool deferred_ = false;     ///< nghttp2 waits to be told that there is something to send again
    bool head_overflowed_ = false;
    bool head_taken_ = false;
    const char* head_fault_ = nullptr;
    int answer_ = 0;
    std::uint32_t reset_code_;
    std::int32_t window_;
    std::int32_t taken_since_growth_ = 0;
    Fields head_;
    Fields trailers_;
    std::size_t idle_heads_ = 0;   ///< interim ones in the tunnel
    std::vector<Fields> interim_;  ///< heads that arrived and were not taken
    Fields interim_taken_;
    std::unique_ptr<Fields> last_words_;  ///< trailers to send
    net::Chain outbox_;
    net::Status status_;
    net::Status read_status_;
    net::Time answered_at_{};
    net::Waiter on_readable_;
    net::Waiter on_writable_;
    net::Waiter on_answer_;
    net::HangupListener* hangup_listener_ = nullptr;
    std::optional<problem::Failure> refusal_;
};

/// Answers a request with a short body and keeps the stream until all of it has left. Spawn it.
net::Task<> answer(std::unique_ptr<Stream> stream, int status, Fields fields, std::string body);

}  // namespace adit::h2

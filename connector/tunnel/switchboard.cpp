// Desks, lines and their flow control; see switchboard.h.
#include "connector/tunnel/switchboard.h"

#include <algorithm>

#include "common/net/pump.h"
#include "common/net/spawn.h"
#include "connector/tunnel/pool.h"

namespace adit::tunnel {
namespace {

constexpr std::size_t kLineWindow = 64 * 1024;  ///< bytes of one direction that may be on their way or unread
constexpr std::size_t kCreditStep = 16 * 1024;  ///< taken bytes are told in steps

}  // namespace

class Line;

/// A worker's end of the switchboard: the lines that end here and what waits to be posted. On the worker's thread only.
class Desk final : private net::TurnEnd {
  public:
    Desk(Switchboard& board, Pool& pool) : board_(board), pool_(pool) {}

    void send(unsigned to, Message message) {
        if (outgoing_.size() <= to) {
            outgoing_.resize(to + 1);
        }
        outgoing_[to].push_back(std::move(message));
        pool_.loop().at_turn_end(*this);
    }
    void deliver(unsigned from, std::vector<Message>& batch);
    std::uint64_t new_line() { return (std::uint64_t{pool_.worker_index()} << 48) | ++lines_made_; }
    void add(std::uint64_t id, Line& line) { lines_.emplace(id, &line); }
    void remove(std::uint64_t id) { lines_.erase(id); }
    Pool& pool() { return pool_; }

  private:
    void turn_ended() override {
        const unsigned from = pool_.worker_index();
        for (unsigned to = 0; to < outgoing_.size(); ++to) {
            if (outgoing_[to].empty()) {
                continue;
            }
            Desk& other = board_.desk(to);
            other.pool_.worker().post(
                [&other, from, batch = std::exchange(outgoing_[to], {})]() mutable { other.deliver(from, batch); });
        }
    }
    void open_far_end(unsigned from, const Message& message);

    Switchboard& board_;
    Pool& pool_;
    std::uint64_t lines_made_ = 0;
    std::unordered_map<std::uint64_t, Line*> lines_;
    std::vector<std::vector<Message>> outgoing_;
};

/// One end of a line, a stream like any other.
class Line final : public net::Stream {
  public:
    Line(Desk& desk, std::uint64_t id, unsigned far_worker, bool opener)
        : Stream(desk.pool().loop()),
          desk_(desk),
          id_(id),
          far_worker_(far_worker),
          established_(!opener),
          on_readable_(loop()),
          on_writable_(loop()) {
        desk_.add(id_, *this);
    }
    ~Line() override {
        desk_.remove(id_);
        if (!(ended_ && ended_by_peer_) && !status_) {
            send({.kind = Message::Kind::reset, .line = id_});
        }
    }

    net::Status poll_receive() override {
        if (std::exchange(fresh_, false) && !input().empty()) {
            return {};
        }
        if (read_status_) {
            return read_status_;
        }
        return ended_by_peer_ ? net::Errc::end_of_stream : net::Errc::would_block;
    }
    void consumed(std::size_t n) override {
        taken_ += n;
        if (taken_ >= kCreditStep && !status_) {
            send({.kind = Message::Kind::credit, .line = id_, .credit = std::exchange(taken_, 0)});
        }
    }
    std::size_t write_some(net::Chain& from, std::size_t limit) override {
        if (status_ || ended_) {
            return 0;
        }
        const std::size_t n = std::min({limit, from.size(), credit_});
        if (n > 0) {
            std::string bytes(n, '\0');
            from.copy_out(bytes);
            from.consume(n);
            credit_ -= n;
            send({.kind = Message::Kind::data, .line = id_, .bytes = std::move(bytes)});
        }
        return n;
    }
    void end() override {
        if (!std::exchange(ended_, true) && !status_) {
            send({.kind = Message::Kind::end, .line = id_});
        }
    }
    void abort(net::Status why) override {
        if (!status_) {
            send({.kind = Message::Kind::reset, .line = id_});
        }
        fresh_ = false;
        read_status_ = why;
        fail(why);
    }
    net::Status status() const override { return status_; }
    bool established() const override { return established_; }
    bool reusable() const override { return !status_ && !leaving_ && !ended_ && !ended_by_peer_; }
    const problem::Failure* failure() const override { return refusal_ ? &*refusal_ : nullptr; }
    void on_hangup(net::HangupListener* listener) override { hangup_listener_ = listener; }
    net::Waiter& on_readable() override { return on_readable_; }
    net::Waiter& on_writable() override { return on_writable_; }

    void refuse(const problem::Failure& failure) {
        send({.kind = Message::Kind::refused, .line = id_, .why = net::Errc::refused, .failure = failure});
    }
    /// The stream ended so before anybody had said anything: whether its request may have been seen is in the word.
    void give_up(net::Status why) { send({.kind = Message::Kind::refused, .line = id_, .why = why}); }
    /// Asks the far worker to open the other end.
    void call(std::uint64_t session, const net::HostPort& target) {
        send({.kind = Message::Kind::open, .line = id_, .session = session, .target = target});
    }
    void tell(Message::Kind kind) { send({.kind = kind, .line = id_}); }

    void receive_message(Message& message) {
        switch (message.kind) {
            case Message::Kind::data:
                input().append(message.bytes);
                fresh_ = true;
                on_readable_.wake();
                break;
            case Message::Kind::credit:
                credit_ += message.credit;
                on_writable_.wake();
                break;
            case Message::Kind::established:
                established_ = true;
                on_readable_.wake();
                break;
            case Message::Kind::refused:
                refusal_ = std::move(message.failure);
                fail(message.why);
                break;
            case Message::Kind::end:
                ended_by_peer_ = true;
                on_readable_.wake();
                hung_up();
                break;
            case Message::Kind::reset:
                fail(net::Errc::reset);
                break;
            case Message::Kind::leaving:
                leaving_ = true;
                hung_up();
                break;
            case Message::Kind::open:
                break;
        }
    }

  private:
    void send(Message message) { desk_.send(far_worker_, std::move(message)); }
    void fail(net::Status why) {
        if (!status_) {
            status_ = why;
        }
        if (!read_status_ && !ended_by_peer_) {
            read_status_ = why;
        }
        on_readable_.wake();
        on_writable_.wake();
        hung_up();
    }
    void hung_up() {
        if (hangup_listener_ != nullptr) {
            hangup_listener_->peer_hung_up();
        }
    }

    Desk& desk_;
    std::uint64_t id_;
    unsigned far_worker_;
    std::size_t credit_ = kLineWindow;
    std::size_t taken_ = 0;
    bool established_;
    bool fresh_ = false;
    bool ended_ = false;
    bool ended_by_peer_ = false;
    bool leaving_ = false;
    net::Status status_;
    net::Status read_status_;
    net::HangupListener* hangup_listener_ = nullptr;
    std::optional<problem::Failure> refusal_;
    net::Waiter on_readable_;
    net::Waiter on_writable_;
};

namespace {

/// Tells the line when the session below its stream is leaving, so that the other worker gives idle streams back.
class LeavingNotice final : public net::HangupListener {
  public:
    LeavingNotice(net::Stream& stream, Line& line) : stream_(stream), line_(line) {
        stream_.on_hangup(this);
        if (!stream_.reusable()) {
            peer_hung_up();  // it left while the stream was being opened
        }
    }
    ~LeavingNotice() { stream_.on_hangup(nullptr); }

  private:
    void peer_hung_up() override {
        if (!std::exchange(told_, true)) {
            line_.tell(Message::Kind::leaving);
        }
    }
    net::Stream& stream_;
    Line& line_;
    bool told_ = false;
};

/// Gives the stream up when its line is, while it waits for the agent's answer: the agent need not dial any longer, and
/// the place among the session's streams is free.
class GivenUpNotice final : public net::HangupListener {
  public:
    GivenUpNotice(Line& line, h2::Stream& stream) : line_(line), stream_(stream) {
        line_.on_hangup(this);
        peer_hung_up();  // the line's end may have come right behind its beginning
    }
    ~GivenUpNotice() { line_.on_hangup(nullptr); }

  private:
    /// Told of a half-close as well, which leaves the answer wanted.
    void peer_hung_up() override {
        if (line_.status() && !stream_.status()) {
            stream_.abort(net::Errc::aborted);
        }
    }
    Line& line_;
    h2::Stream& stream_;
};

net::Task<int> answered_while_wanted(Line& line, h2::Stream& stream) {
    const GivenUpNotice notice(line, stream);
    co_return co_await stream.answered();
}

/// Carries a line through a stream of a session, on the session's worker.
net::Task<> carry(std::unique_ptr<Line> line, std::unique_ptr<h2::Stream> stream) {
    const int status = co_await answered_while_wanted(*line, *stream);
    if (line->status()) {
        co_return;  // nobody is at its other end
    }
    if (const problem::Failure* failure = stream->failure()) {
        line->refuse(*failure);
        co_return;
    }
    if (status == 0) {
        line->give_up(stream->status() ? stream->status() : net::Errc::session_closed);
        co_return;
    }
    line->tell(Message::Kind::established);
    const LeavingNotice notice(*stream, *line);
    co_await net::join(*line, *stream);
}

}  // namespace

void Desk::deliver(unsigned from, std::vector<Message>& batch) {
    for (Message& message : batch) {
        if (message.kind == Message::Kind::open) {
            open_far_end(from, message);
            continue;
        }
        // A line that has ended here leaves its last messages without a receiver.
        if (const auto found = lines_.find(message.line); found != lines_.end()) {
            found->second->receive_message(message);
        }
    }
}

void Desk::open_far_end(unsigned from, const Message& message) {
    Session* session = pool_.local(message.session);
    std::unique_ptr<h2::Stream> stream = session == nullptr ? nullptr : session->open(message.target);
    if (!stream) {  // it has gone, or its agent is leaving, since the other worker has chosen it
        send(from, {.kind = Message::Kind::refused, .line = message.line, .why = net::Errc::refused});
        return;
    }
    auto line = std::make_unique<Line>(*this, message.line, from, false);
    net::spawn(pool_.loop().context(), "a line between workers", carry(std::move(line), std::move(stream)));
}

Switchboard::Switchboard() = default;

Switchboard::~Switchboard() = default;

void Switchboard::connect(Pool& pool) {
    desks_.resize(std::max<std::size_t>(desks_.size(), pool.worker_index() + 1));
    desks_[pool.worker_index()] = std::make_unique<Desk>(*this, pool);
}

std::unique_ptr<net::Stream> Switchboard::open(Pool& from, unsigned to_worker, std::uint64_t session,
                                               const net::HostPort& target) {
    Desk& near = desk(from.worker_index());
    auto line = std::make_unique<Line>(near, near.new_line(), to_worker, true);
    line->call(session, target);
    return line;
}

}  // namespace adit::tunnel

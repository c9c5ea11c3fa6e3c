// One connection to a server; see link.h.
#include "connector/state/link.h"

#include "common/net/spawn.h"

namespace adit::state {

Awaited::~Awaited() {
    if (link_) link_->forget(*this);
}

net::Task<const Reply*> Awaited::reply(net::Time deadline) {
    alarm_.set(deadline);
    while (!reply_ && link_ && !alarm_.passed()) co_await waiter_.wait();
    alarm_.disarm();
    co_return reply_ ? &*reply_ : nullptr;
}

Link::Link(std::unique_ptr<net::Stream> stream, net::Clock::duration silence)
    : net::Deadline(stream->loop().wheel()),
      stream_(std::move(stream)),
      silence_(silence),
      out_(stream_->loop().blocks()),
      more_(stream_->loop()),
      done_(stream_->loop()) {}

void Link::start(const std::shared_ptr<Link>& link) {
    net::spawn(link->stream_->loop().context(), "replies of Redis", read(link));
    net::spawn(link->stream_->loop().context(), "commands to Redis", write(link));
}

net::Task<std::string> Link::over() {
    while (!over_) co_await done_.wait();
    co_return why_;
}

bool Link::send(std::string_view command, Awaited* who) {
    if (ended_ || out_.size() + command.size() > kOutMost || slots_.size() >= kAwaitedMost) return false;
    const net::Time now = net::Clock::now();  // a turn may have begun long ago, as a wait counts it
    if (slots_.empty()) arm(now + silence_);
    slots_.push_back({who, now});
    if (who != nullptr) who->link_ = shared_from_this();
    out_.append(command);
    more_.wake();
    return true;
}

void Link::end(net::Status why) {
    ended_ = true;
    stream_->abort(why);
    more_.wake();
}

void Link::expired() {
    if (slots_.empty()) return;
    const net::Time due = slots_.front().sent + silence_;
    if (due > net::Clock::now()) {
        arm(due);
    } else {
        end(net::Errc::timed_out);
    }
}

void Link::forget(const Awaited& who) {
    for (Slot& slot : slots_) {
        if (slot.who == &who) slot.who = nullptr;
    }
}

Result<> Link::take_replies() {
    while (!stream_->input().empty()) {
        const std::string_view front = stream_->input().front();
        replies_.feed(front);
        stream_->consume(front.size());
    }
    for (;;) {
        auto reply = replies_.next();
        if (!reply) return std::unexpected(std::move(reply.error()));
        if (!*reply) return {};
        if (slots_.empty()) return failure("a reply that nobody has asked for");
        Awaited* const who = slots_.front().who;
        slots_.pop_front();
        if (who != nullptr) {
            who->reply_ = std::move(**reply);
            who->waiter_.wake();
            // May be the last that holds this: read() has its own share.
            who->link_.reset();
        }
    }
}

void Link::release_all() {
    for (const Slot& slot : slots_) {
        if (slot.who == nullptr) continue;
        slot.who->waiter_.wake();
        slot.who->link_.reset();
    }
    slots_.clear();
}

net::Task<> Link::read(std::shared_ptr<Link> link) {
    while (link->why_.empty()) {
        const net::Status status = co_await link->stream_->receive();
        if (const auto taken = link->take_replies(); !taken) {
            link->why_ = taken.error().message;
        } else if (status) {
            link->why_ = status == net::Errc::timed_out       ? "it does not answer"
                         : status == net::Errc::end_of_stream ? "it has closed the connection"
                                                              : status.message();
        }
    }
    link->end(net::Errc::aborted);
    link->release_all();
    link->over_ = true;
    link->done_.wake();
}

net::Task<> Link::write(std::shared_ptr<Link> link) {
    while (!link->ended_) {
        if (link->out_.empty()) {
            co_await link->more_.wait();
        } else if (co_await link->stream_->write_all(link->out_)) {
            break;  // read() hears of it and says why
        }
    }
}

}  // namespace adit::state

// The in-memory stream pair; see memory_stream.h.
#include "common/net/memory_stream.h"

#include <algorithm>

namespace adit::net {
namespace {

class MemoryStream final : public Stream {
  public:
    MemoryStream(Loop& loop, std::size_t capacity)
        : Stream(loop), capacity_(capacity), on_readable_(loop), on_writable_(loop) {}
    ~MemoryStream() override {
        if (peer_ != nullptr) {
            peer_->peer_ = nullptr;
            if (!ended_ || !ended_by_peer_) {
                peer_->fail(Errc::reset);
            }
        }
    }

    void join(MemoryStream& peer) { peer_ = &peer; }

    Status poll_receive() override {
        if (std::exchange(fresh_, false) && !input().empty()) {
            return {};
        }
        if (read_status_) {
            return read_status_;
        }
        return ended_by_peer_ ? Errc::end_of_stream : Errc::would_block;
    }
    void consumed(std::size_t) override {
        if (peer_ != nullptr) {
            peer_->on_writable_.wake();
        }
    }
    std::size_t write_some(Chain& from, std::size_t limit) override {
        if (status_ || ended_ || peer_ == nullptr) {
            return 0;
        }
        Chain& to = peer_->input();
        const std::size_t n = std::min({capacity_ - std::min(capacity_, to.size()), limit, from.size()});
        if (n > 0) {
            to.splice(from, n);
            peer_->fresh_ = true;
            peer_->on_readable_.wake();
        }
        return n;
    }
    void end() override {
        ended_ = true;
        if (peer_ != nullptr) {
            peer_->ended_by_peer_ = true;
            peer_->on_readable_.wake();
        }
    }
    void abort(Status why) override {
        if (peer_ != nullptr) {
            peer_->peer_ = nullptr;
            std::exchange(peer_, nullptr)->fail(Errc::reset);
        }
        fail(why);
    }
    Status status() const override { return status_; }
    void on_hangup(HangupListener* listener) override { listener_ = listener; }
    bool reusable() const override { return !status_ && !ended_ && !ended_by_peer_; }
    Waiter& on_readable() override { return on_readable_; }
    Waiter& on_writable() override { return on_writable_; }

  private:
    void fail(Status why) {
        status_ = why;
        if (!ended_by_peer_) {
            read_status_ = why;
        }
        on_readable_.wake();
        on_writable_.wake();
        if (listener_ != nullptr) {
            listener_->peer_hung_up();
        }
    }

    std::size_t capacity_;
    MemoryStream* peer_ = nullptr;
    HangupListener* listener_ = nullptr;
    bool fresh_ = false;
    bool ended_ = false;
    bool ended_by_peer_ = false;
    Status status_;
    Status read_status_;
    Waiter on_readable_;
    Waiter on_writable_;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_pipe(Loop& loop, std::size_t capacity) {
    auto one = std::make_unique<MemoryStream>(loop, capacity);
    auto other = std::make_unique<MemoryStream>(loop, capacity);
    one->join(*other);
    other->join(*one);
    return {std::move(one), std::move(other)};
}

}  // namespace adit::net

// The byte loops of relays; see pump.h.
#include "common/net/pump.h"

#include "common/net/spawn.h"

namespace adit::net {
namespace {

struct Back {
    explicit Back(Loop& loop) : done(loop) {}
    Waiter done;
    bool finished = false;
    Status why;
    std::uint64_t moved = 0;
};

void give_up(Stream& first, Stream& second, Status why = Errc::reset) {
    first.abort(why);
    second.abort(why);
}

/// Gives both streams up when nothing has moved for a while. It looks now and then, so that a byte costs it nothing.
class Silence final : public Deadline {
  public:
    Silence(Stream& first, Stream& second, const std::uint64_t& forth, const std::uint64_t& back,
            std::chrono::milliseconds most)
        : Deadline(first.loop().wheel()), first_(first), second_(second), forth_(forth), back_(back), most_(most) {
        if (most.count() > 0) {
            look_later();
        }
    }
    bool broken() const { return looks_ == kLooks; }

  private:
    static constexpr int kLooks = 4;

    void look_later() { arm(first_.loop().now() + most_ / kLooks); }
    void expired() override {
        const std::uint64_t moved = forth_ + back_;
        looks_ = moved == moved_ ? looks_ + 1 : 0;
        moved_ = moved;
        if (broken()) {
            give_up(first_, second_, Errc::timed_out);
        } else {
            look_later();
        }
    }

    Stream& first_;
    Stream& second_;
    const std::uint64_t& forth_;
    const std::uint64_t& back_;
    std::chrono::milliseconds most_;
    std::uint64_t moved_ = 0;
    int looks_ = 0;
};

Task<> pump_back(Stream& first, Stream& second, Back& back) {
    back.why = co_await pump(second, first, back.moved);
    if (back.why) {
        give_up(first, second);
    }
    back.finished = true;
    back.done.wake();
}

}  // namespace

Task<Status> pump(Stream& from, Stream& to, std::uint64_t& moved) {
    Status received;
    for (;;) {
        while (!from.input().empty()) {
            const std::size_t n = to.write_some(from.input(), from.input().size());
            if (n > 0) {
                from.consumed(n);
                moved += n;
                continue;
            }
            if (const Status broken = co_await to.writable()) {
                co_return broken;
            }
        }
        if (received == Errc::end_of_stream) {
            to.end();
            while (!to.flush()) {
                if (const Status broken = co_await to.writable()) {
                    co_return broken;
                }
            }
            co_return Status();
        }
        if (received) {
            co_return received;
        }
        // What cannot go on is left where it is, and not held here.
        while (to.room() == 0) {
            if (const Status broken = co_await to.writable()) {
                co_return broken;
            }
        }
        from.read_at_most(to.room());
        received = co_await from.receive();
    }
}

Task<PipeResult> join(Stream& first, Stream& second, std::chrono::milliseconds idle) {
    PipeResult result;
    Back back(first.loop());
    Silence silence(first, second, result.forth, back.moved, idle);
    spawn(first.loop().context(), "the second direction of a pipe", pump_back(first, second, back));
    result.why = co_await pump(first, second, result.forth);
    if (result.why) {
        give_up(first, second);
    }
    while (!back.finished) {
        co_await back.done.wait();
    }
    result.back = back.moved;
    result.why = silence.broken() ? Status(Errc::timed_out) : result.why ? result.why : back.why;
    co_return result;
}

}  // namespace adit::net

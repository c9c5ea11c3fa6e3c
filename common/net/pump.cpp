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

void give_up(Stream& first, Stream& second) {
    first.abort(Errc::reset);
    second.abort(Errc::reset);
}

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
    for (;;) {
        const Status received = co_await from.receive();
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
    }
}

Task<PipeResult> join(Stream& first, Stream& second) {
    PipeResult result;
    Back back(first.loop());
    spawn(first.loop().context(), "the second direction of a pipe", pump_back(first, second, back));
    result.why = co_await pump(first, second, result.forth);
    if (result.why) {
        give_up(first, second);
    }
    while (!back.finished) {
        co_await back.done.wait();
    }
    result.back = back.moved;
    if (!result.why) {
        result.why = back.why;
    }
    co_return result;
}

}  // namespace adit::net

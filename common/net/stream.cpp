// The suspending half of streams: everything here is "try, else wait for readiness".
#include "common/net/stream.h"

namespace adit::net {

Task<Status> Stream::receive(const bool* given_up, const bool* or_else) {
    const auto over = [](const bool* flag) { return flag != nullptr && *flag; };
    if (++receives_ > kReceivesPerWake) {
        receives_ = 0;
        on_readable().wake();  // kept, or runs us in the next round: the others' events come first
        co_await on_readable().wait();
    }
    for (;;) {
        const Status status = poll_receive();
        if (status != Errc::would_block || over(given_up) || over(or_else)) {
            co_return status;
        }
        receives_ = 0;
        co_await on_readable().wait();
    }
}

Task<Status> Stream::writable() {
    if (const Status broken = status()) {
        co_return broken;
    }
    co_await on_writable().wait();
    co_return status();
}

Task<Status> Stream::write_all(Chain& from) {
    for (;;) {
        while (!from.empty() && write_some(from, from.size()) > 0) {
        }
        if (from.empty() && flush()) {
            co_return status();
        }
        if (const Status broken = co_await writable()) {
            co_return broken;
        }
    }
}

}  // namespace adit::net

// Trying again; see tries.h.
#include "connector/fetch/tries.h"

#include <algorithm>

#include "common/net/alarm.h"
#include "common/net/backoff.h"

namespace adit::fetch {
namespace {

using namespace std::chrono_literals;

constexpr int kTries = 3;
constexpr net::Backoff::Settings kPauses{.base = 200ms, .cap = 2s, .stable = 0ms};

}  // namespace

net::Task<Made> with_tries(net::Loop& loop, Fetch once, std::chrono::milliseconds each, net::Time deadline) {
    net::Backoff pauses(kPauses);
    Random random;
    for (int tried = 1;; ++tried) {
        Made made = co_await once(std::min(deadline, loop.now() + each));
        if (made || made.error().fault == Fault::permanent || made.error().retry_after || tried == kTries) {
            co_return made;
        }
        const auto pause = pauses.next(random.uniform());
        if (loop.now() + pause >= deadline) {
            co_return made;
        }
        co_await net::sleep_for(loop, pause);
    }
}

}  // namespace adit::fetch

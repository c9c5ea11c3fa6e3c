// See sparing.h.
#include "common/log/sparing.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"

namespace adit::logging {

bool Sparing::may_write(std::string_view kind, Time now) {
    const std::lock_guard lock(mutex_);
    const auto found = kinds_.find(kind);
    Kind& known = found != kinds_.end() ? found->second : kinds_[std::string(kind)];
    const Time full_at = std::max(known.full_at, now) + kOneMoreEach;
    if (full_at - now > at_once_ * kOneMoreEach) {
        if (known.left_out++ == 0) {
            known.left_out_since = now;
        }
        return false;
    }
    known.full_at = full_at;
    return true;
}

std::vector<std::pair<std::string, std::uint64_t>> Sparing::take_left_out(Time now) {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::uint64_t>> taken;
    for (auto& [kind, known] : kinds_) {
        if (known.left_out > 0 && now - known.left_out_since >= kToldAfter) {
            taken.emplace_back(kind, std::exchange(known.left_out, 0));
        }
    }
    std::erase_if(kinds_, [&](const auto& kind) { return kind.second.left_out == 0 && kind.second.full_at <= now; });
    return taken;
}

void Sparing::tell_left_out(Time now) {
    for (const auto& [kind, count] : take_left_out(now)) {
        warn("lines like these were left out", {{"kind", kind}, {"count", count}, {"seconds", kToldAfter.count()}});
    }
}

}  // namespace adit::logging

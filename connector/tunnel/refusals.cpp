// See refusals.h.
#include "connector/tunnel/refusals.h"

#include <algorithm>

namespace adit::tunnel {

void Refusals::add(const std::string& address, const std::string& reason, WallTime now) {
    const std::lock_guard lock(mutex_);
    const auto known =
        std::ranges::find_if(list_, [&](const Refusal& one) { return one.address == address && one.reason == reason; });
    Refusal refusal{address, reason, now, known == list_.end() ? 1 : known->count + 1};
    if (known != list_.end()) {
        list_.erase(known);
    } else if (list_.size() == kMost) {
        list_.pop_back();
    }
    list_.insert(list_.begin(), std::move(refusal));
}

std::vector<Refusal> Refusals::lately(WallTime now, std::chrono::seconds within) const {
    const std::lock_guard lock(mutex_);
    std::vector<Refusal> recent;
    std::ranges::copy_if(list_, std::back_inserter(recent),
                         [&](const Refusal& one) { return one.last >= now - within; });
    return recent;
}

}  // namespace adit::tunnel

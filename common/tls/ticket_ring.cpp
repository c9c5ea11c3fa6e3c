// Turning; see ticket_ring.h.
#include "common/tls/ticket_ring.h"

#include <algorithm>

#include "common/base/random.h"

namespace adit::tls {
namespace {

TicketRing::Key fresh_key() {
    TicketRing::Key key{};
    fill_random(key.name);
    std::string bytes(TicketRing::kCipherKey + TicketRing::kMacKey, '\0');
    fill_random({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    key.bytes = Secret(std::move(bytes));
    return key;
}

TicketRing::Key copy_of(const TicketRing::Key& key) {
    return {key.name, key.bytes.copy()};
}

}  // namespace

TicketRing::TicketRing(std::chrono::milliseconds interval, std::function<Time()> now)
    : interval_(interval), now_(std::move(now)) {}

TicketRing::Key TicketRing::sealing() {
    const std::lock_guard hold(mutex_);
    turn_at(now_());
    return copy_of(keys_.front().key);
}

std::optional<TicketRing::Opening> TicketRing::opening(const Name& name) {
    const std::lock_guard hold(mutex_);
    turn_at(now_());
    const auto found = std::ranges::find(keys_, name, [](const Aged& one) { return one.key.name; });
    if (found == keys_.end()) {
        return std::nullopt;
    }
    return Opening{copy_of(found->key), found != keys_.begin()};
}

void TicketRing::turn() {
    const std::lock_guard hold(mutex_);
    turn_at(now_());
}

void TicketRing::turn_at(Time now) {
    std::erase_if(keys_, [&](const Aged& one) { return now >= one.born + 2 * interval_; });
    if (keys_.empty() || now >= keys_.front().born + interval_) {
        keys_.insert(keys_.begin(), Aged{now, fresh_key()});
    }
}

}  // namespace adit::tls

// When it begins and ends; see reduction.h.
#include "connector/resilience/reduction.h"

#include <algorithm>

namespace adit::resilience {

void Reduction::use(const config::Degrade& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
}

std::optional<Reduction::Change> Reduction::set(Switch to, Time now) {
    const std::lock_guard lock(mutex_);
    switch_ = to;
    return settle(now);
}

std::optional<Reduction::Change> Reduction::look(const std::string& stress, Time now) {
    const std::lock_guard lock(mutex_);
    if (stress.empty()) {
        stressed_.reset();
    } else {
        stressed_ = stressed_.value_or(now);
        last_ = now;
        stress_ = stress;
    }
    return settle(now);
}

bool Reduction::would_reduce(Switch to, Time now) const {
    const std::lock_guard lock(mutex_);
    return wanted(to, now);
}

/// The mutex is held.
bool Reduction::wanted(Switch by, Time now) const {
    const bool standing = stressed_ && now - *stressed_ >= kSettle;
    const bool held = reduced() && last_ && now - *last_ < settings_.hold;
    const bool stressed = settings_.automatic && (standing || held);
    return by == Switch::on || (by == Switch::automatic && stressed);
}

/// The mutex is held.
std::optional<Reduction::Change> Reduction::settle(Time now) {
    const bool before = reduced_.load(std::memory_order_relaxed);
    const bool reduced = wanted(switch_, now);
    if (reduced) {
        why_ = switch_ == Switch::on ? "an operator has said so" : stress_;
    }
    if (reduced == before) {
        return std::nullopt;
    }
    reduced_.store(reduced, std::memory_order_relaxed);
    since_ = now;
    Change change{reduced, why_};
    if (!reduced) {
        change.why = switch_ == Switch::off ? "an operator has said so" : "essential backends are well again";
        why_.clear();
        last_.reset();  // what an operator has ended does not go on by itself
    }
    return change;
}

Reduction::Standing Reduction::standing() const {
    const std::lock_guard lock(mutex_);
    return {reduced(), switch_, why_, since_};
}

std::chrono::seconds Reduction::retry_after(Time now) const {
    const std::lock_guard lock(mutex_);
    const auto left =
        switch_ == Switch::automatic && last_ ? *last_ + settings_.hold - now : Clock::duration(settings_.hold);
    return std::max(std::chrono::ceil<std::chrono::seconds>(left), std::chrono::seconds(1));
}

std::string_view name(Reduction::Switch by) {
    return by == Reduction::Switch::automatic ? "auto" : by == Reduction::Switch::on ? "on" : "off";
}

}  // namespace adit::resilience

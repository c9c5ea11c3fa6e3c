// The schedule, one algorithm after the other; see key_schedule.h.
#include "connector/credential/key_schedule.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace adit::credential {
namespace {

using std::chrono::seconds;

/// Times of keys are whole seconds: file names hold no more.
WallTime round_up(WallTime time) {
    return std::chrono::ceil<seconds>(time);
}

/// The keys of one algorithm in the order of their times; `signing` is the index of the one that signs.
void add_standings(std::span<const KeyFacts> keys, std::size_t signing, bool managed, const KeySettings& settings,
                   WallTime now, KeyPlan& plan) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        KeyStanding& standing = plan.keys.emplace_back();
        standing.key = keys[i];
        if (i + 1 < keys.size()) {
            standing.signs_until = keys[i + 1].signs_from;
            standing.published_until = *standing.signs_until + settings.keep_after + settings.leeway();
        }
        if (i >= signing) {
            standing.state = i == signing ? KeyState::signing : KeyState::next;
            continue;
        }
        standing.state = now < *standing.published_until ? KeyState::retired : KeyState::over;
        standing.removable = managed && now >= *standing.published_until + settings.leeway();
    }
}

/// The successor of the last key that is there, unless that is a successor itself.
std::optional<KeyWanted> wanted_after(std::span<const KeyFacts> keys, std::size_t signing, jose::Algorithm algorithm,
                                      const KeySettings& settings, WallTime now) {
    const WallTime ends = keys[signing].signs_from + settings.rotate;
    const WallTime make_at = ends - settings.publish_ahead;
    const WallTime begins = std::max(ends, round_up(now) + settings.publish_ahead);
    // A key of a far future, made by a clock that was wrong, does not stop the rotation.
    if (signing + 1 < keys.size() && keys[signing + 1].signs_from <= begins + settings.rotate) {
        return std::nullopt;
    }
    return KeyWanted{algorithm, make_at, begins};
}

void plan_algorithm(std::span<const KeyFacts> keys, jose::Algorithm algorithm, const KeySettings& settings,
                    WallTime now, KeyPlan& plan) {
    const bool managed = std::ranges::count(settings.algorithms, algorithm) > 0;
    if (keys.empty()) {
        plan.wanted.push_back({algorithm, now, std::chrono::floor<seconds>(now)});
        return;
    }
    const auto begun = std::ranges::count_if(keys, [now](const KeyFacts& key) { return key.signs_from <= now; });
    const std::size_t signing = begun == 0 ? 0 : static_cast<std::size_t>(begun) - 1;
    add_standings(keys, signing, managed, settings, now, plan);
    if (const auto wanted = wanted_after(keys, signing, algorithm, settings, now); managed && wanted) {
        plan.wanted.push_back(*wanted);
    }
}

}  // namespace

seconds KeySettings::leeway() const {
    return std::min<seconds>(std::chrono::minutes(5), keep_after / 4);
}

std::string_view name(KeyState state) {
    switch (state) {
        case KeyState::next:
            return "next";
        case KeyState::signing:
            return "signing";
        case KeyState::retired:
            return "retired";
        case KeyState::over:
            return "over";
    }
    return {};
}

KeyPlan plan_keys(std::vector<KeyFacts> keys, const KeySettings& settings, WallTime now) {
    std::ranges::sort(keys, {}, [](const KeyFacts& key) { return std::tie(key.algorithm, key.signs_from, key.kid); });
    std::vector<jose::Algorithm> algorithms = settings.algorithms;
    for (const KeyFacts& key : keys) {
        algorithms.push_back(key.algorithm);
    }
    std::ranges::sort(algorithms);
    const auto repeated = std::ranges::unique(algorithms);
    algorithms.erase(repeated.begin(), repeated.end());
    KeyPlan plan;
    for (const jose::Algorithm algorithm : algorithms) {
        const auto of = std::ranges::equal_range(keys, algorithm, {}, &KeyFacts::algorithm);
        plan_algorithm(std::span(of.begin(), of.end()), algorithm, settings, now, plan);
    }
    return plan;
}

}  // namespace adit::credential

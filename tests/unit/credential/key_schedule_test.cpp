// The life of an issuer's keys at chosen times: who signs, who is published, what is to be made.
#include "connector/credential/key_schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

namespace adit::credential {
namespace {

using namespace std::chrono_literals;
using jose::Algorithm;
using std::chrono::seconds;

constexpr WallTime kStart{std::chrono::days(20'000)};
const KeySettings kSettings{{Algorithm::es256}, 30 * 24h, 24h, 24h};

KeyFacts key(const char* kid, seconds after, Algorithm algorithm = Algorithm::es256) {
    return {kid, algorithm, kStart + after};
}

/// "a:retired b:signing c:next", and "!" behind those that may be removed.
std::string standing(const KeyPlan& plan) {
    std::string text;
    for (const KeyStanding& one : plan.keys) {
        text +=
            (text.empty() ? "" : " ") + one.key.kid + ":" + std::string(name(one.state)) + (one.removable ? "!" : "");
    }
    return text;
}

std::string standing_at(std::vector<KeyFacts> keys, seconds after) {
    return standing(plan_keys(std::move(keys), kSettings, kStart + after));
}

}  // namespace

TEST_CASE("the first key of an algorithm is due at once and signs at once") {
    const KeyPlan plan = plan_keys({}, kSettings, kStart + 300ms);
    REQUIRE(plan.wanted.size() == 1);
    CHECK(plan.wanted[0].make_at <= kStart + 300ms);
    CHECK(plan.wanted[0].signs_from == kStart);
    CHECK(standing_at({key("a", 0s)}, 0s) == "a:signing");
}

TEST_CASE("a key lives through its states in order") {
    const std::vector<KeyFacts> keys{key("a", 0s), key("b", 30 * 24h)};
    const struct {
        seconds after;
        const char* expected;
    } table[] = {
        {29 * 24h, "a:signing b:next"},
        {30 * 24h - 1s, "a:signing b:next"},
        {30 * 24h, "a:retired b:signing"},
        {31 * 24h + 4min, "a:retired b:signing"},  // keep_after is over, the leeway is not
        {31 * 24h + 5min, "a:over b:signing"},
        {31 * 24h + 10min - 1s, "a:over b:signing"},
        {31 * 24h + 10min, "a:over! b:signing"},
    };
    for (const auto& [after, expected] : table) {
        CAPTURE(after.count());
        CHECK(standing_at(keys, after) == expected);
    }
}

TEST_CASE("the successor is made so early that it is published long enough before it signs") {
    const KeyPlan early = plan_keys({key("a", 0s)}, kSettings, kStart + 28 * 24h);
    REQUIRE(early.wanted.size() == 1);
    CHECK(early.wanted[0].make_at == kStart + 29 * 24h);
    CHECK(early.wanted[0].signs_from == kStart + 30 * 24h);
    const KeyPlan in_time = plan_keys({key("a", 0s)}, kSettings, kStart + 29 * 24h);
    CHECK(in_time.wanted[0].signs_from == kStart + 30 * 24h);
    SUBCASE("a connector that was away makes it late, and lets the old one sign on meanwhile") {
        const WallTime now = kStart + 100 * 24h + 500ms;
        const KeyPlan late = plan_keys({key("a", 0s)}, kSettings, now);
        CHECK(standing(late) == "a:signing");
        CHECK(late.wanted[0].make_at < now);
        CHECK(late.wanted[0].signs_from == kStart + 101 * 24h + 1s);
    }
    SUBCASE("with a successor there is nothing to be made") {
        CHECK(plan_keys({key("a", 0s), key("b", 30 * 24h)}, kSettings, kStart + 29 * 24h).wanted.empty());
    }
}

TEST_CASE("when no key has come to its time, the earliest signs") {
    CHECK(standing_at({key("b", 2h), key("a", 1h)}, 0s) == "a:signing b:next");
}

TEST_CASE("keys of one time are ordered by their kid, so that all agree") {
    CHECK(standing_at({key("b", 0s), key("a", 0s)}, 1s) == "a:retired b:signing");
    CHECK(standing_at({key("a", 0s), key("b", 0s)}, 1s) == "a:retired b:signing");
}

TEST_CASE("a key of a far future does not stop the rotation") {
    const KeyPlan plan = plan_keys({key("a", 0s), key("z", 400 * 24h)}, kSettings, kStart + 29 * 24h);
    REQUIRE(plan.wanted.size() == 1);
    CHECK(plan.wanted[0].signs_from == kStart + 30 * 24h);
}

TEST_CASE("algorithms have lives of their own") {
    KeySettings both = kSettings;
    both.algorithms = {Algorithm::es256, Algorithm::rs256};
    const KeyPlan plan = plan_keys({key("a", 0s)}, both, kStart + 24h);
    CHECK(standing(plan) == "a:signing");
    REQUIRE(plan.wanted.size() == 2);
    CHECK(plan.wanted[0].algorithm == Algorithm::rs256);
    CHECK(plan.wanted[0].make_at <= kStart + 24h);
    CHECK(plan.wanted[1].make_at > kStart + 24h);
}

TEST_CASE("keys of algorithms that are not configured are published, and neither followed up nor removed") {
    const std::vector<KeyFacts> keys{key("a", 0s), key("r", 0s, Algorithm::rs256),
                                     key("s", 30 * 24h, Algorithm::rs256)};
    const KeyPlan plan = plan_keys(keys, kSettings, kStart + 40 * 24h);
    CHECK(standing(plan) == "r:over s:signing a:signing");
    CHECK(plan.wanted.size() == 1);
    CHECK(plan.wanted[0].algorithm == Algorithm::es256);
}

TEST_CASE("the leeway is a quarter of keep_after, at most five minutes") {
    KeySettings settings = kSettings;
    CHECK(settings.leeway() == 5min);
    settings.keep_after = 4s;
    CHECK(settings.leeway() == 1s);
}

/// Two connectors with clocks apart by `skew` share a directory for ten rotations; at each second either may make keys.
/// No token may meet a verifier whose copy of either connector's key set, taken up to `max_age` before, lacks its key.
TEST_CASE("clocks that are minutes apart do no harm") {
    const KeySettings settings{{Algorithm::es256}, 10h, 2h, 1h + 10min};
    const auto max_age = 1h;
    const auto token_life = 1h;
    for (const seconds skew : {seconds(-5min), seconds(0s), seconds(5min)}) {
        CAPTURE(skew.count());
        std::vector<KeyFacts> keys;
        struct Moment {
            WallTime at;
            std::set<std::string> published;  // by both
            std::set<std::string> signing;    // by either
        };
        std::vector<Moment> history;
        for (WallTime now = kStart; now < kStart + 100h; now += 1min) {
            Moment& moment = history.emplace_back();
            moment.at = now;
            std::set<std::string> removed;
            std::map<std::string, int> published;
            for (const seconds apart : {skew, seconds(0s)}) {
                KeyPlan plan = plan_keys(keys, settings, now + apart);
                for (const KeyWanted& wanted : plan.wanted) {
                    if (wanted.make_at <= now + apart) {
                        keys.push_back({"k" + std::to_string(keys.size()), wanted.algorithm, wanted.signs_from});
                    }
                }
                plan = plan_keys(keys, settings, now + apart);
                for (const KeyStanding& one : plan.keys) {
                    published[one.key.kid] += one.state != KeyState::over ? 1 : 0;
                    if (one.state == KeyState::signing) {
                        moment.signing.insert(one.key.kid);
                    }
                    if (one.removable) {
                        removed.insert(one.key.kid);
                    }
                }
            }
            for (const auto& [kid, by] : published) {
                // A first key is known to the one that made it only; its partner looks in the next round.
                if (by == 2 || keys.size() == 1) {
                    moment.published.insert(kid);
                }
            }
            CHECK(moment.signing.size() >= 1);
            for (const std::string& kid : removed) {
                CHECK_FALSE(moment.signing.contains(kid));
            }
        }
        CHECK(keys.size() >= 10);
        const auto published_all_along = [&](const std::string& kid, WallTime from, WallTime until) {
            return std::ranges::all_of(history, [&](const Moment& moment) {
                return moment.at < std::max(from, kStart) || moment.at > until || moment.published.contains(kid);
            });
        };
        for (std::size_t i = 0; i < history.size(); i += 20) {
            for (const std::string& kid : history[i].signing) {
                CAPTURE(kid);
                CHECK(published_all_along(kid, history[i].at - max_age, history[i].at + token_life));
            }
        }
    }
}

}  // namespace adit::credential

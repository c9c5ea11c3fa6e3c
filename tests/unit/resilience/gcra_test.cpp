// Rate limits: several windows at once, exactly, for whoever asks from whichever thread.
#include "connector/resilience/gcra.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <thread>

#include "common/base/keyed_hash.h"
#include "connector/resilience/local_limiter.h"

using namespace adit::resilience;
using adit::config::RateLimit;
using adit::config::RateWindow;
using adit::config::RateWindows;
using namespace std::chrono_literals;
using Result = LimitVerdict::Result;

namespace {

Limits limits(const RateWindows& windows) {
    return Limits::of(windows, RateLimit());
}

const LimitKey kSomebody{.hash = 7, .policy = "p"};

/// A bucket of tokens that fills evenly, kept as a fraction: what GCRA is equivalent to.
class Bucket {
  public:
    explicit Bucket(const RateWindow& window)
        : interval_(LimitWindow::of(window).interval), most_(LimitWindow::of(window).tolerance), level_(most_) {}
    void pass(std::int64_t time) { level_ = std::min(most_, level_ + time); }
    bool has(std::uint32_t cost) const { return level_ >= need(cost); }
    void take(std::uint32_t cost) { level_ -= need(cost); }
    void give_back(std::uint32_t cost) { level_ += need(cost); }
    std::uint64_t left() const { return static_cast<std::uint64_t>(level_ / interval_); }

  private:
    std::int64_t need(std::uint32_t cost) const { return std::min(most_, interval_ * cost); }
    std::int64_t interval_;
    std::int64_t most_;
    std::int64_t level_;  ///< tokens times interval
};

}  // namespace

TEST_CASE("a limit lets its burst through at once and then one request in each interval") {
    LocalLimiter limiter(1, 100);
    const Limits ten = limits({{.requests = 10, .per = 1s, .burst = 3}});
    Time now{10s};
    for (const std::uint64_t left : {2U, 1U, 0U}) {
        const auto verdict = limiter.take(kSomebody, ten, {}, now);
        CHECK(verdict->result == Result::allowed);
        CHECK(verdict->left == left);
    }
    const auto refused = limiter.take(kSomebody, ten, {}, now);
    CHECK(refused->result == Result::refused);
    CHECK(refused->retry_after == 100ms);
    CHECK(limiter.take(kSomebody, ten, {}, now + 99ms)->result == Result::refused);
    CHECK(limiter.take(kSomebody, ten, {}, now + 100ms)->result == Result::allowed);
    CHECK(limiter.take(kSomebody, ten, {}, now + 100ms)->result == Result::refused);
}

TEST_CASE("several windows all allow, or nothing is taken of any") {
    LocalLimiter limiter(2, 100);
    const Limits both = limits({{.requests = 2, .per = 1s}, {.requests = 3, .per = 1min}});
    const Time now{10s};
    CHECK(limiter.take(kSomebody, both, {}, now)->result == Result::allowed);
    CHECK(limiter.take(kSomebody, both, {}, now)->result == Result::allowed);
    const auto by_second = limiter.take(kSomebody, both, {}, now);
    CHECK(by_second->result == Result::refused);
    CHECK(by_second->window == 0);
    const auto third = limiter.take(kSomebody, both, {}, now + 1s);
    CHECK(third->result == Result::allowed);  // the refusal took nothing of the minute
    CHECK(third->window == 1);
    CHECK(third->left == 0);
    const auto by_minute = limiter.take(kSomebody, both, {}, now + 1s);
    CHECK(by_minute->window == 1);
    CHECK(by_minute->retry_after == 19s);
}

TEST_CASE("a request may cost more than one token, and gets them back") {
    LocalLimiter limiter(1, 100);
    const Limits ten = limits({{.requests = 10, .per = 10s}});
    const Time now{10s};
    CHECK(limiter.take(kSomebody, ten, {.cost = 7}, now)->left == 3);
    CHECK(limiter.take(kSomebody, ten, {.cost = 4}, now)->retry_after == 1s);
    limiter.give_back(kSomebody, ten, {.cost = 7}, LimitVerdict::Counted::here, now);
    CHECK(limiter.take(kSomebody, ten, {.cost = 10}, now)->result == Result::allowed);
}

TEST_CASE("while only a share of a limit counts, tokens come more slowly and there are fewer") {
    LocalLimiter limiter(1, 100);
    const Limits ten = limits({{.requests = 10, .per = 1s}});
    const Time now{10s};
    CHECK(limiter.take(kSomebody, ten, {.share = 200}, now)->left == 1);
    CHECK(limiter.take(kSomebody, ten, {.share = 200}, now)->left == 0);
    CHECK(limiter.take(kSomebody, ten, {.share = 200}, now)->retry_after == 500ms);
    // however dear a request is, a caller who has waited long enough gets it
    CHECK(limiter.take(kSomebody, ten, {.cost = 5, .share = 10}, now + 1s)->result == Result::allowed);
}

TEST_CASE("a limit that a reload has made smaller keeps nobody out for longer than its own time") {
    LocalLimiter limiter(1, 100);
    const Limits hour = limits({{.requests = 1, .per = 1h}});
    const Limits second = limits({{.requests = 1, .per = 1s}});
    const Time now{10s};
    CHECK(limiter.take(kSomebody, hour, {}, now)->result == Result::allowed);
    CHECK(limiter.take(kSomebody, second, {}, now)->retry_after == 1s);
}

TEST_CASE("who is refused too often is banned, and let in again") {
    LocalLimiter limiter(1, 100);
    Limits one = limits({{.requests = 1, .per = 1s}});
    one.ban_after = 2;
    one.ban_for = 1min;
    const Time now{10s};
    CHECK(limiter.take(kSomebody, one, {}, now)->result == Result::allowed);
    CHECK(limiter.take(kSomebody, one, {}, now)->result == Result::refused);
    const auto ban = limiter.take(kSomebody, one, {}, now + 1ms);
    CHECK(ban->result == Result::banned);
    CHECK(ban->ban_begins);
    const auto later = limiter.take(kSomebody, one, {}, now + 30s);
    CHECK(later->result == Result::banned);
    CHECK_FALSE(later->ban_begins);
    CHECK(later->retry_after == 30s + 1ms);
    CHECK(limiter.take(kSomebody, one, {}, now + 61s)->result == Result::allowed);
}

TEST_CASE("refusals that lie further apart than a ban lasts make none") {
    LocalLimiter limiter(1, 100);
    Limits one = limits({{.requests = 1, .per = 1h}});
    one.ban_after = 2;
    one.ban_for = 1min;
    const Time now{10s};
    CHECK(limiter.take(kSomebody, one, {}, now)->result == Result::allowed);
    CHECK(limiter.take(kSomebody, one, {}, now + 1s)->result == Result::refused);
    CHECK(limiter.take(kSomebody, one, {}, now + 2min)->result == Result::refused);
    CHECK(limiter.take(kSomebody, one, {}, now + 2min)->result == Result::banned);
}

TEST_CASE("there are no more callers than there is room for, and who is forgotten is counted") {
    LocalLimiter limiter(1, 1'024);
    const Limits one = limits({{.requests = 1, .per = 1h}});
    const adit::KeyedHash<> hash(1, 2);
    const Time now{10s};
    for (int i = 0; i < 10'000; ++i) {
        limiter.take({.hash = hash(std::to_string(i)), .policy = "p"}, one, {}, now);
    }
    CHECK(limiter.rows() <= 1'024);
    CHECK(limiter.forgotten() >= 10'000 - 1'024);
}

TEST_CASE("callers whose windows are whole again make room without being forgotten") {
    LocalLimiter limiter(1, 1'024);
    const Limits one = limits({{.requests = 1, .per = 1s}});
    const adit::KeyedHash<> hash(1, 2);
    Time now{10s};
    for (int i = 0; i < 10'000; ++i, now += 50ms) {
        CHECK(limiter.take({.hash = hash(std::to_string(i)), .policy = "p"}, one, {}, now)->result == Result::allowed);
    }
    CHECK(limiter.forgotten() == 0);
}

TEST_CASE("threads together get exactly what there is") {
    LocalLimiter limiter(1, 1'024);
    const Limits limit = limits({{.requests = 1'000, .per = 1h}});
    const Time now{10s};
    std::atomic<int> allowed = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 1'000; ++k) {
                allowed += limiter.take(kSomebody, limit, {}, now)->result == Result::allowed ? 1 : 0;
            }
        });
    }
    threads.clear();
    CHECK(allowed == 1'000);
}

TEST_CASE("GCRA agrees with buckets of tokens, whatever is asked and given back") {
    CHECK(rc::check("agrees with the reference", [] {
        const auto windows = *rc::gen::container<RateWindows>(
            *rc::gen::inRange(1, 4),
            rc::gen::map(rc::gen::tuple(rc::gen::inRange(1, 50), rc::gen::inRange(1, 5'000), rc::gen::inRange(0, 20)),
                         [](const auto& numbers) {
                             const auto [requests, per, burst] = numbers;
                             return RateWindow{static_cast<std::uint64_t>(requests), std::chrono::milliseconds(per),
                                               static_cast<std::uint64_t>(burst)};
                         }));
        const Limits tested = limits(windows);
        LocalLimiter limiter(windows.size(), 64);
        std::vector<Bucket> buckets(windows.begin(), windows.end());
        Time now{1h};
        for (int step = 0; step < 100; ++step) {
            const auto pause = std::chrono::nanoseconds(*rc::gen::inRange<std::int64_t>(0, 400'000'000));
            const auto cost = *rc::gen::inRange<std::uint32_t>(1, 5);
            now += pause;
            for (Bucket& bucket : buckets) {
                bucket.pass(pause.count());
            }
            const bool expected = std::ranges::all_of(buckets, [&](const Bucket& one) { return one.has(cost); });
            const auto verdict = limiter.take(kSomebody, tested, {.cost = cost}, now);
            RC_ASSERT((verdict->result == Result::allowed) == expected);
            if (!expected) {
                RC_ASSERT(verdict->retry_after > 0ns);
                continue;
            }
            for (Bucket& bucket : buckets) {
                bucket.take(cost);
            }
            RC_ASSERT(verdict->left ==
                      std::ranges::min(buckets, {}, [](const Bucket& one) { return one.left(); }).left());
            if (*rc::gen::inRange(0, 5) == 0) {
                limiter.give_back(kSomebody, tested, {.cost = cost}, LimitVerdict::Counted::here, now);
                for (Bucket& bucket : buckets) {
                    bucket.give_back(cost);
                }
            }
        }
    }));
}

TEST_CASE("no stretch of time has more requests than the burst and what comes in it") {
    CHECK(rc::check("is bounded", [] {
        const RateWindow window{.requests = *rc::gen::inRange<std::uint64_t>(1, 100),
                                .per = 1s,
                                .burst = *rc::gen::inRange<std::uint64_t>(1, 20)};
        const Limits tested = limits({window});
        LocalLimiter limiter(1, 64);
        Time now{1h};
        std::deque<Time> allowed;
        for (int step = 0; step < 300; ++step) {
            now += std::chrono::microseconds(*rc::gen::inRange(0, 30'000));
            if (limiter.take(kSomebody, tested, {}, now)->result == Result::allowed) {
                allowed.push_back(now);
            }
            while (!allowed.empty() && allowed.front() <= now - 1s) {
                allowed.pop_front();
            }
            RC_ASSERT(allowed.size() <= window.requests + window.burst);
        }
    }));
}

TEST_CASE("the hash of keys is SipHash") {
    std::string text;
    for (char c = 0; c < 15; ++c) {
        text += c;
    }
    // the example of the paper's appendix A
    CHECK(adit::KeyedHash<2, 4>(0x0706050403020100, 0x0f0e0d0c0b0a0908)(text) == 0xa129ca6149be45e5);
    CHECK(adit::KeyedHash<>(1, 2)("a") != adit::KeyedHash<>(1, 3)("a"));
}

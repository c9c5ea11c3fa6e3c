// One flight for all who wait, on real threads; the provider is a function that ends when the test says so.
#include "connector/fetch/keeper.h"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "connector/fetch/tries.h"

using namespace adit;
using namespace fetch;
using namespace std::chrono_literals;

namespace {

/// Waits for conditions that other threads bring about.
class Board {
  public:
    template <class Change>
    void change(Change change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }
    template <class Condition>
    bool await(Condition condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, condition);
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

struct Number final : Value {
    explicit Number(int n, std::chrono::milliseconds lives = 1h) : number(n) { life = lives; }
    int number;
};

/// A provider on the desk's thread: each fetch waits for the answer that a test gives it.
struct Provider {
    explicit Provider(Desk& on) : desk(on) {}

    static net::Task<Made> fetch(std::shared_ptr<Provider> self, net::Time deadline) {
        net::Waiter waiter(self->desk.loop());
        net::Alarm alarm(self->desk.loop(), waiter);
        alarm.set(deadline);
        self->waiting = &waiter;
        self->board.change([&] { ++self->calls; });
        while (self->answers.empty() && !alarm.passed()) {
            co_await waiter.wait();
        }
        self->waiting = nullptr;
        Made made = std::unexpected(Trouble{Fault::transient, "too late"});
        if (!self->answers.empty()) {
            made = std::move(self->answers.front());
            self->answers.pop_front();
        }
        co_return made;
    }
    void answer(Made made) {
        desk.post([this, made = std::move(made)] {
            answers.push_back(made);
            if (waiting != nullptr) {
                waiting->wake();
            }
        });
    }
    void answer(int number) { answer(Made(std::make_shared<Number>(number))); }

    Desk& desk;
    Board board;
    int calls = 0;
    std::deque<Made> answers;        ///< desk's thread
    net::Waiter* waiting = nullptr;  ///< desk's thread
};

/// What came of those who waited.
struct Outcomes {
    Board board;
    std::vector<Made> all;
};

net::Task<> ask(std::shared_ptr<Keeper> keeper, net::Loop& loop, std::shared_ptr<Outcomes> outcomes,
                std::chrono::milliseconds patience) {
    Made made = co_await keeper->get(loop, Clock::now() + patience);
    outcomes->board.change([&] { outcomes->all.push_back(made); });
}

net::Task<> ask_other(std::shared_ptr<Keeper> keeper, net::Loop& loop, std::shared_ptr<Outcomes> outcomes,
                      std::shared_ptr<const Value> used) {
    Made made = co_await keeper->get_other(loop, used.get(), Clock::now() + 10s);
    outcomes->board.change([&] { outcomes->all.push_back(made); });
}

int number_of(const Made& made) {
    return made ? static_cast<const Number&>(**made).number : -1;
}

int number_of(const std::shared_ptr<const Value>& value) {
    return value ? static_cast<const Number&>(*value).number : -1;
}

struct Office {
    Office() {
        desk.open(workers[0], {});
        for (net::Worker& worker : workers) {
            worker.start();
        }
    }
    ~Office() {
        for (net::Worker& worker : workers) {
            worker.stop();
            worker.join();
        }
        for (net::Worker& worker : workers) {
            worker.finish();
        }
        desk.close();
    }
    std::shared_ptr<Keeper> keeper(Keeper::Settings settings = {.name = "test"}) {
        return Keeper::make(desk, std::move(settings),
                            [provider = provider](net::Time deadline) { return Provider::fetch(provider, deadline); });
    }
    void ask_on(unsigned worker, std::shared_ptr<Keeper> keeper, std::chrono::milliseconds patience = 20s) {
        workers[worker].post([this, worker, patience, keeper = std::move(keeper)] {
            net::spawn(workers[worker].context(), "a test", ask(keeper, workers[worker].loop(), outcomes, patience));
        });
    }
    void ask_other_on(unsigned worker, std::shared_ptr<Keeper> keeper, std::shared_ptr<const Value> used) {
        workers[worker].post([this, worker, used = std::move(used), keeper = std::move(keeper)] {
            net::spawn(workers[worker].context(), "a test", ask_other(keeper, workers[worker].loop(), outcomes, used));
        });
    }
    bool outcomes_are(std::size_t n) {
        return outcomes->board.await([&] { return outcomes->all.size() >= n; });
    }
    bool calls_are(int n) {
        return provider->board.await([&] { return provider->calls >= n; });
    }

    net::Resolver resolver;
    Desk desk{resolver};
    std::array<net::Worker, 3> workers{net::Worker(0), net::Worker(1), net::Worker(2)};
    std::shared_ptr<Provider> provider = std::make_shared<Provider>(desk);
    std::shared_ptr<Outcomes> outcomes = std::make_shared<Outcomes>();
};

Made refusal(Fault fault, std::optional<std::chrono::seconds> retry_after = {}) {
    return std::unexpected(Trouble{fault, "no", retry_after});
}

}  // namespace

TEST_CASE("hundreds who wait on several workers share one fetch and its value") {
    Office office;
    const auto keeper = office.keeper();
    CHECK(keeper->value() == nullptr);
    for (unsigned i = 0; i < 600; ++i) {
        office.ask_on(i % 3, keeper);
    }
    REQUIRE(office.calls_are(1));
    office.provider->answer(7);
    REQUIRE(office.outcomes_are(600));
    for (const Made& made : office.outcomes->all) {
        CHECK(number_of(made) == 7);
    }
    CHECK(office.provider->calls == 1);
    CHECK(number_of(keeper->value()) == 7);
    office.ask_on(2, keeper);
    REQUIRE(office.outcomes_are(601));
    CHECK(office.provider->calls == 1);
}

TEST_CASE("those who wait share the trouble, those who come while the provider is left alone hear it at once") {
    Office office;
    const auto keeper = office.keeper();
    office.ask_on(1, keeper);
    office.ask_on(2, keeper);
    REQUIRE(office.calls_are(1));
    office.provider->answer(refusal(Fault::transient, 60s));
    REQUIRE(office.outcomes_are(2));
    office.ask_on(2, keeper);
    REQUIRE(office.outcomes_are(3));
    for (const Made& made : office.outcomes->all) {
        REQUIRE_FALSE(made);
        CHECK(made.error().words == "no");
        CHECK(made.error().retry_after >= 59s);
    }
    CHECK(office.provider->calls == 1);
    CHECK(keeper->standing().trouble == "no");
    CHECK(keeper->standing().failures == 1);
}

TEST_CASE("one who gives up leaves the fetch to the others") {
    Office office;
    const auto keeper = office.keeper();
    office.ask_on(1, keeper, 1ms);
    office.ask_on(2, keeper);
    REQUIRE(office.outcomes_are(1));
    CHECK_FALSE(office.outcomes->all.front());
    office.provider->answer(3);
    REQUIRE(office.outcomes_are(2));
    CHECK(number_of(office.outcomes->all.back()) == 3);
}

TEST_CASE("a worker may end while somebody on it waits") {
    Office office;
    const auto keeper = office.keeper();
    auto guest = std::make_unique<net::Worker>(9);
    Board board;
    bool asked = false;
    guest->post([&, keeper] {
        net::spawn(guest->context(), "a test", ask(keeper, guest->loop(), office.outcomes, 20s));
        boost::asio::post(guest->context(), [&] { board.change([&] { asked = true; }); });
    });
    guest->start();
    REQUIRE(board.await([&] { return asked; }));
    REQUIRE(office.calls_are(1));
    guest->stop();
    guest->join();
    guest.reset();
    office.provider->answer(5);
    office.ask_on(1, keeper);
    REQUIRE(office.outcomes_are(1));
    CHECK(number_of(office.outcomes->all.front()) == 5);
}

TEST_CASE("a value is refreshed by itself before its end, and is there all the time") {
    Office office;
    const auto keeper = office.keeper();
    keeper->prefetch();
    office.provider->answer(Made(std::make_shared<Number>(1, 2s)));
    REQUIRE(office.calls_are(2));
    CHECK(number_of(keeper->value()) == 1);
    office.ask_on(1, keeper);
    REQUIRE(office.outcomes_are(1));
    CHECK(number_of(office.outcomes->all.front()) == 1);
    const auto first = keeper->value();
    office.ask_other_on(2, keeper, first);
    office.provider->answer(2);
    REQUIRE(office.outcomes_are(2));
    CHECK(number_of(office.outcomes->all.back()) == 2);
    CHECK(number_of(keeper->value()) == 2);
}

TEST_CASE("a refused value is fetched anew once, and who uses an older one gets the newer one") {
    Office office;
    const auto keeper = office.keeper();
    keeper->prefetch();
    office.provider->answer(1);
    office.ask_on(1, keeper);
    REQUIRE(office.outcomes_are(1));
    const auto first = keeper->value();
    REQUIRE(keeper->renew(first.get()));
    REQUIRE(keeper->renew(first.get()));  // under way already
    REQUIRE(office.calls_are(2));
    office.ask_other_on(1, keeper, first);
    office.ask_other_on(2, keeper, first);
    CHECK(number_of(keeper->value()) == 1);
    office.provider->answer(2);
    REQUIRE(office.outcomes_are(3));
    CHECK(number_of(office.outcomes->all[1]) == 2);
    CHECK(number_of(office.outcomes->all[2]) == 2);
    CHECK(keeper->renew(first.get()));                  // there is another one already
    CHECK_FALSE(keeper->renew(keeper->value().get()));  // too soon
    CHECK(office.provider->calls == 2);
}

TEST_CASE("an expired value is never given out, however the provider fails") {
    Office office;
    const auto keeper = office.keeper();
    keeper->prefetch();
    office.provider->answer(Made(std::make_shared<Number>(1, 100ms)));
    REQUIRE(office.calls_are(2));
    office.provider->answer(refusal(Fault::permanent));
    do {
        const std::size_t so_far = office.outcomes->all.size();
        office.ask_on(1, keeper);
        REQUIRE(office.outcomes_are(so_far + 1));
    } while (office.outcomes->all.back());
    CHECK(keeper->value() == nullptr);
    CHECK(office.outcomes->all.back().error().fault == Fault::permanent);
    CHECK_FALSE(keeper->standing().has_value);
}

TEST_CASE("keepers may be made and asked before there is a desk, and go while they fetch") {
    net::Resolver resolver;
    Desk desk(resolver);
    auto provider = std::make_shared<Provider>(desk);
    auto keeper = Keeper::make(desk, {.name = "test"},
                               [provider](net::Time deadline) { return Provider::fetch(provider, deadline); });
    keeper->prefetch();
    net::Worker worker(0);
    desk.open(worker, {});
    worker.start();
    REQUIRE(provider->board.await([&] { return provider->calls == 1; }));
    keeper.reset();
    provider->answer(1);
    worker.stop();
    worker.join();
    worker.finish();
    desk.close();
    CHECK(provider.use_count() == 1);
}

TEST_CASE("troubles that pass are tried again within a flight, a refusal and a named time are not") {
    struct Case {
        std::vector<Made> answers;
        int calls;
        int number;
    };
    const Made passing = refusal(Fault::transient);
    const Made good = std::make_shared<Number>(4);
    for (const Case& one :
         {Case{{passing, good}, 2, 4}, Case{{passing, passing, passing, good}, 3, -1},
          Case{{refusal(Fault::permanent), good}, 1, -1}, Case{{refusal(Fault::transient, 9s), good}, 1, -1}}) {
        Office office;
        for (const Made& answer : one.answers) {
            office.provider->answer(answer);
        }
        const auto keeper = Keeper::make(office.desk, {.name = "test"}, [&office](net::Time deadline) {
            return with_tries(
                office.desk.loop(),
                [provider = office.provider](net::Time each) { return Provider::fetch(provider, each); }, 10s,
                deadline);
        });
        office.ask_on(1, keeper);
        REQUIRE(office.outcomes_are(1));
        CHECK(office.provider->calls == one.calls);
        CHECK(number_of(office.outcomes->all.front()) == one.number);
    }
}

// Names that are looked up: together, in a queue with an end, and only while somebody waits.
#include "common/net/resolver.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <deque>
#include <optional>
#include <set>

#include "common/net/spawn.h"
#include "common/net/worker.h"

using namespace adit;
using namespace adit::net;

namespace {

const Time kNever = Clock::now() + std::chrono::hours(1);

/// A system whose look-ups take until they are released.
class System {
  public:
    Resolver::Found look_up(const std::string& host) {
        std::unique_lock lock(mutex_);
        asked_.push_back(host);
        changed_.notify_all();
        changed_.wait(lock, [this] { return released_; });
        if (host == "nowhere") {
            return {{}, "no such name"};
        }
        return {{boost::asio::ip::make_address("192.0.2.1"), boost::asio::ip::make_address("2001:db8::1")}, {}};
    }
    void await_asked(std::size_t names) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_.size() >= names; });
    }
    void release() {
        const std::lock_guard lock(mutex_);
        released_ = true;
        changed_.notify_all();
    }
    std::multiset<std::string> asked() {
        const std::lock_guard lock(mutex_);
        return {asked_.begin(), asked_.end()};
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> asked_;
    bool released_ = false;
};

struct Question {
    CallOff call_off;
    std::optional<Resolver::Answer> answer;
};

net::Task<> resolve(Resolver& resolver, Loop& loop, HostPort host, Time deadline, Question& question) {
    question.answer = co_await resolver.resolve(loop, std::move(host), deadline, &question.call_off);
}

struct Asking {
    System system;
    Resolver resolver{[this](const std::string& host) { return system.look_up(host); }};
    Worker worker{0};
    std::deque<Question> questions;

    ~Asking() {
        system.release();
        worker.finish();
    }
    Question& ask(const std::string& host, std::uint16_t port = 80, Time deadline = kNever) {
        Question& question = questions.emplace_back();
        net::spawn(worker.context(), "a question", resolve(resolver, worker.loop(), {host, port}, deadline, question));
        settle();
        return question;
    }
    void settle() {
        worker.context().restart();
        while (worker.context().poll() > 0) {
        }
    }
    void await(const Question& question) {
        while (!question.answer) {
            worker.context().restart();
            worker.context().run_one();
        }
    }
    /// Look-ups that fill all threads.
    void fill_threads() {
        for (std::size_t i = 0; i < Resolver::kThreads; ++i) {
            ask("slow" + std::to_string(i));
        }
        system.await_asked(Resolver::kThreads);
    }
};

}  // namespace

TEST_CASE("an address answers itself, and a name that there is not says so") {
    Asking asking;
    CHECK(asking.ask("192.0.2.7").answer.value().value().front().text() == "192.0.2.7:80");
    asking.system.release();
    const Question& question = asking.ask("nowhere");
    asking.await(question);
    CHECK(question.answer->error().detail == "nowhere: no such name");
}

TEST_CASE("who asks for the same name at the same time shares a look-up, each with his port") {
    Asking asking;
    std::vector<const Question*> asked;
    for (std::uint16_t port = 1; port <= 20; ++port) {
        asked.push_back(&asking.ask("shared", port));
    }
    asking.system.await_asked(1);
    asking.system.release();
    std::uint16_t port = 0;
    for (const Question* question : asked) {
        asking.await(*question);
        REQUIRE(question->answer->has_value());
        CHECK(question->answer->value().front().port == ++port);
    }
    CHECK(asking.system.asked().count("shared") == 1);
    asking.await(asking.ask("shared"));
    CHECK(asking.system.asked().count("shared") == 2);  // an answer is not kept
}

TEST_CASE("who no longer wants an answer has one at once, and what nobody wants is not looked up") {
    Asking asking;
    asking.fill_threads();
    Question& alone = asking.ask("alone");
    Question& one_of_two = asking.ask("wanted");
    const Question& other = asking.ask("wanted");
    Question& under_way = asking.questions.front();
    for (Question* question : {&alone, &one_of_two, &under_way}) {
        question->call_off.now();
    }
    asking.settle();
    CHECK_FALSE(alone.answer.value());
    CHECK_FALSE(one_of_two.answer.value());
    CHECK_FALSE(under_way.answer.value());
    CHECK_FALSE(other.answer);
    Question before;
    before.call_off.now();
    net::spawn(asking.worker.context(), "a question",
               resolve(asking.resolver, asking.worker.loop(), {"before", 80}, kNever, before));
    asking.settle();
    CHECK_FALSE(before.answer.value());
    asking.system.release();
    asking.await(other);
    CHECK(other.answer->has_value());
    CHECK(asking.system.asked().count("wanted") == 1);
    CHECK(asking.system.asked().count("alone") == 0);
    CHECK(asking.system.asked().count("before") == 0);
}

TEST_CASE("a name has its time, in the queue and under way") {
    Asking asking;
    asking.fill_threads();
    const Question& late = asking.ask("late", 80, asking.worker.loop().now());
    asking.await(late);
    CHECK(late.answer->error().error == problem::ProxyError::dns_timeout);
}

TEST_CASE("so many names wait, and no more; a place is free again when one is given up") {
    Asking asking;
    asking.fill_threads();
    Question& first = asking.ask("name");
    for (std::size_t i = 1; i < Resolver::kQueuedMost; ++i) {
        asking.ask("name" + std::to_string(i));
    }
    const Question& refused = asking.ask("one too many");
    REQUIRE(refused.answer);
    CHECK(refused.answer->error().error == problem::ProxyError::dns_error);
    CHECK(refused.answer->error().not_sent);  // another endpoint may be tried
    CHECK_FALSE(asking.ask("name7").answer);  // it waits already
    first.call_off.now();
    asking.settle();
    const Question& fits = asking.ask("one more");
    CHECK_FALSE(fits.answer);
    asking.system.release();
    asking.await(fits);
    CHECK(fits.answer->has_value());
}

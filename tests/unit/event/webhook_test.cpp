// Webhooks: what waits for how long, and what a receiver checks.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "connector/event/webhook_queue.h"
#include "connector/event/webhook_request.h"

using namespace adit;
using namespace adit::event;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const Message> message(const std::string& id, Kind kind = Kind::circuit_opened) {
    return std::make_shared<const Message>(id, kind, "{}");
}

WebhookQueue::Time at(std::chrono::milliseconds since) {
    return WebhookQueue::Time(1h) + since;
}

}  // namespace

TEST_CASE("events leave in their order, no more of them in a minute than may") {
    WebhookQueue queue({.per_minute = 3, .events = 10});
    CHECK_FALSE(queue.next());
    for (const char* id : {"a", "b", "c", "d"}) {
        CHECK(queue.push(message(id)));
    }
    for (const char* id : {"a", "b", "c"}) {
        REQUIRE(*queue.next() <= at(0s));
        CHECK(queue.begin(at(0s))->id == id);
        queue.delivered();
    }
    CHECK(*queue.next() == at(20s));
    queue.begin(at(20s));
    queue.delivered();
    CHECK(queue.size() == 0);
}

TEST_CASE("a full queue lets its oldest go, but not the one that is on its way") {
    WebhookQueue queue({.per_minute = 60, .events = 2});
    queue.push(message("a"));
    queue.begin(at(0s));
    CHECK(queue.push(message("b")));
    CHECK(queue.push(message("c")));
    CHECK_FALSE(queue.push(message("d")));
    queue.delivered();
    CHECK(queue.begin(at(1s))->id == "c");
    queue.delivered();
    CHECK(queue.begin(at(2s))->id == "d");
}

TEST_CASE("many bans do not push out what happened to a circuit") {
    WebhookQueue queue({.per_minute = 600, .events = 3});
    queue.push(message("circuit"));
    for (const std::string id : {"ban 1", "ban 2", "ban 3", "ban 4"}) queue.push(message(id, Kind::ban));
    CHECK(queue.size() == 3);
    for (const std::string id : {"circuit", "ban 3", "ban 4"}) {
        CHECK(queue.begin(at(0s))->id == id);
        queue.delivered();
    }
}

TEST_CASE("a try that failed is repeated, later each time, or when the receiver wants; and not for ever") {
    WebhookQueue queue({.per_minute = 1000, .events = 2});
    queue.push(message("a"));
    queue.push(message("b"));
    auto now = at(0s);
    for (const auto longest : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
        CHECK(queue.begin(now)->id == "a");
        CHECK(queue.failed(now, 0ms, 0.999));
        CHECK(*queue.next() - now > longest * 9 / 10);
        CHECK(*queue.next() - now <= longest);
        now = *queue.next();
    }
    CHECK_FALSE((queue.begin(now), queue.failed(now, 90s, 0.5)));
    CHECK(*queue.next() == now + 90s);
    CHECK(queue.begin(*queue.next())->id == "b");
}

TEST_CASE("a message is signed as Standard Webhooks are: the example of their libraries") {
    const auto key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    REQUIRE(key);
    const Message message{"msg_p5jXN8AQM9LWM0D4loKWxJek", Kind::circuit_opened, R"({"test": 2432232314})"};
    const auto request = webhook_request(message, *key, "/hook", WallTime(std::chrono::seconds(1614265330)));
    CHECK(request.method == "POST");
    CHECK(request.target == "/hook");
    CHECK(request.body == message.body);
    CHECK(request.fields[1] == std::pair<std::string, std::string>("webhook-id", message.id));
    CHECK(request.fields[2] == std::pair<std::string, std::string>("webhook-timestamp", "1614265330"));
    CHECK(request.fields[3] ==
          std::pair<std::string, std::string>("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    CHECK(webhook_key("plain words")->reveal() == "plain words");
    CHECK_FALSE(webhook_key("whsec_not base64"));
    CHECK_FALSE(webhook_key(""));
}

TEST_CASE("a message says what happened to what, when, and why") {
    const Event event{
        .kind = Kind::circuit_opened,
        .subject = "backend:b",
        .reason = "5 failures",
        .details = {{"cooldown_ms", std::int64_t(30'000)}, {"remote", false}, {"state", std::string("open")}}};
    const auto made = message_of(event, "adit-1", WallTime(std::chrono::seconds(1614265330)));
    CHECK(made->id.starts_with("msg_"));
    CHECK(boost::json::parse(made->body) ==
          boost::json::parse(R"({"type":"circuit.opened","timestamp":"2021-02-25T15:02:10.000Z","data":{
              "connector":"adit-1","subject":"backend:b","reason":"5 failures","cooldown_ms":30000,"remote":false,
              "state":"open"}})"));
}

TEST_CASE("kinds are meant by their names and by what they have in common") {
    CHECK(config::meets("circuit.opened", "circuit.opened"));
    CHECK(config::meets("circuit.*", "circuit.opened"));
    CHECK(config::meets("*", "ban"));
    CHECK_FALSE(config::meets("circuit.op*", "circuit.opened"));
    CHECK_FALSE(config::meets("endpoint.*", "circuit.opened"));
    CHECK_FALSE(config::meets("circuit", "circuit.opened"));
}

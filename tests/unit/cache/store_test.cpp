// What is kept, for how much, and what is not used any more.
#include "connector/cache/store.h"

#include <thread>
#include <vector>

#include "connector/cache/flights.h"
#include "connector/cache/marking.h"
#include "heads.h"

using namespace adit;
using namespace adit::cache;
using namespace std::chrono_literals;

namespace {

constexpr config::CacheStore kRoomy{.memory = 1 << 20, .entries = 1000};

Key key(std::string_view path, std::string_view route = "r", const access::Caller* alone = nullptr) {
    return make_key({.backend = "b",
                     .tls = true,
                     .authority = "Example.com",
                     .path = path,
                     .query = "?q=1",
                     .route = route,
                     .alone = alone});
}

std::string body(Store& store, const Key& of, std::string_view asked = "") {
    const auto found = store.find(of, *request(asked)).entry;
    return found ? found->body() : std::string("-");
}

}  // namespace

TEST_CASE("keys tell apart what was asked, by which route and by whom") {
    const access::Caller one{.consumer = "one", .project = {}, .environment = "production", .attributes = {}, .by = {}};
    access::Caller two = one;
    two.attributes["sub"] = "u2";
    CHECK(key("/a").text == key("/a").text);
    CHECK(key("/a").text != key("/b").text);
    CHECK(key("/a", "r").text != key("/a", "s").text);
    CHECK(key("/a", "r", &one).text != key("/a", "r").text);
    CHECK(key("/a", "r", &one).text != key("/a", "r", &two).text);
    CHECK(key("/a", "r", &one).site() == key("/a", "s", &two).site());
    CHECK(route_of(key("/a/b", "r", &one).text) == "r");
    CHECK(path_of(key("/a/b", "r", &one).text) == "/a/b?q=1");
    CHECK(key("/a").text.find("example.com") != std::string::npos);  // a host's case says nothing
}

TEST_CASE("what a claim holds does not move the borders of a key's parts") {
    access::Caller one{.consumer = "c", .project = {}, .environment = {}, .attributes = {}, .by = {}};
    access::Caller two = one;
    one.attributes = {{"a",
                       "1\x1f"
                       "b\x1f"
                       "2"}};
    two.attributes = {{"a", "1"}, {"b", "2"}};
    CHECK(key("/a", "r", &one).text != key("/a", "r", &two).text);
}

TEST_CASE("what origins are told of hops before us is a part of the key, and not of the site") {
    KeyParts parts{.backend = "b", .tls = true, .authority = "a", .path = "/x", .query = {}, .route = "r", .told = {}};
    const Key plain = make_key(parts);
    parts.told = "x-forwarded-host:evil\n";
    const Key told = make_key(parts);
    CHECK(plain.text != told.text);
    CHECK(plain.site() == told.site());
    CHECK(route_of(told.text) == "r");
}

TEST_CASE("an answer is found by whom it selects, the newest of several first") {
    Store store(kRoomy);
    CHECK(body(store, key("/a")) == "-");
    CHECK(store.put(key("/a"), entry("Vary: Accept\r\n", "json", "Accept: json\r\n")));
    CHECK(store.put(key("/a"), entry("Vary: Accept\r\n", "text", "Accept: text\r\n")));
    CHECK(body(store, key("/a"), "Accept: json\r\n") == "json");
    CHECK(body(store, key("/a"), "Accept: text\r\n") == "text");
    CHECK(store.find(key("/a"), *request("Accept: other\r\n")).others);
    CHECK_FALSE(store.find(key("/b"), *request()).others);
    CHECK(store.put(key("/a"), entry("Vary: Accept\r\n", "newer", "Accept: text\r\n")));
    CHECK(body(store, key("/a"), "Accept: text\r\n") == "newer");
    CHECK(store.figures().entries == 2);
}

TEST_CASE("variants of one key have a bound") {
    Store store(kRoomy);
    for (std::size_t i = 0; i < Store::kVariantsMost + 5; ++i) {
        store.put(key("/a"), entry("Vary: Accept\r\n", "x", "Accept: " + std::to_string(i) + "\r\n"));
    }
    CHECK(store.figures().entries == Store::kVariantsMost);
    CHECK(body(store, key("/a"), "Accept: 0\r\n") == "-");
    CHECK(body(store, key("/a"), "Accept: 36\r\n") == "x");
}

TEST_CASE("neither memory nor count grow beyond their bounds, and the figures agree with what is there") {
    Store store({.memory = 64 * 1024, .entries = 20});
    for (int i = 0; i < 200; ++i) {
        store.put(key("/" + std::to_string(i)), entry("", std::string(static_cast<std::size_t>(i) * 37, 'x')));
        CHECK(store.figures().entries <= 20);
        CHECK(store.figures().bytes <= 64 * 1024);
    }
    CHECK(store.figures().evicted > 100);
    CHECK_FALSE(store.put(key("/large"), entry("", std::string(70 * 1024, 'x'))));
    CHECK(store.purge({}, kStart) > 0);
    CHECK(store.figures().entries == 0);
    CHECK(store.figures().bytes == 0);
}

TEST_CASE("what is used stays, what is not leaves") {
    Store store({.memory = 1 << 20, .entries = 64});
    store.put(key("/used"), entry(""));
    for (int i = 0; i < 1000; ++i) {
        store.put(key("/" + std::to_string(i)), entry(""));
        CHECK(body(store, key("/used")) == "hello");
    }
}

TEST_CASE("smaller bounds make room at once, and none keep nothing") {
    Store store(kRoomy);
    for (int i = 0; i < 100; ++i) {
        store.put(key("/" + std::to_string(i)), entry(""));
    }
    store.use({.memory = 1 << 20, .entries = 10});
    CHECK(store.figures().entries == 10);
    store.use({.memory = 0, .entries = 0});
    CHECK(store.figures().bytes == 0);
    CHECK_FALSE(store.put(key("/a"), entry("")));
}

TEST_CASE("a change makes all answers of its site useless, for everybody, and those on their way") {
    Store store(kRoomy);
    const access::Caller caller{.consumer = "c", .project = {}, .environment = {}, .attributes = {}, .by = {}};
    store.put(key("/a"), entry("Vary: Accept\r\n", "1", "Accept: x\r\n"));
    store.put(key("/a"), entry("Vary: Accept\r\n", "2", "Accept: y\r\n"));
    store.put(key("/a", "s", &caller), entry(""));
    store.put(key("/b"), entry(""));
    store.invalidate(key("/a").site(), kStart + 5s);
    CHECK(store.figures().entries == 1);
    CHECK(body(store, key("/b")) == "hello");
    CHECK_FALSE(store.put(key("/a"), entry("", "late", "", 0ms, at(4s))));
    CHECK(store.put(key("/a"), entry("", "new", "", 0ms, at(6s))));
    CHECK(store.put(key("/b"), entry("", "other", "", 0ms, at(4s))));
}

TEST_CASE("what is forgotten of many changes is remembered as a time") {
    Store store(kRoomy);
    for (std::size_t i = 0; i < 16 * 4 * Store::kInvalidations; ++i) {
        store.invalidate(key("/" + std::to_string(i)).site(), kStart + 5s);
    }
    CHECK_FALSE(store.put(key("/a"), entry("", "late", "", 0ms, at(4s))));
    CHECK(store.put(key("/a"), entry("", "new", "", 0ms, at(6s))));
}

TEST_CASE("purging by route, by path, and altogether") {
    Store store(kRoomy);
    for (const char* route : {"r", "s"}) {
        for (const char* path : {"/a/1", "/a/2", "/b"}) {
            store.put(key(path, route), entry(""));
        }
    }
    CHECK(store.purge({.route = "r", .path_prefix = "/a/"}, kStart + 1s) == 2);
    CHECK(store.purge({.route = {}, .path_prefix = "/a/"}, kStart + 1s) == 2);
    CHECK(store.purge({.route = "s", .path_prefix = {}}, kStart + 1s) == 1);
    CHECK_FALSE(store.put(key("/b"), entry("", "late", "", 0ms, at(500ms))));
    CHECK(store.purge({}, kStart + 1s) == 1);
}

TEST_CASE("bodies on their way have a bound of their own") {
    Store store({.memory = 1000, .entries = 10});
    {
        Store::Room first(store);
        Store::Room second(store);
        CHECK(first.grow(400));
        CHECK_FALSE(second.grow(200));
    }
    Store::Room again(store);
    CHECK(again.grow(400));
}

TEST_CASE("many threads may use it at once") {
    Store store({.memory = 200'000, .entries = 50});
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            const auto asked = request();
            const auto by = answer("");
            for (int i = 0; i < 2000; ++i) {
                const std::string path = "/" + std::to_string((i * 7 + t) % 100);
                if (i % 3 == 0) {
                    auto made = std::make_shared<Entry>(*by, std::vector<Selecting>(), at(1s), 0ms);
                    made->give_body(path);
                    store.put(key(path), made);
                } else if (i % 101 == 0) {
                    store.invalidate(key(path).site(), kStart);
                } else if (const auto found = store.find(key(path), *asked).entry) {
                    wrong += found->body() != path;
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
    CHECK(store.figures().entries <= 50);
    store.purge({}, kStart);
    CHECK(store.figures().bytes == 0);
}

TEST_CASE("a 304 makes a stored answer new and leaves its body") {
    const auto stored = entry("Cache-Control: max-age=1\r\nETag: \"a\"\r\nX-Old: 1\r\nContent-Type: text/plain\r\n");
    const auto fresh =
        answer("Cache-Control: max-age=50\r\nETag: \"a\"\r\nX-New: 2\r\nContent-Type: no/thing\r\n", 304, "");
    const Entry renewed(*stored, *fresh, {}, at(10s), 0ms);
    CHECK(renewed.freshness().fresh(kStart + 59s));
    CHECK_FALSE(renewed.freshness().fresh(kStart + 60s));
    CHECK(renewed.body() == "hello");
    http::ResponseHead head;
    renewed.describe(head, false);
    CHECK(head.find("x-old") != nullptr);
    CHECK(head.find("x-new")->value == "2");
    CHECK(head.find("content-type")->value == "text/plain");
    CHECK(head.framing.length == 5);
    renewed.describe(head, true);
    CHECK(head.find("content-length")->value == "5");
    renewed.describe_not_modified(head);
    CHECK(head.status == 304);
    CHECK(head.find("etag")->value == "\"a\"");
    CHECK(head.find("content-type") == nullptr);
}

TEST_CASE("fields of one connection, the length and Age are not stored, a missing date is made") {
    const auto stored = entry("Connection: x-hop\r\nX-Hop: 1\r\nAge: 7\r\nKeep-Alive: 5\r\nX-Kept: 1\r\n");
    http::ResponseHead head;
    stored->describe(head, false);
    CHECK(head.find("x-hop") == nullptr);
    CHECK(head.find("age") == nullptr);
    CHECK(head.find("keep-alive") == nullptr);
    CHECK(head.find("content-length") == nullptr);
    CHECK(head.find("x-kept") != nullptr);
    CHECK(head.find("date")->value == "Thu, 01 Jan 2026 12:00:00 GMT");
    CHECK(stored->freshness().age(kStart) == 7s);
}

TEST_CASE("RFC 9211: the marking says what happened") {
    CHECK(text({.hit = true, .ttl = 376s}) == "adit; hit; ttl=376");
    CHECK(text({.hit = true, .ttl = -500ms}) == "adit; hit; ttl=-1");
    CHECK(text({.fwd = "uri-miss", .stored = true}) == "adit; fwd=uri-miss; stored");
    CHECK(text({.fwd = "stale", .fwd_status = 304, .collapsed = true, .detail = "stale-if-error"}) ==
          "adit; fwd=stale; fwd-status=304; collapsed; detail=stale-if-error");
}

TEST_CASE("one leads, others follow, until the leader has landed") {
    Flights flights;
    auto first = flights.board("k");
    CHECK(first.lead);
    CHECK(flights.board("k").flight != nullptr);
    CHECK(flights.board("other").lead);
    first.lead.land({.end = Landing::End::alone});
    CHECK_FALSE(first.lead);
    auto second = flights.board("k");
    CHECK(second.lead);
    second.lead = {};
    CHECK(flights.board("k").lead);
}

TEST_CASE("nobody waits for what was for one alone lately") {
    Flights flights;
    CHECK_FALSE(flights.passes("k", kStart));
    flights.pass("k", kStart);
    CHECK(flights.passes("k", kStart + 9s));
    CHECK_FALSE(flights.passes("k", kStart + 11s));
    CHECK_FALSE(flights.passes("j", kStart));
}

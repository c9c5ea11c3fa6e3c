// Requests that are kept to be sent once more.
#include "connector/http/request_copy.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "common/net/worker.h"
#include "connector/http/parse.h"
#include "tests/unit/http/plain_exchange.h"

using namespace adit;
using namespace adit::http;

namespace {

/// A request with its body, as a connection has it.
struct Asked {
    explicit Asked(net::Loop& loop, const std::string& text) : streams(net::memory_pipe(loop, 64 * 1024)) {
        const std::size_t end = text.find("\r\n\r\n") + 4;
        head.bytes() = text.substr(0, end);
        REQUIRE(parse_request(head, {}));
        streams.first->input().append(text.substr(end));
        exchange.emplace(head, BodyReader(*streams.first, head.framing),
                         BodyWriter(*streams.first, Framing::Kind::none), settings, "10.0.0.1");
    }
    /// Takes the body as it is sent on.
    void pass() {
        BodyWriter out(*streams.second, Framing::Kind::length);
        while (const std::size_t n = exchange->body.available()) {
            out.take(exchange->body, std::min<std::size_t>(n, 4));
        }
    }
    std::pair<std::unique_ptr<net::Stream>, std::unique_ptr<net::Stream>> streams;
    ServerSettings settings;
    RequestHead head;
    std::optional<PlainExchange> exchange;
};

constexpr const char* kChunked =
    "POST /a?b=c HTTP/1.1\r\nHost: x\r\nMark: forged\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";

}  // namespace

TEST_CASE("taps see a body as it passes, and its end, for as long as they are there") {
    net::Worker worker(0);
    Asked asked(worker.loop(), kChunked);
    Seen one;
    Seen other;
    Seen gone;
    BodyReader& body = asked.exchange->body;
    body.add(one);
    body.add(gone);
    body.add(other);
    body.remove(gone);
    CHECK(body.tapped());
    asked.pass();
    CHECK(one.text == "hello world|");
    CHECK(other.text == "hello world|");
    CHECK(gone.text.empty());
    body.remove(one);
    body.remove(other);
    CHECK_FALSE(body.tapped());
}

TEST_CASE("a copy outlives its original, with a mark, a known length and a client who drops the answer") {
    net::Worker worker(0);
    std::optional<Asked> asked(std::in_place, worker.loop(), kChunked);
    std::string rewritten = "/elsewhere";
    asked->head.path = rewritten;
    RequestCopy copy(*asked->exchange, {"mark", "yes"});
    const std::string id = asked->exchange->request_id;
    net::Chain body(worker.loop().blocks());
    body.append("hello world");
    copy.append(body, 5);
    CHECK(copy.body_bytes() == 5);
    asked.reset();
    rewritten.assign("overwritten");
    Exchange& exchange = copy.exchange(100);
    const RequestHead& request = exchange.request;
    CHECK(request.method == "POST");
    CHECK(request.path == "/elsewhere");
    CHECK(request.query == "?b=c");
    CHECK(request.authority == "x");
    CHECK(request.find("mark")->value == "yes");
    CHECK(std::ranges::count(request.fields, "Mark", &Field::name) == 0);
    CHECK(request.framing.kind == Framing::Kind::length);
    CHECK(exchange.body.available() == 5);
    CHECK(exchange.request_id == id);
    CHECK(exchange.client_ip == "10.0.0.1");
    exchange.out.append(std::string(99, 'x'));
    CHECK(exchange.out.try_send());
    CHECK_FALSE(copy.had_enough());
    exchange.out.append("xx");
    CHECK_FALSE(exchange.out.try_send());
    CHECK(copy.had_enough());
    CHECK(exchange.client().status());
}

TEST_CASE("a copy without a body has none to wait for") {
    net::Worker worker(0);
    const Asked asked(worker.loop(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    RequestCopy copy(*asked.exchange, {"mark", "yes"});
    CHECK(copy.exchange(1).body.done());
}

// Sessions that carry messages: interim heads, trailers, and heads that are refused.
#include <doctest/doctest.h>

#include "pair.h"

using namespace adit;
using namespace adit::h2;
using namespace adit::h2::test;

namespace {

struct Messages : Pair {
    Messages() : Pair({}, false, Of::messages) {
        accepting.accepted = [this](auto stream) { asked = std::move(stream); };
    }
    std::unique_ptr<Stream> ask(Fields more = {}, bool end = true) {
        Fields fields{{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
        for (const Field field : more) {
            fields.add(field.name, field.value);
        }
        auto stream = opener->open(fields, end);
        settle();
        return stream;
    }
    ~Messages() { asked.reset(); }
    std::unique_ptr<Stream> asked;  ///< at the server
};

}  // namespace

TEST_CASE("interim heads come in their order before the final one, and an error is an answer like any other") {
    Messages pair;
    const auto call = pair.ask();
    REQUIRE(pair.asked);
    pair.asked->inform(103, {{"link", "</a>"}});
    pair.asked->inform(102, {});
    pair.asked->respond(503, {{"retry-after", "1"}}, true);
    pair.settle();
    CHECK(call->take_head()->find("link") == "</a>");
    CHECK(call->take_head()->find(":status") == "102");
    CHECK(call->take_head()->find("retry-after") == "1");
    CHECK(call->take_head() == nullptr);
    CHECK(call->failure() == nullptr);
}

TEST_CASE("trailers follow a body in both directions") {
    Messages pair;
    const auto call = pair.ask({}, false);
    REQUIRE(pair.asked);
    put(*call, "up");
    call->end({{"checksum", "1"}});
    pair.asked->respond(200, {}, false);
    put(*pair.asked, "down");
    pair.asked->end({{"grpc-status", "0"}});
    pair.settle();
    CHECK(take(*pair.asked) == "up");
    CHECK(pair.asked->trailers().find("checksum") == "1");
    CHECK(take(*call) == "down");
    CHECK(call->trailers().find("grpc-status") == "0");
    CHECK(call->peer_ended());
}

TEST_CASE("a head that was refused is not one that never ends") {
    Messages pair;
    const auto call = pair.ask({{"connection", "close"}});  // RFC 9113 §8.2.2
    CHECK_FALSE(pair.asked);
    CHECK(call->status() == net::Errc::reset);
    CHECK(pair.acceptor->head_begun_at() == net::Time::max());
}

TEST_CASE("a final head that HTTP/2 does not allow is told apart from none") {
    for (const Fields& wrong :
         {Fields{{"connection", "close"}}, Fields{{":status", "200"}}, Fields{{"content-length", "+2"}}}) {
        Messages pair;
        const auto call = pair.ask();
        REQUIRE(pair.asked);
        pair.asked->respond(200, wrong, false);
        pair.settle();
        CHECK(call->head_fault() != nullptr);
        CHECK(call->take_head() == nullptr);
        CHECK(call->status() == net::Errc::reset);
    }
    Messages pair;
    const auto call = pair.ask();
    pair.asked.reset();
    pair.settle();
    CHECK(call->status() == net::Errc::reset);
    CHECK(call->head_fault() == nullptr);
}

TEST_CASE("interim heads without end are refused") {
    Messages pair;
    const auto call = pair.ask();
    REQUIRE(pair.asked);
    for (int i = 0; i < 33; ++i) {
        CHECK(call->head_fault() == nullptr);
        pair.asked->inform(103, {});
        pair.settle();
    }
    CHECK(call->head_fault() != nullptr);
}

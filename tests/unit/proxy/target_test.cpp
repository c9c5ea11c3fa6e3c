// What requests to a forward proxy ask for, and which services that could be.
#include "connector/proxy/target.h"

#include <doctest/doctest.h>

#include "connector/http/parse.h"

using namespace adit;

namespace {

std::expected<proxy::Target, problem::Failure> read(const std::string& line) {
    http::RequestHead head;
    head.bytes() = line + " HTTP/1.0\r\n\r\n";  // no Host, which has to be like the target
    REQUIRE(http::parse_request(head, {}, http::Role::proxy));
    return proxy::target_of(head);
}

std::string code(const std::string& line) {
    const auto target = read(line);
    return target ? target->at.text() + (target->connect ? "" : " " + target->path) : std::string(target.error().code);
}

const tunnel::Table& table() {
    static const tunnel::Table table({{"tnl_a",
                                       "a",
                                       {},
                                       {},
                                       {{"payments-api", "http://payments.internal:8080", {}},
                                        {"ledger", "https://ledger.internal:8443", {}},
                                        {"orders", "http://shop.internal/orders", {}},
                                        {"payments", "http://ledger:80", {}}}}});
    return table;
}

/// Names and rests of paths of the candidates.
std::string meant(const std::string& line) {
    const auto target = read(line);
    REQUIRE(target);
    std::string out;
    for (const proxy::Candidate& candidate : proxy::candidates(table(), *target)) {
        out += (out.empty() ? "" : ", ") + candidate.service->name + std::string(candidate.path);
    }
    return out;
}

}  // namespace

TEST_CASE("a target is a host and a port, of an http URL the path too") {
    CHECK(code("CONNECT Payments.internal:8443") == "Payments.internal:8443");
    CHECK(code("CONNECT [fd00::1]:8443") == "[fd00::1]:8443");
    CHECK(code("GET http://payments.internal:8080/x/../y?z") == "payments.internal:8080 /y");
    CHECK(code("GET http://payments.internal") == "payments.internal:80 /");
    CHECK(code("GET http://[fd00::1]/%7ex") == "[fd00::1]:80 /~x");
    CHECK(code("OPTIONS http://payments.internal") == "payments.internal:80 *");
}

TEST_CASE("what is no business of a proxy is refused in words that say what would be") {
    CHECK(code("GET /x") == "not-a-proxy-request");
    CHECK(code("OPTIONS *") == "not-a-proxy-request");
    CHECK(code("GET https://payments.internal/") == "use-connect");
    CHECK(code("CONNECT a:0") == "bad-target");
    CHECK(code("CONNECT a:65536") == "bad-target");
    CHECK(code("GET http://a/../x") == "bad-path");
    CHECK(code("GET http://a/%2f") == "bad-path");
}

TEST_CASE("an endpoint is reached at its own host and port only") {
    CHECK(meant("CONNECT PAYMENTS.internal.:8080") == "payments-api");
    CHECK(meant("GET http://payments.internal:8080/x") == "payments-api/x");
    CHECK(meant("CONNECT ledger.internal:8443") == "ledger");
    for (const char* nobody : {"CONNECT payments.internal:80", "CONNECT 169.254.169.254:80", "CONNECT payments-api:80",
                               "CONNECT localhost:8080", "CONNECT xpayments.internal:8080"}) {
        CAPTURE(nobody);
        CHECK(meant(nobody).empty());
    }
}

TEST_CASE("a service is reached by its name below adit.internal, at the ports of http and https") {
    CHECK(meant("CONNECT payments-api.adit.internal:443") == "payments-api");
    CHECK(meant("CONNECT Payments-API.ADIT.internal.:80") == "payments-api");
    CHECK(meant("GET http://ledger.adit.internal/x") == "ledger/x");
    CHECK(meant("CONNECT payments-api.adit.internal:8080").empty());
    CHECK(meant("CONNECT x.payments-api.adit.internal:443").empty());
    CHECK(meant("CONNECT adit.internal:443").empty());
}

TEST_CASE("a bare name is a host of the private network, never a service's name") {
    CHECK(meant("GET http://ledger/x") == "payments/x");
}

TEST_CASE("a service with a base path is there below that path, and not for CONNECT") {
    CHECK(meant("GET http://shop.internal/orders/1") == "orders/1");
    CHECK(meant("GET http://shop.internal/orders") == "orders");
    CHECK(meant("GET http://shop.internal/orders2").empty());
    CHECK(meant("GET http://shop.internal/orders/../admin").empty());
    CHECK(meant("GET http://shop.internal/").empty());
    CHECK(meant("OPTIONS http://shop.internal").empty());
    CHECK(meant("CONNECT shop.internal:80").empty());
    CHECK(meant("CONNECT orders.adit.internal:80").empty());
    CHECK(meant("GET http://orders.adit.internal/1") == "orders/1");
}

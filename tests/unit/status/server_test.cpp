// What operators, and others who find the port, get from the status server.
#include "common/status/server.h"

#include <doctest/doctest.h>

#include <list>
#include <map>

#include "tests/unit/status/client.h"

using namespace adit;
using status::test::ask;
using status::test::Client;
using status::test::Running;

namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a known path answers by GET, with or without a query") {
    const Running server;
    REQUIRE(server.listening);
    const std::string answer = ask(server, "GET /live?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(contains(answer, "Content-Type: text/plain; charset=utf-8\r\n"));
    CHECK(contains(answer, "Cache-Control: no-store\r\n"));
    CHECK(answer.ends_with("\r\n\r\nok\n"));
}

TEST_CASE("HEAD has the length and no body") {
    const Running server;
    const std::string answer = ask(server, "HEAD /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(contains(answer, "Content-Length: 3\r\n"));
    CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("an unknown path is 404 and names the known ones") {
    const Running server;
    const std::string answer =
        ask(server, "GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 404 "));
    CHECK(contains(answer, "/broken /live /ready"));
}

TEST_CASE("other methods are 405 with Allow, whatever body they carry") {
    const Running server;
    for (const std::string request : {"POST /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
                                      "DELETE /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                                      "PUT /live HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        CAPTURE(request);
        const std::string answer = ask(server, request);
        CHECK(answer.starts_with("HTTP/1.1 405 "));
        CHECK(contains(answer, "Allow: GET, HEAD\r\n"));
    }
}

TEST_CASE("a body is not mistaken for the next request") {
    const Running server;
    const std::string answer = ask(server,
                                   "GET /live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 35\r\n\r\n"
                                   "GET /ready HTTP/1.1\r\nHost: evil\r\n\r\n");
    CHECK(contains(answer, "Connection: close\r\n"));
    CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
}

TEST_CASE("what is no HTTP is 400") {
    const Running server;
    CHECK(ask(server, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    CHECK(ask(server, "GET /live HTTP/1.1\r\nHost : x\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_CASE("what two readers may take for different requests is 400, and nobody is asked to act on it") {
    Running server;
    for (const std::string fields :
         {"", "Host: localhost\r\nHost: evil.example\r\n", "Host: localhost\r\nhost: localhost\r\n",
          "Host: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n",
          "Host: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
          "Host: localhost\r\nX: a\r\n b\r\n", "Host: localhost\r\nX: a\r\n\tb\r\n"}) {
        CAPTURE(fields);
        CHECK(ask(server, "POST /update/later HTTP/1.1\r\n" + fields + "\r\n").starts_with("HTTP/1.1 400 "));
        CHECK(ask(server, "GET /live HTTP/1.1\r\n" + fields + "\r\n").starts_with("HTTP/1.1 400 "));
    }
    CHECK(server.waiting() == 0);
    CHECK(ask(server, "GET /live HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_CASE("a head larger than 8 KiB is 431") {
    const Running server;
    const std::string request = "GET /live HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n";
    CHECK(ask(server, request).starts_with("HTTP/1.1 431 "));
}

TEST_CASE("a handler that throws is 500 and its words stay inside") {
    const Running server;
    const std::string answer = ask(server, "GET /broken HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 500 "));
    CHECK_FALSE(contains(answer, "secret"));
    CHECK(ask(server, "GET /live HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a connection serves one request after the other, pipelined ones too") {
    const Running server;
    const std::string answer = ask(server,
                                   "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                   "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(contains(answer, "ok\nHTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("{\"ready\":true}\n"));
}

TEST_CASE("the connection that waits longest without a request gives its place to the 65th") {
    const Running server;
    std::list<Client> clients;
    for (int i = 0; i < 64; ++i) {
        clients.emplace_back(server.address()).send("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(clients.back().read(8) == "HTTP/1.1");
    }
    clients.emplace_back(server.address()).send("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(clients.back().read(8) == "HTTP/1.1");
    CHECK(clients.front().rest().ends_with("\r\n\r\nok\n"));  // would block otherwise
    clients.pop_front();
    for (Client& client : clients) {
        client.send("GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        CHECK(client.rest().find("\r\n\r\nok\nHTTP/1.1 200 OK\r\n") != std::string::npos);
    }
}

TEST_CASE("silent connections keep nobody from being served, however many there are, and are counted") {
    Running server;
    std::map<std::string_view, int> refused;
    server.on_refusal([&refused](const status::Asked&, const status::Refusal& why) { ++refused[name_of(why.why)]; });
    std::list<Client> clients;
    clients.emplace_back(server.address()).send("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(clients.back().read(8) == "HTTP/1.1");
    for (int i = 0; i < 200; ++i) {
        clients.emplace_back(server.address()).send(i % 2 == 0 ? "" : "GET /live HT");
    }
    CHECK(ask(server, "GET /live HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
    server.stop();
    CHECK(refused.size() == 1);
    CHECK(refused["silent"] >= 200 - 63);  // more, where those who give way take their time to end
    CHECK(refused["silent"] <= 200);       // but never who has asked
}

TEST_CASE("where all have a request under way the newcomer is turned away") {
    Running server;
    std::list<Client> clients;
    for (std::size_t i = 0; i < 64; ++i) {
        clients.emplace_back(server.address()).send("POST /update/later HTTP/1.1\r\nHost: localhost\r\n\r\n");
        while (server.waiting() == i) {
        }
    }
    CHECK(Client(server.address()).rest() == "");
    CHECK(server.tell());
    CHECK(clients.front().read(8) == "HTTP/1.1");
    CHECK(ask(server, "GET /live HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
    while (server.tell()) {
    }
}

TEST_CASE("a connection does not stay for long when who may ask has changed") {
    Running server;
    Client client(server.address());
    client.send("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.read(8) == "HTTP/1.1");
    server.guard({.demands = {.token = SharedSecret("a-token-of-operators")}});
    client.send(
        "GET /live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a-token-of-operators\r\n\r\n"
        "GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answers = client.rest();
    CHECK(contains(answers, "ok\nHTTP/1.1 200 OK\r\n"));
    CHECK(contains(answers, "Connection: close\r\n"));
    CHECK(answers.find("HTTP/1.1 4") == std::string::npos);
}

TEST_CASE("each refused request is told of, whether it would have changed something or not") {
    Running server;
    std::vector<std::string> told;
    server.guard({.demands = {.token = SharedSecret("a-token-of-operators")}});
    server.on_refusal([&told](const status::Asked& asked, const status::Refusal& refusal) {
        told.push_back(asked.request + (asked.changes ? ", a change: " : ": ") +
                       std::string(status::name_of(refusal.why)));
    });
    const auto request = [&server](const std::string& line, const std::string& fields) {
        ask(server, line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields + "\r\n");
    };
    request("GET /live?x=y", "");
    request("GET /live", "Authorization: Bearer guessed\r\n");
    request("POST /update/now", "Authorization: Bearer guessed\r\n");
    request("POST /update/now", "Authorization: Bearer a-token-of-operators\r\nOrigin: https://evil.example\r\n");
    request("GET /live", "Authorization: Bearer a-token-of-operators\r\n");
    CHECK(told == std::vector<std::string>{"GET /live: no_token", "GET /live: token",
                                           "POST /update/now, a change: token", "POST /update/now, a change: page"});
}

TEST_CASE("who shows a wrong token guesses again by another connection, and who shows none may show it by this one") {
    Running server;
    server.guard({.demands = {.token = SharedSecret("a-token-of-operators")}});
    const std::string request = "GET /live HTTP/1.1\r\nHost: localhost\r\n";
    const std::string right = request + "Authorization: Bearer a-token-of-operators\r\n\r\n";
    const std::string wrong = request + "Authorization: Bearer a-guess\r\n\r\n";
    const std::string answers = ask(server, request + "\r\n" + right + wrong + right);
    CHECK(answers.starts_with("HTTP/1.1 401 "));
    CHECK(contains(answers, "ok\nHTTP/1.1 401 Unauthorized\r\n"));
    CHECK(answers.find("HTTP/1.1 200 ") == answers.rfind("HTTP/1.1 200 "));
    CHECK(answers.find("Connection: close\r\n") > answers.find("HTTP/1.1 200 "));
    CHECK(contains(answers, "X-Content-Type-Options: nosniff\r\n"));
}

TEST_CASE("stopping ends idle connections and the listening") {
    Running server;
    const net::HostPort address = server.address();
    Client client(address);
    client.send("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.read(8) == "HTTP/1.1");
    server.stop();
    client.rest();  // would block for ten seconds and more otherwise
    CHECK_THROWS(Client{address});
}

TEST_CASE("a server may die before its context, with clients connected") {
    boost::asio::io_context context(1);
    net::Loop loop(context);
    auto server = std::make_unique<status::Server>(loop);
    REQUIRE(server->listen(net::HostPort{"127.0.0.1", 0}, {}));
    server->start();
    context.poll();
    const net::HostPort address{"127.0.0.1", server->address().tcp.port};
    Client client(address);
    client.send("GET /li");
    context.poll();
    server.reset();
    context.poll();
    CHECK(client.rest() == "");
}

TEST_CASE("a taken address and one that is no IP address are told apart") {
    const Running server;
    boost::asio::io_context context(1);
    net::Loop loop(context);
    status::Server other(loop);
    const auto taken = other.listen(server.address(), {});
    REQUIRE_FALSE(taken);
    CHECK_FALSE(taken.error().usage);
    CHECK(contains(taken.error().message, server.address().text()));
    const auto name = other.listen(net::HostPort{"status.example", 80}, {});
    REQUIRE_FALSE(name);
    CHECK(name.error().usage);
    CHECK(other.listen(net::HostPort{"127.0.0.1", 0}, {.port = true}));
}

TEST_CASE("an action answers POST at once or when it has an answer, and to nobody when the client has left") {
    Running server;
    const std::string request = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    CHECK(ask(server, "POST /update/now" + request).ends_with("\r\n\r\nnow\n"));
    CHECK(contains(ask(server, "GET /update/now" + request), "Allow: POST\r\n"));
    Client client(server.address());
    client.send("POST /update/later" + request);
    while (!server.tell()) {
        CHECK(ask(server, "GET /live" + request).starts_with("HTTP/1.1 200 "));  // others are served meanwhile
    }
    CHECK(client.rest().ends_with("\r\n\r\nlater\n"));
    {
        Client leaving(server.address());
        leaving.send("POST /update/later" + request);
    }
    while (!server.tell()) {
    }
    CHECK(ask(server, "GET /live" + request).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("below a path there are others: decoded, bounded, and changed by POST alone") {
    Running server;
    std::vector<std::string> heard;
    bool changes = false;
    server.serve_below("/things/", [&](const status::Asked& asked) {
        heard = asked.segments;
        changes = asked.changes;
        return status::Answer{200, "text/plain; charset=utf-8", "heard\n"};
    });
    const auto request = [&](const std::string& line) {
        return ask(server, line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    };
    CHECK(request("GET /things/a%2Fb%3ac/on?x=y").starts_with("HTTP/1.1 200 "));
    CHECK(heard == std::vector<std::string>{"a/b:c", "on"});
    CHECK_FALSE(changes);
    CHECK(request("POST /things/a").starts_with("HTTP/1.1 200 "));
    CHECK(changes);
    CHECK(request("PUT /things/a").starts_with("HTTP/1.1 405 "));
    CHECK(request("GET /things").starts_with("HTTP/1.1 404 "));
    for (const char* bad : {"/things/a%zz", "/things//a", "/things/1/2/3/4/5/6/7/8/9", "/things/a%2"}) {
        CHECK_MESSAGE(request(std::string("GET ") + bad).starts_with("HTTP/1.1 400 "), bad);
    }
}

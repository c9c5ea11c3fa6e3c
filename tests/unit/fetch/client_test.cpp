// Exchanges with endpoints that answer well, badly or not at all, and the ways that lead to them.
#include "connector/fetch/client.h"

#include <doctest/doctest.h>

#include <future>

#include "common/net/listener.h"
#include "common/net/spawn.h"
#include "common/net/tcp_stream.h"
#include "connector/backend/direct_dialer.h"
#include "connector/fetch/desk.h"

using namespace adit;
using namespace fetch;
using namespace std::chrono_literals;

namespace {

using Asked = std::expected<Reply, problem::Failure>;

/// An origin and, for CONNECT, a proxy that is the origin itself: answers each request by the next text of its list.
struct Origin {
    explicit Origin(std::vector<std::string> by) : answers(std::move(by)) {
        auto socket = net::ListenSocket::bind({"127.0.0.1", 0}).value();
        REQUIRE(socket.listen());
        port = socket.address().port;
        listener =
            std::make_unique<net::Listener>(worker.loop(), std::move(socket), [this](int fd, const net::Address&) {
                ++connections;
                net::spawn(worker.context(), "an origin", serve(*this, fd));
            });
        net::spawn(worker.context(), "a listener", listener->run());
    }

    ~Origin() { worker.finish(); }

    static net::Task<> serve(Origin& self, int fd) {
        net::TcpStream stream(self.worker.loop(), fd);
        while (!self.answers.empty()) {
            std::size_t end = std::string::npos;
            while (end == std::string::npos) {
                end = stream.input().gather(net::kBlockSize).find("\r\n\r\n");
                if (end == std::string::npos && co_await stream.receive()) {
                    co_return;
                }
            }
            while (stream.input().size() < end + 4 + self.body) {
                if (co_await stream.receive()) {
                    co_return;
                }
            }
            const std::string request(stream.input().gather(end + 4 + self.body));
            stream.consume(request.size());
            self.requests.push_back(request);
            net::Chain out(self.worker.loop().blocks());
            if (request.starts_with("CONNECT ")) {
                out.append("HTTP/1.1 200 OK\r\n\r\n");
            } else {
                out.append(self.answers.front());
                self.answers.erase(self.answers.begin());
            }
            if (co_await stream.write_all(out)) {
                co_return;
            }
        }
        stream.end();
        while (!co_await stream.receive()) {
        }
    }

    net::Worker worker{0};
    std::vector<std::string> answers;
    std::vector<std::string> requests;
    std::size_t body = 0;  ///< of each request
    int connections = 0;
    std::uint16_t port = 0;
    std::unique_ptr<net::Listener> listener;
};

config::Endpoint endpoint(std::uint16_t port, const std::string& path = "/token") {
    config::Endpoint url;
    url.host = "127.0.0.1";
    url.port = port;
    url.base_path = path;
    return url;
}

net::Task<> ask(Client& client, Request request, std::chrono::milliseconds time, Asked& asked, net::Worker& worker) {
    asked = co_await client.ask(std::move(request), worker.loop().now() + time);
    worker.stop();
}

/// Runs the origin's worker until the client, on the same one, has its answer.
Asked asked(Origin& origin, Client& client, Request request = {}, std::chrono::milliseconds time = 10s) {
    Asked result = std::unexpected(problem::client_gone());
    net::spawn(origin.worker.context(), "a test", ask(client, std::move(request), time, result, origin.worker));
    origin.worker.context().restart();
    origin.worker.run();
    return result;
}

struct Directly {
    explicit Directly(Origin& origin, Client::Connections connections = Client::Connections::one_each,
                      std::size_t most = Client::kBodyMost)
        : client(
              endpoint(origin.port),
              [this, &origin] {
                  return Client::Means{
                      &origin.worker.loop(),
                      std::make_unique<backend::DirectDialer>(
                          origin.worker.loop(), resolver, net::HostPort{"127.0.0.1", origin.port}, "/token", false)};
              },
              connections, most) {}
    net::Resolver resolver;
    Client client;
};

}  // namespace

TEST_CASE("a request goes out whole, and the answer's status, fields and body come back") {
    Origin origin(
        {"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
         "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nhello"});
    origin.body = 3;
    Directly by(origin);
    const Asked reply = asked(origin, by.client, {"POST", "?a=b", {{"content-type", "text/plain"}}, "abc"});
    REQUIRE(reply);
    CHECK(reply->status == 429);
    CHECK(reply->field("retry-after") == "7");
    CHECK(reply->field("nothing").empty());
    CHECK(reply->body == "hello");
    REQUIRE(origin.requests.size() == 1);
    const std::string& request = origin.requests.front();
    CHECK(request.starts_with("POST /token?a=b HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(origin.port) + "\r\n"));
    CHECK(request.contains("\r\ncontent-type: text/plain\r\n"));
    CHECK(request.contains("\r\ncontent-length: 3\r\n"));
    CHECK(request.ends_with("\r\n\r\nabc"));
}

TEST_CASE("bodies end where their framing says") {
    for (const char* answer : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfoo\r\n3\r\nbar\r\n0\r\n\r\n",
                               "HTTP/1.1 200 OK\r\n\r\nfoobar", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfoobar"}) {
        CAPTURE(answer);
        Origin origin({answer});
        Directly by(origin);
        const Asked reply = asked(origin, by.client);
        REQUIRE(reply);
        CHECK(reply->body == "foobar");
    }
}

TEST_CASE("interim answers are taken, but not without end") {
    for (const int interims : {32, 33}) {
        std::string answer;
        for (int i = 0; i < interims; ++i) {
            answer += "HTTP/1.1 103 Early Hints\r\n\r\n";
        }
        Origin origin({answer + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
        Directly by(origin);
        CHECK(asked(origin, by.client).has_value() == (interims == 32));
    }
}

TEST_CASE("an answer that is malformed, cut off or too large is a failure that says so") {
    struct Case {
        const char* answer;
        const char* words;
    };
    for (const auto& [answer, words] :
         {Case{"HELO\r\n\r\n", "no answer of HTTP"},
          Case{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "ended before"}, Case{"", "no answer"},
          Case{"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", "larger than 50"},
          Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"},
          Case{"HTTP/1.1 101 Switching Protocols\r\n\r\n", "no answer of HTTP"}}) {
        CAPTURE(answer);
        Origin origin({std::string(answer) + (std::string(answer).contains(": 90") ? std::string(90, 'x') : "")});
        Directly by(origin, Client::Connections::one_each, 50);
        const Asked reply = asked(origin, by.client);
        REQUIRE_FALSE(reply);
        CHECK_MESSAGE(reply.error().detail.contains(words), reply.error().detail);
        CHECK(reply.error().status == 502);
    }
}

TEST_CASE("an endpoint that says nothing fails at the deadline, one that is not there at once") {
    auto silent = net::ListenSocket::bind({"127.0.0.1", 0}).value();
    REQUIRE(silent.listen());
    Origin origin({});
    origin.port = silent.address().port;
    Directly by(origin);
    CHECK(asked(origin, by.client, {}, 1ms).error().status == 504);
    {
        const auto gone = std::move(silent);
    }
    CHECK(asked(origin, by.client).error().code == std::string("connection-refused"));
}

TEST_CASE("connections are kept where that is wanted") {
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for (const auto connections : {Client::Connections::kept, Client::Connections::one_each}) {
        Origin origin({answer, answer});
        Directly by(origin, connections);
        CHECK(asked(origin, by.client));
        CHECK(asked(origin, by.client));
        const bool kept = connections == Client::Connections::kept;
        CHECK(origin.connections == (kept ? 1 : 2));
        CHECK(origin.requests.front().contains("connection: close") != kept);
    }
}

TEST_CASE("a desk's clients go directly, or by the proxy that is configured") {
    Origin origin({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    net::Resolver resolver;
    Desk desk(resolver);
    desk.open(origin.worker, {});
    config::TokenEndpoint direct;
    auto client = desk.client(direct, endpoint(origin.port));
    REQUIRE(client);
    CHECK(asked(origin, **client)->body == "ok");
    CHECK(origin.requests.size() == 1);

    config::TokenEndpoint by_proxy;
    by_proxy.url = endpoint(9, "/elsewhere");
    by_proxy.url->host = "idp.example";
    by_proxy.through = "http://me:secret@127.0.0.1:" + std::to_string(origin.port);
    client = desk.client(by_proxy, endpoint(1));
    REQUIRE(client);
    CHECK(asked(origin, **client)->body == "ok");
    REQUIRE(origin.requests.size() == 3);
    CHECK(origin.requests[1].starts_with("CONNECT idp.example:9 HTTP/1.1\r\n"));
    CHECK(origin.requests[1].contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
    CHECK(origin.requests[2].starts_with("GET /elsewhere HTTP/1.1\r\nhost: idp.example:9\r\n"));
}

TEST_CASE("a desk says what is wrong with an endpoint before it is asked") {
    net::Resolver resolver;
    Desk desk(resolver);
    config::TokenEndpoint broken;
    broken.through = "https://proxy:1";
    CHECK_FALSE(desk.client(broken, endpoint(1)));
    broken.through.clear();
    broken.ca = "/nonexistent/ca.pem";
    config::Endpoint secure = endpoint(1);
    secure.scheme = config::Endpoint::Scheme::https;
    CHECK_FALSE(desk.client(broken, secure));
}

// Serving operators; see server.h.
#include "common/status/server.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <map>
#include <optional>
#include <vector>

#include "common/base/percent.h"
#include "common/net/spawn.h"
#include "common/status/browsers.h"

namespace adit::status {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
namespace {

constexpr std::size_t kConnectionsMost = 64;
constexpr std::size_t kRequestMost = 8 * 1024;
constexpr std::size_t kLingerMost = 64 * 1024;  ///< bytes read after an answer that refuses a request
constexpr std::size_t kSegmentsMost = 8;
constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::seconds kLingerTimeout{1};
constexpr std::chrono::milliseconds kAcceptPause{100};  ///< after a failure, such as no descriptor left

using Executor = asio::io_context::executor_type;
constexpr auto kToken = asio::as_tuple_t<asio::use_awaitable_t<Executor>>();
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using Response = bhttp::response<bhttp::string_body>;

constexpr const char* kPlainText = "text/plain; charset=utf-8";

}  // namespace

struct ServerState {
    explicit ServerState(asio::io_context& on) : context(on), acceptor(on) {}

    asio::io_context& context;
    asio::ip::tcp::acceptor acceptor;
    struct Entry {
        Server::Handler handler;
        Server::Action action;  ///< one of the two
    };
    std::map<std::string, Entry, std::less<>> table;
    std::map<std::string, Server::Below, std::less<>> below;  ///< by prefix
    std::vector<beast::tcp_stream*> connections;
    Place place;
    bool stopped = false;
};

namespace {

/// One client, in the state's list while it lives.
class Connection {
  public:
    Connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket)
        : state_(std::move(state)), stream_(std::move(socket)) {
        state_->connections.push_back(&stream_);
    }
    ~Connection() { std::erase(state_->connections, &stream_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    static net::Task<> serve(std::unique_ptr<Connection> self) {
        while (co_await self->exchange()) {
        }
    }

  private:
    net::Task<bool> exchange();
    net::Task<> linger();
    net::Task<Answer> answer(const bhttp::request_header<>& request) const;
    std::optional<Answer> answer_below(std::string_view path, bhttp::verb method) const;
    net::Task<Answer> act(Server::Action action) const;

    std::shared_ptr<ServerState> state_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{kRequestMost};
};

/// What to tell a client whose request could not be read; nothing when it is not there any more.
std::optional<Answer> answer_to_unreadable(const boost::system::error_code& error) {
    if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow) {
        return Answer{431, kPlainText, "the request's head is too large\n"};
    }
    const bool syntax = error.category() == bhttp::make_error_code(bhttp::error::bad_target).category() &&
                        error != bhttp::error::end_of_stream && error != bhttp::error::partial_message;
    return syntax ? std::optional(Answer{400, kPlainText, "not an HTTP/1.1 request\n"}) : std::nullopt;
}

Answer guarded(const Server::Handler& handler) {
    try {
        return handler();
    } catch (const std::exception&) {
        return Answer{500, kPlainText, "the answer could not be made\n"};
    }
}

/// The decoded segments of a path; nothing for what is none.
std::optional<std::vector<std::string>> segments_of(std::string_view path) {
    std::vector<std::string> segments;
    for (std::size_t at = 0; at <= path.size() && !path.empty();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        auto segment = percent_decode(path.substr(at, end - at));
        if (!segment || segment->empty() || segments.size() == kSegmentsMost) {
            return std::nullopt;
        }
        segments.push_back(std::move(*segment));
        at = end + 1;
    }
    return segments;
}

Response to_response(Answer answer, const bhttp::request_header<>& request, bool keep_alive) {
    Response response(static_cast<bhttp::status>(answer.status), 11);
    response.set(bhttp::field::content_type, answer.content_type);
    response.set(bhttp::field::cache_control, "no-store");
    if (answer.status == 405) {
        response.set(bhttp::field::allow, answer.allow);  // RFC 9110 §15.5.6
    }
    response.content_length(answer.body.size());
    response.keep_alive(keep_alive);
    if (request.method() != bhttp::verb::head) {
        response.body() = std::move(answer.body);
    }
    return response;
}

net::Task<bool> Connection::exchange() {
    bhttp::request_parser<bhttp::empty_body> parser;
    parser.header_limit(kRequestMost);
    stream_.expires_after(kTimeout);
    const auto [unreadable, head_size] = co_await bhttp::async_read_header(stream_, buffer_, parser, kToken);
    std::optional<Answer> told;
    if (unreadable) {
        told = answer_to_unreadable(unreadable);
    } else {
        const auto& head = parser.get().base();
        const auto field = [&](std::string_view name) -> std::optional<std::string_view> {
            const auto found = head.find(name);
            return found == head.end() ? std::nullopt : std::optional<std::string_view>(found->value());
        };
        const bool reads = head.method() == bhttp::verb::get || head.method() == bhttp::verb::head;
        if (auto why = from_a_page(!reads, {field("host"), field("origin"), field("sec-fetch-site")}, state_->place)) {
            told = Answer{403, kPlainText, *std::move(why)};
        } else {
            told = co_await answer(head);
        }
    }
    if (!told) {
        co_return false;
    }
    // After a body that nobody reads, or what could not be read, the next request cannot be found.
    const bool in_step = !unreadable && parser.is_done();
    const bool keep_alive = in_step && parser.get().keep_alive() && !state_->stopped;
    Response response = to_response(std::move(*told), parser.get().base(), keep_alive);
    stream_.expires_after(kTimeout);
    const auto [unwritable, size] = co_await bhttp::async_write(stream_, response, kToken);
    if (!unwritable && !in_step) {
        co_await linger();
    }
    co_return !unwritable && keep_alive;
}

/// Closing with bytes unread would reset the connection and take the answer with it (RFC 9112 §9.6).
net::Task<> Connection::linger() {
    boost::system::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLingerTimeout);
    std::array<char, 4096> rest;
    for (std::size_t dropped = 0; dropped < kLingerMost;) {
        const auto [ended, size] = co_await stream_.async_read_some(asio::buffer(rest), kToken);
        if (ended) {
            co_return;
        }
        dropped += size;
    }
}

std::optional<Answer> Connection::answer_below(std::string_view path, bhttp::verb method) const {
    for (const auto& [prefix, handler] : state_->below) {
        if (!path.starts_with(prefix) || state_->stopped) {
            continue;
        }
        const bool reads = method == bhttp::verb::get || method == bhttp::verb::head;
        if (!reads && method != bhttp::verb::post) {
            return Answer{405, kPlainText, "only GET, HEAD and POST\n", "GET, HEAD, POST"};
        }
        auto segments = segments_of(path.substr(prefix.size()));
        if (!segments) {
            return Answer{400, kPlainText, "this is no path\n"};
        }
        return guarded([&] { return handler({std::move(*segments), !reads}); });
    }
    return std::nullopt;
}

net::Task<Answer> Connection::answer(const bhttp::request_header<>& request) const {
    const std::string_view target = request.target();
    const std::string_view path = target.substr(0, target.find('?'));
    const auto entry = state_->table.find(path);
    if (entry == state_->table.end()) {
        if (auto told = answer_below(path, request.method())) {
            co_return std::move(*told);
        }
    }
    if (entry == state_->table.end() || state_->stopped) {
        std::string paths;
        for (const auto& [known, what] : state_->table) {
            paths += " " + known;
        }
        co_return Answer{404, kPlainText, "not found; here are" + paths + "\n"};
    }
    const bool reads = request.method() == bhttp::verb::get || request.method() == bhttp::verb::head;
    if (entry->second.action ? request.method() != bhttp::verb::post : !reads) {
        co_return entry->second.action ? Answer{405, kPlainText, "only POST\n", "POST"}
                                       : Answer{405, kPlainText, "only GET and HEAD\n", "GET, HEAD"};
    }
    if (entry->second.action) {
        co_return co_await act(entry->second.action);
    }
    co_return guarded(entry->second.handler);
}

/// The answer may be told long after the connection has gone.
net::Task<Answer> Connection::act(Server::Action action) const {
    struct Expected {
        explicit Expected(asio::io_context& context) : told(context, asio::steady_timer::time_point::max()) {}
        std::optional<Answer> answer;
        asio::steady_timer told;
    };
    const auto expected = std::make_shared<Expected>(state_->context);
    action([weak = std::weak_ptr(expected)](Answer answer) {
        if (const auto waiting = weak.lock()) {
            waiting->answer = std::move(answer);
            waiting->told.cancel();
        }
    });
    while (!expected->answer) {
        co_await expected->told.async_wait(kToken);
    }
    co_return std::move(*expected->answer);
}

net::Task<> accept(std::shared_ptr<ServerState> state) {
    asio::steady_timer pause(state->context);
    while (!state->stopped) {
        auto [error, accepted] = co_await state->acceptor.async_accept(kToken);
        if (error && !state->stopped) {
            // A failed accept() fails again at once: without a pause this loop would take the thread for itself.
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(kToken);
        } else if (!error && state->connections.size() < kConnectionsMost) {
            asio::ip::tcp::socket socket(std::move(accepted));
            net::spawn(state->context, "a status request",
                       Connection::serve(std::make_unique<Connection>(state, std::move(socket))));
        }
    }
}

}  // namespace

Server::Server(asio::io_context& context) : state_(std::make_shared<ServerState>(context)) {}

Server::~Server() {
    stop();
}

void Server::add(std::string path, Handler handler) {
    state_->table[std::move(path)] = {std::move(handler), nullptr};
}

void Server::add_action(std::string path, Action action) {
    state_->table[std::move(path)] = {nullptr, std::move(action)};
}

void Server::add_below(std::string prefix, Below handler) {
    state_->below[std::move(prefix)] = std::move(handler);
}

Result<> Server::listen(const net::HostPort& address, bool share_port) {
    const net::HostPort numeric{address.host == "localhost" ? "127.0.0.1" : address.host, address.port};
    const auto literal = numeric.literal();
    if (!literal) {
        return usage_error("'" + address.text() + "' must be an IP address and port to listen on");
    }
    asio::ip::tcp::acceptor& acceptor = state_->acceptor;
    const asio::ip::tcp::endpoint endpoint(literal->ip, literal->port);
    state_->place = {.host = address.host, .loopback = literal->ip.is_loopback()};
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    const auto then = [&error](auto&& step) {
        if (!error) {
            step();
        }
    };
    then([&] { acceptor.set_option(asio::socket_base::reuse_address(true), error); });
    then([&] { acceptor.set_option(ReusePort(share_port), error); });
    then([&] { acceptor.bind(endpoint, error); });
    then([&] { acceptor.listen(asio::socket_base::max_listen_connections, error); });
    if (error) {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        return failure("cannot listen on " + address.text() + ": " + error.message());
    }
    return {};
}

void Server::start() {
    net::spawn(state_->context, "the status server", accept(state_));
}

void Server::stop() {
    state_->stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (beast::tcp_stream* connection : state_->connections) {
        connection->close();
    }
}

net::Address Server::address() const {
    boost::system::error_code ignored;
    const auto endpoint = state_->acceptor.local_endpoint(ignored);
    return {endpoint.address(), endpoint.port()};
}

}  // namespace adit::status

// Serving operators; see server.h.
#include "common/status/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "common/net/spawn.h"

namespace adit::status {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
namespace {

constexpr int kConnectionsMost = 64;
constexpr std::size_t kRequestMost = 8 * 1024;
constexpr std::chrono::seconds kTimeout{10};

using Executor = asio::io_context::executor_type;
using TcpStream = beast::tcp_stream;
constexpr auto kToken = asio::as_tuple_t<asio::use_awaitable_t<Executor>>();
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

}  // namespace

Server::Server(asio::io_context& context) : context_(context), acceptor_(context) {}

Server::~Server() = default;

Result<> Server::listen(const net::HostPort& address, bool share_port) {
    const net::HostPort numeric{address.host == "localhost" ? "127.0.0.1" : address.host, address.port};
    const auto literal = numeric.literal();
    if (!literal) {
        return usage_error("'" + address.text() + "' must be an IP address and port to listen on");
    }
    const asio::ip::tcp::endpoint endpoint(literal->ip, literal->port);
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
        acceptor_.set_option(asio::socket_base::reuse_address(true));
        acceptor_.set_option(ReusePort(share_port));
        acceptor_.bind(endpoint, error);
    }
    if (!error) {
        acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        return failure("cannot listen on " + address.text() + ": " + error.message());
    }
    return {};
}

void Server::start() {
    net::spawn(context_, "the status server", accept());
}

void Server::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

net::Address Server::address() const {
    boost::system::error_code ignored;
    const auto endpoint = acceptor_.local_endpoint(ignored);
    return {endpoint.address(), endpoint.port()};
}

net::Task<> Server::accept() {
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(kToken);
        if (error || connections_ >= kConnectionsMost) {
            continue;
        }
        net::spawn(context_, "a status request", serve(asio::ip::tcp::socket(std::move(socket))));
    }
}

net::Task<> Server::serve(asio::ip::tcp::socket socket) {
    ++connections_;
    TcpStream stream(std::move(socket));
    beast::flat_buffer buffer(kRequestMost);
    bool go_on = true;
    while (go_on) {
        stream.expires_after(kTimeout);
        bhttp::request_parser<bhttp::empty_body> parser;
        parser.header_limit(kRequestMost);
        const auto [read_error, read] = co_await bhttp::async_read(stream, buffer, parser, kToken);
        if (read_error) {
            break;
        }
        const auto& request = parser.get();
        const std::string_view target = std::string_view(request.target()).substr(0, request.target().find('?'));
        const auto entry = table_.find(target);
        Answer answer{404, "text/plain; charset=utf-8", "not found; here are /live, /ready and /metrics\n"};
        if (request.method() != bhttp::verb::get && request.method() != bhttp::verb::head) {
            answer = {405, "text/plain; charset=utf-8", "only GET and HEAD\n"};
        } else if (entry != table_.end()) {
            answer = entry->second();
        }
        bhttp::response<bhttp::string_body> response(static_cast<bhttp::status>(answer.status), request.version());
        response.set(bhttp::field::content_type, answer.content_type);
        response.set(bhttp::field::cache_control, "no-store");
        response.keep_alive(request.keep_alive());
        go_on = request.keep_alive();
        const std::size_t size = answer.body.size();
        if (request.method() != bhttp::verb::head) {
            response.body() = std::move(answer.body);
        }
        response.content_length(size);
        const auto [write_error, written] = co_await bhttp::async_write(stream, response, kToken);
        if (write_error) {
            break;
        }
    }
    --connections_;
}

}  // namespace adit::status

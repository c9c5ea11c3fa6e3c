// A blocking request with a time limit; see probe.h.
#include "common/status/probe.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "common/base/strings.h"

namespace adit::status {

Result<Reply> ask(const net::HostPort& address, const std::string& method, const std::string& path,
                  std::chrono::seconds patience) {
    namespace asio = boost::asio;
    namespace beast = boost::beast;
    namespace bhttp = boost::beast::http;
    const net::HostPort numeric{address.host == "localhost" || address.host == "0.0.0.0" ? "127.0.0.1" : address.host,
                                address.port};
    const auto literal = numeric.literal();
    if (!literal) {
        return usage_error("'" + address.text() + "' must be an IP address and port");
    }
    asio::io_context context;
    beast::tcp_stream stream(context);
    bhttp::request<bhttp::empty_body> request(bhttp::string_to_verb(method), path, 11);
    request.set(bhttp::field::host, address.text());
    request.keep_alive(false);
    beast::flat_buffer buffer;
    bhttp::response<bhttp::string_body> response;
    boost::system::error_code outcome = asio::error::timed_out;
    stream.expires_after(patience);
    stream.async_connect(asio::ip::tcp::endpoint(literal->ip, literal->port), [&](boost::system::error_code connected) {
        outcome = connected;
        if (connected) {
            return;
        }
        bhttp::async_write(stream, request, [&](boost::system::error_code written, std::size_t) {
            outcome = written;
            if (written) {
                return;
            }
            bhttp::async_read(stream, buffer, response,
                              [&](boost::system::error_code read, std::size_t) { outcome = read; });
        });
    });
    context.run();
    if (outcome) {
        return failure("no answer from " + address.text() + ": " + outcome.message());
    }
    return Reply{static_cast<int>(response.result_int()), std::move(response.body())};
}

Result<std::string> get(const net::HostPort& address, const std::string& path) {
    auto reply = ask(address, "GET", path);
    if (!reply) {
        return std::unexpected(std::move(reply.error()));
    }
    if (reply->status != 200) {
        return failure("status " + std::to_string(reply->status) + ": " + std::string(trim(reply->body)));
    }
    return std::move(reply->body);
}

}  // namespace adit::status

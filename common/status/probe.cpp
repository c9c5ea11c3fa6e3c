// A blocking request with a time limit; see probe.h.
#include "common/status/probe.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "common/base/strings.h"
#include "common/net/alarm.h"
#include "common/net/connect.h"
#include "common/net/descriptor.h"
#include "common/net/spawn.h"
#include "common/net/tcp_stream.h"
#include "common/net/worker.h"
#include "common/tls/operators.h"
#include "common/tls/tls_stream.h"

namespace adit::status {
namespace {

using Opened = Result<std::unique_ptr<net::Stream>>;

Opened connect_path(net::Loop& loop, const std::filesystem::path& path) {
    net::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_un name = net::SocketAddress::to_socket(path);
    if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        return failure(std::generic_category().message(errno));
    }
    return std::make_unique<net::TcpStream>(loop, socket.release());
}

/// A request on its way.
struct Exchange {
    const Target& target;
    net::Address address;  ///< where there is no path
    std::string request;
    net::Time deadline;
    std::optional<tls::Context> context = {};
    tls::Spki known = {};  ///< of a server that is known by its certificate
    Result<Reply> outcome = failure("no answer from " + target.text());
};

net::Task<Opened> open(net::Loop& loop, Exchange& exchange) {
    if (exchange.target.address.local()) {
        co_return connect_path(loop, exchange.target.address.path);
    }
    auto connected = co_await net::connect(loop, {exchange.address}, exchange.deadline, exchange.target.text());
    if (!connected) {
        co_return failure(connected.error().detail);
    }
    if (!exchange.context) {
        co_return std::move(*connected);
    }
    const std::string& asked = exchange.target.tls->name;
    auto secure =
        std::make_unique<tls::TlsStream>(std::move(*connected), *exchange.context, tls::TlsStream::Side::client,
                                         asked.empty() ? exchange.address.ip.to_string() : asked);
    const net::AbortAt limit(*secure, exchange.deadline);
    if (const net::Status failed = co_await secure->handshake()) {
        co_return failure(secure->problem().empty() ? failed.message() : secure->problem());
    }
    if (!exchange.target.tls->exactly.empty() && secure->peer_spki() != exchange.known) {
        co_return failure("its certificate is not that of " + exchange.target.tls->exactly.string());
    }
    co_return std::move(secure);
}

/// What came before `why` is of no use; over TLS the server's reason, such as a certificate that it wants, comes now.
Error broken(net::Stream& stream, const net::Status& why, bool secure) {
    const std::string& told = secure ? static_cast<tls::TlsStream&>(stream).problem() : std::string();
    return {told.empty() ? why.message() : told, false};
}

net::Task<Result<Reply>> talk(net::Loop& loop, Exchange& exchange) {
    auto opened = co_await open(loop, exchange);
    if (!opened) {
        co_return std::unexpected(std::move(opened.error()));
    }
    net::Stream& stream = **opened;
    const net::AbortAt limit(stream, exchange.deadline);
    net::Chain out(loop.blocks());
    out.append(exchange.request);
    if (const net::Status failed = co_await stream.write_all(out)) {
        co_return std::unexpected(broken(stream, failed, exchange.context.has_value()));
    }
    ReplyReader reader;
    std::string heard;
    for (;;) {
        if (const net::Status failed = co_await stream.receive()) {
            co_return std::unexpected(broken(stream, failed, exchange.context.has_value()));
        }
        heard.resize(stream.input().size());
        stream.input().copy_out(heard);
        stream.consume(heard.size());
        const auto whole = reader.take(heard);
        if (!whole) {
            co_return std::unexpected(whole.error());
        }
        if (*whole) {
            co_return std::move(reader).reply();
        }
    }
}

net::Task<> converse(net::Worker& worker, Exchange& exchange) {
    exchange.outcome = co_await talk(worker.loop(), exchange);
    worker.stop();
}

/// Ours when it is one that listens everywhere.
std::optional<net::Address> numeric(const net::HostPort& address) {
    const bool everywhere = address.host == "localhost" || address.host == "0.0.0.0";
    return net::HostPort{everywhere             ? "127.0.0.1"
                         : address.host == "::" ? "::1"
                                                : address.host,
                         address.port}
        .literal();
}

std::string request_of(const Target& target, const std::string& method, const std::string& path) {
    const bool named = target.tls && !target.tls->name.empty();
    std::string text = method + " " + path + " HTTP/1.1\r\nHost: " +
                       (target.address.local() ? "localhost"
                        : named                ? target.tls->name
                                               : target.address.text()) +
                       "\r\nConnection: close\r\n";
    if (!target.token.empty()) {
        text += "Authorization: Bearer " + target.token + "\r\n";
    }
    return text + "\r\n";
}

}  // namespace

Result<Reply> ask(const Target& target, const std::string& method, const std::string& path,
                  std::chrono::seconds patience) {
    const auto address =
        target.address.local() ? std::optional<net::Address>(net::Address()) : numeric(target.address.tcp);
    if (!address) {
        return usage_error("'" + target.address.text() + "' must be an IP address and port");
    }
    Exchange exchange{target, *address, request_of(target, method, path), net::Clock::now() + patience};
    if (target.tls) {
        const TargetTls& how = *target.tls;
        auto context = how.exactly.empty() ? tls::Context::origin(how.ca, how.certificate, how.key)
                                           : tls::to_known_server(how.certificate, how.key);
        auto known = how.exactly.empty() ? Result<tls::Spki>() : tls::spki_in(how.exactly);
        if (!context || !known) {
            return std::unexpected(std::move(context ? known.error() : context.error()));
        }
        exchange.context = std::move(*context);
        exchange.known = *known;
    }
    net::Worker worker(0);
    net::spawn(worker.context(), "a question", converse(worker, exchange));
    worker.run();
    worker.finish();
    if (!exchange.outcome) {
        return std::unexpected(std::move(exchange.outcome.error()).with("no answer from " + target.text()));
    }
    return std::move(exchange.outcome);
}

Result<std::string> get(const Target& target, const std::string& path) {
    auto reply = ask(target, "GET", path);
    if (!reply) {
        return std::unexpected(std::move(reply.error()));
    }
    if (reply->status != 200) {
        return failure("status " + std::to_string(reply->status) + ": " + std::string(trim(reply->body)));
    }
    return std::move(reply->body);
}

}  // namespace adit::status

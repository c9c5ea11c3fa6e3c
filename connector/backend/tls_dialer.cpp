// The handshake with an origin; see tls_dialer.h.
#include "connector/backend/tls_dialer.h"

#include "common/net/alarm.h"
#include "common/tls/tls_stream.h"

namespace adit::backend {

TlsDialer::TlsDialer(std::unique_ptr<Dialer> below, std::shared_ptr<const tls::Context> context,
                     std::string server_name, std::string text)
    : below_(std::move(below)),
      context_(std::move(context)),
      server_name_(std::move(server_name)),
      text_(std::move(text)) {}

net::Task<Dialled> TlsDialer::dial(const Way& way, net::Time deadline) {
    Dialled below = co_await below_->dial(way, deadline);
    if (!below || way.tls_name.empty()) {
        co_return below;
    }
    const std::string name = server_name_.empty() ? std::string(way.tls_name) : server_name_;
    auto stream = std::make_unique<tls::TlsStream>(std::move(*below), *context_, tls::TlsStream::Side::client, name);
    net::Status agreed;
    {
        const net::AbortAt guard(*stream, deadline);
        agreed = co_await stream->handshake();
    }
    if (!agreed) {
        co_return stream;
    }
    if (const problem::Failure* refusal = stream->failure()) {
        co_return std::unexpected(*refusal);  // the tunnel's far end could not connect at all
    }
    if (agreed == net::Errc::timed_out) {
        co_return std::unexpected(problem::connection_timeout(text_ + ": no answer in the TLS handshake"));
    }
    if (!stream->established()) {
        co_return std::unexpected(problem::session_lost(way.tunnel));
    }
    co_return std::unexpected(problem::tls_failed(text_ + " as " + name + ": " + stream->problem()));
}

}  // namespace adit::backend

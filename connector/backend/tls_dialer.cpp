// The handshake with an origin; see tls_dialer.h.
#include "connector/backend/tls_dialer.h"

#include <algorithm>
#include <array>

#include "common/base/time.h"
#include "common/net/alarm.h"
#include "common/tls/tls_stream.h"

namespace adit::backend {

TlsDialer::TlsDialer(std::unique_ptr<Dialer> below, std::shared_ptr<const tls::Context> context,
                     std::string server_name, std::string text)
    : below_(std::move(below)),
      context_(std::move(context)),
      server_name_(std::move(server_name)),
      text_(std::move(text)) {}

net::Task<Dialled> TlsDialer::dial(const Way& way, Versions versions, net::Time deadline) {
    Dialled below = co_await below_->dial(way, versions, deadline);
    if (!below || way.tls_name.empty()) {
        co_return below;
    }
    const std::string name = server_name_.empty() ? std::string(way.tls_name) : server_name_;
    auto stream =
        std::make_unique<tls::TlsStream>(std::move(below->stream), *context_, tls::TlsStream::Side::client, name);
    static constexpr std::array kOffers{tls::Alpn::http1, tls::Alpn::http2_or_http1, tls::Alpn::http2};
    stream->offer(kOffers[static_cast<std::size_t>(versions)]);
    net::Status agreed;
    const net::Time own = way.tls_most.count() > 0 ? stream->loop().now() + way.tls_most : net::Time::max();
    {
        const net::AbortAt guard(*stream, std::min(own, deadline));
        agreed = co_await stream->handshake();
    }
    if (!agreed) {
        const bool http2 = stream->alpn() == "h2";
        if (versions == Versions::http2 && !http2) {
            co_return std::unexpected(
                problem::tls_failed(text_ + " as " + name + ": the origin does not speak HTTP/2, which is configured"));
        }
        co_return Connected{std::move(stream), http2};
    }
    if (const problem::Failure* refusal = stream->failure()) {
        co_return std::unexpected(*refusal);  // the tunnel's far end could not connect at all
    }
    if (agreed == net::Errc::timed_out && own < deadline) {
        co_return std::unexpected(
            problem::tls_timeout(text_ + ": no answer in the TLS handshake within " + format_duration(way.tls_most)));
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

// Reusing and making connections; see endpoint.h.
#include "connector/backend/endpoint.h"

#include "common/net/alarm.h"
#include "connector/backend/established.h"

namespace adit::backend {
namespace {

constexpr std::chrono::milliseconds kWorthDialling{100};  ///< less is left to nobody for another try at it

/// What the origin allows (how many streams, WebSockets) is known before anything is asked of it, so that no request
/// waits in a queue here that another connection would have taken.
net::Task<std::optional<problem::Failure>> settle(h2::Session& session, const std::string& text, net::Time deadline) {
    net::Alarm alarm(session.loop(), session.on_settled());
    alarm.set(deadline);
    while (!session.settled() && session.open_for_streams() && !alarm.passed()) {
        co_await session.on_settled().wait();
    }
    if (session.settled() && session.open_for_streams()) {
        co_return std::nullopt;
    }
    if (session.open_for_streams()) {
        session.close(net::Errc::timed_out);
        co_return problem::connection_timeout(text + ": no SETTINGS came, with which HTTP/2 begins");
    }
    problem::Failure ended = problem::connection_terminated(text + ": the origin did not begin to speak HTTP/2");
    ended.not_sent = true;
    co_return ended;
}

}  // namespace

Endpoint::Endpoint(std::string url, std::unique_ptr<Dialer> by, Versions versions, net::Loop& loop,
                   BackendMetrics& metrics, std::shared_ptr<Reach> known)
    : text(std::move(url)),
      dialer(std::move(by)),
      keep(loop, {}, metrics),
      reach(std::move(known)),
      versions_(versions),
      loop_(loop),
      metrics_(metrics) {}

Versions Endpoint::versions_for(const Way& way, bool upgrade) const {
    if (versions_ == Versions::any) {
        return way.tls_name.empty() || upgrade ? Versions::http1 : Versions::any;
    }
    return versions_;
}

/// Until an origin has said otherwise it is taken to speak HTTP/2 where it may.
bool Endpoint::expects_http2(const Way& way, Versions versions) const {
    return versions == Versions::http2 || (versions == Versions::any && !way.tls_name.empty() && !spoke_http1_);
}

Carrier Endpoint::reuse(const Way& way, bool upgrade) {
    const Versions versions = versions_for(way, upgrade);
    if (versions != Versions::http1) {
        if (auto session = shared_.find(way.pool_key)) {
            metrics_.reused.Increment();
            return {.own = nullptr, .shared = std::move(session), .reused = true};
        }
    }
    if (versions != Versions::http2) {
        if (auto stream = keep.take(way.pool_key)) {
            return {.own = std::move(stream), .shared = nullptr, .reused = true};
        }
    }
    return {};
}

net::Task<std::expected<Carrier, problem::Failure>> Endpoint::connect(const Way& way, bool upgrade,
                                                                      net::Time deadline) {
    const Versions versions = versions_for(way, upgrade);
    while (expects_http2(way, versions)) {
        const auto found = expected_.find(way.pool_key);
        if (found == expected_.end()) {
            const auto expected = std::make_shared<Expected>();
            expected_.emplace(way.pool_key, expected);
            auto dialled = co_await dial(way, versions, deadline);
            expected_.erase(way.pool_key);
            expected->over = true;
            if (!dialled) {
                expected->failure = dialled.error();
            }
            for (net::Waiter* waiting : expected->waiting) {
                waiting->wake();
            }
            co_return dialled;
        }
        const std::shared_ptr<Expected> expected = found->second;
        net::Waiter ready(loop_);
        net::Alarm alarm(loop_, ready);
        alarm.set(deadline);
        expected->waiting.push_back(&ready);
        while (!expected->over && !alarm.passed()) {
            co_await ready.wait();
        }
        if (!expected->over) {
            std::erase(expected->waiting, &ready);
            co_return std::unexpected(problem::connection_timeout(text + ": no connection in time"));
        }
        if (expected->failure) {
            // Whoever dialled may have had less time than we have.
            if (expected->failure->status == 504 && loop_.now() + kWorthDialling < deadline) {
                continue;
            }
            co_return std::unexpected(*expected->failure);
        }
        if (Carrier carrier = reuse(way, upgrade)) {
            co_return carrier;
        }
    }
    co_return co_await dial(way, versions, deadline);
}

net::Task<std::expected<Carrier, problem::Failure>> Endpoint::dial(const Way& way, Versions versions,
                                                                   net::Time deadline) {
    Dialled dialled = co_await dialer->dial(way, versions, deadline);
    if (!dialled) {
        co_return std::unexpected(std::move(dialled.error()));
    }
    const bool clear = way.tls_name.empty();
    if (!clear) {
        spoke_http1_ = versions == Versions::any && !dialled->http2;
    }
    if (!dialled->http2 && !(clear && versions == Versions::http2)) {
        co_return Carrier{.own = std::move(dialled->stream), .shared = nullptr};
    }
    // Nothing of a request may be lost with a stream whose far end never connected.
    if (auto failure = co_await established(*dialled->stream, way.tunnel, deadline)) {
        co_return std::unexpected(std::move(*failure));
    }
    auto session = SharedSession::start(std::move(dialled->stream));
    if (auto failure = co_await settle(session->session(), text, deadline)) {
        co_return std::unexpected(std::move(*failure));
    }
    shared_.add(way.pool_key, session);
    co_return Carrier{.own = nullptr, .shared = std::move(session)};
}

}  // namespace adit::backend

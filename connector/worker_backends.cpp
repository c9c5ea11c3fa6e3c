// A worker's ways to backends: dialers, health checks, what routes are served by; see worker_side.h.
#include <algorithm>

#include "connector/backend/direct_dialer.h"
#include "connector/backend/tls_dialer.h"
#include "connector/tunnel/dialer.h"
#include "connector/worker_side.h"

namespace adit {
namespace {

std::unique_ptr<backend::Dialer> dialer_of_streams(const config::Endpoint& endpoint, tunnel::Pool& pool,
                                                   net::Resolver& resolver) {
    using Scheme = config::Endpoint::Scheme;
    if (endpoint.scheme == Scheme::service) {
        return std::make_unique<tunnel::TunnelDialer>(pool, endpoint.service);
    }
    return std::make_unique<backend::DirectDialer>(pool.loop(), resolver, net::HostPort{endpoint.host, endpoint.port},
                                                   endpoint.base_path, endpoint.scheme == Scheme::https);
}

backend::Versions versions_of(config::Protocol protocol) {
    return protocol == config::Protocol::http1   ? backend::Versions::http1
           : protocol == config::Protocol::http2 ? backend::Versions::http2
                                                 : backend::Versions::any;
}

backend::Presentation presentation_of(const config::Backend& backend) {
    const config::Forwarding& from = backend.forwarding;
    const auto hops = [](config::Forwarding::Hops hops) {
        using enum config::Forwarding::Hops;
        return hops == replace  ? http::Disclosure::Hops::replace
               : hops == append ? http::Disclosure::Hops::append
                                : http::Disclosure::Hops::off;
    };
    const bool named = from.host != "origin" && from.host != "preserve";
    return {.keep_host = from.host == "preserve",
            .host = named ? from.host : std::string(),
            .disclosure = {hops(from.x_forwarded), hops(from.forwarded), from.via},
            .deadline_field = from.deadline,
            .disclose_attempts = from.disclose_attempts,
            .forward_credential = backend.credential.forward};
}

/// How much of a body has to be here before its head goes out.
std::size_t body_most(const backend::Credentials& credentials) {
    std::size_t most = 0;
    for (const auto& credential : credentials) {
        most = std::max(most, credential->body_most());
    }
    return most;
}

}  // namespace

std::unique_ptr<backend::Dialer> WorkerSide::make_dialer(const Generation& generation, std::size_t backend,
                                                         std::size_t endpoint) {
    const config::Backend& from = generation.configuration.backends[backend];
    const config::Endpoint& to = from.endpoints[endpoint];
    return std::make_unique<backend::TlsDialer>(dialer_of_streams(to, pool_, shared_.resolver),
                                                generation.origin_tls[backend].context, from.tls.server_name,
                                                to.text());
}

/// Endpoints are asked once for all workers, along this one's ways. `previous`: the generation before; null: none.
void WorkerSide::check_health(const Generation* previous) {
    if (!checks_) {
        return;
    }
    std::vector<health::Checks::Watched> all;
    for (std::size_t i = 0; i < generation_->configuration.backends.size(); ++i) {
        const config::Backend& backend = generation_->configuration.backends[i];
        if (backend.endpoints.front().scheme == config::Endpoint::Scheme::internal) {
            continue;
        }
        all.push_back({.roster = generation_->guards[i]->roster,
                       .versions = versions_of(backend.protocol),
                       .unchanged = previous != nullptr && generation_->same_before[i].has_value(),
                       .dialer = [this, i](std::size_t endpoint) { return make_dialer(*generation_, i, endpoint); }});
    }
    checks_->use(all);
}

std::shared_ptr<backend::Backend> WorkerSide::make_backend(const Generation& generation, std::size_t index) {
    const config::Backend& from = generation.configuration.backends[index];
    const auto& metrics = generation.backend_metrics[index];
    std::vector<std::unique_ptr<backend::Endpoint>> endpoints;
    endpoints.reserve(from.endpoints.size());
    for (std::size_t i = 0; i < from.endpoints.size(); ++i) {
        endpoints.push_back(std::make_unique<backend::Endpoint>(
            from.endpoints[i].text(), make_dialer(generation, index, i), versions_of(from.protocol), worker_.loop(),
            *metrics, generation.reaches[index][i]));
    }
    return std::make_shared<backend::Backend>(
        from.name, from.timeouts, presentation_of(from), std::move(endpoints), metrics,
        backend::Holding{body_most(generation.credentials[index].all), generation.held_budget},
        generation.credentials[index].all, generation.guards[index]);
}

std::shared_ptr<const policy::Serving> WorkerSide::make_serving(const std::shared_ptr<const Generation>& generation,
                                                                const policy::Serving* previous) {
    auto serving = std::make_shared<policy::Serving>();
    // Shares the generation as a whole, so that the last exchange to leave it does not have to take parts of it apart.
    serving->routes = std::shared_ptr<const policy::Routes>(generation, generation->routes.get());
    const auto& backends = generation->configuration.backends;
    for (std::size_t i = 0; i < backends.size(); ++i) {
        if (backends[i].endpoints.front().scheme == config::Endpoint::Scheme::internal) {
            serving->backends.emplace_back();
        } else if (const auto before = generation->same_before[i]; before && previous != nullptr) {
            serving->backends.push_back(previous->backends[*before]);
        } else {
            serving->backends.push_back(make_backend(*generation, i));
        }
    }
    return serving;
}

}  // namespace adit

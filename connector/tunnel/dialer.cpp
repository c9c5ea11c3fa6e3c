// From a service to a stream through an agent; see dialer.h.
#include "connector/tunnel/dialer.h"

namespace adit::tunnel {

backend::Hop TunnelDialer::hop() const {
    const std::shared_ptr<const Table>& table = pool_.table();
    const ServiceEntry* service = table->service(service_);
    if (service == nullptr) {
        return {.service = service_, .tunnel = {}};
    }
    return {.service = service_,
            .tunnel = service->tunnel_name,
            .rules = service->rules ? &*service->rules : nullptr,
            .hold = table};
}

std::expected<backend::Way, problem::Failure> TunnelDialer::choose() {
    const std::shared_ptr<const Table>& table = pool_.table();
    const ServiceEntry* service = table->service(service_);
    if (service == nullptr) {
        return std::unexpected(problem::service_unknown(service_));
    }
    std::optional<Choice> choice = pool_.choose(service->tunnel_id);
    if (!choice) {
        return std::unexpected(problem::tunnel_without_session(service->tunnel_name));
    }
    backend::Way way;
    // Kept connections belong to an agent and a target; the session below them does not matter.
    way.pool_key = reinterpret_cast<std::uintptr_t>(choice->agent.get()) ^ service->target_hash;
    way.tunnel = service->tunnel_name;
    way.agent = choice->agent->id;
    way.authority = service->authority;
    way.base_path = service->base_path;
    if (service->scheme == "https") {
        way.tls_name = service->target.host;
    }
    way.hold = table;
    way.permit = backend::Permit({choice->agent, &choice->agent->in_flight});
    way.choice = std::move(choice->session);
    return way;
}

net::Task<bool> TunnelDialer::await_way(net::Time deadline) {
    const ServiceEntry* service = pool_.table()->service(service_);
    if (service == nullptr) {
        co_return false;
    }
    co_return co_await pool_.await_session(service->tunnel_id, deadline);
}

net::Task<backend::Dialled> TunnelDialer::dial(const backend::Way& way, backend::Versions, net::Time) {
    const std::shared_ptr<const Table> table = pool_.table();
    const ServiceEntry* service = table->service(service_);
    if (service == nullptr) {
        co_return std::unexpected(problem::service_unknown(service_));
    }
    const auto* session = static_cast<const SessionInfo*>(way.choice.get());
    std::unique_ptr<net::Stream> stream = pool_.open(session->id, session->worker, service->target);
    if (!stream) {
        co_return std::unexpected(problem::session_lost(service->tunnel_name));
    }
    co_return backend::Connected{std::move(stream)};
}

}  // namespace adit::tunnel

// Making a connection on the side; see dialling.h.
#include "connector/route/dialling.h"

#include "common/net/spawn.h"

namespace adit::route {
namespace {

/// The way without its permit, which counts exchanges and stays with who makes one.
backend::Way same_way(const backend::Way& way) {
    backend::Way same;
    same.pool_key = way.pool_key;
    same.tunnel = way.tunnel;
    same.agent = way.agent;
    same.authority = way.authority;
    same.base_path = way.base_path;
    same.tls_name = way.tls_name;
    same.tls_most = way.tls_most;
    same.hold = way.hold;
    same.choice = way.choice;
    return same;
}

}  // namespace

std::shared_ptr<Dialling> Dialling::start(backend::Endpoint& endpoint, const backend::Way& way, bool upgrade,
                                          net::Time deadline, net::Waiter& done, std::shared_ptr<const void> hold) {
    auto self = std::make_shared<Dialling>();
    self->way_ = same_way(way);
    self->done_ = &done;
    net::spawn(endpoint.loop().context(), "a connection to an origin",
               run(self, endpoint, upgrade, deadline, std::move(hold)));
    return self;
}

net::Task<> Dialling::run(std::shared_ptr<Dialling> self, backend::Endpoint& endpoint, bool upgrade, net::Time deadline,
                          std::shared_ptr<const void> hold) {
    static_cast<void>(hold);
    self->made_ = co_await endpoint.connect(self->way_, upgrade, deadline);
    self->over_ = true;
    if (self->done_ != nullptr) {
        self->done_->wake();
    }
}

}  // namespace adit::route

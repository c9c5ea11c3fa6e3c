// From `admin` to a guard; see operators_guard.h.
#include "connector/operators_guard.h"

#include <memory>
#include <utility>

#include "common/tls/operators.h"

namespace adit {

Result<status::Guard> guard_of(const std::optional<config::Admin>& admin) {
    status::Guard guard;
    if (!admin) {
        return guard;
    }
    guard.demands.token = admin->token;
    if (!admin->tls) {
        return guard;
    }
    const config::AdminTls& tls = *admin->tls;
    auto context = tls::operators_server({tls.certificate, tls.key},
                                         {.ca = tls.client_ca, .crl = tls.client_crl, .required = true});
    if (!context) {
        return std::unexpected(std::move(context.error()));
    }
    guard.demands.certificate = !tls.client_ca.empty();
    guard.demands.subjects = tls.subjects;
    guard.names = tls::host_names(*context);
    guard.tls = std::make_shared<const tls::Context>(std::move(*context));
    return guard;
}

}  // namespace adit

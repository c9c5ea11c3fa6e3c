// The rules of an endpoint, put together; see passage.h.
#include "connector/route/passage.h"

namespace adit::route {
namespace {

const access::Rules* find(const auto& rules, std::string_view name) {
    const auto found = rules.find(name);
    return found == rules.end() ? nullptr : &found->second;
}

}  // namespace

access::Verdict Passage::decide(const backend::Hop& hop, access::Words words) const {
    if (access == nullptr || caller == nullptr) {
        return {access == nullptr, "nobody has said who calls"};
    }
    return access::decide(*caller,
                          {.route = route,
                           .route_rules = route_rules,
                           .route_is_anonymous = route_is_anonymous,
                           .service = hop.service,
                           .service_rules = hop.rules,
                           .service_rules_here = find(access->services, hop.service),
                           .tunnel = hop.tunnel,
                           .tunnel_rules = find(access->tunnels, hop.tunnel)},
                          words);
}

}  // namespace adit::route

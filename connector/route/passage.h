// By what right a request uses a backend's endpoints.
#pragma once

#include <memory>
#include <string_view>

#include "connector/access/caller.h"
#include "connector/access/rule.h"
#include "connector/backend/dialer.h"
#include "connector/config/trust.h"

namespace adit::route {

/// Who asks, by which route, and the rules by which endpoints are measured. The views live as long as `hold`.
struct Passage {
    std::shared_ptr<const access::Caller> caller;  ///< null where nobody is asked who he is
    std::string_view route;
    const access::Rules* route_rules = nullptr;  ///< of the last route on the way that has any
    bool route_is_anonymous = false;             ///< a route on the way has the policy `anonymous`
    const config::Access* access = nullptr;      ///< the configuration's rules; null: nothing is enforced
    std::shared_ptr<const void> hold;

    /// Whether the caller may use what a dialer leads to. Allowed where nothing is enforced.
    access::Verdict decide(const backend::Hop& hop, access::Words words = access::Words::of_denials) const;
};

}  // namespace adit::route

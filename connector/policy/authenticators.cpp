// Which kind a policy is; see authenticators.h.
#include "connector/policy/authenticators.h"

namespace adit::policy {

Result<std::shared_ptr<const Authenticator>> make_authenticator(const config::Policy& policy,
                                                                const Materials& materials) {
    if (policy.api_key) {
        return make_api_key(policy.name, *policy.api_key, materials.consumers);
    }
    if (policy.basic) {
        return make_basic(policy.name, *policy.basic, materials.consumers);
    }
    if (policy.mtls) {
        return make_mtls(policy.name, *policy.mtls, materials.consumers);
    }
    if (policy.ip) {
        return make_ip(policy.name, *policy.ip, materials.consumers);
    }
    if (policy.jwt) {
        return make_jwt(policy.name, *policy.jwt, materials);
    }
    if (policy.anonymous) {
        return make_anonymous(policy.name);
    }
    return usage_error("policy " + policy.name + " has no kind that can be used");
}

}  // namespace adit::policy

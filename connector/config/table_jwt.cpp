// The jwt policy.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<JwtPolicy> jwt_policy_table() {
    return yaml::Object<JwtPolicy>("jwt", "A signed token (RFC 7519) of an issuer.")
        .required("issuer", &JwtPolicy::issuer, yaml::Text(), "Who must have issued it (iss).");
}

}  // namespace adit::config

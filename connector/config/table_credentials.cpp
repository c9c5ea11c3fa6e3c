// Credentials of backends: how an origin learns that a call came from us.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<Credential> credential_table() {
    return yaml::Object<Credential>("credential", "How origins learn that a call came from us; several combine.")
        .field("signed_jwt", &Credential::signed_jwt, signed_jwt_table(),
               "A short-lived token that one of 'issuers' signs: this call came from this gateway.")
        .field("forward", &Credential::forward, yaml::Boolean(),
               "Whether what the caller authenticated with goes on to the origin.");
}

}  // namespace adit::config

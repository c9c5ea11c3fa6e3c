// Credentials that providers' token endpoints give.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<OAuth2ClientCredentials> oauth2_table() {
    return yaml::Object<OAuth2ClientCredentials>("oauth2_client_credentials",
                                                 "A token by the client credentials grant (RFC 6749 §4.4).")
        .required("client_id", &OAuth2ClientCredentials::client_id, yaml::Text(), "Who we are to the provider.");
}

}  // namespace adit::config

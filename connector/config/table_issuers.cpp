// Issuers: keys of ours by which others verify, and tokens that they sign.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<Issuer> issuer_table() {
    return yaml::Object<Issuer>(
               "an issuer", "We as an OpenID issuer: keys that are rotated, and the documents by which others verify.")
        .required("url", &Issuer::url, yaml::Parsed<Endpoint>("a URL", parse_endpoint),
                  "Its identity (iss), and where its documents are served.");
}

}  // namespace adit::config

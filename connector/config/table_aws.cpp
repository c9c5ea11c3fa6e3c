// Credentials of AWS.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<AwsSigV4> aws_sigv4_table() {
    return yaml::Object<AwsSigV4>("aws_sigv4", "Each request signed by Signature Version 4.")
        .required("region", &AwsSigV4::region, yaml::Text(), "The region that it is for.");
}

}  // namespace adit::config

// Credentials of Google Cloud.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<GcpFederated> gcp_federated_table() {
    return yaml::Object<GcpFederated>("gcp_federated", "Workload identity federation with Google Cloud.")
        .required("provider", &GcpFederated::provider, yaml::Text(),
                  "projects/N/locations/global/workloadIdentityPools/P/providers/X.");
}

}  // namespace adit::config

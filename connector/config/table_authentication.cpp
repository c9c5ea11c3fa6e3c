// Authentication policies: the ways to tell who calls.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<AuthenticationPolicy> authentication_table() {
    return yaml::Object<AuthenticationPolicy>("a policy", "One way to tell who calls.");
}

}  // namespace adit::config

// Access rules: who may use routes, services and tunnels.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<access::Rule> access_rule_table() {
    return yaml::Object<access::Rule>("an access rule", "Allows a consumer or a project in some environments.")
        .field("consumer", &access::Rule::consumer, yaml::Text(), "The name of a consumer; * is any.");
}

yaml::Object<Access> access_table() {
    return yaml::Object<Access>("access", "Who may use services and tunnels.");
}

}  // namespace adit::config

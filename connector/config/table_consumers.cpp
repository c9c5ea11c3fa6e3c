// Consumers: who may call, and what they show to prove it.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Object<Consumer> consumer_table() {
    return yaml::Object<Consumer>("a consumer", "An authenticated caller: a gateway, or a project in one environment.")
        .required("name", &Consumer::name, yaml::Name(), "Its name, which access rules use.");
}

}  // namespace adit::config

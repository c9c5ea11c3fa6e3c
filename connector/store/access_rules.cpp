// From projects and environments to rules; see access_rules.h.
#include "connector/store/access_rules.h"

namespace adit {

std::optional<access::Rules> access_rules(const ServiceRecord& service) {
    if (service.configurations.empty()) {
        return std::nullopt;
    }
    access::Rules rules;
    for (const AccessRecord& one : service.configurations) {
        rules.push_back({.consumer = {}, .project = one.project, .environments = one.accessible_by});
    }
    return rules;
}

}  // namespace adit

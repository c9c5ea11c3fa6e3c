// Comparing circuits of one id; see circuits.h.
#include "connector/config/circuits.h"

#include <map>

#include "common/config/node.h"

namespace adit::config {

void check_circuits(const yaml::Node& root, const Configuration& configuration, yaml::Diagnostics& diagnostics) {
    std::map<std::string_view, std::pair<const Circuit*, yaml::Place>> first;
    const auto look = [&](const Circuit& circuit, const yaml::Place& place) {
        if (circuit.id.empty()) {
            return;
        }
        const auto [known, is_new] = first.try_emplace(circuit.id, &circuit, place);
        Circuit same = *known->second.first;
        same.per = circuit.per;
        if (!is_new && same != circuit) {
            diagnostics.error(place, "the circuit '" + circuit.id + "' has other settings at " +
                                         known->second.second.text() + ": circuits of one id are one");
        }
    };
    for (const Backend& backend : configuration.backends) {
        if (backend.circuit) {
            look(*backend.circuit, yaml::place_of(root, {"backends", backend.name, "circuit"}));
        }
    }
    for (std::size_t i = 0; i < configuration.routes.size(); ++i) {
        if (const auto& circuit = configuration.routes[i].circuit) {
            look(*circuit, yaml::place_of(root, {"routes", i, "circuit"}));
        }
    }
}

}  // namespace adit::config

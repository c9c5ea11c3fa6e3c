// Finding and making of circuits; see circuits.h.
#include "connector/resilience/circuits.h"

namespace adit::resilience {

std::shared_ptr<Circuit> Circuits::get(const std::string& name, const CircuitTerms& terms) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(circuits_, [](const auto& one) { return one.second.expired(); });
    std::weak_ptr<Circuit>& known = circuits_[name];
    auto circuit = known.lock();
    if (!circuit) {
        circuit = std::make_shared<Circuit>(name, terms, watcher_);
        known = circuit;
    }
    return circuit;
}

std::shared_ptr<Circuit> Circuits::find(std::string_view name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = circuits_.find(name);
    return found == circuits_.end() ? nullptr : found->second.lock();
}

std::vector<std::shared_ptr<Circuit>> Circuits::all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::shared_ptr<Circuit>> list;
    for (const auto& [name, circuit] : circuits_) {
        if (auto alive = circuit.lock()) {
            list.push_back(std::move(alive));
        }
    }
    return list;
}

}  // namespace adit::resilience

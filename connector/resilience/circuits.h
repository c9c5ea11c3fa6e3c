// All circuits of a connector, by name: so that states outlive reloads, and circuits of one id are one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "connector/resilience/circuit.h"

namespace adit::resilience {

/// Any thread. A circuit lives for as long as somebody holds it, which generations do.
class Circuits {
  public:
    /// `watcher` may be null; it outlives all circuits.
    explicit Circuits(CircuitWatcher* watcher = nullptr) : watcher_(watcher) {}
    Circuits(const Circuits&) = delete;
    Circuits& operator=(const Circuits&) = delete;

    /// The one of that name, as it is; a new one has these terms.
    std::shared_ptr<Circuit> get(const std::string& name, const CircuitTerms& terms);
    /// Null: there is none.
    std::shared_ptr<Circuit> find(std::string_view name) const;
    /// By name.
    std::vector<std::shared_ptr<Circuit>> all() const;

  private:
    CircuitWatcher* const watcher_;
    mutable std::mutex mutex_;
    std::map<std::string, std::weak_ptr<Circuit>, std::less<>> circuits_;
};

}  // namespace adit::resilience

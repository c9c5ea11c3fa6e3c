// What is allowed and defeats itself: values that work against each other, settings that never count.
#pragma once

#include <concepts>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// All warnings about a configuration that is good; `root` is the document that it was read from.
yaml::Diagnostics find_warnings(const yaml::Node& root, const Configuration& configuration);

/// The part of a document that stands for one backend or route, in which warnings have their places.
class Part {
  public:
    /// `node` may be null: what is not written has no place of its own.
    Part(const yaml::Node& root, const yaml::Node* node, std::string name, yaml::Diagnostics& warnings)
        : root_(root), node_(node), name_(std::move(name)), warnings_(warnings) {}

    /// Whether the file says this of it.
    bool has(std::string_view key) const { return node_ != nullptr && node_->find(key) != nullptr; }
    bool has(std::string_view key, std::string_view member) const;
    /// A warning at the deepest of these keys that is written.
    void warn(std::initializer_list<yaml::Step> at, std::string message) const;
    /// "backend web", "route shop".
    const std::string& name() const { return name_; }

  private:
    const yaml::Node& root_;
    const yaml::Node* node_;
    std::string name_;
    yaml::Diagnostics& warnings_;
};

/// The timeouts that count for the requests of a part, and which of them somebody has written.
struct Composed {
    Timeouts timeouts;
    TimeoutSettings said;
    std::optional<Retry> retry;
};

// One function for what belongs together; each warns of its part only.
void warn_of_tries(const Part& part, const Composed& composed);
void warn_of_circuit(const Part& part, const Circuit& circuit, const Composed& composed, bool shared);
void warn_of_bulkhead(const Part& part, const Bulkhead& bulkhead, const Composed& composed);
void warn_of_endpoints(const Part& part, const Backend& backend);
void warn_of_cache(const Part& part, const Cache& cache, const CacheStore& store);
/// Of what is written beside the configuration, which is in `file`.
void warn_of_files(const Part& part, const Configuration& configuration, const std::filesystem::path& file);
void warn_of_fallback(const Part& part, const Fallback& fallback, const Composed& composed);

}  // namespace adit::config

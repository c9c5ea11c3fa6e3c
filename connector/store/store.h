// The directory of tunnels, one file each, shared by the command line and running connectors.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "common/base/error.h"
#include "connector/store/record.h"

namespace adit {

/// Reads and changes tunnels.d/. Changes hold a lock on the directory, so that two commands at once lose nothing;
/// readers need none, since files change as a whole.
class Store {
  public:
    explicit Store(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// All tunnels by name. A directory that does not exist is empty.
    Result<std::vector<TunnelRecord>> load_all() const;
    /// The tunnel of this name or id; an error that suggests a name otherwise.
    Result<TunnelRecord> find(std::string_view name_or_id) const;

    /// Adds a tunnel; refuses a name that exists.
    Result<> create(const TunnelRecord& record);
    /// Reads the tunnel, lets `change` alter it, and writes it back, all under the lock. Service names must stay unique
    /// over all tunnels. Answers the new state.
    Result<TunnelRecord> update(std::string_view name_or_id, const std::function<Result<>(TunnelRecord&)>& change);
    Result<TunnelRecord> remove(std::string_view name_or_id);

    const std::filesystem::path& directory() const { return directory_; }

  private:
    std::filesystem::path file_of(std::string_view name) const;
    Result<> check_services(const TunnelRecord& record) const;

    std::filesystem::path directory_;
};

}  // namespace adit

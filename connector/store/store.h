// The directory of tunnels, one file each, shared by the command line and running connectors.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "common/base/error.h"
#include "common/net/network.h"
#include "connector/store/record.h"

namespace adit {

/// Reads and changes tunnels.d/. Changes hold a lock on the directory, so that two commands at once lose nothing;
/// readers need none, since files change as a whole.
class Store {
  public:
    /// `network` is where keys with WireGuard get their addresses from; without it there are no such keys to be made.
    explicit Store(std::filesystem::path directory, std::optional<net::Network> network = std::nullopt)
        : directory_(std::move(directory)), network_(network) {}

    /// All tunnels by name. A directory that does not exist is empty.
    Result<std::vector<TunnelRecord>> load_all() const;
    /// The tunnel of this name or id; an error that suggests a name otherwise.
    Result<TunnelRecord> find(std::string_view name_or_id) const;

    /// Adds a tunnel; refuses a name that exists. Rows without an address get one. Answers what was written.
    Result<TunnelRecord> create(TunnelRecord record);
    /// Reads the tunnel, lets `change` alter it, and writes it back, all under the lock. Service names must stay unique
    /// over all tunnels; rows without an address get one. Answers the new state.
    Result<TunnelRecord> update(std::string_view name_or_id, const std::function<Result<>(TunnelRecord&)>& change);
    Result<TunnelRecord> remove(std::string_view name_or_id);

    /// Told of each change under the lock, just before the file is: what there was, and what there will be; null where
    /// there is nothing. Its error is the change's, which is then not made.
    using Witness = std::function<Result<>(const TunnelRecord* before, const TunnelRecord* after)>;
    void witness(Witness witness) { witness_ = std::move(witness); }

    const std::filesystem::path& directory() const { return directory_; }

  private:
    std::filesystem::path file_of(std::string_view name) const;
    Result<> check_services(const TunnelRecord& record) const;
    Result<> place_rows(TunnelRecord& record) const;

    Result<> tell(const TunnelRecord* before, const TunnelRecord* after) const {
        return witness_ ? witness_(before, after) : Result<>();
    }

    std::filesystem::path directory_;
    std::optional<net::Network> network_;
    Witness witness_;
};

}  // namespace adit

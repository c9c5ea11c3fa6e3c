// What of a configuration counts for the whole life of the process that was started with it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connector/config/config.h"

namespace adit {

/// Reloads are compared with the start, not with each other: sockets and threads are still those of the start.
class FixedSettings {
  public:
    explicit FixedSettings(const config::Configuration& started_with);

    /// The keys of which `now` says something else: it takes effect with a new process.
    std::vector<std::string> changed_in(const config::Configuration& now) const;
    /// Whether what `now` demands of operators is meant for the socket at which they are asked: it was judged by the
    /// address beside it, and what is enough on loopback is not enough elsewhere.
    bool guards_our_door(const config::Configuration& now) const;

  private:
    /// Without what changes by a reload, secrets above all.
    struct Door {
        explicit Door(const config::Admin& admin)
            : address(admin.address), mode(admin.mode), group(admin.group), metrics(admin.metrics) {}
        net::SocketAddress address;
        std::uint32_t mode;
        std::string group;
        std::optional<net::HostPort> metrics;
        friend bool operator==(const Door&, const Door&) = default;
    };
    static std::optional<Door> door_of(const config::Configuration& configuration);

    std::uint32_t workers_;
    std::optional<Door> door_;
    std::optional<config::Tunnels> tunnels_;
    config::Sandbox sandbox_;
};

}  // namespace adit

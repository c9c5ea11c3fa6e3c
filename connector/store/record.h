// A tunnel as its file in tunnels.d/ describes it. It holds no secret: keys are fingerprints.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/tls/key.h"
#include "common/wireguard/key.h"

namespace adit {

/// A key's row of identities in the WireGuard network: the lobby, then the seats.
struct WireGuardRecord {
    std::vector<wireguard::PublicKey> public_keys;  ///< the lobby's first; two at least
    /// Of the lobby; the seats follow. Unspecified: the Store gives it the lowest free row when it writes the record.
    boost::asio::ip::address address;
};

struct KeyRecord {
    std::string id;
    tls::Spki spki;
    WallTime created;
    std::optional<WallTime> expires = {};
    std::optional<WireGuardRecord> wireguard = {};
};

/// Who may call a service: a project, and its environments.
struct AccessRecord {
    std::string project;
    std::vector<std::string> accessible_by;
};

struct ServiceRecord {
    std::string name;
    std::string endpoint;  ///< http://host:port[/base]
    std::vector<AccessRecord> configurations;
};

struct TunnelRecord {
    std::string id;  ///< tnl_ and 24 base62 characters
    std::string name;
    WallTime created;
    std::vector<KeyRecord> keys;
    std::vector<ServiceRecord> services;
};

/// Reads a tunnel's file. Unknown members, missing ones and wrong types are errors that name the member; `place` (the
/// file) is put before them.
Result<TunnelRecord> parse_tunnel(std::string_view text, const std::string& place);
std::string format_tunnel(const TunnelRecord& record);

/// Reads the JSON that `tunnel services update --configuration-file` takes:
/// {"version":1,"services":[{"name","endpoint","configurations":[{"project","accessibleBy":[...]}]}]}.
Result<std::vector<ServiceRecord>> parse_services(std::string_view text, const std::string& place);
std::string format_services(const std::vector<ServiceRecord>& services);

/// Lower-case letters, digits and inner dashes, at most 63 (a DNS label).
bool valid_name(std::string_view name);

}  // namespace adit

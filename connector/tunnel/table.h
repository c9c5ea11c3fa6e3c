// Which keys open which tunnel, and which tunnel exposes which service: an immutable snapshot that workers share.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/strings.h"
#include "common/net/address.h"
#include "common/tls/key.h"
#include "connector/access/rule.h"
#include "connector/store/record.h"

namespace adit::tunnel {

/// A key that may open sessions of a tunnel.
struct KeyEntry {
    std::string tunnel_id;
    std::string tunnel_name;
    std::string key_id;
    std::optional<std::chrono::system_clock::time_point> expires;

    bool valid_at(std::chrono::system_clock::time_point now) const { return !expires || now < *expires; }
};

/// Who has an address of the WireGuard network.
struct AddressEntry {
    std::shared_ptr<const KeyEntry> key;  ///< shared by the members of its row
    unsigned number = 0;                  ///< of the key's row: 0 is the lobby, else a seat
    unsigned seats = 0;                   ///< of the row
};

/// Where a service is, as its agent sees it.
struct ServiceEntry {
    std::string name;
    std::string tunnel_id;
    std::string tunnel_name;
    std::string scheme;     ///< http or https
    net::HostPort target;   ///< what CONNECT asks the agent for
    std::string authority;  ///< the Host of requests: host and port, the port left out when it is the scheme's own
    std::size_t target_hash = 0;
    std::string base_path;  ///< put before the path of requests; empty or "/..." without a slash at the end
    std::optional<access::Rules> rules = {};  ///< who may use it; nothing where the tunnel's file does not say
};

/// Never changes once built; a change of the store makes a new one.
class Table {
  public:
    explicit Table(const std::vector<TunnelRecord>& records);
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    const KeyEntry* key(const tls::Spki& spki) const;
    /// Whose an address of the WireGuard network is. Where rows claim the same one, the first has it, as in
    /// wireguard_peers().
    const AddressEntry* by_address(const boost::asio::ip::address& address) const;
    const ServiceEntry* service(std::string_view name) const;
    /// The services whose endpoint is there, those with the longest base path first, then in the order of the records.
    /// Hosts are compared without regard to case and a final dot, addresses by value.
    std::span<const ServiceEntry* const> services_at(const net::HostPort& target) const;
    std::size_t tunnels() const { return tunnels_; }

  private:
    void add_target(const ServiceEntry& service);

    std::unordered_map<tls::Spki, std::shared_ptr<const KeyEntry>> keys_;
    std::unordered_map<boost::asio::ip::address, AddressEntry> addresses_;
    std::unordered_map<std::string, ServiceEntry, StringHash, std::equal_to<>> services_;
    std::unordered_map<std::string, std::vector<const ServiceEntry*>> targets_;  ///< by place_of()
    std::size_t tunnels_ = 0;
};

}  // namespace adit::tunnel

// Building the snapshot; see table.h.
#include "connector/tunnel/table.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "common/net/network.h"
#include "connector/store/access_rules.h"
#include "connector/store/wireguard_peers.h"

namespace adit::tunnel {
namespace {

/// The store has checked the URL when it read it, so what cannot be parsed here is left out.
std::optional<ServiceEntry> to_entry(const TunnelRecord& tunnel, const ServiceRecord& service) {
    const auto url = boost::urls::parse_uri(service.endpoint);
    if (!url || url->host().empty()) {
        return std::nullopt;
    }
    ServiceEntry entry;
    entry.name = service.name;
    entry.tunnel_id = tunnel.id;
    entry.tunnel_name = tunnel.name;
    entry.scheme = std::string(url->scheme());
    entry.base_path = std::string(url->encoded_path());
    entry.target.host = std::string(url->encoded_host_address());
    entry.target.port = url->port_number() != 0 ? url->port_number() : entry.scheme == "https" ? 443 : 80;
    entry.authority = std::string(url->encoded_host_and_port());
    entry.target_hash = std::hash<std::string>()(entry.scheme + entry.target.text());
    while (!entry.base_path.empty() && entry.base_path.back() == '/') {
        entry.base_path.pop_back();
    }
    entry.rules = access_rules(service);
    return entry;
}

/// A host and port in the one form in which they are compared.
std::string place_of(const net::HostPort& target) {
    if (const auto literal = target.literal()) {
        return net::Address{net::plain(literal->ip), target.port}.text();
    }
    std::string host = to_lower(target.host);
    if (host.ends_with('.')) {
        host.pop_back();  // the root of DNS, which names may leave out
    }
    return host + ":" + std::to_string(target.port);
}

}  // namespace

Table::Table(const std::vector<TunnelRecord>& records) : tunnels_(records.size()) {
    std::unordered_map<const KeyRecord*, std::shared_ptr<const KeyEntry>> entries;
    for (const TunnelRecord& record : records) {
        for (const KeyRecord& key : record.keys) {
            auto entry = std::make_shared<const KeyEntry>(record.id, record.name, key.id, key.expires);
            entries.emplace(&key, entry);
            keys_.emplace(key.spki, std::move(entry));
        }
        for (const ServiceRecord& service : record.services) {
            if (auto entry = to_entry(record, service)) {
                const auto [found, added] = services_.emplace(service.name, std::move(*entry));
                if (added) {
                    add_target(found->second);
                }
            }
        }
    }
    for (const RowMember& member : row_members(records)) {
        addresses_.emplace(member.address,
                           AddressEntry{entries.at(member.key), member.number,
                                        static_cast<unsigned>(member.key->wireguard->public_keys.size() - 1)});
    }
}

void Table::add_target(const ServiceEntry& service) {
    const auto length = [](const ServiceEntry* one) { return one->base_path.size(); };
    auto& services = targets_[place_of(service.target)];
    services.insert(std::ranges::upper_bound(services, length(&service), std::greater(), length), &service);
}

const KeyEntry* Table::key(const tls::Spki& spki) const {
    const auto found = keys_.find(spki);
    return found == keys_.end() ? nullptr : found->second.get();
}

const AddressEntry* Table::by_address(const boost::asio::ip::address& address) const {
    const auto found = addresses_.find(net::plain(address));
    return found == addresses_.end() ? nullptr : &found->second;
}

const ServiceEntry* Table::service(std::string_view name) const {
    const auto found = services_.find(name);
    return found == services_.end() ? nullptr : &found->second;
}

std::span<const ServiceEntry* const> Table::services_at(const net::HostPort& target) const {
    const auto found = targets_.find(place_of(target));
    return found == targets_.end() ? std::span<const ServiceEntry* const>() : found->second;
}

}  // namespace adit::tunnel

// Telling pages from operators; see browsers.h.
#include "common/status/browsers.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "common/base/strings.h"
#include "common/net/address.h"

namespace adit::status {
namespace {

/// The host of a Host field: without port, brackets, and the dot of a name that is complete.
std::string host_of(std::string_view field) {
    if (field.starts_with('[')) {
        return std::string(field.substr(1, field.find(']') - 1));
    }
    std::string_view host = field.substr(0, field.find(':'));
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return to_lower(host);
}

/// As certificates name hosts: "*.example" is one label before the rest (RFC 6125 §6.4.3).
bool matches(const std::string& name, const std::string& host) {
    if (!name.starts_with("*.")) {
        return name == host;
    }
    const std::size_t dot = host.find('.');
    return dot != 0 && dot != std::string::npos && host.substr(dot) == name.substr(1);
}

/// An address is no name that somebody could lead elsewhere.
bool is_ours(const std::string& host, const Place& place) {
    boost::system::error_code no_address;
    boost::asio::ip::make_address(host, no_address);
    return !no_address || net::is_localhost(host) || host == to_lower(place.host) ||
           std::ranges::any_of(place.names, [&](const std::string& name) { return matches(to_lower(name), host); });
}

}  // namespace

std::optional<std::string> from_a_page(bool changes, const Provenance& provenance, const Place& place) {
    if (changes && provenance.origin) {
        return "a web page may not change anything here: the request has an Origin";
    }
    if (changes && provenance.fetch_site && provenance.fetch_site != "same-origin" && provenance.fetch_site != "none") {
        return "a web page may not change anything here: the request comes from another site";
    }
    const bool by_our_name = changes || place.loopback || place.by_tls;
    if (by_our_name && !place.reached_by_path && provenance.host && !is_ours(host_of(*provenance.host), place)) {
        return "this server is asked by its address, not by the name in Host";
    }
    return std::nullopt;
}

}  // namespace adit::status

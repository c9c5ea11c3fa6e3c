// Telling pages from operators; see browsers.h.
#include "common/status/browsers.h"

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

/// An address is no name that somebody could lead elsewhere.
bool is_ours(const std::string& host, const Place& place) {
    boost::system::error_code no_address;
    boost::asio::ip::make_address(host, no_address);
    return !no_address || net::is_localhost(host) || host == to_lower(place.host);
}

}  // namespace

std::optional<std::string> from_a_page(bool changes, const Provenance& provenance, const Place& place) {
    if (changes && provenance.origin) {
        return "a web page may not change anything here: the request has an Origin\n";
    }
    if (changes && provenance.fetch_site && provenance.fetch_site != "same-origin" && provenance.fetch_site != "none") {
        return "a web page may not change anything here: the request comes from another site\n";
    }
    if ((changes || place.loopback) && provenance.host && !is_ours(host_of(*provenance.host), place)) {
        return "this server is asked by its address, not by the name in Host\n";
    }
    return std::nullopt;
}

}  // namespace adit::status

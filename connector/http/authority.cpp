// Checking of authorities; see authority.h.
#include "connector/http/authority.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::http {

std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        return end == std::string_view::npos ? authority : authority.substr(0, end + 1);
    }
    return authority.substr(0, authority.find(':'));
}

bool same_authority(std::string_view a, std::string_view b, std::string_view scheme) {
    const auto port = [scheme](std::string_view authority) {
        authority.remove_prefix(host_of(authority).size());
        return authority.size() > 1 ? authority : iequals(scheme, "https") ? ":443" : ":80";
    };
    return iequals(host_of(a), host_of(b)) && port(a) == port(b);
}

bool valid_authority(std::string_view authority) {
    const std::string_view host = host_of(authority);
    const std::string_view port = authority.substr(host.size());
    const bool port_good =
        port.empty() || (port[0] == ':' && port.size() <= 6 &&
                         std::ranges::all_of(port.substr(1), [](char c) { return c >= '0' && c <= '9'; }));
    if (!port_good || host.empty() || host.size() > 255) {
        return false;
    }
    if (host.front() == '[') {
        return host.back() == ']' && host.size() > 3 &&
               host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
    }
    // No label is empty, but for the root's behind a final dot: "." and ".." are steps where a path is made of a host.
    if (host.front() == '.' || host.find("..") != std::string_view::npos) {
        return false;
    }
    return std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_';
    });
}

}  // namespace adit::http

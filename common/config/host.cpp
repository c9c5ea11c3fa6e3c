// Names are checked by form (RFC 1123 §2.1, with underscores), addresses by the C library.
#include "common/config/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace adit::yaml {
namespace {

constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;

bool is_address(int family, std::string_view text) {
    in6_addr address;
    return text.size() < INET6_ADDRSTRLEN && ::inet_pton(family, std::string(text).c_str(), &address) == 1;
}

bool is_label(std::string_view label) {
    const auto fits = [](char c) {
        return c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    };
    return !label.empty() && label.size() <= max_label && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, fits);
}

bool is_name(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty() || name.size() > max_name) return false;
    while (true) {
        const auto dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

}  // namespace

Result<std::string> parse_host(std::string_view text) {
    if (text.empty()) return usage_error("the host is missing");
    if (text.starts_with('[')) {
        const auto inner = text.substr(1, text.size() < 2 ? 0 : text.size() - 2);
        if (!text.ends_with(']') || !is_address(AF_INET6, inner))
            return usage_error("what stands in brackets must be an IPv6 address, as in [::1]");
        return std::string(inner);
    }
    if (text.contains(':')) return usage_error("an IPv6 address needs brackets, as in [::1]");
    // Only addresses end in a label of digits (RFC 1123 §2.1); "10.0.0.256" must not be looked up as a name.
    const auto last = text.substr(text.rfind('.') + 1);
    const bool numeric = !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
    if (numeric && !is_address(AF_INET, text)) return usage_error("this is not a valid IPv4 address");
    if (!is_name(text)) return usage_error("this is not a valid host name");
    return std::string(text);
}

Result<std::uint16_t> parse_port(std::string_view text, ZeroPort zero_port) {
    std::uint16_t port = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = error == std::errc() && rest == text.data() + text.size();
    if (!whole || (port == 0 && zero_port == ZeroPort::refused))
        return usage_error("the port must be a number from 1 to 65535");
    return port;
}

Result<HostAndPort> parse_host_and_port(std::string_view text, ZeroPort zero_port) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || text.ends_with(']')) return usage_error("the port is missing");
    if (colon == 0) return usage_error("the host is missing; for all addresses write 0.0.0.0 or [::]");
    auto host = parse_host(text.substr(0, colon));
    if (!host) return std::unexpected(host.error());
    const auto port = parse_port(text.substr(colon + 1), zero_port);
    if (!port) return std::unexpected(port.error());
    return HostAndPort{*std::move(host), *port};
}

}  // namespace adit::yaml

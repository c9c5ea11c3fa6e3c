// Parsing and formatting of addresses; see address.h.
#include "common/net/address.h"

#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include "common/base/strings.h"

namespace adit::net {
namespace asio = boost::asio;
namespace {

Address from_socket(const sockaddr_storage& storage) {
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &storage, sizeof v6);
        asio::ip::address_v6::bytes_type bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        asio::ip::address_v6 ip(bytes, v6.sin6_scope_id);
        if (ip.is_v4_mapped()) {
            return {asio::ip::make_address_v4(asio::ip::v4_mapped, ip), ntohs(v6.sin6_port)};
        }
        return {ip, ntohs(v6.sin6_port)};
    }
    if (storage.ss_family != AF_INET) {
        return {};  // a socket that is already gone, or not of the Internet
    }
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    return {asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
}

std::string join(std::string_view host, std::uint16_t port) {
    const bool brackets = host.find(':') != std::string_view::npos;
    return (brackets ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

bool could_be_host(std::string_view host, bool bracketed) {
    if (host.empty() || host.size() > 253) {
        return false;
    }
    if (bracketed) {
        boost::system::error_code error;
        asio::ip::make_address_v6(std::string(host), error);
        return !error;
    }
    return host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
           std::string_view::npos;
}

}  // namespace

Address Address::of_local(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
    return from_socket(storage);
}

Address Address::of_peer(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    ::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size);
    return from_socket(storage);
}

std::string Address::text() const {
    return join(ip.to_string(), port);
}

socklen_t Address::to_socket(sockaddr_storage& storage) const {
    storage = {};
    if (ip.is_v6()) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        const auto bytes = ip.to_v6().to_bytes();
        std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
        v6.sin6_scope_id = static_cast<std::uint32_t>(ip.to_v6().scope_id());
        std::memcpy(&storage, &v6, sizeof v6);
        return sizeof v6;
    }
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(ip.to_v4().to_uint());
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
}

Result<HostPort> HostPort::parse(std::string_view text, bool zero_port) {
    const auto wrong = [&](std::string_view why) {
        return usage_error("'" + std::string(text) + "' is not an address host:port: " + std::string(why));
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return wrong("the port is missing");
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return wrong("an IPv6 address is written in brackets, [::1]:443");
    }
    unsigned port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || port > 65535 ||
        (port == 0 && !zero_port)) {
        return wrong("the port must be a number from 1 to 65535");
    }
    if (!could_be_host(host, bracketed)) {
        return wrong("the host is neither a name nor an IP address");
    }
    return HostPort{std::string(host), static_cast<std::uint16_t>(port)};
}

std::string HostPort::text() const {
    return join(host, port);
}

std::optional<Address> HostPort::literal() const {
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(host, error);
    if (error) {
        return std::nullopt;
    }
    return Address{ip, port};
}

bool is_localhost(std::string_view name) {
    static constexpr std::string_view kName = "localhost";
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    if (name.size() < kName.size() || !iequals(name.substr(name.size() - kName.size()), kName)) {
        return false;
    }
    return name.size() == kName.size() || name[name.size() - kName.size() - 1] == '.';
}

}  // namespace adit::net

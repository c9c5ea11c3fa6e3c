// Reading addresses of both kinds; see socket_address.h.
#include "common/net/socket_address.h"

namespace adit::net {
namespace {

/// A successor binds a name beside it first, which is a little longer; see ListeningSocket.
constexpr std::size_t kPathMost = sizeof(sockaddr_un::sun_path) - 1 - 12;

}  // namespace

Result<SocketAddress> SocketAddress::of_path(std::filesystem::path path) {
    if (path.empty() || !path.has_filename()) {
        return usage_error("the path of a socket is missing: write unix:/run/adit/admin.sock");
    }
    if (path.native().size() > kPathMost) {
        return usage_error("the path of a socket has at most " + std::to_string(kPathMost) + " bytes, and this has " +
                           std::to_string(path.native().size()));
    }
    SocketAddress address;
    address.path = std::move(path);
    return address;
}

sockaddr_un SocketAddress::to_socket(const std::filesystem::path& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.native().copy(static_cast<char*>(name.sun_path), sizeof name.sun_path - 1);
    return name;
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
    if (!is_path(text)) {
        return HostPort::parse(text);
    }
    text.remove_prefix(std::string_view("unix:").size());
    if (text.starts_with('@')) {
        return usage_error("abstract sockets have neither owner nor mode: name a path");
    }
    return of_path(text);
}

bool SocketAddress::private_to_host() const {
    const auto literal = tcp.literal();
    return local() || is_localhost(tcp.host) || (literal && literal->ip.is_loopback());
}

}  // namespace adit::net

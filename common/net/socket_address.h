// Where something listens on this host: an address of the network, or a socket in the file system.
#pragma once

#include <sys/un.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "common/net/address.h"

namespace adit::net {

/// host:port or, written "unix:/run/adit/admin.sock", the path of a Unix socket.
struct SocketAddress {
    HostPort tcp;
    std::filesystem::path path;  ///< of a Unix socket; empty: `tcp` says where

    SocketAddress() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): an address of the network is one of those that a socket may have
    SocketAddress(HostPort address) : tcp(std::move(address)) {}

    /// As above. Refuses what HostPort refuses, abstract sockets, which have neither owner nor mode, and paths that no
    /// socket may have (unix(7)).
    static Result<SocketAddress> parse(std::string_view text);
    static Result<SocketAddress> of_path(std::filesystem::path path);
    /// For bind() and connect(), with the whole size. Of a path that of_path() has taken.
    static sockaddr_un to_socket(const std::filesystem::path& path);
    static bool is_path(std::string_view text) { return text.starts_with("unix:"); }

    bool local() const { return !path.empty(); }
    /// Nobody outside of this host reaches it.
    bool private_to_host() const;
    /// As it is written.
    std::string text() const { return local() ? "unix:" + path.string() : tcp.text(); }
    friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

}  // namespace adit::net

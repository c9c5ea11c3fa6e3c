// The socket that a status server listens on: of TCP, or in the file system.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/base/error.h"
#include "common/net/address.h"
#include "common/net/descriptor.h"
#include "common/net/socket_address.h"

namespace adit::status {

/// How it is shared.
struct Sharing {
    bool port = false;          ///< of TCP: SO_REUSEPORT, so that a successor can listen beside us
    bool successor = false;     ///< takes the path of a living server of the same user over
    std::uint32_t mode = 0600;  ///< of a path
    std::string group = {};     ///< of a path; empty: the process's
};

/// Listens from the beginning. A path is bound beside it and renamed, so that it always leads to somebody who listens;
/// it is removed in the end unless somebody else has taken it meanwhile.
class ListeningSocket {
  public:
    static Result<ListeningSocket> open(const net::SocketAddress& address, const Sharing& sharing);
    ListeningSocket(ListeningSocket&& other) noexcept = default;
    ListeningSocket& operator=(ListeningSocket&& other) noexcept;
    ~ListeningSocket() { close(); }

    int fd() const { return fd_.get(); }
    /// Where; with port 0 the one that it got.
    net::SocketAddress address() const;
    /// Whether whoever connects there now reaches this socket.
    bool reachable() const;
    void close();

  private:
    ListeningSocket() = default;
    static Result<ListeningSocket> open_port(const net::HostPort& address, const Sharing& sharing);
    static Result<ListeningSocket> open_path(const std::filesystem::path& path, const Sharing& sharing);

    net::Descriptor fd_;
    std::filesystem::path path_;
    dev_t device_ = 0;  ///< with the next: what the path led to when it was ours
    ino_t inode_ = 0;
};

}  // namespace adit::status

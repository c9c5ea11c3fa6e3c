// Binding, sharing and taking over; see listening_socket.h.
#include "common/status/listening_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace adit::status {
namespace {

std::string reason(int error) {
    return std::generic_category().message(error);
}

enum class Holder { nobody, dead, ours, strange };

/// Who stands at a path now. Something else than a socket is strange.
Holder holder_of(const std::filesystem::path& path) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) {
        return Holder::nobody;
    }
    if (!S_ISSOCK(found.st_mode)) {
        return Holder::strange;
    }
    const net::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_un name = net::SocketAddress::to_socket(path);
    if (probe.get() < 0) {
        return Holder::strange;
    }
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        return errno == ECONNREFUSED ? Holder::dead : Holder::strange;  // a full queue is a living one's
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    return known && peer.uid == ::geteuid() ? Holder::ours : Holder::strange;
}

/// Binds with this mode; returns 0 or the error. In a child, since the mode follows from the umask, which all threads
/// share; chmod() would reach any file, so that the sandbox has none.
int bind_with_mode(int fd, const sockaddr_un& name, mode_t mode) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::umask(~mode & 0777);
        ::_exit(::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 ? 0 : errno);
    }
    if (child < 0) {
        return errno;
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            struct stat made{};  // children of whoever ignores SIGCHLD leave nothing but what they did
            return ::lstat(name.sun_path, &made) == 0 ? 0 : errno;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

Result<> give_to_group(const std::filesystem::path& path, const std::string& wanted) {
    if (wanted.empty()) {
        return {};
    }
    const group* found = ::getgrnam(wanted.c_str());
    if (found == nullptr || ::lchown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
        return failure("cannot give " + path.string() + " to the group " + wanted + ": " +
                       (found == nullptr ? "there is no such group" : reason(errno)));
    }
    return {};
}

}  // namespace

Result<ListeningSocket> ListeningSocket::open(const net::SocketAddress& address, const Sharing& sharing) {
    return address.local() ? open_path(address.path, sharing) : open_port(address.tcp, sharing);
}

Result<ListeningSocket> ListeningSocket::open_port(const net::HostPort& address, const Sharing& sharing) {
    const net::HostPort numeric{address.host == "localhost" ? "127.0.0.1" : address.host, address.port};
    const auto literal = numeric.literal();
    if (!literal) {
        return usage_error("'" + address.text() + "' must be an IP address and port to listen on");
    }
    sockaddr_storage storage{};
    const socklen_t size = literal->to_socket(storage);
    ListeningSocket made;
    made.fd_ = net::Descriptor(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto switch_on = [&](int option) {
        const int on = 1;
        return ::setsockopt(made.fd(), SOL_SOCKET, option, &on, sizeof on) == 0;
    };
    if (!made.fd_ || !switch_on(SO_REUSEADDR) || (sharing.port && !switch_on(SO_REUSEPORT)) ||
        ::bind(made.fd(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
        ::listen(made.fd(), SOMAXCONN) != 0) {
        return failure("cannot listen on " + address.text() + ": " + reason(errno));
    }
    return made;
}

Result<ListeningSocket> ListeningSocket::open_path(const std::filesystem::path& path, const Sharing& sharing) {
    const Holder holder = holder_of(path);
    if (holder == Holder::strange || (holder == Holder::ours && !sharing.successor)) {
        return failure("cannot listen on unix:" + path.string() + ": " +
                       (holder == Holder::ours ? "another process listens there; end it, or give this one a socket of "
                                                 "its own"
                                               : "it is in use, or no socket of this user"));
    }
    std::filesystem::path beside = path;
    beside += "." + std::to_string(::getpid());
    const sockaddr_un name = net::SocketAddress::to_socket(beside);
    ListeningSocket made;
    made.fd_ = net::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::unlink(beside.c_str());  // of a process that had our number and was killed
    if (const int error = made.fd_ ? bind_with_mode(made.fd(), name, sharing.mode) : errno; error != 0) {
        return failure("cannot listen on unix:" + path.string() + ": " + reason(error));
    }
    auto access = give_to_group(beside, sharing.group);  // nobody can connect before listen()
    struct stat own{};
    if (access && (::listen(made.fd(), SOMAXCONN) != 0 || ::lstat(beside.c_str(), &own) != 0 ||
                   ::rename(beside.c_str(), path.c_str()) != 0)) {
        access = failure("cannot listen on unix:" + path.string() + ": " + reason(errno));
    }
    if (!access) {
        ::unlink(beside.c_str());
        return std::unexpected(std::move(access.error()));
    }
    made.path_ = path;
    made.device_ = own.st_dev;
    made.inode_ = own.st_ino;
    return made;
}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

net::SocketAddress ListeningSocket::address() const {
    if (!path_.empty()) {
        net::SocketAddress address;
        address.path = path_;
        return address;
    }
    const net::Address local = net::Address::of_local(fd());
    return net::HostPort{local.ip.to_string(), local.port};
}

bool ListeningSocket::reachable() const {
    struct stat found{};
    return path_.empty() || (::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_);
}

void ListeningSocket::close() {
    if (fd_ && !path_.empty() && reachable()) {
        ::unlink(path_.c_str());
    }
    fd_.close();
}

}  // namespace adit::status

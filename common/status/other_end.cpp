// What the kernel says of a connection; see other_end.h.
#include "common/status/other_end.h"

#include <pwd.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "common/net/network.h"

namespace adit::status {

std::string user_name(uid_t user) {
    std::array<char, 1024> room{};
    passwd entry{};
    passwd* found = nullptr;
    return ::getpwuid_r(user, &entry, room.data(), room.size(), &found) == 0 && found != nullptr ? entry.pw_name : "";
}

Peer peer_of(int fd) {
    Peer peer;
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0 && storage.ss_family != AF_UNIX) {
        peer.address = net::Address::of_peer(fd);
        return peer;
    }
    ucred credentials{};
    size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
        peer.process = {.user = credentials.uid, .user_name = {}, .id = credentials.pid};
    }
    return peer;
}

ClientKey holder_of(const Peer& peer) {
    if (!peer.process) {
        return client_key(net::plain(peer.address.ip));
    }
    ClientKey key{1};
    std::memcpy(&key[1], &peer.process->user, sizeof peer.process->user);
    return key;
}

}  // namespace adit::status

// Plays a kernel with WireGuard for a test program on a machine whose kernel has none.
//
// The program is linked with --wrap for the calls by which netlink sockets are used. While a FakeKernel lives, those of
// AF_NETLINK come here, are decoded by the kernel's own definitions (linux/wireguard.h, linux/rtnetlink.h), change what
// this "kernel" has, and are answered as the kernel answers. This proves what is sent and that answers are understood.
// It does not prove that a real module accepts it, and no packet is ever encrypted here.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace adit::wireguard::test {

class FakeKernel {
  public:
    struct Peer {
        std::string preshared_key;  ///< base64; empty: all zeros
        std::vector<std::string> allowed;
        std::string endpoint_bytes;  ///< a sockaddr
        unsigned keepalive = 0;
        std::int64_t handshake = 0;  ///< unix seconds
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
    };
    struct Interface {
        int index = 0;
        std::string kind;
        std::string alias;
        unsigned mtu = 0;
        bool up = false;
        std::vector<std::string> addresses;
        std::string private_key;
        std::uint16_t port = 0;
        std::map<std::string, Peer> peers;  ///< by public key, base64
    };

    FakeKernel();
    FakeKernel(const FakeKernel&) = delete;
    FakeKernel& operator=(const FakeKernel&) = delete;
    ~FakeKernel();

    bool has_wireguard = true;
    bool permits = true;
    std::map<std::string, Interface> interfaces;
    unsigned settings_messages = 0;  ///< WG_CMD_SET_DEVICE so far

    // What the wrapped calls use.
    static FakeKernel* active;
    bool owns(int fd) const { return sockets_.contains(fd); }
    int open_socket(int protocol);
    void close_socket(int fd) { sockets_.erase(fd); }
    void take(int fd, std::span<const char> message);
    ssize_t give(int fd, msghdr* into);

  private:
    struct Socket {
        int protocol = 0;
        std::deque<std::string> answers;
    };
    using Bytes = std::span<const char>;

    int route(std::uint16_t type, std::uint16_t flags, Bytes payload, std::deque<std::string>& answers);
    int make_link(const std::string& name, const std::string& kind);
    int change_link(Bytes payload);
    int add_address(Bytes payload);
    int generic(std::uint16_t type, Bytes payload, std::deque<std::string>& answers);
    int set_device(Bytes attributes);
    int get_device(Bytes attributes, std::deque<std::string>& answers);
    void set_peer(Interface& interface, Bytes attributes);
    Interface* by_index(int index);

    std::map<int, Socket> sockets_;
    int next_index_ = 7;
};

}  // namespace adit::wireguard::test

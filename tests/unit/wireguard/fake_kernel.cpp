// The kernel's side of generic netlink and rtnetlink; see fake_kernel.h.
#include "tests/unit/wireguard/fake_kernel.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "common/base/encoding.h"

namespace adit::wireguard::test {
namespace {

constexpr std::uint16_t kFamily = 0x21;
constexpr std::size_t kPeersPerMessage = 8;  ///< the library reads a page at a time
constexpr std::uint16_t kRandomPort = 45'678;

template <class T>
T read(std::span<const char> bytes) {
    T value{};
    if (!bytes.empty()) {
        std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
    }
    return value;
}

std::string text(std::span<const char> bytes) {
    return {bytes.begin(), std::ranges::find(bytes, '\0')};
}

std::string base64(std::span<const char> bytes) {
    return base64_encode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

void each(std::span<const char> bytes, const std::function<void(int, std::span<const char>)>& visit) {
    while (bytes.size() >= sizeof(nlattr)) {
        const auto head = read<nlattr>(bytes);
        if (head.nla_len < sizeof head || head.nla_len > bytes.size()) {
            return;
        }
        visit(head.nla_type & NLA_TYPE_MASK, bytes.subspan(sizeof head, head.nla_len - sizeof head));
        bytes = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(head.nla_len), bytes.size()));
    }
}

std::span<const char> find(std::span<const char> bytes, int type) {
    std::span<const char> found;
    each(bytes, [&](int one, std::span<const char> value) {
        if (one == type) {
            found = value;
        }
    });
    return found;
}

template <class T>
std::string raw(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string attribute(int type, const std::string& value) {
    std::string all =
        raw(nlattr{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()), static_cast<std::uint16_t>(type)});
    all += value;
    all.resize(NLA_ALIGN(all.size()));
    return all;
}

std::string message(std::uint16_t type, std::uint16_t flags, const std::string& payload) {
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + payload.size());
    head.nlmsg_type = type;
    head.nlmsg_flags = flags;
    return raw(head) + payload;
}

std::string from_base64(const std::string& encoded) {
    const auto bytes = base64_decode(encoded).value_or(Bytes(32));
    return {bytes.begin(), bytes.end()};
}

std::string ip_text(int family, std::span<const char> bytes) {
    char out[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(family, bytes.data(), out, sizeof out);
    return out;
}

std::string allowed_ip(const std::string& written) {
    const std::size_t slash = written.find('/');
    in_addr address{};
    ::inet_pton(AF_INET, written.substr(0, slash).c_str(), &address);
    return attribute(NLA_F_NESTED, attribute(WGALLOWEDIP_A_FAMILY, raw(static_cast<std::uint16_t>(AF_INET))) +
                                       attribute(WGALLOWEDIP_A_IPADDR, raw(address)) +
                                       attribute(WGALLOWEDIP_A_CIDR_MASK, raw(static_cast<std::uint8_t>(32))));
}

std::string peer_attributes(const std::string& key, const FakeKernel::Peer& peer) {
    std::string allowed;
    for (const std::string& one : peer.allowed) {
        allowed += one.find(':') == std::string::npos ? allowed_ip(one) : "";
    }
    const std::int64_t handshake[2] = {peer.handshake, 500'000'000};
    return attribute(
        NLA_F_NESTED,
        attribute(WGPEER_A_PUBLIC_KEY, from_base64(key)) +
            attribute(WGPEER_A_LAST_HANDSHAKE_TIME, peer.handshake != 0 ? raw(handshake) : std::string(16, '\0')) +
            (peer.endpoint_bytes.empty() ? "" : attribute(WGPEER_A_ENDPOINT, peer.endpoint_bytes)) +
            attribute(WGPEER_A_RX_BYTES, raw(peer.received)) + attribute(WGPEER_A_TX_BYTES, raw(peer.sent)) +
            attribute(WGPEER_A_ALLOWEDIPS | NLA_F_NESTED, allowed));
}

}  // namespace

FakeKernel* FakeKernel::active = nullptr;

FakeKernel::FakeKernel() {
    active = this;
}

FakeKernel::~FakeKernel() {
    active = nullptr;
}

int FakeKernel::open_socket(int protocol) {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    sockets_[fd].protocol = protocol;
    return fd;
}

void FakeKernel::take(int fd, Bytes bytes) {
    Socket& socket = sockets_.at(fd);
    const auto head = read<nlmsghdr>(bytes);
    const Bytes payload = bytes.subspan(NLMSG_HDRLEN);
    std::deque<std::string> answers;
    const int error = socket.protocol == NETLINK_ROUTE ? route(head.nlmsg_type, head.nlmsg_flags, payload, answers)
                                                       : generic(head.nlmsg_type, payload, answers);
    const bool dump = !answers.empty() && (head.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    if (dump && error == 0) {
        answers.push_back(message(NLMSG_DONE, NLM_F_MULTI, raw(0)));
    } else if (error != 0 || (head.nlmsg_flags & NLM_F_ACK) != 0) {
        answers.push_back(message(NLMSG_ERROR, 0, raw(-error) + raw(head)));
    }
    for (std::string& answer : answers) {
        std::memcpy(answer.data() + offsetof(nlmsghdr, nlmsg_seq), &head.nlmsg_seq, sizeof head.nlmsg_seq);
        socket.answers.push_back(std::move(answer));
    }
}

ssize_t FakeKernel::give(int fd, msghdr* into) {
    auto& answers = sockets_.at(fd).answers;
    if (answers.empty()) {
        errno = EDEADLK;  // whoever asks would wait for ever
        return -1;
    }
    const std::string answer = std::move(answers.front());
    answers.pop_front();
    const std::size_t size = std::min(answer.size(), into->msg_iov[0].iov_len);
    std::memcpy(into->msg_iov[0].iov_base, answer.data(), size);
    into->msg_flags = size < answer.size() ? MSG_TRUNC : 0;
    return static_cast<ssize_t>(size);
}

FakeKernel::Interface* FakeKernel::by_index(int index) {
    for (auto& [name, interface] : interfaces) {
        if (interface.index == index) {
            return &interface;
        }
    }
    return nullptr;
}

// --- rtnetlink ---------------------------------------------------------------------------------------------------

int FakeKernel::route(std::uint16_t type, std::uint16_t flags, Bytes payload, std::deque<std::string>& answers) {
    if (type != RTM_GETLINK && !permits) {
        return EPERM;
    }
    if (type == RTM_NEWADDR) {
        return add_address(payload);
    }
    const auto info = read<ifinfomsg>(payload);
    const Bytes attributes = payload.subspan(NLMSG_ALIGN(sizeof info));
    const std::string name = text(find(attributes, IFLA_IFNAME));
    if (type == RTM_NEWLINK && (flags & NLM_F_CREATE) != 0) {
        return make_link(name, text(find(find(attributes, IFLA_LINKINFO), IFLA_INFO_KIND)));
    }
    if (type == RTM_NEWLINK) {
        return change_link(payload);
    }
    if (type == RTM_DELLINK) {
        return std::erase_if(interfaces, [&](const auto& one) { return one.second.index == info.ifi_index; }) == 1
                   ? 0
                   : ENODEV;
    }
    const auto found = interfaces.find(name);
    if (found == interfaces.end()) {
        return ENODEV;
    }
    ifinfomsg told{};
    told.ifi_index = found->second.index;
    told.ifi_flags = found->second.up ? IFF_UP : 0;
    answers.push_back(message(RTM_NEWLINK, 0,
                              raw(told) + attribute(IFLA_IFNAME, name + '\0') +
                                  attribute(IFLA_IFALIAS, found->second.alias + '\0') +
                                  attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, found->second.kind + '\0'))));
    return 0;
}

int FakeKernel::make_link(const std::string& name, const std::string& kind) {
    if (kind != "wireguard" || !has_wireguard) {
        return EOPNOTSUPP;
    }
    if (interfaces.contains(name)) {
        return EEXIST;
    }
    interfaces[name].index = next_index_++;
    interfaces[name].kind = kind;
    return 0;
}

int FakeKernel::change_link(Bytes payload) {
    const auto info = read<ifinfomsg>(payload);
    Interface* interface = by_index(info.ifi_index);
    if (interface == nullptr) {
        return ENODEV;
    }
    each(payload.subspan(NLMSG_ALIGN(sizeof info)), [interface](int type, Bytes value) {
        if (type == IFLA_MTU) {
            interface->mtu = read<unsigned>(value);
        } else if (type == IFLA_IFALIAS) {
            interface->alias = text(value);
        }
    });
    if ((info.ifi_change & IFF_UP) != 0) {
        interface->up = (info.ifi_flags & IFF_UP) != 0;
        interface->port = interface->port == 0 ? kRandomPort : interface->port;
    }
    return 0;
}

int FakeKernel::add_address(Bytes payload) {
    const auto info = read<ifaddrmsg>(payload);
    Interface* interface = by_index(static_cast<int>(info.ifa_index));
    if (interface == nullptr) {
        return ENODEV;
    }
    const Bytes local = find(payload.subspan(NLMSG_ALIGN(sizeof info)), IFA_LOCAL);
    interface->addresses.push_back(ip_text(info.ifa_family, local) + "/" + std::to_string(info.ifa_prefixlen));
    return 0;
}

// --- generic netlink ---------------------------------------------------------------------------------------------

int FakeKernel::generic(std::uint16_t type, Bytes payload, std::deque<std::string>& answers) {
    const auto head = read<genlmsghdr>(payload);
    const Bytes attributes = payload.subspan(GENL_HDRLEN);
    if (type == GENL_ID_CTRL) {
        if (!has_wireguard || text(find(attributes, CTRL_ATTR_FAMILY_NAME)) != WG_GENL_NAME) {
            return ENOENT;
        }
        answers.push_back(message(
            GENL_ID_CTRL, 0, raw(genlmsghdr{CTRL_CMD_NEWFAMILY, 1, 0}) + attribute(CTRL_ATTR_FAMILY_ID, raw(kFamily))));
        return 0;
    }
    if (!permits) {
        return EPERM;
    }
    return head.cmd == WG_CMD_SET_DEVICE ? set_device(attributes) : get_device(attributes, answers);
}

int FakeKernel::set_device(Bytes attributes) {
    const auto found = interfaces.find(text(find(attributes, WGDEVICE_A_IFNAME)));
    if (found == interfaces.end()) {
        return ENODEV;
    }
    ++settings_messages;
    Interface& interface = found->second;
    each(attributes, [&](int type, Bytes value) {
        if (type == WGDEVICE_A_FLAGS && (read<std::uint32_t>(value) & WGDEVICE_F_REPLACE_PEERS) != 0) {
            interface.peers.clear();
        } else if (type == WGDEVICE_A_PRIVATE_KEY) {
            interface.private_key = base64(value);
        } else if (type == WGDEVICE_A_LISTEN_PORT) {
            interface.port = read<std::uint16_t>(value);
        }
    });
    each(find(attributes, WGDEVICE_A_PEERS), [&](int, Bytes peer) { set_peer(interface, peer); });
    return 0;
}

void FakeKernel::set_peer(Interface& interface, Bytes attributes) {
    const std::string key = base64(find(attributes, WGPEER_A_PUBLIC_KEY));
    const auto flags = read<std::uint32_t>(find(attributes, WGPEER_A_FLAGS));
    if ((flags & WGPEER_F_REMOVE_ME) != 0) {
        interface.peers.erase(key);
        return;
    }
    Peer& peer = interface.peers[key];
    if ((flags & WGPEER_F_REPLACE_ALLOWEDIPS) != 0) {
        peer.allowed.clear();
    }
    each(attributes, [&peer](int type, Bytes value) {
        if (type == WGPEER_A_PRESHARED_KEY) {
            const std::string written = base64(value);
            peer.preshared_key = written == base64(std::string(32, '\0')) ? "" : written;
        } else if (type == WGPEER_A_ENDPOINT) {
            peer.endpoint_bytes = std::string(value.begin(), value.end());
        } else if (type == WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL) {
            peer.keepalive = read<std::uint16_t>(value);
        } else if (type == WGPEER_A_ALLOWEDIPS) {
            each(value, [&peer](int, Bytes allowed) {
                peer.allowed.push_back(ip_text(read<std::uint16_t>(find(allowed, WGALLOWEDIP_A_FAMILY)),
                                               find(allowed, WGALLOWEDIP_A_IPADDR)) +
                                       "/" +
                                       std::to_string(read<std::uint8_t>(find(allowed, WGALLOWEDIP_A_CIDR_MASK))));
            });
        }
    });
}

int FakeKernel::get_device(Bytes attributes, std::deque<std::string>& answers) {
    const std::string name = text(find(attributes, WGDEVICE_A_IFNAME));
    const auto found = interfaces.find(name);
    if (found == interfaces.end()) {
        return ENODEV;
    }
    const Interface& interface = found->second;
    const std::string head = raw(genlmsghdr{WG_CMD_GET_DEVICE, WG_GENL_VERSION, 0}) +
                             attribute(WGDEVICE_A_IFNAME, name + '\0') +
                             attribute(WGDEVICE_A_LISTEN_PORT, raw(interface.port));
    auto next = interface.peers.begin();
    do {
        std::string part;
        for (std::size_t i = 0; i < kPeersPerMessage && next != interface.peers.end(); ++i, ++next) {
            part += peer_attributes(next->first, next->second);
        }
        answers.push_back(message(kFamily, NLM_F_MULTI, head + attribute(WGDEVICE_A_PEERS | NLA_F_NESTED, part)));
    } while (next != interface.peers.end());
    return 0;
}

}  // namespace adit::wireguard::test

// Messages of rtnetlink; see rtnetlink.h.
#include "common/wireguard/rtnetlink.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace adit::wireguard {
namespace {

constexpr std::size_t kMessageRoom = 512;       ///< of what we send
constexpr int kErrnoMost = 4096;                ///< the kernel has no errors beyond (include/linux/err.h)
constexpr std::size_t kAnswerRoom = 32 * 1024;  ///< a link tells much about itself

/// The attributes (rtattr) in a piece of memory, until `visit` has seen all.
template <class Visit>
void each_attribute(std::span<const char> bytes, Visit visit) {
    while (bytes.size() >= sizeof(rtattr)) {
        rtattr head;
        std::memcpy(&head, bytes.data(), sizeof head);
        if (head.rta_len < sizeof head || head.rta_len > bytes.size()) {
            return;
        }
        visit(head.rta_type & NLA_TYPE_MASK, bytes.subspan(sizeof head, head.rta_len - sizeof head));
        bytes = bytes.subspan(std::min<std::size_t>(RTA_ALIGN(head.rta_len), bytes.size()));
    }
}

std::string text_of(std::span<const char> bytes) {
    return {bytes.data(), ::strnlen(bytes.data(), bytes.size())};
}

Link link_of(std::span<const char> payload) {
    Link link;
    if (payload.size() < sizeof(ifinfomsg)) {
        return link;
    }
    ifinfomsg info;
    std::memcpy(&info, payload.data(), sizeof info);
    link.index = info.ifi_index;
    link.up = (info.ifi_flags & IFF_UP) != 0;
    each_attribute(payload.subspan(NLMSG_ALIGN(sizeof info)), [&link](int type, std::span<const char> value) {
        if (type == IFLA_IFALIAS) {
            link.alias = text_of(value);
        } else if (type == IFLA_LINKINFO) {
            each_attribute(value, [&link](int inner, std::span<const char> kind) {
                if (inner == IFLA_INFO_KIND) {
                    link.kind = text_of(kind);
                }
            });
        }
    });
    return link;
}

Result<> outcome(int error, const char* doing) {
    if (error != 0) {
        return failure(std::string(doing) + ": " + std::strerror(error));
    }
    return {};
}

}  // namespace

/// A request under construction.
class RouteSocket::Message {
  public:
    template <class Head>
    Message(std::uint16_t type, std::uint16_t flags, const Head& head) {
        bytes_.reserve(kMessageRoom);
        bytes_.resize(NLMSG_ALIGN(sizeof(nlmsghdr)) + NLMSG_ALIGN(sizeof head));
        header_.nlmsg_type = type;
        header_.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        std::memcpy(bytes_.data() + NLMSG_ALIGN(sizeof(nlmsghdr)), &head, sizeof head);
    }
    void put(std::uint16_t type, std::span<const char> value) {
        const rtattr head{static_cast<unsigned short>(sizeof(rtattr) + value.size()), type};
        const std::size_t at = bytes_.size();
        bytes_.resize(at + RTA_SPACE(value.size()));
        std::memcpy(bytes_.data() + at, &head, sizeof head);
        std::memcpy(bytes_.data() + at + sizeof head, value.data(), value.size());
    }
    void put(std::uint16_t type, const std::string& text) { put(type, std::span(text.c_str(), text.size() + 1)); }
    void put(std::uint16_t type, unsigned number) {
        put(type, std::span(reinterpret_cast<const char*>(&number), sizeof number));
    }
    std::span<const char> finish(unsigned sequence) {
        header_.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
        header_.nlmsg_seq = sequence;
        std::memcpy(bytes_.data(), &header_, sizeof header_);
        return bytes_;
    }

  private:
    nlmsghdr header_{};
    std::vector<char> bytes_;
};

Result<RouteSocket> RouteSocket::open() {
    net::Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) {
        return failure(std::string("netlink socket: ") + std::strerror(errno));
    }
    return RouteSocket(std::move(socket));
}

int RouteSocket::exchange(Message& message, std::optional<Link>* found) {
    const std::span<const char> request = message.finish(++sequence_);
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(socket_.get(), request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
                 sizeof kernel) < 0) {
        return errno;
    }
    alignas(nlmsghdr) std::array<char, kAnswerRoom> answer;
    iovec area{answer.data(), answer.size()};
    msghdr header{};
    header.msg_iov = &area;
    header.msg_iovlen = 1;
    const ssize_t got = ::recvmsg(socket_.get(), &header, 0);
    if (got < 0) {
        return errno;
    }
    nlmsghdr head;
    if (static_cast<std::size_t>(got) < sizeof head) {
        return EBADMSG;
    }
    std::memcpy(&head, answer.data(), sizeof head);
    const std::span<const char> payload =
        std::span<const char>(answer).first(static_cast<std::size_t>(got)).subspan(NLMSG_ALIGN(sizeof head));
    if (head.nlmsg_type == NLMSG_ERROR && payload.size() >= sizeof(int)) {
        int error = 0;
        std::memcpy(&error, payload.data(), sizeof error);
        return error > -kErrnoMost && error <= 0 ? -error : EBADMSG;
    }
    if (head.nlmsg_type == RTM_NEWLINK && found != nullptr) {
        *found = link_of(payload);
        return 0;
    }
    return EBADMSG;
}

Result<std::optional<Link>> RouteSocket::find(const std::string& name) {
    Message message(RTM_GETLINK, 0, ifinfomsg{});
    message.put(IFLA_IFNAME, name);
    std::optional<Link> found;
    if (const int error = exchange(message, &found); error != 0 && error != ENODEV) {
        return failure("looking for the interface " + name + ": " + std::strerror(error));
    }
    return found;
}

Result<> RouteSocket::bring_up(int index, unsigned mtu, const std::string& alias) {
    ifinfomsg info{};
    info.ifi_index = index;
    info.ifi_flags = IFF_UP;
    info.ifi_change = IFF_UP;
    Message message(RTM_NEWLINK, NLM_F_ACK, info);
    message.put(IFLA_MTU, mtu);
    message.put(IFLA_IFALIAS, alias);
    return outcome(exchange(message, nullptr), "taking the interface up");
}

Result<> RouteSocket::add_address(int index, const boost::asio::ip::address& address, unsigned prefix) {
    ifaddrmsg info{};
    info.ifa_family = address.is_v6() ? AF_INET6 : AF_INET;
    info.ifa_prefixlen = static_cast<unsigned char>(prefix);
    info.ifa_index = static_cast<unsigned>(index);
    Message message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, info);
    const auto put = [&message](const auto& bytes) {
        const std::span value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        message.put(IFA_LOCAL, value);
        message.put(IFA_ADDRESS, value);
    };
    address.is_v6() ? put(address.to_v6().to_bytes()) : put(address.to_v4().to_bytes());
    return outcome(exchange(message, nullptr), "giving the interface its address");
}

Result<> RouteSocket::remove(int index) {
    ifinfomsg info{};
    info.ifi_index = index;
    Message message(RTM_DELLINK, NLM_F_ACK, info);
    return outcome(exchange(message, nullptr), "removing the interface");
}

}  // namespace adit::wireguard

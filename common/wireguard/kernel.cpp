// An interface of the kernel's module as a device; see kernel.h.
#include "common/wireguard/kernel.h"

#include <net/if.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "common/log/log.h"
#include "common/net/descriptor.h"
#include "common/wireguard/interface_connections.h"
#include "common/wireguard/kernel_library.h"
#include "common/wireguard/rtnetlink.h"

namespace adit::wireguard {
namespace {

constexpr const char* kKind = "wireguard";
constexpr const char* kAlias = "made by adit";

/// The right to an interface's name, held as an abstract Unix address, which lives and dies with its process and is
/// seen exactly where the interface is: in its network namespace.
Result<net::Descriptor> hold_name(const std::string& interface) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "adit-wireguard/" + interface;
    name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    net::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        return failure("the interface " + interface + " is in use by another Adit");
    }
    return socket;
}

/// Owns the interface: what was made is removed.
class Interface {
  public:
    static Result<Interface> make(const std::string& name);
    Interface(Interface&& other) noexcept
        : name_(std::move(other.name_)),
          right_(std::move(other.right_)),
          route_(std::move(other.route_)),
          index_(std::exchange(other.index_, 0)) {}
    Interface& operator=(Interface&&) = delete;
    ~Interface() {
        if (index_ == 0) {
            return;
        }
        if (const auto removed = route_.remove(index_); !removed) {
            logging::warn("the WireGuard interface could not be removed",
                          {{"interface", name_}, {"reason", removed.error().message}});
        }
    }
    const std::string& name() const { return name_; }
    Result<> bring_up(const Settings& settings);

  private:
    Interface(std::string name, net::Descriptor right, RouteSocket route)
        : name_(std::move(name)), right_(std::move(right)), route_(std::move(route)) {}
    Result<> remove_what_is_left();

    std::string name_;
    net::Descriptor right_;
    RouteSocket route_;
    int index_ = 0;
};

/// An interface of that name from one of us that was killed; we hold the name, so nobody uses it.
Result<> Interface::remove_what_is_left() {
    const auto found = route_.find(name_);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!*found) {
        return {};
    }
    if ((*found)->kind != kKind || (*found)->alias != kAlias) {
        return usage_error("there is an interface " + name_ +
                           " already that Adit has not made: choose another name, or use it as it is with device: "
                           "existing");
    }
    return route_.remove((*found)->index);
}

Result<Interface> Interface::make(const std::string& name) {
    if (name.empty() || name.size() >= IFNAMSIZ || name.find_first_of("/ :") != std::string::npos) {
        return usage_error("'" + name + "' is no name of an interface: 1 to 15 characters without '/', ':' and blanks");
    }
    auto right = hold_name(name);
    if (!right) {
        return std::unexpected(std::move(right).error());
    }
    auto route = RouteSocket::open();
    if (!route) {
        return std::unexpected(std::move(route).error());
    }
    Interface made(name, std::move(*right), std::move(*route));
    if (auto removed = made.remove_what_is_left(); !removed) {
        return std::unexpected(std::move(removed).error());
    }
    if (const int error = kernel_library::add(name); error != 0) {
        return failure(error == EOPNOTSUPP || error == EPERM ? kernel_verdict(error).why
                                                             : std::string("making it: ") + std::strerror(error));
    }
    const auto link = made.route_.find(name);
    if (!link || !*link) {
        return failure("it was made and is not there");
    }
    made.index_ = (*link)->index;
    return made;
}

Result<> Interface::bring_up(const Settings& settings) {
    if (auto added = route_.add_address(index_, settings.address, settings.prefix); !added) {
        return added;
    }
    return route_.bring_up(index_, settings.mtu, kAlias);
}

/// The netlink calls are answered within the system call, so they may be made on a worker's thread.
class KernelDevice final : public Device {
  public:
    KernelDevice(Interface interface, std::unique_ptr<InterfaceConnections> connections, net::Address bound)
        : interface_(std::move(interface)), connections_(std::move(connections)), bound_(std::move(bound)) {}

    void set_peers(std::vector<Peer> peers) override {
        if (const int error = kernel_library::change_peers(interface_.name(), difference(peers_, peers)); error != 0) {
            logging::error("the peers of a WireGuard device could not be changed",
                           {{"device", interface_.name()}, {"reason", std::strerror(error)}});
        }
        peers_ = std::move(peers);
    }
    net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> dial(net::Address to, PublicKey,
                                                                                  net::Time deadline) override {
        return connections_->dial(std::move(to), deadline);
    }
    net::Task<Result<std::vector<PeerStatus>>> statistics() override {
        return statistics_of_interface(interface_.name());
    }
    std::string description() const override { return "kernel " + interface_.name(); }
    net::Address bound() const override { return bound_; }

  private:
    static net::Task<Result<std::vector<PeerStatus>>> statistics_of_interface(std::string name) {
        auto state = kernel_library::read(name);
        if (!state) {
            co_return failure("WireGuard statistics of " + name + ": " + std::strerror(state.error()));
        }
        co_return std::move(state->peers);
    }

    Interface interface_;
    std::unique_ptr<InterfaceConnections> connections_;  // ends before the interface does
    std::vector<Peer> peers_;
    net::Address bound_;
};

Result<std::unique_ptr<Device>> make(net::Loop& loop, const std::string& name, const Settings& settings,
                                     Device::Accepted accepted) {
    auto interface = Interface::make(name);
    if (!interface) {
        return std::unexpected(std::move(interface).error());
    }
    if (const int error = kernel_library::configure(name, settings.private_key, settings.bind.port); error != 0) {
        return failure(std::string("setting its key and port: ") + std::strerror(error));
    }
    if (auto up = interface->bring_up(settings); !up) {
        return std::unexpected(std::move(up).error());
    }
    const auto state = kernel_library::read(name);
    const std::uint16_t port = state ? state->port : settings.bind.port;
    auto connections =
        InterfaceConnections::open(loop, name, settings.address, settings.accept_port, std::move(accepted));
    if (!connections) {
        return std::unexpected(std::move(connections).error());
    }
    return std::make_unique<KernelDevice>(std::move(*interface), std::move(*connections),
                                          net::Address{boost::asio::ip::address_v4::any(), port});
}

}  // namespace

KernelVerdict kernel_verdict(int error) {
    switch (error) {
        case 0:
        case ENODEV:
            return {true, "the kernel has WireGuard and we may use it"};
        case EPROTONOSUPPORT:
        case EOPNOTSUPP:
            return {false, "this kernel has no WireGuard (no module, or it may not be loaded here)"};
        case EPERM:
        case EACCES:
            return {false, "the kernel has WireGuard, but making an interface needs the capability CAP_NET_ADMIN"};
        case ENOSYS:
            return {false,
                    "this build does not know the kernel's WireGuard: it was made without the package "
                    "wireguard-tools"};
        default:
            return {false, std::string("the kernel does not say whether it has WireGuard: ") + std::strerror(error)};
    }
}

KernelVerdict kernel_available() {
    return kernel_verdict(kernel_library::probe());
}

Result<std::unique_ptr<Device>> open_kernel(net::Loop& loop, const std::string& interface, Settings settings,
                                            Device::Accepted accepted) {
    if (const KernelVerdict verdict = kernel_available(); !verdict.usable) {
        return usage_error("WireGuard device: kernel: " + verdict.why);
    }
    const auto bind = settings.bind.literal();
    if (!bind || !bind->ip.is_unspecified()) {
        return usage_error("WireGuard device: kernel: the kernel listens on all addresses, so " + settings.bind.host +
                           " cannot be kept to: write 0.0.0.0, or use device: user-space");
    }
    auto device = make(loop, interface, settings, std::move(accepted));
    if (!device) {
        return std::unexpected(std::move(device).error().with("WireGuard interface " + interface));
    }
    return device;
}

}  // namespace adit::wireguard

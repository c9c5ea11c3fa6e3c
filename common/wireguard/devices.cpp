// Choosing and making devices; see devices.h.
#include "common/wireguard/devices.h"

#include "common/wireguard/existing.h"

namespace adit::wireguard {
namespace {

bool all_addresses(const net::HostPort& bind) {
    const auto address = bind.literal();
    return address && address->ip.is_unspecified();
}

}  // namespace

Choice choose(DeviceKind wanted, const net::HostPort& bind, const KernelVerdict& kernel) {
    if (wanted != DeviceKind::automatic) {
        return {wanted, "it was asked for"};
    }
    if (!kernel.usable) {
        return {DeviceKind::user_space, kernel.why};
    }
    if (!all_addresses(bind)) {
        return {DeviceKind::user_space, "the kernel's WireGuard listens on all addresses, not just on " + bind.host};
    }
    return {DeviceKind::kernel, kernel.why};
}

net::Task<Result<Devices::Opened>> Devices::open(Wanted wanted, Settings settings, Device::Accepted accepted) {
    const bool asks = wanted.kind == DeviceKind::automatic;
    Choice choice = choose(wanted.kind, settings.bind, asks ? kernel_available() : KernelVerdict{});
    Result<std::unique_ptr<Device>> device;
    if (choice.kind == DeviceKind::kernel) {
        device = open_kernel(loop_, wanted.interface, std::move(settings), std::move(accepted));
    } else if (choice.kind == DeviceKind::existing) {
        device = open_existing(loop_, wanted.interface, settings, std::move(accepted));
    } else {
        if (user_space_ == nullptr) {
            auto started = UserSpace::start(loop_, settings_);
            if (!started) {
                co_return std::unexpected(std::move(started).error());
            }
            user_space_ = std::move(*started);
        }
        device = co_await user_space_->open(wanted.name, std::move(settings), std::move(accepted));
    }
    if (!device) {
        co_return std::unexpected(std::move(device).error());
    }
    co_return Opened{std::move(*device), std::move(choice.why)};
}

}  // namespace adit::wireguard

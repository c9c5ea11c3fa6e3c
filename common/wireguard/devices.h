// Which of the three kinds of device a program uses, and why.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/wireguard/device.h"
#include "common/wireguard/device_kind.h"
#include "common/wireguard/kernel.h"
#include "common/wireguard/user_space.h"

namespace adit::wireguard {

/// What `automatic` comes to, and why, for a log line and `status`. Pure.
struct Choice {
    DeviceKind kind = DeviceKind::user_space;
    std::string why;
};
Choice choose(DeviceKind wanted, const net::HostPort& bind, const KernelVerdict& kernel);

/// Makes devices on one loop; owns the helper process once one of them needs it. Lives as long as the loop runs.
class Devices {
  public:
    struct Wanted {
        std::string name;  ///< of the device, for people and for a successor
        DeviceKind kind = DeviceKind::automatic;
        std::string interface = "adit0";  ///< for kernel and existing
    };
    struct Opened {
        std::unique_ptr<Device> device;
        std::string why;  ///< this kind
    };

    Devices(net::Loop& loop, HelperSettings settings) : loop_(loop), settings_(std::move(settings)) {}

    /// A helper that was taken over from a predecessor: devices in user space are opened there.
    void use(std::unique_ptr<UserSpace> user_space) { user_space_ = std::move(user_space); }
    /// Null while no device needs the helper.
    UserSpace* user_space() const { return user_space_.get(); }

    net::Task<Result<Opened>> open(Wanted wanted, Settings settings, Device::Accepted accepted);

  private:
    net::Loop& loop_;
    HelperSettings settings_;
    std::unique_ptr<UserSpace> user_space_;
};

}  // namespace adit::wireguard

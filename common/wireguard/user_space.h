// WireGuard in user space: any number of devices inside one helper process, which needs no privilege.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/wireguard/device.h"
#include "common/wireguard/helper.h"

namespace adit::wireguard {

/// Owns one helper process, on one loop's thread. When the helper ends, its connections end; it is started again, and
/// its devices are opened again with their peers and their port. Devices may outlive this; they do nothing then.
class UserSpace {
  public:
    /// Starts the helper. An error says how to get it when it is missing.
    static Result<std::unique_ptr<UserSpace>> start(net::Loop& loop, HelperSettings settings);
    /// Takes a helper over from another process (see release()), with the devices that it has.
    static net::Task<Result<std::unique_ptr<UserSpace>>> adopt(net::Loop& loop, net::Descriptor control,
                                                               HelperSettings settings);

    UserSpace(const UserSpace&) = delete;
    UserSpace& operator=(const UserSpace&) = delete;
    /// Ends the helper, unless it was released. Blocks for two seconds at most.
    ~UserSpace();

    /// Makes a device, or takes over the one that an adopted helper has by this name, if its key and addresses are the
    /// same: then its port, handshakes and connections stay. `name` is unique and for people. Suspends until the helper
    /// has bound the port; an error says why it could not.
    net::Task<Result<std::unique_ptr<Device>>> open(const std::string& name, Settings settings,
                                                    Device::Accepted accepted);

    /// Gives up the control socket, to be sent to a successor. The helper
    /// runs on, and so do all streams; from here on our devices only fail. Nothing when no helper runs at the moment.
    net::Descriptor release() { return helper_->release(); }
    /// How many helpers there have been: the first, and one for each that ended.
    unsigned helpers() const { return helper_->generation(); }

  private:
    UserSpace(std::shared_ptr<Helper> helper, std::map<std::string, Described> inherited)
        : helper_(std::move(helper)), inherited_(std::move(inherited)) {}

    std::shared_ptr<Helper> helper_;
    std::map<std::string, Described> inherited_;  ///< in an adopted helper, and not opened by us yet
};

}  // namespace adit::wireguard

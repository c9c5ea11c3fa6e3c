// Devices of the helper as devices of everybody; see user_space.h.
#include "common/wireguard/user_space.h"

#include <algorithm>

#include "common/net/tcp_stream.h"
#include "common/wireguard/helper_device.h"

namespace adit::wireguard {
namespace {

using Dialled = std::expected<std::unique_ptr<net::Stream>, problem::Failure>;

constexpr std::chrono::milliseconds kDialGrace{500};  ///< for the helper's own word on a dial that takes too long

net::Task<Dialled> dial_in(std::shared_ptr<HelperDevice> device, net::Address to, PublicKey peer, net::Time deadline) {
    if (!device->is_open()) {
        co_return std::unexpected(
            problem::connection_failed(to.text() + " over WireGuard: the device is not open at the moment"));
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - net::Clock::now());
    auto answered = co_await device->helper()->request(dial_request(device->full_name(), to, peer, left),
                                                       std::max(deadline, net::Clock::now()) + kDialGrace);
    if (!answered) {
        co_return std::unexpected(failure_of(answered.error(), to));
    }
    if (!answered->descriptor) {
        co_return std::unexpected(
            problem::connection_failed(to.text() + " over WireGuard: the connection got lost on its way to us"));
    }
    co_return std::make_unique<net::TcpStream>(device->helper()->loop(), answered->descriptor.release());
}

net::Task<Result<std::vector<PeerStatus>>> statistics_in(std::shared_ptr<HelperDevice> device) {
    std::vector<PeerStatus> all;
    for (bool more = true; more;) {
        Request request("statistics");
        request.text("device", device->full_name()).text("after", all.empty() ? "" : all.back().public_key.text());
        auto answered = co_await device->helper()->request(std::move(request), device->helper()->answer_deadline());
        if (!answered) {
            co_return failure("WireGuard statistics: " + answered.error().words);
        }
        std::vector<PeerStatus> part = statistics_of(answered->message);
        more = more_follows(answered->message) && !part.empty();
        std::ranges::move(part, std::back_inserter(all));
    }
    co_return all;
}

/// What the owner holds. The coroutines that it makes hold what they need, so it may go at any time.
class UserSpaceDevice final : public Device {
  public:
    explicit UserSpaceDevice(std::shared_ptr<HelperDevice> device) : device_(std::move(device)) {}
    ~UserSpaceDevice() override { device_->close(); }

    void set_peers(std::vector<Peer> peers) override { device_->set_peers(std::move(peers)); }
    net::Task<Dialled> dial(net::Address to, PublicKey peer, net::Time deadline) override {
        return dial_in(device_, std::move(to), peer, deadline);
    }
    net::Task<Result<std::vector<PeerStatus>>> statistics() override { return statistics_in(device_); }
    std::string description() const override { return "user-space"; }
    net::Address bound() const override { return device_->bound(); }

  private:
    std::shared_ptr<HelperDevice> device_;
};

bool fits(const Described& described, const net::HostPort& bind) {
    return bind.port == 0 || bind.port == described.bound.port;
}

/// Devices of the same name that are not the same would keep the port from ours.
void close_others(const std::shared_ptr<Helper>& helper, std::map<std::string, Described>& inherited,
                  const std::string& name) {
    std::erase_if(inherited, [&](const auto& entry) {
        if (!entry.first.starts_with(name + "@")) {
            return false;
        }
        Request request("close");
        request.text("device", entry.first);
        helper->ask(request, helper->answer_deadline(), [](const Helper::Answered&) {});
        return true;
    });
}

net::Task<Result<std::unique_ptr<Device>>> open_in(std::shared_ptr<HelperDevice> device) {
    if (auto opened = co_await HelperDevice::open(device); !opened) {
        device->close();
        co_return std::unexpected(std::move(opened).error());
    }
    co_return std::make_unique<UserSpaceDevice>(std::move(device));
}

net::Task<Result<std::unique_ptr<Device>>> at_once(std::shared_ptr<HelperDevice> device) {
    co_return std::make_unique<UserSpaceDevice>(std::move(device));
}

}  // namespace

Result<std::unique_ptr<UserSpace>> UserSpace::start(net::Loop& loop, HelperSettings settings) {
    auto helper = Helper::start(loop, std::move(settings));
    if (!helper) {
        return std::unexpected(std::move(helper).error());
    }
    return std::unique_ptr<UserSpace>(new UserSpace(std::move(*helper), {}));
}

net::Task<Result<std::unique_ptr<UserSpace>>> UserSpace::adopt(net::Loop& loop, net::Descriptor control,
                                                               HelperSettings settings) {
    const auto helper = Helper::adopt(loop, std::move(control), std::move(settings));
    std::map<std::string, Described> inherited;
    std::string after;
    do {
        Request request("describe");
        request.text("after", after);
        auto answered = co_await helper->request(std::move(request), helper->answer_deadline());
        if (!answered) {
            helper->stop();
            co_return failure("the WireGuard helper of the predecessor cannot be taken over: " +
                              answered.error().words);
        }
        const auto last = add_described(inherited, answered->message);
        after = last ? last->text() : "";
    } while (!after.empty());
    co_return std::unique_ptr<UserSpace>(new UserSpace(helper, std::move(inherited)));
}

UserSpace::~UserSpace() {
    helper_->stop();
}

net::Task<Result<std::unique_ptr<Device>>> UserSpace::open(const std::string& name, Settings settings,
                                                           Device::Accepted accepted) {
    auto device = std::make_shared<HelperDevice>(helper_, name, std::move(settings), std::move(accepted));
    const auto found = inherited_.find(device->full_name());
    if (found != inherited_.end() && fits(found->second, device->settings().bind)) {
        device->take_over(found->second);
        inherited_.erase(found);
        return at_once(std::move(device));
    }
    close_others(helper_, inherited_, name);
    return open_in(std::move(device));
}

}  // namespace adit::wireguard

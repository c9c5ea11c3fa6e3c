// One device inside the helper: opened, opened again in the next helper, its peers told by what changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/wireguard/device.h"
#include "common/wireguard/helper.h"

namespace adit::wireguard {

/// Shared between the Device that its owner holds and coroutines that open it, which may wake after that is gone.
class HelperDevice final : public Helper::Client, public std::enable_shared_from_this<HelperDevice> {
  public:
    /// `name` is what people call it. The helper's name for it (full_name()) also tells its key and addresses, so that
    /// a device of a predecessor is only taken for ours when it is the same.
    HelperDevice(std::shared_ptr<Helper> helper, const std::string& name, Settings settings, Device::Accepted accepted);
    ~HelperDevice();

    static net::Task<Result<>> open(std::shared_ptr<HelperDevice> self);
    /// Instead of open(): the helper has it, with these peers, since it served another process.
    void take_over(const Described& described);
    void close();

    void set_peers(std::vector<Peer> peers);
    bool is_open() const { return helper_->running() && generation_ == helper_->generation(); }
    const std::string& full_name() const { return full_name_; }
    const Settings& settings() const { return settings_; }
    const std::shared_ptr<Helper>& helper() const { return helper_; }
    const net::Address& bound() const { return bound_; }

    void helper_started() override;
    void accepted(net::Descriptor connection, const net::Address& from) override;
    void stranger(const net::Address& from) override;

  private:
    static net::Task<> open_again(std::shared_ptr<HelperDevice> self, unsigned generation);
    Request opening() const;
    void opened(const boost::json::object& reply, unsigned generation);
    void send_changes(const PeerChanges& changes);
    void refused(const std::vector<PublicKey>& added, const Refusal& refusal);

    std::shared_ptr<Helper> helper_;
    std::string name_;
    Settings settings_;
    Device::Accepted accepted_;
    std::string full_name_;
    std::vector<Peer> peers_;
    std::vector<PublicKey> inherited_;  ///< peers that a predecessor made and that we have not spoken of
    net::Address bound_;
    unsigned generation_ = 0;  ///< of the helper in which it was opened
    bool closed_ = false;
};

}  // namespace adit::wireguard

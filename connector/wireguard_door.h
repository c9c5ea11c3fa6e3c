// Where agents come in over WireGuard: the connector's device, its peers from the tunnels' files, and how they fare.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/wireguard/devices.h"
#include "connector/admin/metrics.h"
#include "connector/config/tunnel_settings.h"
#include "connector/store/record.h"
#include "connector/wireguard_standing.h"

namespace adit {

/// Used on one loop's thread, as long as that runs.
class WireGuardDoor {
  public:
    /// What comes from outside.
    struct Visits {
        wireguard::Device::Accepted accepted;
        std::function<void(const net::Address& from)> stranger;  ///< a handshake with a key that nobody knows
    };

    /// Reads the keys; makes those that are missing, as the first `tunnel create` does.
    static Result<std::unique_ptr<WireGuardDoor>> make(net::Loop& loop, ConnectorMetrics& metrics,
                                                       config::WireGuardSettings settings, Visits visits);

    /// Opens the device. `inherited` is the control of a predecessor's helper, which has it already, or nothing. An
    /// error says why it cannot be opened; it can be tried again.
    net::Task<Result<>> open(net::Descriptor inherited);
    /// These tunnels' keys, and no others, open the door from now on. The peers of a key that is gone stay a moment
    /// longer, unless another has their address now: its sessions are ended by who reads the same records, and get
    /// there what they are told. Who comes anew with it finds no key for its address.
    void use(const std::vector<TunnelRecord>& records);
    /// Gives the helper to a successor: a descriptor for it, or nothing when there is none. Connections go on; the
    /// device is no longer ours, and can be opened anew when the successor has gone.
    net::Descriptor release();
    /// Asks the device how its peers are; standings() and the metrics show the answer. `with_session`: the addresses
    /// inside the network from which agents have sessions now.
    net::Task<> look(std::set<boost::asio::ip::address> with_session);

    const WireGuardStandings& standings() const { return standings_; }
    /// Why the device does not work at the moment; empty when it does.
    const std::string& trouble() const { return trouble_; }
    bool opened() const { return device_ != nullptr; }
    const config::WireGuardSettings& settings() const { return settings_; }
    /// Of the device, for people; empty before it is open.
    std::string description() const { return device_ ? device_->description() + " (" + why_ + ")" : std::string(); }

  private:
    WireGuardDoor(net::Loop& loop, ConnectorMetrics& metrics, config::WireGuardSettings settings, Secret key,
                  Secret preshared, Visits visits);
    void set_peers();
    net::Task<> let_part();
    void note(const wireguard::PeerStatus& peer, const std::set<boost::asio::ip::address>& with_session);
    void forget();
    void count_helpers();

    struct Member {
        std::string tunnel;
        std::string key_id;
        unsigned number;
        boost::asio::ip::address address;
    };

    net::Loop& loop_;
    ConnectorMetrics& metrics_;
    config::WireGuardSettings settings_;
    Secret key_;
    Secret preshared_;
    Visits visits_;
    wireguard::Devices devices_;
    std::unique_ptr<wireguard::Device> device_;
    std::string why_;
    std::vector<TunnelRecord> records_;
    std::vector<TunnelRecord> parting_;  ///< with keys that have just gone
    net::Time parted_at_{};              ///< then they are no peers any more
    std::map<wireguard::PublicKey, Member> members_;
    WireGuardStandings standings_;
    std::map<boost::asio::ip::address, std::unique_ptr<WireGuardMetrics>> shown_;  ///< of the standings
    std::string trouble_;
    unsigned helpers_ = 0;  ///< that were counted
    bool looking_ = false;
};

}  // namespace adit

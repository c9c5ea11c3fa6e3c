// Devices inside the helper; see helper_device.h.
#include "common/wireguard/helper_device.h"

#include <algorithm>

#include "common/net/alarm.h"
#include "common/net/spawn.h"

namespace adit::wireguard {
namespace {

std::string full_name_of(const std::string& name, const Settings& settings) {
    const auto key = public_key(settings.private_key);
    return name + "@" + (key ? key->text() : "") + "@" + settings.address.to_string() + "@" +
           std::to_string(settings.accept_port) + "@" + std::to_string(settings.mtu);
}

}  // namespace

HelperDevice::HelperDevice(std::shared_ptr<Helper> helper, const std::string& name, Settings settings,
                           Device::Accepted accepted)
    : helper_(std::move(helper)),
      name_(name),
      settings_(std::move(settings)),
      accepted_(std::move(accepted)),
      full_name_(full_name_of(name, settings_)) {
    helper_->add(full_name_, *this);
}

HelperDevice::~HelperDevice() {
    if (!closed_) {
        helper_->remove(full_name_);
    }
}

Request HelperDevice::opening() const {
    net::HostPort bind = settings_.bind;
    if (bind.port == 0) {
        bind.port = bound_.port;  // of the helper before: peers know it
    }
    return open_request(full_name_, settings_, bind, helper_->settings().processors, helper_->settings().memory);
}

net::Task<Result<>> HelperDevice::open(std::shared_ptr<HelperDevice> self) {
    const unsigned generation = self->helper_->generation();
    auto answered = co_await self->helper_->request(self->opening(), self->helper_->answer_deadline());
    if (!answered) {
        co_return failure("cannot open the WireGuard device " + self->name_ + " on " + self->settings_.bind.text() +
                          ": " + answered.error().words);
    }
    self->opened(answered->message, generation);
    co_return Result<>();
}

void HelperDevice::opened(const boost::json::object& reply, unsigned generation) {
    bound_ = address_of(reply, "bind").value_or(net::Address{});
    generation_ = generation;
    inherited_.clear();
    if (is_open()) {
        send_changes(difference({}, peers_));
    }
}

void HelperDevice::take_over(const Described& described) {
    bound_ = described.bound;
    inherited_ = described.peers;
    generation_ = helper_->generation();
}

void HelperDevice::close() {
    closed_ = true;
    helper_->remove(full_name_);
    if (is_open()) {
        Request request("close");
        request.text("device", full_name_);
        helper_->ask(request, helper_->answer_deadline(), [](const Helper::Answered&) {});
    }
    accepted_ = nullptr;
    settings_.stranger = nullptr;
}

void HelperDevice::set_peers(std::vector<Peer> peers) {
    if (is_open()) {
        PeerChanges changes = difference(peers_, peers);
        // What a predecessor told may differ in all but the key, so those that stay are told again as well.
        for (const PublicKey& key : inherited_) {
            if (std::ranges::find(peers, key, &Peer::public_key) == peers.end()) {
                changes.remove.push_back(key);
            }
        }
        inherited_.clear();
        send_changes(changes);
    }
    peers_ = std::move(peers);
}

void HelperDevice::send_changes(const PeerChanges& changes) {
    for (PeersRequest& one : peers_requests(full_name_, changes)) {
        helper_->ask(one.request, helper_->answer_deadline(),
                     [self = shared_from_this(), added = std::move(one.added)](const Helper::Answered& answered) {
                         if (!answered) {
                             self->refused(added, answered.error());
                         }
                     });
    }
}

/// A message is refused as a whole. So that one peer that makes no sense does not take its neighbours down with it,
/// each is told again alone.
void HelperDevice::refused(const std::vector<PublicKey>& added, const Refusal& refusal) {
    if (!is_open()) {
        return;  // all are told when it is opened again
    }
    if (added.size() > 1) {
        for (const PublicKey& key : added) {
            const auto peer = std::ranges::find(peers_, key, &Peer::public_key);
            if (peer != peers_.end()) {
                send_changes({{&*peer}, {}});
            }
        }
        return;
    }
    logging::error("a peer of a WireGuard device is refused",
                   {{"device", name_}, {"peer", added.empty() ? "" : added.front().text()}, {"reason", refusal.words}});
}

void HelperDevice::helper_started() {
    net::spawn(helper_->loop().context(), "a WireGuard device", open_again(shared_from_this(), helper_->generation()));
}

net::Task<> HelperDevice::open_again(std::shared_ptr<HelperDevice> self, unsigned generation) {
    Helper& helper = *self->helper_;
    net::Backoff backoff(helper.settings().backoff);
    Random random;
    while (!self->closed_ && helper.running() && helper.generation() == generation) {
        auto answered = co_await helper.request(self->opening(), helper.answer_deadline());
        if (self->closed_) {
            co_return;
        }
        if (answered) {
            self->opened(answered->message, generation);
            logging::info("the WireGuard device is open again",
                          {{"device", self->name_}, {"address", self->bound_.text()}, {"peers", self->peers_.size()}});
            co_return;
        }
        logging::error("the WireGuard device cannot be opened again, another try follows",
                       {{"device", self->name_}, {"reason", answered.error().words}});
        co_await net::sleep_for(helper.loop(), backoff.next(random.uniform()));
    }
}

void HelperDevice::accepted(net::Descriptor connection, const net::Address& from) {
    const auto self = shared_from_this();  // its owner may drop the device meanwhile
    if (const Device::Accepted take = accepted_) {
        take(connection.release(), from);
    }
}

void HelperDevice::stranger(const net::Address& from) {
    if (settings_.stranger) {
        settings_.stranger(from);
    }
}

}  // namespace adit::wireguard

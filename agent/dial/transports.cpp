// Preferring one transport to another; see transports.h.
#include "agent/dial/transports.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"

namespace adit::agent {

// The preferred dialer is the one for TLS: its targets say so themselves.
constexpr auto kPreferred = protocol::Transport::tls;

Transports::Transports(net::Loop& loop, std::unique_ptr<Dialer> preferred, std::unique_ptr<Dialer> other,
                       const Settings& settings)
    : loop_(loop), preferred_(std::move(preferred)), other_(std::move(other)), settings_(settings) {}

Dialer& Transports::of(protocol::Transport transport) {
    return transport == kPreferred ? *preferred_ : *other_;
}

void Transports::displaced(const Target& target) {
    of(target.transport).displaced(target);
}

/// One slot's failure among sessions that stand says nothing about the transport.
bool Transports::may_fall_back() const {
    return !worked_at_ || loop_.now() >= *worked_at_ + settings_.trusted;
}

net::Task<std::expected<std::vector<Target>, problem::Failure>> Transports::targets() {
    if (!fallen_back_) {
        auto found = co_await preferred_->targets();
        if (found || !may_fall_back()) {
            co_return found;
        }
    }
    co_return co_await other_->targets();
}

net::Task<std::expected<Channel, problem::Failure>> Transports::dial(std::vector<Target> targets,
                                                                     std::chrono::milliseconds timeout) {
    const protocol::Transport transport = targets.front().transport;
    if (transport == kPreferred && probed_) {
        Channel channel = *std::exchange(probed_, std::nullopt);
        if (!channel.stream->status()) {
            co_return channel;
        }
    }
    const bool impatient = transport == kPreferred && may_fall_back();
    auto channel =
        co_await of(transport).dial(std::move(targets), impatient ? std::min(timeout, settings_.patience) : timeout);
    if (transport != kPreferred) {
        co_return channel;
    }
    if (channel) {
        worked_at_ = loop_.now();
        co_return channel;
    }
    if (fallen_back_ || !may_fall_back()) {
        co_return channel;
    }
    co_return co_await fall_back(std::move(channel.error()), timeout);
}

net::Task<std::expected<Channel, problem::Failure>> Transports::dial_beside(Target target,
                                                                            std::chrono::milliseconds timeout) {
    return of(target.transport).dial_beside(std::move(target), timeout);
}

net::Task<std::expected<Channel, problem::Failure>> Transports::fall_back(problem::Failure why,
                                                                          std::chrono::milliseconds timeout) {
    auto targets = co_await other_->targets();
    auto channel = targets ? co_await other_->dial(std::move(*targets), timeout)
                           : std::expected<Channel, problem::Failure>(std::unexpected(std::move(targets.error())));
    if (!channel) {
        why.detail += "; and over " + std::string(name(protocol::Transport::wireguard)) + ": " + channel.error().detail;
        co_return std::unexpected(std::move(why));
    }
    if (!std::exchange(fallen_back_, true)) {
        ++fallbacks_;
        logging::warn("TLS does not reach the connector, so WireGuard is used; TLS is tried again now and then",
                      {{"transport", name(protocol::Transport::wireguard)},
                       {"error", problem::name(why.error)},
                       {"reason", why.detail}});
        net::spawn(loop_.context(), "the preferred transport", probe_preferred());
    }
    co_return channel;
}

net::Task<> Transports::probe_preferred() {
    while (fallen_back_) {
        co_await net::sleep_for(loop_, settings_.probe_interval);
        auto channel = co_await try_preferred();
        if (!channel) {
            logging::debug("TLS still does not reach the connector", {{"reason", channel.error().detail}});
            continue;
        }
        logging::info("TLS reaches the connector again and is used",
                      {{"transport", name(kPreferred)}, {"connector", channel->target.text()}});
        probed_ = std::move(*channel);
        worked_at_ = loop_.now();
        fallen_back_ = false;
        returned_();
    }
}

net::Task<std::expected<Channel, problem::Failure>> Transports::try_preferred() {
    auto targets = co_await preferred_->targets();
    if (!targets) {
        co_return std::unexpected(std::move(targets.error()));
    }
    co_return co_await preferred_->dial(std::move(*targets), settings_.probe_timeout);
}

}  // namespace adit::agent

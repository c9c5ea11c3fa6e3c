// Two ways to the connector, one of them preferred: falls back when that fails, and returns to it when it works again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "agent/dial/dialer.h"

namespace adit::agent {

/// A dialer over two others. All targets that it gives are of one transport at a time.
class Transports final : public Dialer {
  public:
    struct Settings {
        std::chrono::milliseconds trusted{10'000};  ///< a failure so soon after a success is no reason to change
        std::chrono::milliseconds patience{5'000};  ///< for the preferred one, while the other may be better
        std::chrono::milliseconds probe_interval{30'000};
        std::chrono::milliseconds probe_timeout{10'000};
    };

    Transports(net::Loop& loop, std::unique_ptr<Dialer> preferred, std::unique_ptr<Dialer> other,
               const Settings& settings);

    /// How often the other transport was taken in place of the preferred one.
    unsigned fallbacks() const { return fallbacks_; }
    /// `returned` is called when the preferred transport works again: sessions of the other should be replaced.
    void on_return(std::function<void()> returned) { returned_ = std::move(returned); }

    net::Task<std::expected<std::vector<Target>, problem::Failure>> targets() override;
    net::Task<std::expected<Channel, problem::Failure>> dial(std::vector<Target> targets,
                                                             std::chrono::milliseconds timeout) override;
    net::Task<std::expected<Channel, problem::Failure>> dial_beside(Target target,
                                                                    std::chrono::milliseconds timeout) override;
    void displaced(const Target& target) override;

  private:
    Dialer& of(protocol::Transport transport);
    bool may_fall_back() const;
    net::Task<std::expected<Channel, problem::Failure>> fall_back(problem::Failure why,
                                                                  std::chrono::milliseconds timeout);
    net::Task<> probe_preferred();
    net::Task<std::expected<Channel, problem::Failure>> try_preferred();

    net::Loop& loop_;
    std::unique_ptr<Dialer> preferred_;
    std::unique_ptr<Dialer> other_;
    Settings settings_;
    std::function<void()> returned_ = [] {};
    std::optional<net::Time> worked_at_;  ///< when the preferred one last gave a channel
    std::optional<Channel> probed_;       ///< what proved that it works again, for the next who dials
    bool fallen_back_ = false;
    unsigned fallbacks_ = 0;
};

}  // namespace adit::agent

// What systemd is told of this process (sd_notify(3)), where systemd has started it and asks for that.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace adit {

/// Sends datagrams to the socket that NOTIFY_SOCKET names; without that variable, and where nobody reads, nothing
/// happens.
class ServiceManager {
  public:
    ServiceManager();

    /// Whether it listens at an abstract name (unix(7)) and not at a path.
    bool listens_at_abstract_name() const;
    /// Serving: what depends on this service may start.
    void ready() const;
    /// Leaving, which may take this long: no reason to lose patience before.
    void stopping(std::chrono::milliseconds at_most) const;
    /// A line for `systemctl status`; sent when it has changed.
    void status(std::string text);

  private:
    void send(std::string_view message) const;

    std::string socket_;  ///< empty: nobody wants to know
    std::string status_;
};

}  // namespace adit

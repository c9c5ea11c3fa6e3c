// One datagram a message; see service_manager.h.
#include "common/base/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace adit {
namespace {

/// For what follows the grace period: last words of logs, helpers that end.
constexpr std::chrono::seconds kAfterGrace{15};

}  // namespace

ServiceManager::ServiceManager() {
    if (const char* named = std::getenv("NOTIFY_SOCKET"); named != nullptr && (*named == '/' || *named == '@')) {
        socket_ = named;
        if (socket_.front() == '@') {
            socket_.front() = '\0';  // unix(7): an abstract address
        }
    }
}

bool ServiceManager::listens_at_abstract_name() const {
    return !socket_.empty() && socket_.front() == '\0';
}

void ServiceManager::ready() const {
    send("READY=1");
}

void ServiceManager::stopping(std::chrono::milliseconds at_most) const {
    const std::chrono::microseconds patience = at_most + kAfterGrace;
    send("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=" + std::to_string(patience.count()));
}

void ServiceManager::status(std::string text) {
    if (text != status_) {
        status_ = std::move(text);
        send("STATUS=" + status_);
    }
}

void ServiceManager::send(std::string_view message) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) {
        return;
    }
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return;
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
    ::close(fd);
}

}  // namespace adit

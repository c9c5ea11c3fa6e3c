// Waiting with a way out; see writer.h.
#include "common/log/writer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace adit::logging {

Abandon::Abandon() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (event_ < 0) {
        throw std::system_error(errno, std::system_category(), "eventfd");
    }
}

Abandon::~Abandon() {
    ::close(event_);
}

void Abandon::raise() {
    static_cast<void>(::eventfd_write(event_, 1));
}

bool Abandon::await(std::chrono::milliseconds time) const {
    pollfd event{event_, POLLIN, 0};
    return ::poll(&event, 1, static_cast<int>(time.count())) > 0;
}

bool Abandon::await_writable(int fd) const {
    std::array<pollfd, 2> both{pollfd{event_, POLLIN, 0}, pollfd{fd, POLLOUT, 0}};
    while (::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) {
    }
    return both[0].revents == 0;
}

}  // namespace adit::logging

// Racing connection attempts; see connect.h.
#include "common/net/connect.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "common/net/alarm.h"

namespace adit::net {
namespace {

constexpr std::chrono::milliseconds kAttemptDelay{250};  // RFC 8305 §5
constexpr std::size_t kAttemptsAtOnce = 8;

/// False with errno.
bool bind_to(int fd, const Origin& origin) {
    if (!origin.interface.empty() && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, origin.interface.data(),
                                                  static_cast<socklen_t>(origin.interface.size())) != 0) {
        return false;
    }
    if (origin.address.is_unspecified()) {
        return true;
    }
    const int later = 1;  // the port is chosen with the destination known: far more connections fit
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
    sockaddr_storage storage;
    const socklen_t size = Address{origin.address, 0}.to_socket(storage);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0;
}

/// A socket on its way. Its events wake the race.
class Attempt {
  public:
    static std::unique_ptr<Attempt> start(Loop& loop, const Address& to, const Origin& origin, int& error) {
        sockaddr_storage storage;
        const socklen_t size = to.to_socket(storage);
        const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            error = errno;
            return nullptr;
        }
        if (!bind_to(fd, origin) ||
            (::connect(fd, reinterpret_cast<const sockaddr*>(&storage), size) != 0 && errno != EINPROGRESS)) {
            error = errno;
            ::close(fd);
            return nullptr;
        }
        return std::unique_ptr<Attempt>(new Attempt(loop, fd));
    }
    ~Attempt() {
        watch_.reset();
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    /// Empty while under way, else the outcome (0 = connected).
    std::optional<int> outcome() const {
        if (!watch_->writable && !watch_->hangup) {
            return std::nullopt;
        }
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        return error;
    }
    int release() {
        watch_.reset();
        return std::exchange(fd_, -1);
    }
    void tell(Waiter& race) { watch_->forward_to = &race; }

  private:
    Attempt(Loop& loop, int fd) : fd_(fd), watch_(std::make_unique<Watch>(loop, fd)) {}
    int fd_;
    std::unique_ptr<Watch> watch_;
};

problem::Failure failure_of(int error, const std::string& what) {
    const std::string words = what + ": " + std::strerror(error);
    switch (error) {
        case ECONNREFUSED:
            return problem::connection_refused(words);
        case ETIMEDOUT:
            return problem::connection_timeout(words);
        case ENETUNREACH:
        case EHOSTUNREACH:
        case EADDRNOTAVAIL:
            return problem::destination_unroutable(words);
        default:
            return problem::connection_failed(words);
    }
}

}  // namespace

Task<Connected> connect(Loop& loop, std::vector<Address> addresses, Time deadline, std::string what, Origin origin,
                        CallOff* call_off) {
    Waiter event(loop);
    const CallOff::Wakes wakes(call_off, event);
    Alarm alarm(loop, event);
    std::vector<std::unique_ptr<Attempt>> attempts;
    std::optional<problem::Failure> first_failure;
    const auto note = [&first_failure, &what](int error) {
        if (!first_failure) {
            first_failure = failure_of(error, what);
        }
    };
    std::size_t next = 0;
    Time next_start = loop.now();
    for (;;) {
        if (call_off != nullptr && call_off->called()) {
            co_return std::unexpected(problem::connection_failed(what + ": called off"));
        }
        for (auto attempt = attempts.begin(); attempt != attempts.end();) {
            const std::optional<int> outcome = (*attempt)->outcome();
            if (!outcome) {
                ++attempt;
                continue;
            }
            if (*outcome == 0) {
                co_return std::make_unique<TcpStream>(loop, (*attempt)->release());
            }
            note(*outcome);
            attempt = attempts.erase(attempt);
            next_start = loop.now();
        }
        if (next < addresses.size() && loop.now() >= next_start && attempts.size() < kAttemptsAtOnce) {
            int error = 0;
            if (auto attempt = Attempt::start(loop, addresses[next++], origin, error)) {
                attempt->tell(event);
                attempts.push_back(std::move(attempt));
                next_start = loop.now() + kAttemptDelay;
            } else {
                note(error);
            }
            continue;
        }
        if (attempts.empty() && next == addresses.size()) {
            co_return std::unexpected(first_failure.value_or(problem::dns_error(what + ": no address")));
        }
        if (loop.now() >= deadline) {
            co_return std::unexpected(problem::connection_timeout(what + ": no answer to the connection attempt"));
        }
        alarm.set(next < addresses.size() ? std::min(deadline, next_start) : deadline);
        co_await event.wait();
    }
}

}  // namespace adit::net

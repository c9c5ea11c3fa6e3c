// An owned file descriptor, for those that are passed from hand to hand before a stream or a listener takes them.
#pragma once

#include <unistd.h>

#include <utility>

namespace adit::net {

/// Closes what it holds when it dies; -1: nothing.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void close() {
        if (fd_ >= 0) {
            ::close(release());
        }
    }

  private:
    int fd_ = -1;
};

}  // namespace adit::net

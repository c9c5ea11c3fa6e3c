// What a service manager hears, and files that root writes for services.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "common/base/file.h"
#include "common/base/random.h"
#include "common/base/service_manager.h"

using namespace adit;
using namespace std::chrono_literals;

namespace {

/// Somebody who listens at an abstract address, and the variable that says so.
class Manager {
  public:
    Manager() : name_("adit-test-" + random_base62(12)), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path + 1, name_.data(), name_.size());
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
        ::setenv("NOTIFY_SOCKET", ("@" + name_).c_str(), 1);
    }
    ~Manager() {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(fd_);
    }
    /// The next message; empty: there is none.
    std::string heard() const {
        std::array<char, 512> message{};
        const ssize_t got = ::recv(fd_, message.data(), message.size(), 0);
        return got > 0 ? std::string(message.data(), static_cast<std::size_t>(got)) : std::string();
    }

  private:
    std::string name_;
    int fd_;
};

}  // namespace

TEST_CASE("a service manager hears when a program serves, how it is, and how long it leaves") {
    const Manager manager;
    ServiceManager service;
    service.ready();
    CHECK(manager.heard() == "READY=1");
    service.status("4 sessions");
    service.status("4 sessions");
    CHECK(manager.heard() == "STATUS=4 sessions");
    CHECK(manager.heard().empty());
    service.stopping(30s);
    CHECK(manager.heard() == "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=45000000");
}

TEST_CASE("without a service manager nobody is told anything") {
    ::unsetenv("NOTIFY_SOCKET");
    ServiceManager service;
    service.ready();
    service.status("4 sessions");
}

TEST_CASE("what root writes into a service's directory belongs to the service") {
    if (::geteuid() != 0) {
        MESSAGE("needs root");
        return;
    }
    const std::filesystem::path directory = std::filesystem::temp_directory_path() / ("adit-test-" + random_base62(12));
    std::filesystem::create_directory(directory);
    const auto owner_after_writing = [&] {
        REQUIRE(write_file_atomically(directory / "file", "x"));
        struct stat file{};
        REQUIRE(::stat((directory / "file").c_str(), &file) == 0);
        CHECK((file.st_mode & 0777) == 0600);
        return file.st_uid;
    };
    CHECK(owner_after_writing() == 0);
    REQUIRE(::chown(directory.c_str(), 64'321, 64'321) == 0);
    CHECK(owner_after_writing() == 64'321);
    std::filesystem::remove_all(directory);
}

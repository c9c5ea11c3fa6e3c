// A socket in the file system: who gets its path, and when it goes.
#include "common/status/listening_socket.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>

#include "common/base/random.h"

using namespace adit;
using status::ListeningSocket;
namespace fs = std::filesystem;

namespace {

class Directory {
  public:
    Directory() : path_(fs::temp_directory_path() / ("adit-" + random_base62(8))) { fs::create_directory(path_); }
    ~Directory() { fs::remove_all(path_); }
    net::SocketAddress socket() const { return net::SocketAddress::of_path(path_ / "s").value(); }
    std::size_t entries() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), {})); }

  private:
    fs::path path_;
};

std::string failure_of(const net::SocketAddress& address, const status::Sharing& sharing = {}) {
    const auto opened = ListeningSocket::open(address, sharing);
    return opened ? "" : opened.error().message;
}

}  // namespace

TEST_CASE("a path has the mode that was asked for from the beginning, and goes with its socket") {
    const Directory directory;
    {
        const auto socket = ListeningSocket::open(directory.socket(), {.mode = 0660});
        REQUIRE(socket);
        CHECK((fs::status(directory.socket().path).permissions() & fs::perms::mask) == fs::perms(0660));
        CHECK(socket->reachable());
        CHECK(socket->address() == directory.socket());
        CHECK(directory.entries() == 1);
    }
    CHECK(directory.entries() == 0);
}

TEST_CASE("a living socket keeps its path, unless its successor comes") {
    const Directory directory;
    auto first = ListeningSocket::open(directory.socket(), {});
    REQUIRE(first);
    CHECK(failure_of(directory.socket()).ends_with("give this one a socket of its own"));
    CHECK(first->reachable());
    std::optional<ListeningSocket> second(ListeningSocket::open(directory.socket(), {.successor = true}).value());
    CHECK_FALSE(first->reachable());
    CHECK(second->reachable());
    first->close();  // the path is another's now
    CHECK(second->reachable());
    second.reset();
    CHECK(directory.entries() == 0);
}

TEST_CASE("a dead socket is replaced, and what is none is left alone") {
    const Directory directory;
    const net::SocketAddress address = directory.socket();
    {
        auto first = ListeningSocket::open(address, {});
        REQUIRE(first);
        fs::rename(address.path, address.path.string() + ".kept");
    }
    fs::rename(address.path.string() + ".kept", address.path);
    CHECK(failure_of(address) == "");
    std::ofstream(address.path) << "words";
    CHECK(failure_of(address).ends_with("no socket of this user"));
    CHECK(fs::file_size(address.path) == 5);
}

TEST_CASE("where there is no folder, or no group, it is said and nothing is left") {
    const Directory directory;
    const auto nowhere = net::SocketAddress::of_path(directory.socket().path.parent_path() / "no" / "s").value();
    CHECK(failure_of(nowhere).ends_with("No such file or directory"));
    CHECK(failure_of(directory.socket(), {.group = "no-such-group"}).ends_with("there is no such group"));
    CHECK(directory.entries() == 0);
}

TEST_CASE("addresses are read, and those that are none refused") {
    const auto parse = net::SocketAddress::parse;
    CHECK(parse("unix:/run/a.sock")->path == "/run/a.sock");
    CHECK(parse("unix:/run/a.sock")->text() == "unix:/run/a.sock");
    CHECK(parse("127.0.0.1:80")->tcp == net::HostPort{"127.0.0.1", 80});
    for (const char* here : {"unix:/a", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
        CHECK_MESSAGE(parse(here)->private_to_host(), here);
    }
    for (const char* elsewhere : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1", "[::ffff:127.0.0.1]:1"}) {
        CHECK_MESSAGE(!parse(elsewhere)->private_to_host(), elsewhere);
    }
    for (const char* wrong : {"unix:", "unix:@abstract", "unix:/folder/", "127.0.0.1", "/run/a.sock"}) {
        CHECK_MESSAGE(!parse(wrong), wrong);
    }
    CHECK_FALSE(parse("unix:/" + std::string(100, 'x')));
}

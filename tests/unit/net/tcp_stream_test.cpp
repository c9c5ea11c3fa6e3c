// A stream over a real socket: what the kernel reports must never be missed.
#include "common/net/tcp_stream.h"
#include "common/net/descriptor.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "common/net/spawn.h"
#include "common/net/worker.h"

using namespace adit::net;

namespace {

/// A stream and the bare other end of its socket.
struct Ends {
    Ends() {
        std::array<int, 2> fds{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
        stream = std::make_unique<TcpStream>(worker.loop(), fds[0]);
        far = fds[1];
        run();
    }
    ~Ends() {
        worker.finish();
        ::close(far);
    }
    void run() {
        worker.context().restart();
        while (worker.context().poll() > 0) {
        }
    }
    void drain() const {
        std::array<char, 65'536> room;
        while (::read(far, room.data(), room.size()) > 0) {
        }
    }

    Worker worker{0};
    std::unique_ptr<TcpStream> stream;
    int far = -1;
};

}  // namespace

TEST_CASE("room that came before anybody waited for it ends the wait") {
    Ends ends;
    Chain chain(ends.worker.loop().blocks());
    chain.append(std::string(4'000'000, 'w'));
    while (ends.stream->write_some(chain, chain.size()) > 0) {
    }
    REQUIRE_FALSE(chain.empty());
    ends.drain();
    ends.run();  // the kernel says that the socket takes bytes again
    bool told = false;
    spawn(ends.worker.context(), "a writer", [](Stream& stream, bool& done) -> Task<> {
        co_await stream.writable();
        done = true;
    }(*ends.stream, told));
    ends.run();
    CHECK(told);
    CHECK(ends.stream->write_some(chain, chain.size()) > 0);
}

TEST_CASE("a loop forgets a stream even while another process still holds its socket") {
    Worker worker(0);
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
    const Descriptor far(fds[1]);
    const Descriptor elsewhere(::dup(fds[0]));  // as that of a helper that has just sent it here
    std::make_unique<TcpStream>(worker.loop(), fds[0]).reset();
    worker.context().poll();
    REQUIRE(::send(far.get(), "x", 1, MSG_NOSIGNAL) == 1);
    CHECK(worker.context().poll() == 0);  // an event would be for a stream that is no more
}

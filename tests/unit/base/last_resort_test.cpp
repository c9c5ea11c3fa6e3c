// The process that a thread holds up, as a child of ours.
#include "common/base/last_resort.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

using namespace adit;
using namespace std::chrono_literals;

namespace {

int told = -1;

extern "C" void tell(int) {
    static_cast<void>(!::write(told, "t", 1));
}

/// What a thread in an uninterruptible wait does with signals: nothing.
[[noreturn]] void hang() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    static_cast<void>(!::write(told, "h", 1));
    for (;;) {
        ::poll(nullptr, 0, -1);
    }
}

/// A child whose main thread hangs; what it tells can be read at `from`.
pid_t start_one_that_hangs(bool about_to_end, int& from) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        told = ends[1];
        ::close(STDERR_FILENO);
        std::signal(SIGTERM, tell);
        const LastResort last_resort(1s);
        if (about_to_end) {
            last_resort.begin();
        }
        hang();
    }
    ::close(ends[1]);
    from = ends[0];
    return child;
}

char next(int from) {
    char byte = 0;
    return ::read(from, &byte, 1) == 1 ? byte : 'e';
}

int status_of(pid_t child) {
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("a second signal ends a process whose main thread hangs, after the first was heard") {
    int from = -1;
    const pid_t child = start_one_that_hangs(false, from);
    CHECK(next(from) == 'h');
    ::kill(child, SIGTERM);
    CHECK(next(from) == 't');
    ::kill(child, SIGTERM);
    CHECK(next(from) == 't');
    CHECK(status_of(child) == 1);
    ::close(from);
}

TEST_CASE("a process that is about to end and hangs is ended without a signal") {
    int from = -1;
    const pid_t child = start_one_that_hangs(true, from);
    CHECK(next(from) == 'h');
    CHECK(next(from) == 'e');
    CHECK(status_of(child) == 1);
    ::close(from);
}

TEST_CASE("one that ends in time leaves neither an alarm nor handlers nor blocked signals") {
    std::signal(SIGTERM, tell);
    {
        const LastResort last_resort(100s);
        last_resort.begin();
        CHECK(::alarm(0) > 0);
        last_resort.begin();
    }
    CHECK(::alarm(0) == 0);
    const bool restored = std::signal(SIGTERM, SIG_DFL) == tell;
    CHECK(restored);
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    for (const int signal : {SIGTERM, SIGINT, SIGALRM}) {
        CHECK(::sigismember(&blocked, signal) == 0);
    }
}

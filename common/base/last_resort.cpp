// A thread that takes the signals, and an alarm clock; see last_resort.h.
#include "common/base/last_resort.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <string_view>

namespace adit {
namespace {

constexpr std::array<int, 2> kTerminations{SIGTERM, SIGINT};

// A handler is told nothing but the signal's number.
using Handler = void (*)(int);
std::array<Handler, kTerminations.size()> handlers_before{};
unsigned patience_after_second = 0;
volatile std::sig_atomic_t told_times = 0;

extern "C" void told_to_end(int signal) {
    told_times = told_times + 1;
    if (told_times == 2) {
        ::alarm(patience_after_second);
    }
    const Handler before = handlers_before[signal == kTerminations[0] ? 0 : 1];
    if (before != nullptr) {
        before(signal);
    }
}

extern "C" void time_is_up(int) {
    static constexpr std::string_view kWord = "ended without a thread that hangs, as on a disk that does not answer\n";
    static_cast<void>(!::write(STDERR_FILENO, kWord.data(), kWord.size()));
    ::_exit(1);
}

struct sigaction calling(Handler handler) {
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    return action;
}

sigset_t ours() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : kTerminations) {
        sigaddset(&set, signal);
    }
    sigaddset(&set, SIGALRM);
    return set;
}

void take_signals(int until_readable) {
    const sigset_t set = ours();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    pollfd done{until_readable, POLLIN, 0};
    while (::poll(&done, 1, -1) != 1) {
    }
}

}  // namespace

LastResort::LastResort(std::chrono::seconds patience) : patience_(patience), done_(::eventfd(0, EFD_CLOEXEC)) {
    patience_after_second = static_cast<unsigned>(patience.count());
    told_times = 0;
    const struct sigaction alarmed = calling(time_is_up);
    ::sigaction(SIGALRM, &alarmed, nullptr);
    for (std::size_t i = 0; i < kTerminations.size(); ++i) {
        struct sigaction before{};
        ::sigaction(kTerminations[i], nullptr, &before);
        const bool calls = before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN;
        handlers_before[i] = calls ? before.sa_handler : nullptr;
        const struct sigaction told = calling(told_to_end);
        ::sigaction(kTerminations[i], &told, nullptr);
    }
    const sigset_t set = ours();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    thread_ = std::thread(take_signals, done_);
}

LastResort::~LastResort() {
    ::alarm(0);
    const std::uint64_t one = 1;
    static_cast<void>(!::write(done_, &one, sizeof one));
    thread_.join();
    ::close(done_);
    for (std::size_t i = 0; i < kTerminations.size(); ++i) {
        struct sigaction now{};
        ::sigaction(kTerminations[i], nullptr, &now);
        if (now.sa_handler == told_to_end) {
            const struct sigaction before = calling(handlers_before[i] != nullptr ? handlers_before[i] : SIG_DFL);
            ::sigaction(kTerminations[i], &before, nullptr);
        }
    }
    const sigset_t set = ours();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void LastResort::begin() const {
    ::alarm(static_cast<unsigned>(patience_.count()));
}

}  // namespace adit

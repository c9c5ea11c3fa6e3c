// Starting and reaping; see helper_process.h.
#include "common/wireguard/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "common/net/alarm.h"

extern "C" {  // glibc 2.36 does not say it itself
#include <sys/pidfd.h>
}

namespace adit::wireguard {
namespace {

constexpr int kControl = 3;             ///< the helper's descriptor
constexpr int kFinishPatience = 1'000;  ///< milliseconds
constexpr const char* kVariable = "ADIT_WIREGUARD_HELPER";
constexpr const char* kName = "adit-wireguard";

/// What posix_spawn is told, given back in any case.
class SpawnOrders {
  public:
    SpawnOrders() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
    }
    SpawnOrders(const SpawnOrders&) = delete;
    SpawnOrders& operator=(const SpawnOrders&) = delete;
    ~SpawnOrders() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }

    void give(int control) {
        ::posix_spawn_file_actions_adddup2(&actions_, control, kControl);
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        // Also those that our own parent left open to us.
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, kControl + 1);
    }
    void reset_signals() {
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(&attributes_,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    /// An errno, 0: started.
    int spawn(const std::filesystem::path& program, pid_t& pid) const {
        std::string name = program.string();
        const std::array<char*, 2> arguments{name.data(), nullptr};
        const std::array<char*, 1> environment{nullptr};
        return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
    }

  private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

bool executable(const std::filesystem::path& path) {
    return ::access(path.c_str(), X_OK) == 0 && !std::filesystem::is_directory(path);
}

}  // namespace

Result<std::filesystem::path> find_helper() {
    if (const char* named = std::getenv(kVariable); named != nullptr && *named != '\0') {
        if (!executable(named)) {
            return usage_error(std::string(kVariable) + " names " + named + ", which is no program");
        }
        return named;
    }
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::filesystem::path ours = self.parent_path();
    const std::filesystem::path installed = (ours / "../libexec/adit" / kName).lexically_normal();
    // Packages of the two programs share no file: each has a helper of its own, which is of its own version.
    const std::filesystem::path packaged = (ours / "../libexec" / self.filename() / kName).lexically_normal();
    for (const auto& candidate : {packaged, installed, ours / kName}) {
        if (executable(candidate)) {
            return candidate;
        }
    }
    return failure("WireGuard without the kernel's needs the helper program adit-wireguard, which is neither " +
                   installed.string() + " nor beside this program: build Adit with -DADIT_WIREGUARD=ON (it needs Go) " +
                   "and install it, or name the helper by " + kVariable);
}

std::filesystem::path helper_folder() {
    const auto found = find_helper();
    return found ? found->parent_path() : std::filesystem::path();
}

Result<HelperProcess::Started> HelperProcess::start(net::Loop& loop, const std::filesystem::path& program) {
    const auto wrong = [&program](std::string_view what, int error) {
        return failure("cannot start the WireGuard helper " + program.string() + ": " + std::string(what) +
                       std::strerror(error));
    };
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
        return wrong("socketpair: ", errno);
    }
    net::Descriptor ours(pair[0]);
    const net::Descriptor its(pair[1]);
    SpawnOrders orders;
    orders.give(its.get());
    orders.reset_signals();
    pid_t pid = -1;
    if (const int error = orders.spawn(program, pid); error != 0) {
        return wrong("", error);
    }
    net::Descriptor pidfd(::pidfd_open(pid, 0));  // close-on-exec by itself
    if (!pidfd) {
        const int error = errno;
        ours.close();
        ::kill(pid, SIGKILL);  // our child, not reaped yet: the id is its own
        ::waitpid(pid, nullptr, 0);
        return wrong("pidfd_open: ", error);
    }
    return Started{std::make_shared<HelperProcess>(loop, pid, std::move(pidfd)), std::move(ours)};
}

HelperProcess::HelperProcess(net::Loop& loop, pid_t pid, net::Descriptor pidfd)
    : pid_(pid), pidfd_(std::move(pidfd)), watch_(loop, pidfd_.get()) {}

HelperProcess::~HelperProcess() {
    if (!left_) {
        finish();
    }
}

bool HelperProcess::reap() {
    if (reaped_) {
        return true;
    }
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) != 0) {
        reaped_ = errno == ECHILD;  // a program that ignores SIGCHLD has no children to reap
        return reaped_;
    }
    if (info.si_pid == 0) {
        return false;
    }
    reaped_ = true;
    end_ = info.si_code == CLD_EXITED
               ? "it exited with status " + std::to_string(info.si_status)
               : "it was ended by signal " + std::to_string(info.si_status) + " (" + ::strsignal(info.si_status) + ")";
    return true;
}

void HelperProcess::kill() const {
    if (!reaped_) {
        ::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
    }
}

net::Task<std::string> HelperProcess::ended(net::Time patience) {
    net::Alarm alarm(watch_.loop(), watch_.on_readable);
    alarm.set(patience);
    bool killed = false;
    while (!reap()) {
        if (alarm.passed() && !killed) {
            kill();
            killed = true;
        }
        co_await watch_.on_readable.wait();
    }
    co_return killed ? "it did not end by itself and was killed" : end_;
}

void HelperProcess::finish() {
    for (int round = 0; round < 2 && !reap(); ++round) {
        pollfd ready{pidfd_.get(), POLLIN, 0};
        if (::poll(&ready, 1, kFinishPatience) == 0) {
            kill();
        }
    }
    if (!reap()) {
        pollfd ready{pidfd_.get(), POLLIN, 0};
        ::poll(&ready, 1, kFinishPatience);
        reap();
    }
    watch_.on_readable.wake();
}

}  // namespace adit::wireguard

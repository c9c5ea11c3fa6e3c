// The helper's process: found, started apart from everything of ours, and reaped without a handler of signals.
#pragma once

#include <sys/types.h>

#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "common/net/descriptor.h"
#include "common/net/loop.h"

namespace adit::wireguard {

/// Where the helper's program is: what the environment variable ADIT_WIREGUARD_HELPER names, else
/// ../libexec/adit/adit-wireguard seen from our own program, else adit-wireguard beside it. An error says how to get
/// it.
Result<std::filesystem::path> find_helper();
/// The folder of that program, or where it would be found; empty: there is none.
std::filesystem::path helper_folder();

/// Owns one child process. It knows us by its descriptor 3 only: empty environment, no argument, standard error ours,
/// no other descriptor, no signal blocked or ignored, and a process group of its own, so that what a terminal sends to
/// us does not end it before our connections have.
class HelperProcess {
  public:
    struct Started {
        std::shared_ptr<HelperProcess> process;
        net::Descriptor control;  ///< the other end of its descriptor 3
    };
    static Result<Started> start(net::Loop& loop, const std::filesystem::path& program);

    HelperProcess(net::Loop& loop, pid_t pid, net::Descriptor pidfd);
    HelperProcess(const HelperProcess&) = delete;
    HelperProcess& operator=(const HelperProcess&) = delete;
    /// As finish(), except for a process that was left to another.
    ~HelperProcess();

    /// Suspends until it has ended and says how, in words: "it exited with status 2". After `patience` it is killed.
    net::Task<std::string> ended(net::Time patience);
    /// For the end of the program, when the control socket is closed: waits up to a second, then kills. Blocks.
    void finish();
    /// Another one holds the control socket now: the process is only reaped.
    void leave() { left_ = true; }
    pid_t pid() const { return pid_; }

  private:
    bool reap();
    void kill() const;

    pid_t pid_;
    net::Descriptor pidfd_;
    net::Watch watch_;
    bool left_ = false;
    bool reaped_ = false;
    std::string end_ = "it ended";
};

}  // namespace adit::wireguard

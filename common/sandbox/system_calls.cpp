// By libseccomp; see system_calls.h.
#include "common/sandbox/system_calls.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "common/sandbox/traced.h"

namespace adit::sandbox {
namespace {

/// By theme, so that whoever reads it sees what is not there: mounts, modules, namespaces, keyrings, tracing, bpf,
/// io_uring, userfaultfd, perf, clocks that are set, other users. Nor what changes a file's mode, owner, times or
/// attributes: Landlock lets that happen to any file there is, and a filter cannot see which it is. Names that an
/// architecture lacks are passed over.
constexpr std::string_view kMemoryCalls =
    "brk madvise membarrier mincore mlock mlock2 mlockall mremap msync munlock munmap set_mempolicy "
    "get_mempolicy";
constexpr std::string_view kThreadCalls =
    "arch_prctl exit exit_group futex futex_waitv get_robust_list getcpu gettid restart_syscall rseq "
    "rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait "
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler "
    "sched_setaffinity sched_yield set_robust_list set_tid_address sigaltstack";
constexpr std::string_view kTimeCalls =
    "alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time "
    "timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime "
    "timerfd_settime times";
constexpr std::string_view kFileCalls =
    "access chdir close close_range copy_file_range dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir "
    "fdatasync flock fstat fstatfs fsync ftruncate getcwd getdents getdents64 getxattr inotify_add_watch inotify_init "
    "inotify_init1 inotify_rm_watch lgetxattr link linkat lseek lstat newfstatat pread64 preadv preadv2 pwrite64 "
    "pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile splice stat "
    "statfs statx symlink symlinkat sync_file_range tee umask unlink unlinkat write writev";
constexpr std::string_view kNetworkCalls =
    "accept accept4 bind connect epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait "
    "eventfd eventfd2 getpeername getsockname getsockopt listen pipe pipe2 poll ppoll pselect6 recvfrom "
    "recvmmsg recvmsg select sendmmsg sendmsg sendto setsockopt shutdown signalfd signalfd4";
constexpr std::string_view kProcessCalls =
    "capget getegid geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority getrandom getresgid "
    "getresuid getrlimit getrusage getsid getuid setpriority setrlimit sysinfo uname wait4 waitid";
/// For a program that starts others: by Landlock those of one folder, and no loader that would run any file.
constexpr std::string_view kProgramCalls = "execve execveat vfork setpgid setsid pidfd_open";
/// Signals; the first argument of each is whom they are for, but of the last two.
constexpr auto kSignalCalls = std::to_array<const char*>({"kill", "tgkill", "rt_sigqueueinfo"});
constexpr std::string_view kMoreSignalCalls = "tkill pidfd_send_signal";
constexpr std::string_view kTracingCalls = "ptrace process_vm_readv";

/// Requests of ioctl(2): how much there is to read, terminals' sizes (by the logger, not TIOCSTI), interfaces' names
/// and addresses.
constexpr unsigned long kRequests[] = {FIONREAD,   FIONBIO,     FIOCLEX,     FIONCLEX,     TCGETS,
                                       TIOCGWINSZ, TIOCGPGRP,   SIOCGIFNAME, SIOCGIFINDEX, SIOCGIFFLAGS,
                                       SIOCGIFMTU, SIOCGIFCONF, SIOCATMARK,  SIOCOUTQ};
/// Of fcntl(2): not those by which a descriptor's readiness becomes any signal for any process.
constexpr int kDescriptorCommands[] = {F_DUPFD,     F_DUPFD_CLOEXEC, F_GETFD,      F_SETFD,     F_GETFL,
                                       F_SETFL,     F_GETLK,         F_SETLK,      F_SETLKW,    F_OFD_GETLK,
                                       F_OFD_SETLK, F_OFD_SETLKW,    F_GETPIPE_SZ, F_SETPIPE_SZ};
/// Of prctl(2).
constexpr int kProcessOptions[] = {PR_SET_NAME,    PR_GET_NAME,     PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS,
                                   PR_GET_SECCOMP, PR_CAPBSET_READ, PR_SET_VMA};
constexpr int kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

constexpr unsigned long kNamespaces =
    CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;

/// The argument `index` of a call has the bits of `value` under `mask`.
scmp_arg_cmp under(unsigned index, scmp_datum_t mask, scmp_datum_t value) {
    return {index, SCMP_CMP_MASKED_EQ, mask, value};
}
constexpr scmp_datum_t kInt = 0xffffffff;  ///< what the kernel looks at of an int

/// A filter while it is made; the first failure is kept.
class Filter {
  public:
    Filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &::seccomp_release) {
        if (context_ == nullptr) {
            error_ = ENOMEM;
            return;
        }
        set(SCMP_FLTATR_CTL_TSYNC, 1);
        set(SCMP_FLTATR_CTL_LOG, 1);       // refusals stand in the kernel's audit log, where there is one
        set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: the cost of a call does not grow with the list
        set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));  // calls of 32-bit programs and the like
    }

    /// All of the names in a text.
    void allow_each(std::string_view names) {
        for (const std::string_view name : split_list(names, ' ')) {
            allow(std::string(name), {});
        }
    }

    void allow(const std::string& name, std::initializer_list<scmp_arg_cmp> arguments) {
        const int number = ::seccomp_syscall_resolve_name(name.c_str());
        if (number == __NR_SCMP_ERROR || error_ != 0) {
            return;
        }
        // -EDOM and -EINVAL: the architecture has no such call of its own.
        const int added = ::seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, number,
                                                   static_cast<unsigned>(arguments.size()), std::data(arguments));
        if (added != 0 && added != -EDOM && added != -EINVAL && added != -EEXIST) {
            error_ = -added;
        }
    }

    /// 0, or what went wrong.
    int load() { return error_ != 0 ? error_ : -::seccomp_load(context_.get()); }

  private:
    void set(scmp_filter_attr attribute, std::uint32_t value) {
        // A libseccomp or kernel that lacks one of them goes without.
        static_cast<void>(::seccomp_attr_set(context_.get(), attribute, value));
    }

    std::unique_ptr<void, decltype(&::seccomp_release)> context_;
    int error_ = 0;
};

/// Calls that make files, by where their mode stands: nothing that is made runs as its owner or group.
void allow_making_files(Filter& filter) {
    constexpr scmp_datum_t special = S_ISUID | S_ISGID;
    constexpr scmp_datum_t making = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
    filter.allow("creat", {under(1, special, 0)});
    filter.allow("mkdir", {under(1, special, 0)});
    filter.allow("mkdirat", {under(2, special, 0)});
    // Where nothing is made, the mode may be anything. openat2 hides it from a filter.
    filter.allow("open", {under(1, making, 0)});
    filter.allow("open", {under(2, special, 0)});
    filter.allow("openat", {under(2, making, 0)});
    filter.allow("openat", {under(3, special, 0)});
}

/// A Unix socket may be given to one group, as lchown(2) by name alone can do it.
void allow_giving_to(Filter& filter, gid_t group) {
    for (const auto& [name, owner] : {std::pair("lchown", 1U), std::pair("fchownat", 2U)}) {
        filter.allow(name, {under(owner, kInt, kInt), under(owner + 1, kInt, group)});
    }
}

/// No memory is run that was ever written: neither both at once, nor one after the other. What is run comes from files,
/// as the libraries do that name services and encodings load later; memory with a descriptor (memfd) there is none.
void allow_memory(Filter& filter) {
    for (const char* mapping : {"mmap", "mprotect", "pkey_mprotect"}) {
        filter.allow(mapping, {under(2, PROT_EXEC, 0)});
    }
    filter.allow("mmap", {under(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), under(3, MAP_ANONYMOUS, 0)});
}

/// Of prctl(2) names and the like, and not being dumpable without a way back; limits of our own, not of other
/// processes.
void allow_own_settings(Filter& filter) {
    if (kTraced) {
        filter.allow("prctl", {});
    }
    for (const int option : kProcessOptions) {
        filter.allow("prctl", {under(0, kInt, static_cast<scmp_datum_t>(option))});
    }
    filter.allow("prctl", {under(0, kInt, PR_SET_DUMPABLE), {1, SCMP_CMP_EQ, 0, 0}});
    filter.allow("prlimit64", {under(0, kInt, 0)});
}

/// The process itself alone; who starts programs has to end them, and those have processes of their own: then it is
/// Landlock that keeps signals from others.
void allow_signals(Filter& filter, bool programs) {
    for (const char* call : kSignalCalls) {
        if (programs) {
            filter.allow(call, {});
        } else {
            filter.allow(call, {under(0, kInt, static_cast<scmp_datum_t>(::getpid()))});
        }
    }
    if (programs) {
        filter.allow_each(kMoreSignalCalls);
    }
}

}  // namespace

Measure filter_system_calls(const Wishes& wishes) {
    const bool programs = !wishes.programs.empty();
    Filter filter;
    for (const std::string_view theme :
         {kMemoryCalls, kThreadCalls, kTimeCalls, kFileCalls, kNetworkCalls, kProcessCalls}) {
        filter.allow_each(theme);
    }
    if (programs) {
        filter.allow_each(kProgramCalls);
    }
    if (kTraced) {
        filter.allow_each(kTracingCalls);
    }
    allow_making_files(filter);
    allow_signals(filter, programs);
    if (wishes.group_of_files) {
        allow_giving_to(filter, *wishes.group_of_files);
    }
    for (const int command : kDescriptorCommands) {
        filter.allow("fcntl", {under(1, kInt, static_cast<scmp_datum_t>(command))});
    }
    // Threads and vfork, but no namespaces. clone3 hides its flags from a filter: libraries fall back to clone.
    filter.allow("clone", {under(0, kNamespaces, 0)});
    for (const int family : kFamilies) {
        filter.allow("socket", {under(0, kInt, static_cast<scmp_datum_t>(family))});
        filter.allow("socketpair", {under(0, kInt, static_cast<scmp_datum_t>(family))});
    }
    for (const unsigned long request : kRequests) {
        filter.allow("ioctl", {under(1, kInt, request)});
    }
    allow_memory(filter);
    allow_own_settings(filter);
    Measure measure{std::string(kSystemCalls), false, {}};
    if (const int error = filter.load(); error != 0) {
        measure.detail = std::string("this kernel takes no filter: ") + std::strerror(error);
        return measure;
    }
    measure.active = true;
    measure.detail = programs ? "with execve, for the WireGuard helper" : "without execve";
    return measure;
}

}  // namespace adit::sandbox

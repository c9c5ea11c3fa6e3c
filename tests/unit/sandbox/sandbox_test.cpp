// What a process can still do in the sandbox: tried in children, since there is no way back.
#include "common/sandbox/sandbox.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <functional>
#include <thread>

#include "common/net/descriptor.h"
#include "common/sandbox/files.h"
#include "common/sandbox/traced.h"

using namespace adit;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for each test.
class Folder {
  public:
    Folder() {
        std::string name = fs::temp_directory_path() / "adit-sandbox-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path_); }
    fs::path file(const std::string& name) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << "text";
        return path_ / name;
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

/// Whether `holds` is true in a child process that has entered the sandbox.
bool inside(const sandbox::Wishes& wishes, const std::function<bool()>& holds) {
    const pid_t child = ::fork();
    if (child == 0) {
        const auto entered = sandbox::enter(wishes);
        ::_exit(entered && holds() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool reads(const fs::path& path) {
    return std::ifstream(path).good();
}

bool writes(const fs::path& path) {
    return std::ofstream(path, std::ios::app).good();
}

/// A line of bits of the kernel's about this process.
unsigned long long capabilities(const std::string& set) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(set + ":")) {
            return std::stoull(line.substr(set.size() + 1), nullptr, 16);
        }
    }
    return ~0ULL;
}

unsigned long long bit(unsigned capability) {
    return 1ULL << capability;
}

/// From root to an ordinary user who was given this one capability.
bool become_user_with(unsigned capability) {
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || ::setresuid(65534, 65534, 65534) != 0) {
        return false;
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].effective = data[0].permitted = static_cast<unsigned>(bit(capability));
    return ::syscall(SYS_capset, &header, data) == 0;
}

/// As on a kernel that has no Landlock.
void refuse_landlock() {
    scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0);
    ::seccomp_load(filter);
}

bool has_landlock() {
    return inside({}, [] { return true; }) && inside({.mode = sandbox::Mode::required}, [] { return true; });
}

}  // namespace

TEST_CASE("files outside of the folders that were wished for are out of reach") {
    if (!has_landlock()) {
        MESSAGE("this kernel cannot do all of it");
        return;
    }
    const Folder folder;
    const fs::path wished = folder.file("certificates/chain.pem");
    const fs::path beside = folder.file("certificates/new.pem");
    const fs::path written = folder.file("logs/access.log");
    const fs::path other = folder.file("elsewhere/secret");
    const sandbox::Wishes wishes{.read = {wished}, .write = {written}};
    CHECK(inside(wishes, [&] { return reads(wished) && reads(beside) && reads("/etc/passwd"); }));
    CHECK(inside(wishes, [&] { return !reads(other) && !writes(other); }));
    CHECK(inside(wishes, [&] { return !writes(wished); }));
    CHECK(inside(wishes,
                 [&] { return writes(written) && ::rename(written.c_str(), (written.string() + ".1").c_str()) == 0; }));
    CHECK(inside(wishes, [&] { return !writes("/etc/passwd") && ::unlink(other.c_str()) != 0; }));
    CHECK(inside({.mode = sandbox::Mode::off}, [&] { return reads(other); }));
}

TEST_CASE("a log is appended to, moved aside and made anew, and a socket's folder is written by nothing else") {
    if (!has_landlock()) {
        MESSAGE("this kernel cannot do all of it");
        return;
    }
    const Folder folder;
    const fs::path log = folder.file("logs/access.log");
    const fs::path beside = folder.file("run/other");
    const std::string place = folder.path() / "run/admin.sock";
    CHECK(inside({.logs = {log}}, [&] {
        return writes(log) && ::rename(log.c_str(), (log.string() + ".1").c_str()) == 0 && writes(log) && !reads(log) &&
               ::mkdir((folder.path() / "logs/more").c_str(), 0700) != 0;
    }));
    CHECK(inside({.sockets = {place}}, [&] {
        const net::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
        (place + ".1").copy(name.sun_path, sizeof name.sun_path - 1);
        return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
               ::rename(name.sun_path, place.c_str()) == 0 && !writes(beside) && !writes(folder.path() / "run/new");
    }));
}

TEST_CASE("the folders that can be written are named") {
    if (!has_landlock()) {
        MESSAGE("this kernel cannot do all of it");
        return;
    }
    const Folder folder;
    const fs::path log = folder.file("logs/access.log");
    const auto tells = [](const sandbox::Wishes& wishes, const std::string& text) {
        const pid_t child = ::fork();
        if (child == 0) {
            const auto entered = sandbox::enter(wishes);
            const bool told = entered && std::ranges::any_of(entered->measures, [&](const sandbox::Measure& one) {
                                  return one.name == sandbox::kFiles && one.detail.contains(text);
                              });
            ::_exit(told ? 0 : 1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status == 0;
    };
    CHECK(tells({.read = {log}}, ", writes none"));
    CHECK(tells({.logs = {log}}, ", writes in " + (folder.path() / "logs").string()));
    CHECK(tells({.sockets = {log}}, ", has sockets in " + (folder.path() / "logs").string()));
    CHECK(tells({.write = {"/"}}, "; not the root, which is never opened"));
}

TEST_CASE("a file that is exchanged through links stays within reach") {
    const Folder folder;
    folder.file("..2026/tls.crt");
    fs::create_directory_symlink("..2026", folder.path() / "..data");
    fs::create_symlink("..data/tls.crt", folder.path() / "tls.crt");
    const auto folders = sandbox::folders_of(folder.path() / "tls.crt");
    CHECK(folders == std::set<fs::path>{folder.path(), folder.path() / "..2026"});
    folder.file("..2027/tls.crt");  // a kubelet's exchange of a Secret
    CHECK(inside({.read = {folder.path() / "tls.crt"}},
                 [&] { return reads(folder.path() / "tls.crt") && reads(folder.path() / "..2027/tls.crt"); }));
}

TEST_CASE("a link to a folder below its own may be switched, one that leads elsewhere opens nothing more") {
    const Folder folder;
    folder.file("git/1/tunnels.d/a.json");
    folder.file("releases/.of/5/a.json");
    folder.file("mine/there/a.json");
    fs::create_directory_symlink("1", folder.path() / "git/current");
    fs::create_directory_symlink(".of/5", folder.path() / "releases/current");
    fs::create_directory_symlink(folder.path() / "git/1", folder.path() / "mine/moved");
    const auto switched = [&](const char* name) { return sandbox::switched_folders_of(folder.path() / name); };
    CHECK(switched("git/current/tunnels.d") == std::set<fs::path>{folder.path() / "git"});
    CHECK(switched("git/current") == std::set<fs::path>{folder.path() / "git"});
    CHECK(switched("releases/current/a.json") == std::set<fs::path>{folder.path() / "releases/.of"});
    CHECK(switched("mine/moved/tunnels.d").empty());
    CHECK(switched("mine/there/a.json").empty());
    CHECK(sandbox::switched_folders_of("/bin/true").empty());  // where that is one to usr/bin: all of /usr
    folder.file("git/2/tunnels.d/a.json");
    CHECK(inside({.read = {folder.path() / "git/current/tunnels.d"}}, [&] {
        return reads(folder.path() / "git/2/tunnels.d/a.json") && !writes(folder.path() / "git/2/tunnels.d/a.json");
    }));
}

TEST_CASE("a folder that is not there yet opens the one that will hold it") {
    const Folder folder;
    CHECK(sandbox::folders_of(folder.path() / "keys/deep/key.pem") == std::set<fs::path>{folder.path()});
    CHECK(sandbox::folders_of("/").empty());
    CHECK(sandbox::folders_of("/adit-not-there.yaml").empty());
}

TEST_CASE("of a file directly under the root the file itself is opened, and nothing else") {
    const fs::path file = "/adit-sandbox-" + std::to_string(::getpid()) + ".yaml";
    const fs::path beside = file.string() + ".beside";
    std::ofstream(file) << "text";
    std::ofstream(beside) << "text";
    if (!fs::exists(file) || !has_landlock()) {
        MESSAGE("left out: needs the right to write there, and Landlock");
        return;
    }
    CHECK(sandbox::folders_of(file) == std::set<fs::path>{file});
    CHECK(inside({.read = {file}}, [&] { return reads(file) && !reads(beside) && !writes(file); }));
    CHECK(inside({.write = {file}}, [&] { return writes(file); }));
    fs::remove(file);
    fs::remove(beside);
}

TEST_CASE("of the programs that may be started, none is a loader that runs any other file") {
    if (!has_landlock()) {
        MESSAGE("this kernel cannot do all of it");
        return;
    }
    const Folder folder;
    const fs::path program = folder.file("libexec/helper");
    fs::permissions(program, fs::perms::all);
    const auto error_of = [](const fs::path& path) {
        char* const arguments[] = {nullptr};
        ::execv(path.c_str(), arguments);
        return errno;
    };
    const sandbox::Wishes wishes{.programs = program.parent_path()};
    CHECK(inside(wishes, [&] { return error_of(program) == ENOEXEC; }));  // it may, if it were one
    CHECK(inside(wishes, [&] { return error_of("/bin/true") == EACCES; }));
    for (const fs::path loader : {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"}) {
        if (fs::exists(loader)) {
            CHECK(inside(wishes, [&] { return error_of(loader) == EACCES; }));
        }
    }
}

TEST_CASE("modes, owners and times of files stay as they are, whether Landlock would reach them or not") {
    const Folder folder;
    const fs::path other = folder.file("elsewhere/program");
    const fs::path own = folder.file("own/file");
    const std::string name = other.string();
    const sandbox::Wishes wishes{.write = {own}};
    const auto refused = [&](const std::function<long()>& call) {
        return inside(wishes, [&] { return call() < 0 && errno == ENOSYS; });
    };
    CHECK(refused([&] { return ::chmod(name.c_str(), 06755); }));
    CHECK(refused([&] { return ::fchmodat(AT_FDCWD, name.c_str(), 0666, 0); }));
    constexpr long kFchmodat2 = 452;  // newer than the headers of Debian 12
    CHECK(refused([&] { return ::syscall(kFchmodat2, AT_FDCWD, name.c_str(), 0666, 0); }));
    CHECK(refused([&] { return ::fchmod(::open(own.c_str(), O_RDWR), 04755); }));
    CHECK(refused([&] { return ::chown(name.c_str(), ::getuid(), ::getgid()); }));
    CHECK(refused([&] { return ::lchown(name.c_str(), static_cast<uid_t>(-1), ::getgid()); }));
    CHECK(refused([&] { return ::fchownat(AT_FDCWD, name.c_str(), ::getuid(), ::getgid(), 0); }));
    CHECK(refused([&] { return ::utimensat(AT_FDCWD, name.c_str(), nullptr, 0); }));
    CHECK(refused([&] { return ::setxattr(name.c_str(), "user.a", "b", 1, 0); }));
    CHECK(refused([&] { return ::truncate(name.c_str(), 0); }));
}

TEST_CASE("no file is made that runs as its owner or its group") {
    const Folder folder;
    const fs::path own = folder.file("own/file");
    const std::string made = folder.path() / "own/made";
    CHECK(inside({.write = {own}}, [&] {
        return ::open(made.c_str(), O_WRONLY | O_CREAT, 04755) < 0 && errno == ENOSYS &&
               ::openat(AT_FDCWD, made.c_str(), O_WRONLY | O_CREAT, 02755) < 0 && ::creat(made.c_str(), 06700) < 0 &&
               ::open((folder.path() / "own").c_str(), O_WRONLY | O_TMPFILE, 04755) < 0;
    }));
    CHECK(inside({.write = {own}}, [&] { return ::open(made.c_str(), O_WRONLY | O_CREAT, 0755) >= 0; }));
}

TEST_CASE("a file is given to the one group that was wished for, and to no owner") {
    const Folder folder;
    const std::string name = folder.file("own/file");
    const gid_t group = ::getgid();
    const auto nobody = static_cast<uid_t>(-1);
    CHECK(inside({.group_of_files = group}, [&] { return ::lchown(name.c_str(), nobody, group) == 0; }));
    CHECK(inside({.group_of_files = group}, [&] {
        return ::lchown(name.c_str(), nobody, group + 1) < 0 && errno == ENOSYS &&
               ::lchown(name.c_str(), ::getuid(), group) < 0 && ::chown(name.c_str(), nobody, group) < 0;
    }));
}

TEST_CASE("other processes get no signal, and neither abstract sockets are reached where the kernel can tell") {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const net::Descriptor listener(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    const std::string text = "adit-sandbox-test-" + std::to_string(::getpid());
    text.copy(name.sun_path + 1, text.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    const auto connects = [&] {
        const net::Descriptor from(::socket(AF_UNIX, SOCK_STREAM, 0));
        return ::connect(from.get(), reinterpret_cast<const sockaddr*>(&name), size) == 0;
    };
    const pid_t parent = ::getpid();
    const Folder folder;
    const sandbox::Wishes starting{.programs = folder.path()};
    CHECK(inside({}, [&] { return ::kill(parent, 0) < 0 && ::syscall(SYS_tgkill, parent, parent, 0) < 0; }));
    CHECK(inside({}, [&] { return ::kill(-1, 0) < 0 && ::fcntl(ready[0], F_SETOWN, parent) < 0; }));
    CHECK(inside({}, [] { return ::kill(::getpid(), 0) == 0 && ::raise(SIGCHLD) == 0; }));
    if (sandbox::landlock_version() < 6) {
        MESSAGE("the rest left out: this kernel's Landlock knows no scopes");
        return;
    }
    CHECK(inside(starting, [&] { return ::kill(parent, 0) < 0 && ::syscall(SYS_tgkill, parent, parent, 0) < 0; }));
    CHECK(inside(starting, [&] {  // what was started here can be ended here
        const pid_t child = ::fork();
        if (child == 0) {
            ::pause();
            ::_exit(0);
        }
        return ::kill(child, SIGKILL) == 0 && ::waitpid(child, nullptr, 0) == child;
    }));
    CHECK(inside({}, [&] { return !connects(); }));
    CHECK(inside({.abstract_sockets = true}, connects));
}

TEST_CASE("system calls that no gateway needs are answered as by a kernel without them") {
    CHECK(inside({}, [] { return ::socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == ENOSYS; }));
    CHECK(inside({}, [] { return ::unshare(CLONE_NEWUSER) < 0 && errno == ENOSYS; }));
    CHECK(inside({}, [] { return ::setuid(0) < 0 && errno == ENOSYS; }));
#ifdef __x86_64__
    constexpr long kOfX32 = 0x40000000;  // to a filter another architecture
    CHECK(inside({}, [] { return ::syscall(kOfX32 | SYS_getpid) < 0 && errno == ENOSYS; }));
#endif
    CHECK(inside({}, [] {
        return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
               MAP_FAILED;
    }));
    CHECK(inside({}, [] {
        char* const arguments[] = {nullptr};
        ::execv("/bin/true", arguments);
        return errno == ENOSYS;
    }));
    CHECK(inside({}, [] {  // also on threads that start later
        int error = 0;
        std::thread([&error] { error = ::socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0; }).join();
        return error == ENOSYS;
    }));
    CHECK(inside({}, [] { return ::socket(AF_INET6, SOCK_STREAM, 0) >= 0; }));
}

TEST_CASE("no memory is run that was written before") {
    constexpr int run = PROT_READ | PROT_EXEC;
    const auto pages = [](int protection, int flags, int fd) {
        return ::mmap(nullptr, 4096, protection, flags, fd, 0);
    };
    CHECK(inside({}, [&] {
        void* written = pages(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        return written != MAP_FAILED && ::mprotect(written, 4096, run) < 0 && errno == ENOSYS &&
               ::pkey_mprotect(written, 4096, run, -1) < 0 && ::mprotect(written, 4096, PROT_READ) == 0;
    }));
    CHECK(inside({}, [&] { return pages(run, MAP_PRIVATE | MAP_ANONYMOUS, -1) == MAP_FAILED; }));
    CHECK(inside({}, [] { return ::memfd_create("code", 0) < 0 && errno == ENOSYS; }));
    CHECK(inside({}, [] { return ::shmat(0, nullptr, SHM_EXEC) == reinterpret_cast<void*>(-1) && errno == ENOSYS; }));
    const net::Descriptor program(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));  // as libraries are loaded
    CHECK(inside({}, [&] { return pages(run, MAP_PRIVATE, program.get()) != MAP_FAILED; }));
}

TEST_CASE("encodings and names are still found, by libraries that are loaded now") {
    CHECK(inside({}, [] {
        const iconv_t converter = ::iconv_open("UTF-8", "EUC-JP");
        return converter != reinterpret_cast<iconv_t>(-1) || errno == EINVAL;  // where there are no such libraries
    }));
    CHECK(inside({}, [] { return ::getpwuid(0) != nullptr; }));
}

TEST_CASE("what keeps other processes from tracing this one cannot be taken back") {
    CHECK(inside({}, [] {
        if (!sandbox::kTraced && (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 || ::prctl(PR_GET_DUMPABLE) != 0)) {
            return false;
        }
        return ::prctl(PR_SET_NAME, "other", 0, 0, 0) == 0;
    }));
    const pid_t parent = ::getpid();
    const rlimit few{1, 1};
    CHECK(inside({}, [&] { return ::prlimit(parent, RLIMIT_NOFILE, &few, nullptr) < 0 && errno == ENOSYS; }));
}

TEST_CASE("no core is written, and no capability is left") {
    CHECK(inside({}, [] {
        rlimit limit{};
        return ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0;
    }));
    CHECK(inside({}, [] { return capabilities("CapPrm") == 0 && capabilities("CapEff") == 0; }));
}

TEST_CASE("ports below 1024 are for this process, and for the programs that it starts only where they are wished for") {
    if (::geteuid() != 0 || (capabilities("CapBnd") & bit(CAP_NET_BIND_SERVICE)) == 0) {
        MESSAGE("left out: needs the capability");
        return;
    }
    const auto all_are = [](unsigned long long ours, unsigned long long theirs) {
        return capabilities("CapPrm") == ours && capabilities("CapEff") == ours && capabilities("CapInh") == theirs &&
               capabilities("CapAmb") == theirs && capabilities("CapBnd") == theirs;
    };
    const auto port = bit(CAP_NET_BIND_SERVICE);
    CHECK(inside({.privileged_ports = true}, [&] { return all_are(port, 0); }));
    CHECK(inside({.privileged_ports_of_programs = true}, [&] { return all_are(port, port); }));
    CHECK(inside({}, [&] { return all_are(0, 0); }));
}

TEST_CASE("root keeps what a file of somebody else's needs, and says for which") {
    if (::geteuid() != 0) {
        return;
    }
    const Folder folder;
    const fs::path theirs = folder.file("theirs/connector.yaml");
    REQUIRE(::chown(theirs.c_str(), 1234, 1234) == 0);
    fs::permissions(theirs, fs::perms::owner_read);
    CHECK(inside({.read = {theirs}}, [&] { return reads(theirs); }));
    CHECK(inside({}, [&] { return !reads(theirs); }));
    // To read, the right to read will do.
    CHECK(inside({.read = {theirs}}, [] { return capabilities("CapEff") == bit(CAP_DAC_READ_SEARCH); }));
    CHECK(inside({.read = {theirs}, .write = {theirs}},
                 [&] { return capabilities("CapEff") == bit(CAP_DAC_OVERRIDE) && writes(theirs); }));
}

TEST_CASE("an ordinary user has no capability, and is told that the bounding set stays") {
    const auto told = [](bool ordinary) {
        const pid_t child = ::fork();
        if (child == 0) {
            const bool ready = !ordinary || ::setresuid(65534, 65534, 65534) == 0;
            const auto entered = sandbox::enter({});
            const std::string detail = ready && entered ? entered->measures[1].detail : "";
            const bool bounded = capabilities("CapBnd") == 0;
            ::_exit(detail == "none" && bounded ? 1 : detail.starts_with("none; the bounding set") && !bounded ? 2 : 3);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    };
    if (::geteuid() != 0 || (capabilities("CapEff") & bit(CAP_SETPCAP)) == 0) {
        CHECK(told(false) == 2);
        return;
    }
    CHECK(told(false) == 1);
    CHECK(told(true) == 2);
}

TEST_CASE("a user who was given the right to read all files keeps it where one of his needs it") {
    if (::geteuid() != 0) {
        return;
    }
    const Folder folder;
    const fs::path theirs = folder.file("theirs/key.pem");
    fs::permissions(theirs, fs::perms::owner_read);
    const auto as_user = [](const sandbox::Wishes& wishes, const std::function<bool()>& holds) {
        const pid_t child = ::fork();
        if (child == 0) {
            const bool ready = become_user_with(CAP_DAC_READ_SEARCH) && sandbox::enter(wishes);
            ::_exit(ready && holds() ? 0 : 1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    };
    const auto keeps_it = [&] { return capabilities("CapEff") == bit(CAP_DAC_READ_SEARCH) && reads(theirs); };
    CHECK(as_user({.read = {theirs}}, keeps_it));
    CHECK(as_user({.write = {theirs}}, keeps_it));
    CHECK(as_user({.read = {"/etc/passwd"}}, [&] { return capabilities("CapEff") == 0 && !reads(theirs); }));
}

TEST_CASE("a wall that cannot be had is named, and ends the start where it is required") {
    const pid_t child = ::fork();
    if (child == 0) {
        refuse_landlock();
        const auto goes_on = sandbox::enter({});
        const bool named = goes_on && !goes_on->active(sandbox::kFiles) &&
                           goes_on->missing() == "landlock: this kernel has none" &&
                           !sandbox::hint(*goes_on, "x: Permission denied").contains("folder");
        ::_exit(named ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    const pid_t strict = ::fork();
    if (strict == 0) {
        refuse_landlock();
        const auto ends = sandbox::enter({.mode = sandbox::Mode::required});
        ::_exit(!ends && ends.error().message.find("landlock") != std::string::npos ? 0 : 1);
    }
    ::waitpid(strict, &status, 0);
    CHECK(status == 0);
}

TEST_CASE("an error about a file says that the sandbox may be why, others do not") {
    const sandbox::Standing standing{{{std::string(sandbox::kFiles), true, ""}}};
    CHECK(sandbox::hint(standing, "a.pem: Permission denied").find("restart") != std::string::npos);
    CHECK(sandbox::hint(standing, "a.pem: No such file or directory").empty());
    CHECK_FALSE(sandbox::advice(standing, "a.pem: Permission denied").contains("mode"));
    const std::string error = "a.pem: Permission denied";
    CHECK(sandbox::hint(standing, error) == "\n" + sandbox::advice(standing, error));
    CHECK(sandbox::hint(standing, error + "; " + sandbox::advice(standing, error)).empty());
}

TEST_CASE("root that passes over no modes any more is told that the mode of a file may be why") {
    const std::string error = "a.pem: Permission denied";
    const sandbox::Standing closed{{{std::string(sandbox::kFiles), true, ""}}, true};
    CHECK(sandbox::advice(closed, error).contains("folders"));
    CHECK(sandbox::advice(closed, error).contains("mode of a file of somebody else"));
    const sandbox::Standing open{{}, true};
    CHECK_FALSE(sandbox::advice(open, error).contains("folders"));
    CHECK(sandbox::advice(open, error).contains("mode of a file of somebody else"));
    if (::geteuid() == 0) {
        CHECK(inside({}, [] { return sandbox::enter({})->root_by_modes; }));
    }
}

TEST_CASE("an error about a port says that the capability was given up, not that a folder is closed") {
    const std::string error = "cannot listen on 0.0.0.0:443: Permission denied";
    const sandbox::Standing files{{{std::string(sandbox::kFiles), true, ""}}};
    CHECK(sandbox::hint(files, error).empty());
    const sandbox::Standing both{{files.measures[0], {std::string(sandbox::kCapabilities), true, ""}}};
    CHECK(sandbox::hint(both, error).find("port below 1024") != std::string::npos);
    CHECK(sandbox::hint(both, error).find("folder") == std::string::npos);
    CHECK(sandbox::hint(both, "cannot listen on unix:/run/a: Permission denied").find("folder") != std::string::npos);
}

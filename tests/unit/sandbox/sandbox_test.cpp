// What a process can still do in the sandbox: tried in children, since there is no way back.
#include "common/sandbox/sandbox.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <thread>

#include "common/sandbox/files.h"

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
                           sandbox::hint(*goes_on, "x: Permission denied").empty();
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

// What a process takes, read from files as Linux writes them.
#include "common/base/process_use.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/unit/yaml/support.h"

namespace adit {
namespace {

using yaml::test::TemporaryFiles;

constexpr std::uint64_t kMiB = 1 << 20;

/// A machine with so much memory left, on which this process has 100 MiB.
void write_machine(const TemporaryFiles& files, std::uint64_t left_mib) {
    const auto pages = 100 * kMiB / static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    files.write("proc/self/statm", "999999 " + std::to_string(pages) + " 10 1 0 50 0\n");
    files.write("proc/meminfo", "MemTotal:       8388608 kB\nMemFree: 1 kB\nMemAvailable:   " +
                                    std::to_string(left_mib * 1024) + " kB\n");
}

void write_group(const TemporaryFiles& files, const std::string& at, const std::string& most, std::uint64_t used,
                 const std::string& stat) {
    files.write("sys/fs/cgroup" + at + "/memory.max", most + "\n");
    files.write("sys/fs/cgroup" + at + "/memory.current", std::to_string(used) + "\n");
    files.write("sys/fs/cgroup" + at + "/memory.stat", stat);
}

}  // namespace

TEST_CASE("without a group's limit a process may have what the machine has left") {
    const TemporaryFiles files;
    write_machine(files, 300);
    files.write("proc/self/cgroup", "0::/\n");
    const Use use = ProcessUse(files.directory()).memory();
    CHECK(use.used == 100 * kMiB);
    CHECK(use.most == 400 * kMiB);
    CHECK(use.share() == doctest::Approx(0.25));
}

TEST_CASE("a group of version 2 bounds it, and so does any group above; sockets count, idle pages of files do not") {
    const TemporaryFiles files;
    write_machine(files, 4096);
    files.write("proc/self/cgroup", "0::/pod/container\n");
    write_group(files, "/pod/container", "max", 170 * kMiB, "anon 1\nsock 20971520\ninactive_file 31457280\n");
    write_group(files, "/pod", std::to_string(200 * kMiB), 170 * kMiB, "inactive_file 31457280\n");
    const Use use = ProcessUse(files.directory()).memory();
    CHECK(use.used == 120 * kMiB);
    CHECK(use.most == 180 * kMiB);
}

TEST_CASE("a group of version 1 is found by its controller, in a container at the top") {
    const TemporaryFiles files;
    write_machine(files, 4096);
    files.write("proc/self/cgroup", "9:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n");
    files.write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(150 * kMiB) + "\n");
    files.write("sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(130 * kMiB) + "\n");
    files.write("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 10485760\n");
    const Use use = ProcessUse(files.directory()).memory();
    CHECK(use.most == 130 * kMiB);
}

TEST_CASE("a limit of version 1 that is none does not count") {
    const TemporaryFiles files;
    write_machine(files, 300);
    files.write("proc/self/cgroup", "4:memory:/\n");
    files.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    files.write("sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(130 * kMiB) + "\n");
    CHECK(ProcessUse(files.directory()).memory().most == 400 * kMiB);
}

TEST_CASE("where nothing can be read nothing is short") {
    const TemporaryFiles files;
    CHECK(ProcessUse(files.directory()).memory().share() == 0);
}

TEST_CASE("this process has memory and descriptors") {
    ProcessUse use;
    CHECK(use.memory().share() > 0);
    CHECK(use.memory().share() < 1);
    const std::uint64_t before = use.descriptors().used;
    CHECK(before >= 3);
    const int further = ::dup(0);
    CHECK(use.descriptors().used == before + 1);
    ::close(further);
    CHECK(use.memory_of(1).share() > 1);
}

}  // namespace adit

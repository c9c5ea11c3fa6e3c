"""A Debian of its own that systemd has booted: root, processes, network and host name apart from this machine's. What it is made
of comes from the mirror once, into build/deploy; what is changed in it is gone when it is switched off."""
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from deploy import KEPT

CGROUPS = pathlib.Path("/sys/fs/cgroup")

# Runs as process 1 of the new namespaces and becomes systemd. The mounts of before stay outside of it.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$WORK"
mkdir "$WORK/upper" "$WORK/work" "$WORK/root"
mount -t overlay -o "lowerdir=$BASE,upperdir=$WORK/upper,workdir=$WORK/work" overlay "$WORK/root"
cd "$WORK/root"
cp -r "$GIFTS/." root/
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
if [ -d /sys/fs/cgroup/systemd ]; then  # it mounts the others beside this by itself
    mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
    mkdir sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
else
    mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
touch dev/console
mount --bind "$CONSOLE" dev/console
mkdir dev/pts dev/shm old
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
ip link set lo up
hostname adit-test
pivot_root . old
umount -l old
rmdir old
mount --make-rshared /  # credentials of services arrive by this
exec env -i container=adit PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=no
"""


def base(packages):
    """The folder of a Debian with these packages, made when it is not there yet."""
    if shutil.which("mmdebstrap") is None:
        raise unittest.SkipTest("mmdebstrap is missing: scripts/install-dependencies deploy")
    names = ",".join(sorted({"systemd", "systemd-sysv", "dbus", *packages}))
    folder = KEPT / ("base-" + hashlib.sha256(names.encode()).hexdigest()[:12])
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as made:
            done = subprocess.run(["mmdebstrap", "--variant=minbase", f"--include={names}", "--quiet", "bookworm", f"{made}/root"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise unittest.SkipTest("no Debian to be had from the mirror: " + done.stderr[-400:])
            os.rename(f"{made}/root", folder)
    return folder


class Machine:
    def __init__(self, packages, gifts):
        """`gifts` lie in its /root."""
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can boot a root of its own")
        probe = subprocess.run(["unshare", "-m", "-p", "-u", "-i", "-n", "-C", "--fork", "true"], capture_output=True, text=True)
        if probe.returncode != 0:
            raise unittest.SkipTest("no namespaces here: " + probe.stderr.strip())
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="adit-machine-"))
        (self.directory / "gifts").mkdir()
        (self.directory / "work").mkdir()
        for gift in gifts:
            shutil.copy(gift, self.directory / "gifts")
        self.console = self.directory / "console"
        self.console.touch()
        self.said = self.directory / "said"
        self.groups = self._own_groups()
        environment = {**os.environ, "BASE": str(base(packages)), "WORK": str(self.directory / "work"),
                       "GIFTS": str(self.directory / "gifts"), "CONSOLE": str(self.console)}
        join = "".join(f'echo $$ > "{group}/cgroup.procs"; ' for group in self.groups)
        with open(self.said, "wb") as said:
            self.popen = subprocess.Popen(["sh", "-c", join + 'exec unshare -m -p -u -i -n -C --fork --kill-child sh -c "$0"', BOOT],
                                          env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self.pid = None
        try:
            self._await_boot()
        except BaseException:
            self.off()
            raise

    def _own_groups(self):
        """A control group of its own in each hierarchy: systemd takes the one in which it finds itself for the root."""
        groups = []
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            name = controllers.removeprefix("name=") or "unified"
            hierarchy = CGROUPS if not controllers and not (CGROUPS / name).exists() else CGROUPS / name
            group = hierarchy / path.lstrip("/") / f"adit-machine-{os.getpid()}"
            try:
                group.mkdir()
                groups.append(group)
                if name == "cpuset":  # one begins without any
                    for file in ("cpuset.cpus", "cpuset.mems"):
                        (group / file).write_text((group.parent / file).read_text())
            except OSError as error:
                for made in groups:
                    remove_group(made)
                raise unittest.SkipTest(f"no control group of its own: {error}") from error
        return groups

    def _await_boot(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.popen.poll() is not None:
                break
            children = pathlib.Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text().split()
            if children and pathlib.Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd":
                self.pid = int(children[0])
                state = self.run("systemctl", "is-system-running", status=None).stdout.strip()
                if state in ("running", "degraded"):
                    return
            pause()
        words = self.said.read_text()[-600:] + self.console.read_text(errors="replace")[-600:]
        raise unittest.SkipTest("systemd does not boot in a container here: " + words)

    def run(self, *command, status=0, stdin=None):
        """A command in it, as its root."""
        done = subprocess.run(["nsenter", "-t", str(self.pid), "-a", "--", "/usr/bin/env", "-i", "HOME=/root",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *map(str, command)],
                              capture_output=True, text=True, input=stdin, timeout=120)
        if status is not None and done.returncode != status:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def processes(self, unit):
        """Ids, as it sees them, of all processes of a service."""
        found = self.run("find", "/sys/fs/cgroup", "-path", f"*/{unit}.service/cgroup.procs", "-exec", "cat", "{}", "+").stdout
        return sorted(set(found.split()))

    def write(self, path, text, mode="0644"):
        self.run("sh", "-c", 'umask 077; mkdir -p "$(dirname "$0")"; cat > "$0"; chmod "$1" "$0"', path, mode, stdin=text)

    def beside(self, *command, **keywords):
        """A program of this machine in its network."""
        return subprocess.Popen(["nsenter", "-t", str(self.pid), "-n", "--", *map(str, command)], **keywords)

    def fetch(self, url):
        """Status and body; 0 where nobody answers."""
        done = self.beside("curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}", url,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        body, _, code = done.communicate()[0].rpartition("\n")
        return int(code or 0), body

    def off(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)  # --kill-child: its first process, and so all of them
        self.popen.wait()
        for group in self.groups:
            remove_group(group)
        shutil.rmtree(self.directory, ignore_errors=True)


def pause():
    time.sleep(0.05)


def remove_group(group):
    """Deepest first; a process that has just been killed may hold a group for a moment."""
    for folder, _, _ in os.walk(group, topdown=False):
        for _ in range(100):
            try:
                os.rmdir(folder)
                break
            except FileNotFoundError:
                break
            except OSError:
                pause()

"""Containers without an engine: podman in namespaces of the test's own, so that nothing of it is seen or left on the machine."""
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys

from deploy import KEPT, need, skip

INSIDE = "ADIT_DEPLOY_INSIDE"
STORE = KEPT / "containers"
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "/run/adit-containers/networks"
"""
STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{store}"
runroot = "/run/adit-containers"
"""


def libraries(*programs):
    """The Debian packages that hold the libraries of these programs."""
    paths = set()
    for program in programs:
        listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        paths |= set(re.findall(r"=> (/\S+)", listed))
    names = [name for path in paths for name in (path, os.path.realpath(path))]
    found = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True).stdout
    return sorted({line.split(":")[0] for line in found.splitlines()})


def debian(packages):
    """A Debian as an archive, with these packages besides the essential ones; kept for the next run."""
    need("mmdebstrap")
    archive = KEPT / f"debian-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}.tar"
    if not archive.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        unfinished = KEPT / "unfinished.tar"
        made = subprocess.run(["mmdebstrap", "--quiet", "--variant=essential", "--include=" + ",".join(packages), "bookworm", unfinished],
                              capture_output=True, text=True)
        if made.returncode != 0:
            skip(f"no Debian to build on: mmdebstrap: {made.stderr.strip()[-300:]}")
        unfinished.rename(archive)
    return archive


def enter():
    """Goes on in new namespaces of processes, mounts and networks: what is started there ends with this program."""
    if INSIDE in os.environ:
        for arguments in (["ip", "link", "set", "lo", "up"], ["mount", "-t", "tmpfs", "tmpfs", "/run"]):
            subprocess.run(arguments, check=True)
        return
    need("unshare", "podman", "runc")
    if os.geteuid() != 0:
        skip("podman in namespaces of its own needs root")
    KEPT.mkdir(parents=True, exist_ok=True)
    lock = open(KEPT / "containers.lock", "w")  # inherited: one run at a time has the store
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock.fileno(), True)
    namespaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*namespaces, "true"], capture_output=True).returncode != 0:
        skip("this machine does not allow new namespaces of networks, mounts and processes")
    os.execvpe(namespaces[0], [*namespaces, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def keep_bridges():
    """A bridge that was given no address takes the lowest of its ports', another one as containers come and go: whoever knows
    the host by the one before speaks to nobody for many seconds. One that was given its address keeps it."""
    shown = subprocess.run(["ip", "-json", "link", "show", "type", "bridge"], capture_output=True, text=True, check=True).stdout
    for bridge in json.loads(shown or "[]"):
        subprocess.run(["ip", "link", "set", "dev", bridge["ifname"], "address", bridge["address"]], capture_output=True, check=False)


class Podman:
    """podman with a store of its own."""

    def __init__(self, directory):
        (directory / "containers.conf").write_text(CONTAINERS_CONF)
        (directory / "storage.conf").write_text(STORAGE_CONF.format(store=STORE))
        # Nobody has timers for health checks here; they are run by hand.
        self.environment = {**os.environ, "DISABLE_HC_SYSTEMD": "true", "CONTAINERS_CONF": str(directory / "containers.conf"),
                            "CONTAINERS_STORAGE_CONF": str(directory / "storage.conf")}

    def __call__(self, *arguments, status=0, stdin="", seconds=120, program="podman", **more):
        """Its standard output; `status` None: whatever it was, and both streams."""
        done = subprocess.run([program, *map(str, arguments)], env={**self.environment, **more.pop("environment", {})}, input=stdin,
                              capture_output=True, text=True, timeout=seconds, **more)
        if status is None:
            return done
        assert done.returncode == status, f"{program} {' '.join(map(str, arguments))}: {done.returncode}: {done.stdout}{done.stderr}"
        if {"run", "start", "up"} & {*map(str, arguments)}:
            keep_bridges()
        return done.stdout

    def inspect(self, name, kind="container"):
        return json.loads(self(kind, "inspect", name))[0]

    def has_image(self, name):
        return self("image", "exists", name, status=None).returncode == 0

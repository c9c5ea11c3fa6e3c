"""The Debian packages in a Debian that systemd has booted: installed, configured, started by their units under all that these
forbid, serving over TLS and WireGuard, reloaded, upgraded, removed and purged."""
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from deploy import BUILD, KEPT, ROOT, SURROUNDINGS, digest, need
from harness import wait_for
from machine import Machine

CONFIGURATION = """
admin: { address: "127.0.0.1:9901" }
listeners: [ { address: "127.0.0.1:8080" } ]
tunnels:
  directory: /var/lib/adit-connector/tunnels.d
  tls: { address: "127.0.0.1:7443", key: /var/lib/adit-connector/connector.key }
  wireguard: { address: "127.0.0.1:51820", network: 10.77.0.0/16 }
backends:
  one: { endpoints: [ service://one ] }
  two: { endpoints: [ service://two ] }
routes:
  - { match: { path: /one }, backend: one, rewrite: { path: /machine } }
  - { match: { path: /two }, backend: two, rewrite: { path: /machine } }
log: { sinks: [ { stderr: {} }, { only: access, file: { path: /var/log/adit/access.log } } ] }
"""
SERVICES = {"version": 1, "services": [
    {"name": name, "endpoint": f"http://127.0.0.1:{port}",
     "configurations": [{"project": "shop", "accessibleBy": ["production"]}]} for name, port in (("one", 9001), ("two", 9002))]}
UNITS = ("adit-agent", "adit-connector")


def make_packages(umask=-1, **surroundings):
    made = subprocess.run([ROOT / "scripts/package", BUILD], capture_output=True, text=True, umask=umask, env={**os.environ, **surroundings})
    if made.returncode != 0:
        raise AssertionError(made.stdout + made.stderr)
    return sorted(map(pathlib.Path, made.stdout.split()))


@functools.cache
def packages():
    """Made from the build that is tested, or those in the folder ADIT_PACKAGES."""
    if folder := os.environ.get("ADIT_PACKAGES"):
        return sorted(pathlib.Path(folder).glob("*.deb"))
    return make_packages()


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True, check=True).stdout.strip()


def files(package):
    """Path -> mode, from what tar says of the package."""
    listing = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    return {line.split()[5].lstrip("."): line[:10] + " " + line.split()[1] for line in listing.splitlines()}


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.debs = packages()

    def test_a_package_has_what_a_host_needs_and_says_what_it_depends_on(self):
        self.assertEqual([field(deb, "Package") for deb in self.debs], list(UNITS))
        architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
        for deb, name in zip(self.debs, UNITS):
            with self.subTest(name):
                there = files(deb)
                for path in (f"/usr/bin/{name}", f"/usr/libexec/{name}/adit-wireguard", f"/usr/lib/systemd/system/{name}.service",
                             f"/usr/share/man/man1/{name}.1.gz", f"/usr/share/man/man5/{name}.yaml.5.gz",
                             f"/usr/share/bash-completion/completions/{name}", f"/usr/share/zsh/vendor-completions/_{name}",
                             f"/usr/share/fish/vendor_completions.d/{name}.fish", f"/usr/share/doc/{name}/copyright",
                             f"/usr/share/doc/{name}/changelog.gz", f"/usr/share/doc/{name}/sbom.cdx.json",
                             f"/etc/adit/{name.removeprefix('adit-')}.yaml"):
                    self.assertIn(path, there)
                for path, mode in there.items():
                    program = path.startswith(("/usr/bin/", "/usr/libexec/")) and not path.endswith("/")
                    wanted = "drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if program else "-rw-r--r--"
                    self.assertEqual(mode, f"{wanted} root/root", path)
                depends = field(deb, "Depends")
                for library in ("libc6 (>= ", "libssl3 (>= ", "libstdc++6 (>= ", "libnghttp2-14"):
                    self.assertIn(library, depends)
                self.assertEqual(field(deb, "Architecture"), architecture)
                self.assertEqual((field(deb, "Section"), field(deb, "Priority")), ("net", "optional"))
        common = set(files(self.debs[0])) & set(files(self.debs[1]))
        self.assertEqual([path for path in common if not path.endswith("/")], [], "both can be installed beside each other")

    @unittest.skipIf("ADIT_PACKAGES" in os.environ, "these are what is tested")
    def test_packages_made_twice_are_the_same_bytes(self):
        first = [digest(deb) for deb in self.debs]
        again = make_packages(0o077, **SURROUNDINGS[1])
        self.assertEqual((again, [digest(deb) for deb in again]), (self.debs, first))

    def test_the_bill_of_materials_names_what_is_loaded_and_compiled_in(self):
        with tempfile.TemporaryDirectory() as root:
            for deb, name in zip(self.debs, UNITS):
                subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
                path = pathlib.Path(root, f"usr/share/doc/{name}/sbom.cdx.json")
                bom = json.loads(path.read_text())
                self.assertEqual(bom["metadata"]["component"]["name"], name)
                parts = {part["name"]: part for part in bom["components"]}
                for part in ("adit-wireguard", "libssl3", "libc6", "libboost1.81-dev", "libcli11-dev",
                             "golang-gvisor-gvisor-dev", "golang-golang.zx2c4-wireguard-dev", "wireguard-tools"):
                    self.assertIn(part, parts)
                for part in parts.values():
                    self.assertRegex(part["purl"], r"^pkg:(deb/debian|generic)/[^@ ]+@[^ ]+$")
                    self.assertTrue(part["licenses"], part["name"])
                installed = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libssl3"], capture_output=True, text=True, check=True)
                self.assertEqual(parts["libssl3"]["version"], installed.stdout)
                linked = subprocess.run(["ldd", f"{root}/usr/bin/{name}"], capture_output=True, text=True, check=True).stdout
                for library in re.findall(r"=> (\S+)", linked):
                    owner = subprocess.run(["dpkg", "-S", pathlib.Path(library).resolve().name], capture_output=True, text=True).stdout
                    self.assertTrue({line.split(":")[0] for line in owner.splitlines()} & set(parts), library)
                self.validate(path)

    def validate(self, path):
        """Against the schema of CycloneDX, as its own library has it."""
        modules = ROOT / "build/npm-deploy/node_modules"
        if not (modules / "@cyclonedx/cyclonedx-library").exists():
            self.skipTest("@cyclonedx/cyclonedx-library is missing: scripts/install-dependencies deploy")
        done = subprocess.run(["node", ROOT / "tests/deploy/node/validate_bom.js", modules, path], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "valid"), done.stdout + done.stderr)

    def test_a_debian_maintainer_has_nothing_to_say(self):
        for deb in self.debs:
            done = subprocess.run(["lintian", "--fail-on", "error,warning", "--allow-root", deb], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class OnAHost(unittest.TestCase):
    """One life of a host, in the order in which it happens."""

    @classmethod
    def setUpClass(cls):
        cls.debs = packages()
        depends = {re.split(r"[ :]", one.strip())[0] for deb in cls.debs for one in field(deb, "Depends").split(",")}
        cls.machine = Machine(depends, cls.debs)
        cls.addClassCleanup(cls.machine.off)
        cls.origins = []
        for port in (9001, 9002):
            folder = tempfile.TemporaryDirectory()
            cls.addClassCleanup(folder.cleanup)
            pathlib.Path(folder.name, "machine").write_text(f"origin at {port}\n")
            origin = cls.machine.beside("setpriv", "--pdeathsig", "KILL", "python3", "-m", "http.server", "-b", "127.0.0.1", str(port),
                                        "-d", folder.name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cls.addClassCleanup(origin.wait)
            cls.addClassCleanup(origin.kill)

    def show(self, unit, what):
        return self.machine.run("systemctl", "show", "-P", what, unit).stdout.strip()

    def log_of(self, unit):
        return self.machine.run("journalctl", "-u", unit, "--no-pager", "-o", "cat").stdout

    def ask(self, path, status=200):
        wait_for(lambda: self.machine.fetch(f"http://127.0.0.1:8080{path}")[0] == status, f"{status} from {path}", 20)
        return self.machine.fetch(f"http://127.0.0.1:8080{path}")[1]

    def agent_is_ready(self):
        wait_for(lambda: self.machine.run("adit-agent", "healthcheck", status=None).returncode == 0, "the agent to be ready", 25)

    def test_a_life(self):
        machine = self.machine
        before = self.paths()
        machine.run("sh", "-c", "dpkg -i /root/*.deb")
        with self.subTest("installed, and nothing runs that nobody configured"):
            for unit in UNITS:
                self.assertEqual(machine.run("systemctl", "is-enabled", unit, status=None).stdout.strip(), "disabled")
                self.assertEqual(self.show(unit, "ActiveState"), "inactive")
            machine.run("systemctl", "start", "adit-agent")
            self.assertEqual(self.show("adit-agent", "ActiveState"), "inactive")
            self.assertIn("unmet condition check (ConditionPathExists=/etc/adit/agent.token)", self.show_processes("adit-agent"))
            machine.run("systemd-analyze", "verify", "--man=no", "/usr/lib/systemd/system/adit-agent.service",
                        "/usr/lib/systemd/system/adit-agent@.service", "/usr/lib/systemd/system/adit-connector.service")
            machine.run("adit-connector", "check")  # the example is good as it is

        machine.write("/etc/adit/connector.yaml", CONFIGURATION)
        machine.run("systemctl", "enable", "--now", "adit-connector")
        token = machine.run("adit-connector", "tunnel", "create", "t1").stdout
        machine.write("/root/services.json", json.dumps(SERVICES))
        machine.run("adit-connector", "tunnel", "services", "update", "t1", "--configuration-file", "/root/services.json")
        machine.write("/etc/adit/agent.token", token, "0600")
        machine.write("/etc/adit/agent.yaml", 'allow: [ "127.0.0.1:9001" ]\ntransport_protocol: tls\n')
        machine.run("systemctl", "enable", "--now", "adit-agent")
        with self.subTest("a request crosses, and the allow list holds"):
            self.assertEqual(self.ask("/one"), "origin at 9001\n")
            self.assertEqual(machine.fetch("http://127.0.0.1:8080/two")[0], 502)
            wait_for(lambda: re.search(r"[1-9] sessions with the connector", self.show("adit-agent", "StatusText")), "the status line", 15)
            self.assertRegex(self.show("adit-connector", "StatusText"), "[1-9] sessions with agents")
        with self.subTest("the services may do nothing that they need not"):
            for unit in UNITS:
                self.assert_confined(unit)
            owner = machine.run("stat", "-c", "%u %a", "/var/lib/adit-connector/tunnels.d/t1.json").stdout.split()
            self.assertEqual(owner, [machine.run("stat", "-Lc", "%u", "/var/lib/adit-connector/").stdout.strip(), "600"])
            self.assertIn('"path":"/one"', machine.run("cat", "/var/log/adit/access.log").stdout)

        with self.subTest("a reload takes up what has changed, or says what is wrong with it"):
            machine.write("/etc/adit/agent.yaml", 'allow: [ "127.0.0.1:9001", "127.0.0.1:9002" ]\ntransport_protocol: tls\n')
            machine.run("systemctl", "reload", "adit-agent")
            self.assertEqual(self.ask("/two"), "origin at 9002\n")
            machine.write("/etc/adit/connector.yaml", CONFIGURATION + "nonsense: 1\n")
            machine.run("systemctl", "reload", "adit-connector", status=1)
            self.assertIn("nonsense", self.log_of("adit-connector"))
            machine.write("/etc/adit/connector.yaml", CONFIGURATION.replace("path: /two", "path: /second"))
            machine.run("systemctl", "reload", "adit-connector")
            self.assertEqual(self.ask("/second"), "origin at 9002\n")

        with self.subTest("WireGuard works under the same restrictions, by the package's own helper"):
            machine.write("/etc/adit/agent.yaml", 'allow: [ "127.0.0.1:9001" ]\ntransport_protocol: wireguard\n')
            machine.run("systemctl", "restart", "adit-agent")
            self.agent_is_ready()
            self.assertEqual(self.ask("/one"), "origin at 9001\n")
            sessions = json.loads(machine.fetch("http://127.0.0.1:9901/sessions")[1])["tunnels"][0]["sessions"]
            self.assertEqual({session["transport"] for session in sessions if session["state"] == "ready"}, {"wireguard"})
            for unit in UNITS:
                self.assertIn(f"/usr/libexec/{unit}/adit-wireguard", self.show_processes(unit))
            self.assert_confined("adit-agent")

        with self.subTest("several agents on one host"):
            machine.write("/etc/adit/agent-second.yaml", 'allow: [ "127.0.0.1:9001" ]\nmetrics: "127.0.0.1:20299"\n')
            machine.run("cp", "-p", "/etc/adit/agent.token", "/etc/adit/agent-second.token")
            machine.run("systemctl", "enable", "--now", "adit-agent@second")
            wait_for(lambda: machine.fetch("http://127.0.0.1:20299/ready")[0] == 200, "the second agent to be ready", 25)
            self.assert_confined("adit-agent@second")
            machine.run("systemctl", "stop", "adit-agent@second")

        with self.subTest("a stop drains, and a service that ends by itself comes back"):
            machine.run("systemctl", "stop", "adit-agent")
            self.assertEqual(self.show("adit-agent", "Result"), "success")
            self.assertIn("drained", self.log_of("adit-agent"))
            machine.run("systemctl", "start", "adit-agent")
            pid = self.show("adit-agent", "MainPID")
            machine.run("systemctl", "kill", "--kill-whom=main", "-s", "KILL", "adit-agent")
            wait_for(lambda: self.show("adit-agent", "MainPID") not in (pid, "0") and self.show("adit-agent", "ActiveState") == "active",
                     "the agent to be started again", 15)
            self.assertEqual(self.ask("/one"), "origin at 9001\n")

        with self.subTest("an upgrade goes on with what ran"):
            pids = [self.show(unit, "MainPID") for unit in UNITS]
            machine.run("sh", "-c", "dpkg -i --force-confold /root/*.deb")
            for unit, pid in zip(UNITS, pids):
                self.assertEqual(self.show(unit, "ActiveState"), "active")
                self.assertNotEqual(self.show(unit, "MainPID"), pid)
            self.agent_is_ready()
            self.assertEqual(self.ask("/one"), "origin at 9001\n")

        with self.subTest("removed, it is off and its settings stay"):
            machine.run("dpkg", "--remove", *UNITS)
            self.assertEqual(machine.fetch("http://127.0.0.1:8080/one")[0], 0)
            self.assertEqual(machine.run("pgrep", "-c", "adit", status=None).stdout.strip() or "0", "0")
            machine.run("test", "-f", "/etc/adit/connector.yaml")
            machine.run("test", "-d", "/var/lib/private/adit-connector/tunnels.d")
        with self.subTest("purged, nothing of it is left"):
            machine.run("dpkg", "--purge", *UNITS)
            self.assertEqual(self.paths() - before, set())

    def paths(self):
        """What lies on its disk, but for what dpkg and the journal keep of everything."""
        found = self.machine.run("find", "/etc", "/usr", "/var", "/opt", "/srv", "/home", "-xdev").stdout.splitlines()
        return {path for path in found if not path.startswith(("/var/lib/dpkg/", "/var/log/journal", "/var/cache/", "/var/log/dpkg.log",
                                                               "/var/lib/systemd/random-seed", "/var/log/alternatives.log",
                                                               "/var/log/wtmp", "/var/lib/systemd/timers"))}

    def show_processes(self, unit):
        return self.machine.run("systemctl", "status", "--no-pager", "-l", unit, status=None).stdout

    def assert_confined(self, unit):
        """What the kernel says of each of its processes."""
        pids = self.machine.processes(unit)
        self.assertTrue(pids, unit)
        for pid in pids:
            status = dict(line.split(":\t", 1) for line in self.machine.run("cat", f"/proc/{pid}/status").stdout.splitlines() if ":\t" in line)
            self.assertEqual({status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, {"0" * 16}, unit)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), unit)
            self.assertTrue(all(int(uid) >= 61184 for uid in status["Uid"].split()), "a user of its own for as long as it runs")
            mounts = self.machine.run("cat", f"/proc/{pid}/mountinfo").stdout
            root = next(line for line in mounts.splitlines() if line.split()[4] == "/")
            self.assertIn("ro", root.split()[5].split(","), "nothing can be written but what the unit names")


if __name__ == "__main__":
    need("cpack", "lintian", "dpkg-deb", "dpkg-shlibdeps", "file", "nsenter", "curl")
    KEPT.mkdir(parents=True, exist_ok=True)
    unittest.main(verbosity=2, argv=sys.argv)

"""The images, built and run as an operator would: without root, capability, shell or a file system that can be written."""
import re
import tarfile

import pair
from deploy import DOCKER
from pair import AGENT_IMAGE, BACKEND_IMAGE, CONNECTOR_IMAGE, HARDENED, Clients

from harness import Case, fetch, main, wait_for

archive = pair.prepare()
podman = pair.build(archive)
MEGABYTE = 1_000_000
# All that may be in an image besides directories.
HELD = re.compile(r"""usr/bin/adit-(agent|connector) | usr/libexec/adit/adit-wireguard
    | usr/lib/[^/]+/lib[\w+.-]+\.so[\w.]* | lib(64)?/ld-linux[\w.-]+ 
    | etc/ssl/certs/ca-certificates\.crt | usr/lib/ssl/cert\.pem
    | etc/(passwd|group|nsswitch\.conf|os-release) | var/lib/dpkg/status\.d/[\w.+-]+""", re.X)
MADE_BY_ENGINES = {"etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", "run/.containerenv", "dev/console"}


class Images(Case):
    def test_an_image_holds_a_program_its_libraries_and_certificates_and_nothing_else(self):
        for image, program, most in ((AGENT_IMAGE, "adit-agent", 40), (CONNECTOR_IMAGE, "adit-connector", 60)):
            with self.subTest(image):
                name = podman("create", image).strip()
                self.addCleanup(podman, "rm", name)
                podman("export", "--output", self.directory / "image.tar", name)
                with tarfile.open(self.directory / "image.tar") as tar:
                    files = [entry for entry in tar if not entry.isdir() and entry.name not in MADE_BY_ENGINES]
                self.assertEqual([f.name for f in files if not HELD.fullmatch(f.name)], [])
                self.assertEqual([f.name for f in files if f.mode & 0o6000], [], "set-user-ID")
                self.assertEqual([f.name for f in files if f.mode & 0o022 and not f.issym()], [], "anybody may write")
                executable = {f.name for f in files if f.mode & 0o111 and not f.issym() and ".so" not in f.name}
                self.assertEqual(executable, {f"usr/bin/{program}", "usr/libexec/adit/adit-wireguard"})
                size = podman.inspect(image, "image")["Size"]
                print(f"{image}: {size / MEGABYTE:.1f} MB in {len(files)} files")
                self.assertLessEqual(size, most * MEGABYTE)
                for shell in ("/bin/sh", "/bin/bash", "/usr/bin/dpkg", "/usr/bin/perl"):
                    done = podman("run", "--rm", "--network", "none", "--entrypoint", shell, image, status=None)
                    self.assertEqual(done.returncode, 127, f"{shell}: {done.stdout}{done.stderr}")

    def test_an_image_says_what_it_is_and_how_it_runs(self):
        for image, program in ((AGENT_IMAGE, "adit-agent"), (CONNECTOR_IMAGE, "adit-connector")):
            with self.subTest(image):
                told = podman.inspect(image, "image")
                labels = {key.removeprefix("org.opencontainers.image."): value for key, value in told["Labels"].items()}
                self.assertEqual((labels["title"], labels["version"], labels["revision"], labels["licenses"]),
                                 (image.removeprefix("localhost/"), pair.VERSION, pair.REVISION, "Apache-2.0"))
                self.assertGreaterEqual(labels.keys(), {"description", "vendor", "created", "source"})
                config = told["Config"]
                self.assertEqual((told["User"], config["Entrypoint"], config["Cmd"], config["StopSignal"]), ("10001:10001", [f"/usr/bin/{program}"], ["run"], "SIGTERM"))
                self.assertEqual(told["HealthCheck" if "HealthCheck" in told else "Healthcheck"]["Test"], ["CMD", f"/usr/bin/{program}", "healthcheck"])
                self.assertIn(program, podman("run", "--rm", "--network", "none", *HARDENED, image, "version"))


class Pair(Case):
    """A connector and agents from the images, on networks as in compose.yaml: agents alone reach both sides."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove)
        podman("network", "create", "adit-gateway")
        podman("network", "create", "--internal", "adit-private")
        podman("volume", "create", "state")
        self.run_container("backend", BACKEND_IMAGE, "--network", "adit-private")
        self.mounts = ["--network", "adit-gateway", "-v", f"{DOCKER}/connector.yaml:/etc/adit/connector.yaml:ro",
                       "-v", f"{DOCKER}/services.json:/etc/adit/services.json:ro", "-v", "state:/var/lib/adit"]
        self.token = self.tool("tunnel", "create", "shop")
        self.tool("tunnel", "services", "update", "shop", "--configuration-file", "/etc/adit/services.json")
        self.run_container("connector", CONNECTOR_IMAGE, *self.mounts)
        self.gateway = self.address("connector", "adit-gateway")

    def remove(self):
        failed = any(case is self for case, _ in self._outcome.result.failures + self._outcome.result.errors)
        for name in podman("ps", "--all", "--format", "{{.Names}}").split():
            if failed:
                done = podman("logs", name, status=None)
                print(f"--- log of {name}\n{(done.stdout + done.stderr)[-4000:]}")
            podman("rm", "--force", "--time", "0", name)
        podman("volume", "rm", "--all", "--force")
        podman("network", "rm", "adit-gateway", "adit-private")

    def run_container(self, name, image, *options, arguments=()):
        podman("run", "--detach", "--name", name, *HARDENED, *options, image, *arguments)

    def tool(self, *arguments):
        """A verb of the connector, in a container of its own."""
        return podman("run", "--rm", *HARDENED, *self.mounts, CONNECTOR_IMAGE, *arguments)

    def start_agent(self, name, transport="auto"):
        """As a user types it: the token and what may be reached, both by the environment."""
        self.run_container(name, AGENT_IMAGE, "--network", "adit-gateway,adit-private", "--env", "TUNNEL_TOKEN=" + self.token.strip(),
                           "--env", "TUNNEL_ALLOW=backend:8080", "--env", f"TUNNEL_TRANSPORT_PROTOCOL={transport}")
        self.wait_healthy(name)

    def address(self, name, network):
        return podman.inspect(name)["NetworkSettings"]["Networks"][network]["IPAddress"]

    def wait_healthy(self, name):
        wait_for(lambda: podman("healthcheck", "run", name, status=None).returncode == 0, f"{name} to be healthy", 45)

    def metrics(self):
        return fetch(9902, "/metrics", host=self.gateway).body.decode()

    def sessions(self, transport):
        return sum(float(line.split()[-1]) for line in self.metrics().splitlines()
                   if line.startswith("adit_connector_sessions{") and f'transport="{transport}"' in line)

    def test_a_request_crosses_over_either_transport_and_nobody_has_a_privilege(self):
        self.assertNotEqual(podman("healthcheck", "run", "connector", status=None).returncode, 0, "ready without an agent")
        for transport in ("tls", "wireguard"):
            with self.subTest(transport):
                self.start_agent("agent", transport)
                self.wait_healthy("connector")
                answer = fetch(8080, "/x", host=self.gateway)
                self.assertEqual((answer.status, answer.body), (200, b"hello from the private backend\n"))
                self.assertGreaterEqual(self.sessions(transport), 1)
                self.assertIn(b"adit_agent_sessions", fetch(20241, "/metrics", host=self.address("agent", "adit-gateway")).body)
                for name in ("connector", "agent"):
                    self.check_confinement(name)
                self.assertIn('"drained"', self.stop("agent"))
        self.assertIn('"drained"', self.stop("connector"))

    def check_confinement(self, name):
        state = podman.inspect(name)
        pid = state["State"]["Pid"]
        with open(f"/proc/{pid}/status") as status:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        self.assertEqual((lines["Uid"].split(), lines["Gid"].split()), (["10001"] * 4, ["10001"] * 4), name)
        self.assertEqual({lines[c] for c in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")}, {"0" * 16}, name)
        self.assertEqual((lines["NoNewPrivs"], lines["Seccomp"]), ("1", "2"), name)
        with open(f"/proc/{pid}/mountinfo") as mounts:
            root = next(line for line in mounts if line.split()[4] == "/")
        self.assertTrue(root.split()[5].startswith("ro"), root)

    def stop(self, name):
        """As an engine stops it: SIGTERM to process 1, and time to drain; what it has said."""
        podman("stop", "--time", "40", name)
        state = podman.inspect(name)["State"]
        done = podman("logs", name, status=None)
        self.assertEqual(state["ExitCode"], 0, done.stdout + done.stderr)
        podman("rm", name)
        return done.stdout + done.stderr

    def test_agents_are_replaced_one_after_the_other_without_a_lost_request(self):
        for name in ("agent-1", "agent-2"):
            self.start_agent(name)
        self.wait_healthy("connector")
        with Clients(self.gateway, 8080) as answers:
            for name in ("agent-1", "agent-2"):
                before = len(answers)
                self.assertIn('"drained"', self.stop(name))
                self.start_agent(name)
                wait_for(lambda: len(answers) > before + 50, "requests")
        print(f"{len(answers)} requests while both agents were replaced")
        self.assertEqual(set(answers), {200})

    def test_an_agent_in_its_container_can_be_asked_what_is_wrong(self):
        self.start_agent("agent")
        told = podman("exec", "agent", "/usr/bin/adit-agent", "diagnose")
        self.assertRegex(told, r"ok +session")
        self.assertIn("backend:8080", told)
        self.assertIn("shop", podman("exec", "connector", "/usr/bin/adit-connector", "status"))


main()

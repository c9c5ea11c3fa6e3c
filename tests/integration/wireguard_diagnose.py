"""`adit-agent diagnose` over WireGuard: in good order, and in each broken situation the step that fails and what to do."""
import json
import os
import shutil
import socket
import subprocess
import sys
import threading

from harness import AGENT, CONNECTOR, Case, Site, free_port, main
from servers import Origin


# A network namespace whose loopback has a small MTU, for this very file.
NARROWED = "ADIT_TEST_NARROWED"
NARROW = ["unshare", "-rn", "sh", "-c", 'ip link set lo mtu 1400 up && exec "$@"', "sh"]


class Narrow:
    """A way between agent and connector that loses datagrams above a size, and says nothing."""

    def __init__(self, case, to, most):
        self.inside, self.outside = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
        self.inside.bind(("127.0.0.1", 0))
        self.outside.connect(to)
        self.port, self.most, self.agent = self.inside.getsockname()[1], most, None
        for work in (self.out, self.back):
            threading.Thread(target=work, daemon=True).start()
        for end in (self.inside, self.outside):
            case.addCleanup(end.close)
            case.addCleanup(self.wake, end)

    def wake(self, end):
        """A thread in recv() keeps a socket open that is closed."""
        end.shutdown(socket.SHUT_RDWR) if end is self.outside else end.sendto(b"", ("127.0.0.1", self.port))

    def out(self):
        while True:
            try:
                datagram, self.agent = self.inside.recvfrom(65536)
                if not datagram:
                    return
                if len(datagram) <= self.most:
                    self.outside.send(datagram)
            except OSError:
                return

    def back(self):
        while True:
            try:
                datagram = self.outside.recv(65536)
                if not datagram:
                    return
                self.inside.sendto(datagram, self.agent)
            except OSError:
                return


class WireGuardDiagnose(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.target = f"127.0.0.1:{self.origin.port}"
        self.site = Site(self, {"web": f"http://{self.target}"})
        self.udp = free_port()
        lines = self.site.config.read_text().splitlines(keepends=True)
        self.others = "".join(line for line in lines if not line.startswith("tunnels:"))
        self.site.config = self.configuration("adit.yaml", "wireguard.key")
        self.site.token = self.site.tool("tunnel", "rotate-token", "t1").stdout

    def configuration(self, name, key):
        """The connector's configuration with WireGuard at our port, and its key there."""
        return self.write(name, f'{self.others}tunnels: {{ directory: tunnels.d, tls: {{ address: "{self.site.tunnel_address}", '
                          f'key: connector.key }}, wireguard: {{ address: "127.0.0.1:{self.udp}", network: 10.77.0.0/16, '
                          f"key: {key} }} }}\n")

    def token_by(self, name, key):
        """A token that was made with other keys of the connector than it has."""
        return self.run_tool(CONNECTOR, "tunnel", "rotate-token", "t1", "--config", self.configuration(name, key)).stdout

    def begin(self, token=None, transport="wireguard", flags=()):
        """A diagnosis in the background: those that wait for silence wait side by side."""
        path = self.directory / f"diagnosed-{len(list(self.directory.iterdir()))}"
        path.write_text(token or self.site.token)
        path.chmod(0o600)
        return subprocess.Popen([AGENT, "diagnose", "--token-file", path, "--output", "json", "--transport-protocol", transport,
                                 "--wireguard-device", "user-space", "--allow", self.target, *flags],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def outcome(self, running, status):
        out, err = running.communicate(timeout=60)
        self.assertEqual(running.returncode, status, out + err)
        steps = {}
        for step in json.loads(out)["steps"]:
            if step["verdict"] in ("warning", "failed"):
                self.assertTrue(step["expected"] and step["advice"], step)
            steps.setdefault(step["step"], []).append(step)
        return steps

    def diagnose(self, token=None, status=0, **keywords):
        return self.outcome(self.begin(token, **keywords), status)

    def assert_step(self, steps, name, verdict, *words, at=0):
        step = steps[name][at]
        self.assertEqual(step["verdict"], verdict, steps)
        for word in words:
            self.assertIn(word, step["about"] + ": " + step["seen"] + " | " + step.get("advice", ""))

    def test_all_is_well(self):
        connector = self.site.start_connector()
        steps = self.diagnose()
        self.assert_step(steps, "transport", "ok", "WireGuard alone", "asked for")
        self.assert_step(steps, "device", "ok", "user-space")
        self.assert_step(steps, "udp", "ok", f"127.0.0.1:{self.udp}", "answers come")
        self.assert_step(steps, "handshake", "ok", " ms")
        self.assert_step(steps, "session", "ok", "gives seat")
        self.assert_step(steps, "mtu", "ok", "1420", "1480")
        self.assert_step(steps, "clock", "ok")
        self.assert_step(steps, "target", "ok")
        self.assertNotIn("tcp", steps)
        self.assertNotIn("unknown", connector.log())

    def test_both_transports_are_looked_at(self):
        self.site.start_connector()
        steps = self.diagnose(transport="auto")
        self.assertEqual([step["verdict"] for step in steps["session"]], ["ok", "ok"])
        self.assert_step(steps, "transport", "ok", "TLS would be taken", at=1)
        only = self.diagnose(transport="tls")
        self.assertNotIn("device", only)

    def test_tls_fails_and_wireguard_would_be_taken(self):
        self.site.start_connector()
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", f"127.0.0.1:{free_port()}").stdout
        steps = self.diagnose(token, transport="auto")
        self.assert_step(steps, "tcp", "warning", "refused")
        self.assert_step(steps, "transport", "warning", "WireGuard would be taken", at=1)

    def test_nothing_listens(self):
        steps = self.diagnose(status=1)
        self.assert_step(steps, "udp", "failed", "nothing listens there", "tunnels.wireguard.address")
        self.assert_step(steps, "session", "skipped")

    def test_silence_and_what_it_may_mean(self):
        """A way that swallows, a connector with another key, and a revoked token look the same from here, and are told so."""
        swallowing = socket.socket(type=socket.SOCK_DGRAM)
        swallowing.bind(("127.0.0.1", 0))
        self.addCleanup(swallowing.close)
        swallowed = self.site.tool("tunnel", "rotate-token", "t1", "--connect-wireguard",
                                   f"127.0.0.1:{swallowing.getsockname()[1]}").stdout
        foreign = self.token_by("other.yaml", "other.key")
        revoked = json.loads(self.site.tool("tunnel", "create", "gone", "--output", "json").stdout)
        self.site.tool("tunnel", "revoke-key", "gone", revoked["key"])
        self.site.start_connector()
        runs = [self.begin(token) for token in (swallowed, foreign, revoked["token"])]
        for running in runs:
            steps = self.outcome(running, 1)
            self.assert_step(steps, "udp", "failed", "UDP is blocked", "another one than the token names", "revoked",
                             "tunnel describe")
            self.assert_step(steps, "handshake", "skipped")

    def test_another_preshared_key(self):
        self.site.start_connector()
        (self.directory / "elsewhere").mkdir()
        shutil.copy2(self.directory / "wireguard.key", self.directory / "elsewhere" / "wireguard.key")
        steps = self.diagnose(self.token_by("other.yaml", "elsewhere/wireguard.key"), status=1)
        self.assert_step(steps, "udp", "ok", "answers come")
        self.assert_step(steps, "handshake", "failed", "another preshared key", "wireguard.preshared", "rotate-token t1")
        self.assert_step(steps, "session", "skipped")

    def test_full_packets_are_lost(self):
        self.site.start_connector()
        way = Narrow(self, ("127.0.0.1", self.udp), 1350)
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect-wireguard", f"127.0.0.1:{way.port}").stdout
        steps = self.diagnose(token, status=1)
        self.assert_step(steps, "session", "ok")
        self.assert_step(steps, "mtu", "failed", "1420 bytes inside", "1280 arrive", "--wireguard-mtu 1280")
        self.assert_step(self.diagnose(token, flags=["--wireguard-mtu", "1280"]), "mtu", "ok", "1280", "1340")

    def test_the_path_is_known_to_be_narrow(self):
        if NARROWED not in os.environ:
            if subprocess.run([*NARROW, "true"], capture_output=True, check=False).returncode != 0:
                self.skipTest("needs namespaces")
            self.run_tool(*NARROW, sys.executable, os.path.abspath(__file__), self.id().removeprefix("__main__."), environment={
                NARROWED: "1", "ADIT_AGENT": os.path.abspath(AGENT), "ADIT_CONNECTOR": os.path.abspath(CONNECTOR)})
            return
        self.site.start_connector()
        self.assert_step(self.diagnose(), "mtu", "warning", "larger than the path's 1400", "and arrive", "--wireguard-mtu 1340")
        self.assert_step(self.diagnose(flags=["--wireguard-mtu", "1340"]), "mtu", "ok", "1400 on the way")

    def test_text_for_people(self):
        self.site.start_connector()
        path = self.write("token", self.site.token)
        path.chmod(0o600)
        said = self.run_tool(AGENT, "diagnose", "--token-file", path, "--wireguard-device", "user-space", "--allow", self.target).stdout
        self.assertIn("ok       handshake 127.0.0.1:", said)
        self.assertTrue(said.endswith("Nothing has failed.\n"), said)


if __name__ == "__main__":
    main()

"""`adit-agent diagnose` in good order and in each broken situation: the step that fails is named, and what to do."""
import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
import threading
import unittest

from harness import AGENT, SANITIZED, Case, Site, free_port, main, metric, wait_for
from servers import Accepting, Origin

# The clocks that deadlines run by stay true.
FAKE_CLOCK = {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
fakes_clock = unittest.skipIf(SANITIZED, "libfaketime and sanitizers do not go together")


class Refusing(Accepting):
    """A proxy that answers CONNECT with a status."""

    def __init__(self, status):
        self.status = status
        super().__init__()

    def serve(self, client):
        client.recv(4096)
        client.sendall(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
        client.close()


class TlsServer(Accepting):
    """Ends TLS with a certificate of its own, as a server or a middlebox that is no Adit connector would."""

    def __init__(self, certificate, protocols):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.with_suffix(".crt"), certificate.with_suffix(".key"))
        self.context.set_alpn_protocols(protocols)
        super().__init__()

    def serve(self, client):
        try:
            with self.context.wrap_socket(client, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            pass


class Diagnose(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.target = f"127.0.0.1:{self.origin.port}"
        self.site = Site(self, {"web": f"http://{self.target}"})

    def diagnose(self, *flags, token=None, status=1, environment=None, prefix=(), clock=None):
        """The steps by name; several of a name come as a list in order. `clock`: an offset, by which the agent's is wrong."""
        if clock:
            prefix, environment = ["faketime", "-f", clock], {**(environment or {}), **FAKE_CLOCK}
        path = self.directory / "diagnosed-token"
        path.write_text(token or self.site.token)
        path.chmod(0o600)
        environment = {"HTTPS_PROXY": "", "https_proxy": "", "TUNNEL_TRANSPORT_PROTOCOL": "tls", **(environment or {})}
        done = self.run_tool(*prefix, AGENT, "diagnose", "--token-file", path, "--output", "json", *flags, status=status, environment=environment)
        told = json.loads(done.stdout)
        self.assertEqual(told["ok"], status == 0)
        self.assertNotIn((token or self.site.token).strip()[20:60], done.stdout + done.stderr)
        steps = {}
        for step in told["steps"]:
            if step["verdict"] in ("warning", "failed"):
                self.assertTrue(step["expected"] and step["advice"], step)
            steps.setdefault(step["step"], []).append(step)
        return steps

    def assert_step(self, steps, name, verdict, *words, at=0):
        step = steps[name][at]
        self.assertEqual(step["verdict"], verdict, step)
        for word in words:
            self.assertIn(word, step["about"] + ": " + step["seen"] + " | " + step.get("advice", ""))

    def assert_skipped(self, steps, *names):
        for name in names:
            self.assert_step(steps, name, "skipped")

    def certificate(self, name, *flags, clock=()):
        subprocess.run([*clock, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", *flags, "-keyout", self.directory / f"{name}.key", "-out", self.directory / f"{name}.crt"],
                       check=True, capture_output=True)
        return self.directory / f"{name}.crt"

    def token_for(self, port, pins=True):
        """The site's token with another connector address; without pins CAs decide."""
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", f"localhost:{port}").stdout.strip()
        if pins:
            return token
        data = base64.urlsafe_b64decode(token[6:] + "=" * (-len(token[6:]) % 4))[:-4]
        kept, rest = data[:1], data[1:]
        while rest:
            size = 3 + int.from_bytes(rest[1:3], "big")
            kept += b"" if rest[0] == 5 else rest[:size]  # type 5: a connector's fingerprint
            rest = rest[size:]
        return "adit1_" + base64.urlsafe_b64encode(kept + hashlib.sha256(kept).digest()[:4]).decode().rstrip("=")

    def namespace(self, script):
        """A prefix that runs a program in a network namespace of its own; skips the test where that is forbidden."""
        prefix = ["unshare", "-rn", "sh", "-ec", f'{script}\nexec "$@"', "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
            self.skipTest("no right to make network namespaces here")
        return prefix

    # --- in good order ---

    def test_all_steps_are_taken_and_told(self):
        self.site.start_connector()
        steps = self.diagnose("--allow", self.target, "--allow", "*.internal:443", "--allow", "10.0.0.0/8:80", status=0)
        for name, words in (("token", "tunnel t1"), ("dns", "nothing to look up"), ("proxy", "HTTPS_PROXY is not set"), ("tcp", "connected in"),
                            ("tls", "TLSv1.3, rh2"), ("clock", "agrees"), ("session", "accepted by adit-"), ("target", "connected in")):
            self.assert_step(steps, name, "ok", words)
        for at, pattern in ((1, "*.internal:443"), (2, "10.0.0.0/8:80")):
            self.assert_step(steps, "target", "skipped", pattern, "many targets", at=at)
        told = self.run_tool(AGENT, "diagnose", "--token-file", self.directory / "diagnosed-token", "--allow", self.target).stdout
        self.assertRegex(told, r"(?m)^ok +session +127\.0\.0\.1:\d+: accepted by")
        self.assertIn("Nothing has failed.", told)

    def test_running_agents_are_not_disturbed(self):
        connector, _ = self.site.up()
        sessions = {s["id"] for s in self.site.sessions()}
        statuses, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                statuses.append(self.site.get("/x").status)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            self.diagnose("--allow", self.target, status=0)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(set(statuses), {200})
        wait_for(lambda: {s["id"] for s in self.site.sessions()} == sessions, "the sessions that there were, and no others")
        self.assertEqual(metric(self.site.admin_port, "adit_connector_session_opened_total", reaches=4), 4)
        wait_for(lambda: connector.log().count("a diagnosis, which takes no requests") == 5, "the connector's log")

    # --- token and command line ---

    def test_what_is_wrong_with_a_token_is_named(self):
        self.site.start_connector()
        steps = self.diagnose(token=self.site.token.strip()[:-9])
        self.assert_step(steps, "token", "failed", "cut off")
        self.assert_skipped(steps, "session")
        exposed = self.write("exposed", self.site.token)
        exposed.chmod(0o644)
        told = self.run_tool(AGENT, "diagnose", "--token-file", exposed, "--allow", self.target).stdout
        self.assertRegex(told, r"(?m)^warning +token .*other users")
        self.assertIn(f"chmod 600 {exposed}", told)
        if os.geteuid() == 0:  # as engines mount secrets for the user of a container
            os.chown(exposed, 10001, 10001)
            told = self.run_tool(AGENT, "diagnose", "--token-file", exposed, "--allow", self.target).stdout
            self.assertRegex(told, r"(?m)^ok +token ")
        told = self.run_tool(AGENT, "diagnose", "--token-file", "no-such-file", status=1).stdout
        self.assertRegex(told, r"(?m)^failed +token .*no-such-file")
        self.assertIn("check the path that --token-file names", told)
        clean = {"TUNNEL_TOKEN": "", "TUNNEL_TOKEN_FILE": ""}
        self.assertIn("there is none", self.run_tool(AGENT, "diagnose", status=1, environment=clean).stdout)
        told = self.run_tool(AGENT, "diagnose", status=0, environment={**clean, "TUNNEL_TOKEN": self.site.token}).stdout
        self.assertRegex(told, r"(?m)^warning +target +nothing is allowed")

    def test_bad_flags_have_status_2(self):
        for flags in (["--allow", "nowhere"], ["--no-such-flag"], ["--output", "xml"]):
            self.run_tool(AGENT, "diagnose", *flags, status=2)

    # --- the network ---

    def test_a_connector_that_does_not_run(self):
        steps = self.diagnose()
        self.assert_step(steps, "tcp", "failed", "connection refused", "start the connector")
        self.assert_skipped(steps, "tls", "clock", "session")

    def test_a_blocked_port_and_a_missing_route(self):
        # The packets leave by one end of a pair whose other end belongs to nobody.
        dropping = self.namespace("ip link add a0 type veth peer name b0; ip link set a0 up; ip link set b0 up; ip address add 192.0.2.1/24 dev a0; "
                                  "for host in 7 8; do ip neighbour add 192.0.2.$host lladdr 02:00:00:00:00:0$host dev a0; done")
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", "192.0.2.7:7443").stdout
        steps = self.diagnose("--allow", "192.0.2.8:80", token=token, prefix=dropping)
        for name in ("tcp", "target"):
            self.assert_step(steps, name, "failed", "no answer to the connection attempt", "drops the packets", "192.0.2.")
        steps = self.diagnose(token=token, prefix=self.namespace("ip link set lo up"))
        self.assert_step(steps, "tcp", "failed", "no route", "routes")

    def test_a_port_that_takes_connections_and_says_nothing(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        steps = self.diagnose(token=self.token_for(silent.getsockname()[1]))
        self.assert_step(steps, "tls", "failed", "no answer in the TLS handshake", "load balancer")
        self.assert_skipped(steps, "session")

    def test_one_dead_address_of_several_is_a_warning(self):
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", self.site.tunnel_address, "--connect", f"127.0.0.2:{free_port()}").stdout
        self.site.start_connector()
        steps = self.diagnose("--allow", self.target, token=token, status=0)
        self.assert_step(steps, "session", "ok")
        self.assert_step(steps, "tcp", "warning", "refused", "other addresses", at=1)

    def test_a_name_that_dns_does_not_know(self):
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", "gateway.invalid:7443").stdout
        steps = self.diagnose(token=token)
        self.assert_step(steps, "dns", "failed", "gateway.invalid", "spelling")
        self.assert_skipped(steps, "tcp", "tls", "clock", "session")

    def test_proxies_that_refuse_or_are_away(self):
        self.site.start_connector()
        for status, advice in (("403 Forbidden", f"allow CONNECT to {self.site.tunnel_address}"), ("502 Bad Gateway", "cannot reach"),
                               ("407 Proxy Authentication Required", "user and password")):
            with self.subTest(status):
                proxy = Refusing(status)
                steps = self.diagnose(environment={"HTTPS_PROXY": f"http://user:pass-word@127.0.0.1:{proxy.port}"})
                self.assert_step(steps, "proxy", "failed", f"127.0.0.1:{proxy.port}", status, advice)
                self.assertNotIn("pass-word", json.dumps(steps))
                self.assert_skipped(steps, "tls", "session")
        steps = self.diagnose(environment={"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"})
        self.assert_step(steps, "tcp", "failed", "proxy 127.0.0.1", "refused", "HTTPS_PROXY")
        steps = self.diagnose("--allow", self.target, environment={"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.0/8"}, status=0)
        self.assert_step(steps, "proxy", "ok", "NO_PROXY")
        self.assert_step(self.diagnose(environment={"HTTPS_PROXY": "socks5://127.0.0.1:1"}), "proxy", "failed", "http://")

    # --- who answers ---

    def test_a_connector_whose_key_was_replaced(self):
        (self.directory / "connector.key").unlink()
        self.site.start_connector()
        steps = self.diagnose()
        self.assert_step(steps, "tls", "failed", "an Adit connector answers, but its key", "rotate-token")
        self.assert_skipped(steps, "session")

    def test_tls_that_is_intercepted_and_servers_that_are_something_else(self):
        certificate = self.certificate("inspection.example")
        steps = self.diagnose(token=self.token_for(TlsServer(certificate, ["rh2", "h2"]).port))
        self.assert_step(steps, "tls", "failed", "inspection.example", "intercepted", "TLS inspection")
        steps = self.diagnose(token=self.token_for(self.origin.port))
        self.assert_step(steps, "tls", "failed", "does not speak TLS")

    def test_a_connector_behind_a_public_certificate(self):
        good, old = self.certificate("good.example", "-days", "90"), self.certificate("old.example", "-days", "2", clock=["faketime", "-f", "-10d"])
        trust = {"SSL_CERT_FILE": str(good)}
        token = self.token_for(TlsServer(good, ["rh2"]).port, pins=False)
        self.assert_step(self.diagnose(token=token, environment=trust), "tls", "ok", "good.example until")
        self.assert_step(self.diagnose(token=token, environment={"SSL_CERT_FILE": str(old)}), "tls", "failed", "not accepted", "CA")
        token = self.token_for(TlsServer(old, ["rh2"]).port, pins=False)
        self.assert_step(self.diagnose(token=token, environment={"SSL_CERT_FILE": str(old)}), "tls", "failed", "expired at", "renew")

    @fakes_clock
    def test_a_public_certificate_seen_too_early_or_too_late(self):
        certificate = self.certificate("good.example", "-days", "90")
        trust = {"SSL_CERT_FILE": str(certificate)}
        token = self.token_for(TlsServer(certificate, ["rh2"]).port, pins=False)
        self.assert_step(self.diagnose(token=token, environment=trust, clock="+80d"), "tls", "warning", "renew")
        early = self.diagnose(token=token, environment=trust, clock="-5d")
        self.assert_step(early, "tls", "failed", "valid from", "clock")
        self.assert_step(early, "clock", "failed", "before the certificate")

    # --- keys and clocks ---

    def test_a_revoked_key(self):
        told = json.loads(self.site.tool("tunnel", "rotate-token", "t1", "--output", "json").stdout)
        self.site.tool("tunnel", "revoke-key", "t1", told["key"])
        self.site.start_connector()
        steps = self.diagnose(token=told["token"])
        self.assert_step(steps, "tls", "ok")
        self.assert_step(steps, "session", "failed", told["key"], "revoked", "rotate-token t1")

    def expired_token(self):
        told = json.loads(self.site.tool("tunnel", "rotate-token", "t1", "--expires", "1s", "--output", "json").stdout)
        self.site.start_connector()
        wait_for(lambda: "expired" in self.site.tool("tunnel", "describe", "t1").stdout, "the key to expire")
        return told

    def test_an_expired_key(self):
        told = self.expired_token()
        steps = self.diagnose(token=told["token"])
        self.assert_step(steps, "token", "failed", "in the past", "rotate-token t1")
        self.assert_step(steps, "session", "failed", told["key"], "has expired")

    @fakes_clock
    def test_an_expired_key_and_a_clock_that_is_behind(self):
        steps = self.diagnose(token=self.expired_token()["token"], clock="-1h")
        self.assert_step(steps, "token", "warning")
        self.assert_step(steps, "session", "failed", "one of the two clocks is wrong")

    @fakes_clock
    def test_a_wrong_clock(self):
        self.site.start_connector()
        for offset, verdict, words in (("+3h", "failed", "hours ahead of the connector's"), ("-3h", "failed", "behind the connector's"),
                                       ("+100s", "warning", "seconds ahead of"), ("-5s", "ok", "seconds behind")):
            with self.subTest(offset):
                steps = self.diagnose("--allow", self.target, status=1 if verdict == "failed" else 0, clock=offset)
                self.assert_step(steps, "session", "ok")
                self.assert_step(steps, "clock", verdict, words)

    # --- targets ---

    def test_targets_that_refuse_are_unknown_or_are_not_to_be_dialled(self):
        self.site.start_connector()
        closed = f"127.0.0.1:{free_port()}"
        steps = self.diagnose("--allow", closed, "--allow", "nowhere.invalid:80", "--allow", self.target)
        self.assert_step(steps, "target", "failed", closed, "refused", "start the service")
        self.assert_step(steps, "target", "failed", "nowhere.invalid", "no address", "spelling", at=1)
        self.assert_step(steps, "target", "ok", at=2)
        hosts = self.write("hosts", "127.0.0.1 localhost\n169.254.169.254 metadata.example\n")
        prefix = ["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            steps = self.diagnose("--allow", "metadata.example:80", prefix=prefix)
            self.assert_step(steps, "target", "failed", "169.254.169.254", "refused unless it is allowed by address")


main()

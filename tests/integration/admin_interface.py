"""Who gets into the admin interface, by which door, and what is not to be had there by anybody."""
import http.client
import json
import os
import signal
import socket
import ssl
import stat
import subprocess

from certificates import Authority
from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, wait_for
from tls_peers import change_keys, has_ended

TOKEN = "a-token-of-operators-that-is-long-enough"
CHANGES = ("/reload", "/circuits/backend:web/open", "/circuits/backend:web/auto", "/cache/purge", "/degrade/on", "/degrade/auto")
NOBODY = 65534


class Admin(Case):
    def setUp(self):
        super().setUp()
        self.client_port = free_port()
        self.socket = self.directory / "admin.sock"
        self.directory.chmod(0o755)

    def configure(self, admin, extra=""):
        self.config = self.write("adit.yaml", f"""workers: 1
log: {{ format: json }}
admin: {{ {admin} }}
listeners: [ {{ address: "127.0.0.1:{self.client_port}" }} ]
backends: {{ web: {{ endpoints: [ "http://127.0.0.1:1" ], circuit: {{}} }} }}
routes: [ {{ match: {{ path: "/**" }}, backend: web, cache: {{}} }} ]
""" + extra)
        return self.config

    def start(self, wait=True, **keywords):
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config], **keywords)
        if wait:
            wait_for(lambda: can_connect(self.client_port) or not connector.alive(), "the connector")
            self.assertTrue(connector.alive(), connector.log())
        return connector

    def tool(self, *arguments, status=0, **keywords):
        return self.run_tool(CONNECTOR, *arguments, "--config", self.config, status=status, **keywords)

    def curl(self, path, *options, base="http://localhost", prefix=()):
        """Status and body; status 0 where there is no HTTP at all."""
        done = subprocess.run([*prefix, "curl", "-s", "-m", "10", "-w", "\n%{http_code}", *map(str, options), base + path], cwd=self.directory,
                              capture_output=True, text=True, timeout=30)
        body, _, code = done.stdout.rpartition("\n")
        return int(code), body

    def over_socket(self, path, *options, **keywords):
        return self.curl(path, "--unix-socket", self.socket, *options, **keywords)

    def refused(self, admin, where, words):
        self.configure(admin)
        told = self.tool("check", status=2).stderr
        self.assertRegex(told, rf"adit\.yaml:3:{where}: .*{words}")


class UnixSocket(Admin):
    def test_every_verb_works_through_it(self):
        self.configure(f'address: "unix:{self.socket}"')
        self.start()
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o600)
        self.assertTrue(json.loads(self.tool("healthcheck").stdout)["ready"])
        self.assertIn("ready", self.tool("status").stdout)
        self.assertIn("reloaded", self.tool("reload").stdout)
        self.assertIn("backend:web", self.tool("circuit", "list").stdout)
        self.assertIn("forced open", self.tool("circuit", "open", "backend:web").stdout)
        self.assertIn("purged 0", self.tool("cache", "purge").stdout)
        self.assertIn("reduced", self.tool("degrade", "on").stdout)
        self.assertIn("forced open", self.tool("explain", "--path", "/x").stdout)
        self.assertIn(f"unix:{self.socket}", self.tool("check").stdout)
        there = ["--admin", f"unix:{self.socket}"]
        self.assertIn("backend:web", self.run_tool(CONNECTOR, "circuit", "list", *there).stdout)
        self.assertIn("ready", self.run_tool(CONNECTOR, "status", *there).stdout)
        for option in ("--address", "--admin"):
            self.run_tool(CONNECTOR, "healthcheck", option, f"unix:{self.socket}")
        self.assertEqual(self.over_socket("/live"), (200, "ok\n"))
        self.assertEqual(self.over_socket("/degrade/off", "-X", "POST", base="http://adit")[0], 200)  # no name leads here
        for field in ("Origin: http://adit", "Sec-Fetch-Site: cross-site"):  # by a proxy in front
            self.assertEqual(self.over_socket("/degrade/off", "-X", "POST", "-H", field, base="http://adit")[0], 403, field)

    def test_other_users_do_not_get_in_unless_the_group_may(self):
        self.configure(f'address: "unix:{self.socket}"')
        connector = self.start()
        as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        self.assertEqual(self.over_socket("/status", prefix=as_nobody)[0], 0)
        connector.stop()
        self.configure(f'address: "unix:{self.socket}", mode: "0660", group: nogroup')
        self.start()
        info = self.socket.stat()
        self.assertEqual((stat.S_IMODE(info.st_mode), info.st_gid), (0o660, NOBODY))
        self.assertEqual(self.over_socket("/live", prefix=as_nobody)[0], 200)

    def test_a_dead_socket_is_replaced_and_a_living_one_is_not(self):
        self.configure(f'address: "unix:{self.socket}"')
        first = self.start()
        first.popen.kill()
        first.wait()
        self.assertTrue(self.socket.exists())
        second = self.start()
        self.assertEqual(self.over_socket("/live")[0], 200)
        other = self.write("other.yaml", self.config.read_text().replace(str(self.client_port), str(free_port())))
        third = Process(self, "third", [CONNECTOR, "run", "--config", other])
        self.assertEqual(third.wait(), 1)
        self.assertIn("another process listens there", third.log())
        self.assertEqual(self.over_socket("/live")[0], 200)
        second.signal(signal.SIGTERM)
        self.assertEqual(second.wait(40), 0)
        self.assertFalse(self.socket.exists())
        self.socket.write_text("no socket")
        self.assertIn("no socket of this user", self.run_tool(CONNECTOR, "run", "--config", self.config, status=1).stderr)
        self.assertEqual(self.socket.read_text(), "no socket")

    def test_a_successor_takes_the_path_over_and_gives_it_back_when_it_dies(self):
        tunnels = f'tunnels: {{ directory: tunnels.d, tls: {{ address: "127.0.0.1:{free_port()}", key: connector.key }} }}\n'
        self.configure(f'address: "unix:{self.socket}"', tunnels)
        old = self.start()
        pid = lambda: json.loads(self.over_socket("/status")[1] or "{}").get("instance")
        before = pid()
        successor = self.start(wait=False)
        wait_for(lambda: "connector started" in successor.log(), "the successor to start")
        wait_for(lambda: pid() not in (None, before), "the successor at the path")
        successor.popen.kill()
        successor.wait()
        wait_for(lambda: self.over_socket("/live")[0] == 200 and pid() == before, "the older one at the path again")
        successor = self.start(wait=False)
        wait_for(lambda: "connector started" in successor.log(), "another successor to start")
        asked = []
        old.signal(signal.SIGTERM)
        while old.alive():
            asked.append(self.over_socket("/live")[0])
        self.assertEqual(set(asked), {200})
        self.assertEqual(self.over_socket("/live")[0], 200)
        self.assertEqual([p.name for p in self.directory.glob("admin.sock*")], ["admin.sock"])

    def test_who_does_nothing_keeps_nobody_out(self):
        self.configure(f'address: "unix:{self.socket}", metrics: "127.0.0.1:{(metrics := free_port())}"')
        self.start()
        clients = []
        for i in range(65):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(30)
            client.connect(str(self.socket))
            client.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 200 "), i)
            clients.append(client)
        self.assertEqual(clients[0].recv(1), b"", "the one that has waited longest has gone")
        self.assertEqual(self.over_socket("/live")[0], 200)
        clients += [socket.create_connection(("127.0.0.1", metrics)) for _ in range(100)]
        self.assertEqual(fetch(metrics, "/live").status, 200)
        for client in clients:
            client.close()


class Strangers(Admin):
    MOST = 64  # connections of an admin address

    def setUp(self):
        super().setUp()
        authority = Authority(self)
        authority.issue("admin")
        self.context = ssl.create_default_context(cafile=authority.file)
        self.port = free_port()
        self.configure(f'address: "0.0.0.0:{self.port}", token: "{TOKEN}", tls: {{ certificate: admin.crt, key: admin.key }}')
        self.start()
        self.silent = []
        self.addCleanup(lambda: [client.close() for client in self.silent])

    def crowd(self):
        """From another address: twice as many as there are places, which say nothing. All have been let in when only so many are left."""
        before = len(self.silent)
        for _ in range(2 * self.MOST):
            client = socket.socket()
            client.bind(("127.0.0.2", 0))
            client.connect(("127.0.0.1", self.port))
            client.setblocking(False)
            self.silent.append(client)
        wait_for(lambda: self.ended(self.silent[before:]) >= self.MOST, "the others of them to be closed")

    def ended(self, clients):
        def has(client):
            try:
                return client.recv(1) == b""
            except BlockingIOError:
                return False
            except ConnectionError:
                return True
        return sum(has(client) for client in clients)

    def test_silence_of_another_address_does_not_end_the_handshake_of_an_operator(self):
        self.crowd()
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain:
            self.crowd()
            with self.context.wrap_socket(plain, server_hostname="localhost") as operator:
                self.crowd()
                operator.sendall(f"GET /live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
                self.assertTrue(operator.recv(4096).startswith(b"HTTP/1.1 200 "))


class Loopback(Admin):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"

    def test_a_token_is_asked_for_on_every_path(self):
        self.write("token", TOKEN + "\n")
        self.configure(f'address: "127.0.0.1:{self.port}", token: "${{file:token}}", metrics: "127.0.0.1:{(metrics := free_port())}"')
        self.start()
        for path in ("/live", "/ready", "/metrics", "/status", "/sessions", "/circuits", "/cache", "/degrade", "/nowhere"):
            self.assertEqual(fetch(self.port, path).status, 401, path)
        for path in CHANGES:
            self.assertEqual(fetch(self.port, path, "POST").status, 401, path)
        for wrong in ("Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer " + "x" * len(TOKEN)):
            answer = fetch(self.port, "/status", headers={"Authorization": wrong})
            self.assertEqual((answer.status, answer.headers["www-authenticate"], answer.headers["content-type"]), (401, "Bearer", "application/problem+json"), wrong)
            self.assertEqual(answer.problem()["code"], "unauthenticated")
        self.assertEqual(fetch(self.port, "/status", headers={"Authorization": f"bearer {TOKEN}"}).status, 200)
        self.assertEqual(self.tool("degrade", "on").returncode, 0)
        self.assertTrue(json.loads(self.tool("healthcheck").stdout)["ready"])
        there = ["degrade", "status", "--admin", f"127.0.0.1:{self.port}"]
        self.assertIn("a token is asked for here", self.run_tool(CONNECTOR, *there, status=1).stderr)
        self.assertIn("reduced", self.run_tool(CONNECTOR, *there, "--admin-token-file", self.directory / "token").stdout)
        self.assertEqual(fetch(metrics, "/ready").status, 200)
        self.write("token", "another-token-of-operators-after-all\n")
        wait_for(lambda: fetch(self.port, "/status", headers={"Authorization": f"Bearer {TOKEN}"}).status == 401, "the new token to count")
        self.assertIn("reduced", self.tool("degrade", "status").stdout)

    def test_a_command_says_why_it_has_no_token(self):
        variable = {"ADIT_TEST_ADMIN": TOKEN}
        self.configure(f'address: "127.0.0.1:{self.port}", token: "${{ADIT_TEST_ADMIN}}"', 'webhooks: { ops: { url: "${ADIT_TEST_OTHER}", secret: whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0 } }\n')
        self.start(environment={**variable, "ADIT_TEST_OTHER": "http://127.0.0.1:1/"})
        for command in (("status",), ("degrade", "on"), ("healthcheck",)):
            told = self.tool(*command, status=2).stderr
            self.assertRegex(told, r"adit\.yaml:3:\d+: error: the environment variable ADIT_TEST_ADMIN is not set", command)
            self.assertNotIn("ADIT_TEST_OTHER", told)  # which commands do not need
            self.tool(*command, environment=variable)
            self.tool(*command, "--admin-token-file", self.write("token", TOKEN))

    def test_pages_in_browsers_change_nothing_and_read_nothing_by_another_name(self):
        self.configure(f'address: "127.0.0.1:{self.port}"')
        self.start()
        for fields in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                       {"Host": "evil.example"}, {"Host": f"evil.example:{self.port}", "Origin": f"http://evil.example:{self.port}"}):
            for path in CHANGES:
                answer = fetch(self.port, path, "POST", headers=fields)
                self.assertEqual((answer.status, answer.problem()["code"]), (403, "access-denied"), (path, fields))
        self.assertEqual(fetch(self.port, "/status", headers={"Host": "evil.example"}).status, 403)
        self.assertEqual(fetch(self.port, "/degrade", headers={"Host": "localhost"}).problem()["reduced"], False)
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "GET"):
            self.assertEqual(fetch(self.port, "/reload", method).status, 405, method)
        self.assertEqual(fetch(self.port, "/reload", "POST").status, 200)


class OffBox(Admin):
    """Any address that is not loopback: 0.0.0.0 is one."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        ca = Authority(self)
        ca.issue("server", "DNS:admin.example,IP:127.0.0.1")
        ca.issue("ops", "DNS:ops.example,email:ops@example.org")
        ca.issue("dev", "DNS:dev.example")
        Authority(self, "others").issue("stranger", "DNS:ops.example")
        self.base = f"https://127.0.0.1:{self.port}"
        self.tls = "certificate: server.crt, key: server.key"

    def by(self, name, path="/status", *options):
        return self.curl(path, "--cacert", "ca.crt", *(["--cert", f"{name}.crt", "--key", f"{name}.key"] if name else []), *options, base=self.base)

    def test_without_proof_it_is_an_error_of_the_configuration(self):
        anywhere = f'address: "0.0.0.0:{self.port}"'
        self.refused(anywhere, 19, "nobody would be asked who he is")
        self.refused(f'address: "192.0.2.1:{self.port}"', 19, "nobody would be asked")
        self.refused(f'address: "[::]:{self.port}"', 19, "nobody would be asked")
        self.refused(f'{anywhere}, tls: {{ {self.tls} }}', 19, "nobody would be asked")
        self.refused(f'{anywhere}, token: {TOKEN}', 19, "clear text")
        self.refused(f'address: "admin.example:{self.port}"', 19, "not a name")
        self.refused(f'{anywhere}, tls: {{ {self.tls}, subjects: [ CN=ops ] }}', "[0-9]+", "belongs to client_ca")
        self.refused('address: "unix:@abstract"', 19, "abstract sockets")
        self.refused('address: "unix:"', 19, "the path of a socket is missing")
        self.refused(f'address: "unix:/{"x" * 200}"', 19, "at most")
        self.refused(f'address: "unix:{self.socket}", mode: "0666"', "[0-9]+", "0600 or 0660")
        self.refused(f'address: "unix:{self.socket}", group: no-such-group', "[0-9]+", "there is no group")
        self.refused(f'address: "127.0.0.1:{self.port}", mode: "0660"', "[0-9]+", "is for a Unix socket")
        self.configure(f'address: "127.0.0.1:{self.port}", metrics: "0.0.0.0:{free_port()}"')
        self.tool("check")

    def test_a_certificate_of_the_listed_gets_in_and_no_other(self):
        metrics = free_port()
        self.configure(f'address: "0.0.0.0:{self.port}", tls: {{ {self.tls}, client_ca: ca.crt, subjects: [ "email:ops@example.org" ] }}, '
                       f'metrics: "127.0.0.1:{metrics}", audit: audit.jsonl')
        self.start()
        self.assertEqual(self.by("ops")[0], 200)
        self.assertEqual(self.by("ops", "/degrade/on", "-X", "POST")[0], 200)
        status, body = self.by("dev")
        self.assertEqual((status, json.loads(body)["code"]), (403, "access-denied"))
        self.assertEqual(self.by(None)[0], 0)
        self.assertEqual(self.by("stranger")[0], 0)
        self.assertEqual(self.by("ops", "/status", "--tls-max", "1.2")[0], 0)
        self.assertEqual(self.curl("/status", base=f"http://127.0.0.1:{self.port}")[0], 0)
        proof = ["--admin-cert", self.directory / "ops.crt", "--admin-key", self.directory / "ops.key"]
        self.assertIn("reduced", self.tool("degrade", "status", *proof).stdout)
        environment = {"ADIT_ADMIN_CERT": str(self.directory / "ops.crt"), "ADIT_ADMIN_KEY": str(self.directory / "ops.key")}
        self.assertIn("reloaded", self.tool("reload", environment=environment).stdout)
        self.assertIn("no answer from", self.tool("degrade", "status", status=1).stderr)
        remote = ["degrade", "off", "--admin", self.base, *proof]
        self.assertIn("functionality: full", self.run_tool(CONNECTOR, *remote, "--admin-ca", self.directory / "ca.crt").stdout)
        self.assertIn("no answer", self.run_tool(CONNECTOR, *remote, "--admin-ca", self.directory / "others.crt", status=1).stderr)
        there = ["--admin", self.base, *proof, "--admin-ca", self.directory / "ca.crt"]  # from a machine without the file
        moved = self.config.rename(self.directory / "moved.yaml")
        self.assertIn("No such file", self.run_tool(CONNECTOR, "reload", *there, status=1).stderr)
        moved.rename(self.config)
        self.assertIn("reloaded", self.run_tool(CONNECTOR, "reload", *there).stdout)
        self.assertTrue(json.loads(self.run_tool(CONNECTOR, "healthcheck", *there).stdout)["ready"])
        self.assertTrue(json.loads(self.tool("healthcheck").stdout)["ready"])  # by admin.metrics: it has no certificate
        told = [json.loads(line) for line in (self.directory / "audit.jsonl").read_text().splitlines()]
        refused = [(line["request"], line["reason"]) for line in told if line["outcome"] == "refused"]
        self.assertEqual([request for request, _ in refused], ["GET /status", "TLS handshake"])  # those of dev and stranger
        self.assertRegex(refused[1][1], "certificate.*; its certificate says CN=stranger .*, serial ")
        count = lambda why, reaches: metric(metrics, "adit_admin_refused_total", reason=why, reaches=reaches)
        self.assertEqual(count("certificate", 2), 2)
        self.assertGreaterEqual(count("handshake", 3), 3)  # none shown, an old version, clear text

    def test_a_token_over_tls_gets_in_and_pages_do_not(self):
        self.write("token", TOKEN)
        self.configure(f'address: "0.0.0.0:{self.port}", tls: {{ {self.tls} }}, token: "${{file:token}}"')
        self.start()
        bearer = ["-H", f"Authorization: Bearer {TOKEN}"]
        self.assertEqual(self.by(None)[0], 401)
        self.assertEqual(self.by(None, "/status", "-H", "Authorization: Bearer wrong")[0], 401)
        self.assertEqual(self.by(None, "/status", *bearer)[0], 200)
        self.assertEqual(self.by(None, "/degrade/on", *bearer, "-X", "POST")[0], 200)
        self.assertEqual(self.by(None, "/degrade/on", *bearer, "-X", "POST", "-H", "Host: admin.example")[0], 200)
        for fields in (["Host: evil.example"], ["Origin: https://evil.example"], ["Sec-Fetch-Site: cross-site"]):
            self.assertEqual(self.by(None, "/degrade/off", *bearer, "-X", "POST", *(o for f in fields for o in ("-H", f)))[0], 403, fields)
        self.assertEqual(self.by(None, "/status", *bearer, "-H", "Host: evil.example")[0], 403)
        self.assertIn("reduced", self.tool("degrade", "status").stdout)
        remote = ["degrade", "status", "--admin-token-file", self.directory / "token"]
        self.assertIn("reduced", self.run_tool(CONNECTOR, *remote, "--admin", self.base, "--admin-ca", self.directory / "ca.crt").stdout)
        self.assertIn("in clear text", self.run_tool(CONNECTOR, *remote, "--admin", f"192.0.2.1:{self.port}", status=2).stderr)

    def test_who_floods_with_tls_itself_is_given_up(self):
        self.write("token", TOKEN)
        self.configure(f'address: "0.0.0.0:{self.port}", tls: {{ {self.tls} }}, token: "${{file:token}}", metrics: "127.0.0.1:{(metrics := free_port())}"')
        self.start()
        context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=20), server_hostname="127.0.0.1") as stranger:
            change_keys(stranger, 20_000)
            self.assertEqual(metric(metrics, "adit_admin_refused_total", reason="handshake", reaches=1), 1)
            has_ended(stranger)

    def test_a_reload_opens_no_door_of_another_address(self):
        proof = f'tls: {{ {self.tls}, client_ca: ca.crt }}'
        self.write("token", TOKEN)
        self.configure(f'address: "0.0.0.0:{self.port}", {proof}')
        connector = self.start()
        reloads = lambda: connector.log().count('"configuration reloaded"')
        def reload_as(admin):
            before = reloads()
            self.configure(admin)
            wait_for(lambda: reloads() > before, "the reload")
        for times in (1, 2):  # the second time the configuration before says loopback as well
            reload_as(f'address: "127.0.0.1:{self.port}", metrics: "127.0.0.1:{free_port()}"')
            self.assertEqual(self.curl("/status", base=f"http://127.0.0.1:{self.port}")[0], 0)
            self.assertEqual(self.by(None)[0], 0)
            self.assertEqual(self.by("ops")[0], 200)
            self.assert_logged(connector, '"key":"admin"', times)
        self.assertIn("who may ask there stays", connector.log())
        reload_as(f'address: "0.0.0.0:{self.port}", {proof}, token: "${{file:token}}"')
        bearer = lambda token: ("-H", f"Authorization: Bearer {token}")
        self.assertEqual((self.by("ops")[0], self.by("ops", "/status", *bearer(TOKEN))[0]), (401, 200))
        before = reloads()
        self.write("token", "another-token-of-operators-after-all")
        wait_for(lambda: reloads() > before, "the new token")
        self.assertEqual((self.by("ops", "/status", *bearer(TOKEN))[0], self.by("ops", "/status", *bearer("another-token-of-operators-after-all"))[0]), (401, 200))

    def test_a_certificate_that_no_longer_counts_ends_with_its_next_request(self):
        admin = f'address: "0.0.0.0:{self.port}", tls: {{ {self.tls}, client_ca: %s }}'
        self.configure(admin % "ca.crt")
        connector = self.start()
        context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        context.load_cert_chain(self.directory / "ops.crt", self.directory / "ops.key")
        kept = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        def ask():
            kept.request("GET", "/status", headers={"Connection": "keep-alive"})
            answer = kept.getresponse()
            answer.read()
            return answer.status
        self.assertEqual((ask(), ask()), (200, 200))
        same = kept.sock
        self.configure(admin % "others.crt")
        wait_for(lambda: '"configuration reloaded"' in connector.log(), "the reload")
        self.assertIs(kept.sock, same)
        with self.assertRaises((ConnectionError, ssl.SSLError)):
            ask()
        kept.close()
        self.assertEqual((self.by("ops")[0], self.by("stranger")[0]), (0, 200))


class NothingSecret(Admin):
    def test_no_path_has_a_secret_nor_arguments_nor_the_environment(self):
        port = free_port()
        self.write("hidden", "MARKED-file\n")
        self.configure(f'address: "127.0.0.1:{port}", token: MARKED-token-of-operators', """
consumers:
  - { name: shop, api_keys: [ "sha256:%s" ] }
state: "redis://user:MARKED-redis@127.0.0.1:1/0"
webhooks: { ops: { url: "http://127.0.0.1:1/MARKED-path?x=MARKED-query", secret: whsec_MARKEDsecretwordMARKEDsecretword } }
""" % ("ab" * 32))
        text = self.config.read_text().replace('circuit: {}', 'circuit: {}, credential: { header: [ { name: x-api-key, value: "${file:hidden}" }, '
                                                              '{ name: x-other, value: "${MARKED_NAME}" } ], oauth2_client_credentials: { endpoint: { url: '
                                                              '"http://127.0.0.1:1/t" }, client_id: us, client_secret: MARKED-client } }')
        self.config.write_text(text)
        environment = {"MARKED_NAME": "MARKED-environment", "LOOK_AT_ME": "MARKED-more"}
        checked = subprocess.run([CONNECTOR, "check", self.config], env={**os.environ, **environment}, capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        connector = self.start(environment=environment)
        fetch(self.client_port, "/x")
        bearer = {"Authorization": "Bearer MARKED-token-of-operators"}
        known = fetch(port, "/", headers=bearer).body.decode().split("here are ")[1].split()
        self.assertIn("/status", known)
        below = ["/circuits/backend:web", "/circuits/x", "/cache/purge", "/cache/purge/route/x", "/degrade/on", "/degrade/x", "/reload"]
        guessed = ["/env", "/environment", "/argv", "/cmdline", "/config", "/debug", "/debug/pprof/cmdline", "/debug/vars", "/proc/self/environ", "/", "/..%2f..%2fetc"]
        for path in known + below + guessed:
            for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE"):
                for headers in (bearer, {}, {"Authorization": "Bearer MARKED-wrong"}):
                    answer = fetch(port, path, method, headers=headers)
                    seen = answer.body.decode() + json.dumps(answer.headers)
                    for secret in ("MARKED", str(self.config), "--config", "LOOK_AT_ME"):
                        self.assertNotIn(secret, seen, (method, path))
        for path in guessed:
            self.assertIn(fetch(port, path, headers=bearer).status, (400, 404), path)
        self.assertNotIn("MARKED", connector.log())


main()

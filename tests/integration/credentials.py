"""Tokens that backends' requests carry: fetched once, kept fresh, renewed when an origin does not believe them, and never told to anybody."""
import concurrent.futures
import json
import signal
import socket
import threading
import time

from harness import CALM, CONNECTOR, Case, Process, Site, can_connect, fetch, free_port, main, metric, wait_for
from providers import Echo
from providers_entra import Application, Entra
from providers_google import Google, ServiceAccount
from providers_metadata import Metadata
from providers_oauth2 import Client, OAuth2
from servers import pump

SECRET = "s3cret-of-the-client-0815"
FORGED = "forged-by-the-client"


def oauth2(provider, url=None, secret=SECRET, more=""):
    return (f'oauth2_client_credentials: {{ endpoint: {{ url: "{url or provider.token_url}", timeout: 10s{more} }}, client_id: gateway, client_secret: "{secret}" ')


class Proxy(threading.Thread):
    """A forward proxy that takes CONNECT and leads everywhere to one address."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.asked = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            if not (part := connection.recv(65536)):
                return
            head += part
        self.asked.append(head.decode())
        far = socket.create_connection(("127.0.0.1", self.to))
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=pump, args=(far, connection), daemon=True)
        back.start()
        pump(connection, far)
        back.join()
        far.close()
        connection.close()


class Credentials(Case):
    def setUp(self):
        super().setUp()
        self.provider = OAuth2([Client("gateway", SECRET)])
        self.addCleanup(self.provider.stop)
        self.origin = Echo(check=self.provider.check)
        self.addCleanup(self.origin.stop)
        self.told = []  # all that clients were answered, to be searched for secrets

    def end(self):
        """No secret and no token stands in anything that was printed or answered."""
        told = [(process.name, process.log()) for process in self.processes] + [("an answer", text) for text in self.told]
        super().end()
        for where, text in told:
            for secret in [SECRET, *self.provider.tokens.issued]:
                self.assertNotIn(secret, text, f"a secret in {where}")

    def configure(self, **backends):
        """Each backend: its credential, or (its credential, its endpoint)."""
        lines = [f'listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]', f'admin: {{ address: "127.0.0.1:{self.admin}" }}', "workers: 2",
                 CALM, "backends:"]
        for name, credential in backends.items():
            credential, url = credential if isinstance(credential, tuple) else (credential, self.origin.url)
            lines.append(f"  {name}: {{ endpoints: [ \"{url}\" ], credential: {{ {credential} }} }}")
        lines += ["routes:"] + [f"  - {{ match: {{ path: /{name}/** }}, backend: {name} }}" for name in backends]
        return self.write("adit.yaml", "\n".join(lines) + "\n")

    def up(self, environment=None, **backends):
        self.port, self.admin = free_port(), free_port()
        config = self.configure(**backends)
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", config], environment)
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")
        return self.connector

    def get(self, path="/web/x", **keywords):
        answer = fetch(self.port, path, **keywords)
        if answer.status != 200:  # the origin tells what it got, as it shall
            self.told.append(answer.body.decode() + str(answer.headers))
        return answer

    def public(self):
        """All that an operator sees."""
        for path in ("/status", "/metrics"):
            self.told.append(fetch(self.admin, path).body.decode())
        return json.loads(self.told[-2])

    def many(self, count, each, workers=50):
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            return list(pool.map(lambda _: each(), range(count)))

    def standing(self, backend="web"):
        return next(b for b in self.public()["backends"] if b["name"] == backend)["credentials"][0]

    def fetched(self, backend):
        return metric(self.admin, "adit_credential_fetches_total", backend=backend, result="ok")

    # Fetching

    def test_five_hundred_who_come_at_once_cost_one_call_and_what_a_client_forged_stays_behind(self):
        hold = threading.Event()
        self.provider.next(hold=hold)
        self.up(web=oauth2(self.provider, more="") + "}")
        forged = {"authorization": FORGED, "connection": "authorization, x-y"}
        threading.Timer(0.6, hold.set).start()
        answers = self.many(500, lambda: self.get(headers=forged, seconds=30), workers=250)
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len(self.provider.requests), 1)
        token, = self.provider.tokens.issued
        for answer in answers:
            shown = [value for name, value in json.loads(answer.body)["headers"] if name == "authorization"]
            self.assertEqual(shown, [f"Bearer {token}"])
        self.assertTrue(self.standing()["ready"])
        self.assertEqual(metric(self.admin, "adit_credential_fetches_total", backend="web", kind="oauth2_client_credentials", result="ok", reaches=1), 1)
        self.assertGreater(metric(self.admin, "adit_credential_expires_timestamp_seconds", backend="web"), time.time() + 3000)
        self.assertEqual(self.provider.grants[0]["client"], "gateway")

    def test_tokens_that_expire_under_load_cost_no_request_anything(self):
        self.provider.expires_in = 10  # asked for again after seven and a half at the latest, not used after nine
        self.up(web=oauth2(self.provider) + ", prefetch: true }", other=oauth2(self.provider) + ", prefetch: true }")
        wait_for(lambda: self.standing()["ready"] and self.standing("other")["ready"], "the first tokens")
        self.provider.next(times=None, slow=0.3)  # a request that waited for it would show
        took, goal = [], threading.Event()

        def one():
            while not goal.is_set():
                for path in ("/web/x", "/other/x"):
                    began = time.monotonic()
                    self.assertEqual(self.get(path).status, 200)
                    took.append(time.monotonic() - began)

        def renewed():
            return len(self.provider.tokens.issued) >= 4 and all(self.fetched(backend) == 2 for backend in ("web", "other"))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(one) for _ in range(8)]
            try:
                wait_for(renewed, "another token of each")
                reached = len(took)
                wait_for(lambda: len(took) > reached + 50 or any(each.done() for each in asking), "requests with these")
            finally:
                goal.set()
            for each in asking:
                each.result()
        took.sort()
        print(f"{len(took)} requests over {len(self.provider.requests)} tokens of 10 s: median {took[len(took) // 2] * 1000:.1f} ms, "
              f"99 % {took[len(took) * 99 // 100] * 1000:.1f} ms, longest {took[-1] * 1000:.1f} ms")
        self.assertEqual(metric(self.admin, "adit_credential_wait_seconds_count"), 0)

    def test_a_provider_that_stumbles_is_asked_again_before_anybody_hears_of_it(self):
        self.provider.expires_in = "3600"
        self.up(a=oauth2(self.provider) + "}", b=oauth2(self.provider) + "}")
        for backend, faults in (("a", ({"status": 500}, {"body": b'{"acc'})), ("b", ({"body": b""}, {"close": True}))):
            for fault in faults:
                self.provider.next(**fault)
            self.assertEqual(self.get(f"/{backend}/x").status, 200)
        self.assertEqual(len(self.provider.requests), 6)

    def test_who_is_refused_is_told_the_providers_code_and_the_provider_is_left_alone(self):
        self.up(web=oauth2(self.provider, secret="wrong-" + SECRET[::-1]) + "}", slow=oauth2(self.provider) + "}")
        answer = self.get()
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "upstream-credential-unavailable"))
        self.assertIn("invalid_client", answer.problem()["detail"])
        for _ in range(20):
            self.assertEqual(self.get().status, 502)
        self.assertEqual(len(self.provider.requests), 1)
        self.assertIn("invalid_client", self.standing()["trouble"])
        problems = self.public()["problems"]
        self.assertTrue(any("is not to be had" in problem for problem in problems), problems)
        self.assertFalse(any("could not be reached" in problem for problem in problems), "the backend is not to blame")
        self.provider.next(times=None, status=429, retry_after=9)
        answer = self.get("/slow/x")
        self.assertEqual(answer.status, 503)
        self.assertIn(int(answer.headers["retry-after"]), (8, 9))
        self.assertEqual(self.get("/slow/x").status, 503)
        self.assertEqual(len(self.provider.requests), 2)
        self.assertEqual(self.origin.requests, [])

    def test_with_a_provider_down_a_good_token_goes_on_and_an_expired_one_is_never_sent(self):
        self.provider.expires_in = 5
        self.up(web=oauth2(self.provider) + "}")
        self.assertEqual(self.get().status, 200)
        self.provider.next(times=None, status=503)
        end = time.monotonic() + 15
        statuses = []
        while time.monotonic() < end and (not statuses or statuses[-1] == 200):
            statuses.append(self.get().status)
        self.assertEqual(set(statuses), {200, 503})
        self.assertEqual({request.status for request in self.origin.requests}, {200})  # not one 401
        self.provider.behave()
        wait_for(lambda: self.get().status == 200, "the provider's return")

    def test_a_connector_leaves_in_order_while_a_provider_keeps_it_waiting(self):
        hold = threading.Event()
        self.addCleanup(hold.set)
        self.provider.next(times=None, hold=hold)
        connector = self.up(web=oauth2(self.provider) + "}")
        waiting = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(20)]
        for client in waiting:
            client.sendall(b"GET /web/x HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: self.provider.requests, "the fetch")
        connector.signal(signal.SIGTERM)
        wait_for(lambda: "draining" in connector.log(), "the first signal")
        connector.signal(signal.SIGTERM)
        self.assertEqual(connector.wait(), 0)
        for client in waiting:
            client.close()

    # Origins that do not believe

    def test_an_origin_that_forgot_a_token_costs_one_fetch_and_no_request(self):
        self.up(web=oauth2(self.provider) + "}")
        self.assertEqual(self.get().status, 200)
        first, = self.provider.tokens.issued
        self.provider.tokens.revoke(first)
        self.assertEqual({answer.status for answer in self.many(50, self.get, workers=20)}, {200})
        self.assertEqual(len(self.provider.requests), 2)

    def test_an_origin_that_believes_nothing_is_no_storm(self):
        def never(_):
            raise ValueError("never")
        self.origin.check = never
        self.up(web=oauth2(self.provider) + "}")
        began = time.monotonic()
        answers = self.many(200, self.get, workers=20)
        took = time.monotonic() - began
        self.assertEqual({answer.status for answer in answers}, {401})
        self.assertIn("invalid_token", answers[0].headers["www-authenticate"])
        self.assertLessEqual(len(self.provider.requests), 2 + took // 10)  # another one every ten seconds
        self.assertLessEqual(len(self.origin.requests), 2 * len(answers))

    def test_a_request_whose_body_is_gone_is_not_sent_twice(self):
        self.up(web=oauth2(self.provider) + "}")
        self.assertEqual(self.get().status, 200)
        self.provider.tokens.revoke(next(iter(self.provider.tokens.issued)))
        self.assertEqual(self.get(method="POST", body=b"x" * 1000).status, 401)
        self.assertEqual(len([r for r in self.origin.requests if r.method == "POST"]), 1)

    # Ways to the provider

    def test_a_provider_behind_a_proxy(self):
        proxy = Proxy(self.provider.port)
        self.up(web=oauth2(self.provider, url="http://idp.example:81/token", more=f', through: "http://me:pass@127.0.0.1:{proxy.port}"') + "}",
                environment={"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})
        self.assertEqual(self.get().status, 200)
        self.assertTrue(proxy.asked[0].startswith("CONNECT idp.example:81 "), proxy.asked)
        self.assertIn("Proxy-Authorization: Basic", proxy.asked[0])
        self.assertEqual(self.provider.requests[0].headers["host"], "idp.example:81")

    def test_a_provider_behind_a_tunnel(self):
        credential = oauth2(self.provider, url="http://idp.internal:81/token", more=', through: "service://idp"') + "}"
        site = Site(self, {"idp": self.provider.url}, backends={"web": f'endpoints: [ "{self.origin.url}" ], credential: {{ {credential} }}'},
                    routes=[("/**", "web")])
        site.up()
        self.assertEqual(site.get("/x").status, 200)
        self.assertEqual(self.provider.requests[0].headers["host"], "idp.internal:81")
        done = self.run_tool(CONNECTOR, "credential", "test", "web", "--config", site.config, status=1)
        self.assertIn("there are no tunnels here", done.stderr)

    # What clients forge

    def test_neither_head_nor_trailers_nor_connection_carry_what_a_client_forged(self):
        with socket.create_server(("127.0.0.1", 0)) as origin:
            url = f"http://127.0.0.1:{origin.getsockname()[1]}"
            self.up(web=(f'header: [ {{ name: x-shared, value: "{SECRET}" }} ]', url))
            client = socket.create_connection(("127.0.0.1", self.port))
            client.sendall(b"POST /web/x HTTP/1.1\r\nHost: a\r\nX-Shared: %s\r\nConnection: x-shared, te\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n"
                           b"Trailer: x-shared, x-sum\r\n\r\n3\r\nabc\r\n0\r\nX-Shared: %s\r\nX-Sum: 7\r\n\r\n" % ((FORGED.encode(),) * 2))
            connection, _ = origin.accept()
            got = b""
            while b"X-Sum: 7\r\n\r\n".lower() not in got.lower():
                got += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            self.assertTrue(client.recv(65536).startswith(b"HTTP/1.1 204"))
            client.close()
            connection.close()
        self.assertNotIn(FORGED.encode(), got)
        self.assertEqual(got.count(SECRET.encode()), 1)

    def test_a_mirror_proves_itself_as_its_own_backend_wants_it(self):
        copy = Echo(check=self.provider.check)
        self.addCleanup(copy.stop)
        self.port, self.admin = free_port(), free_port()
        config = self.configure(web='header: [ { name: x-a, value: b } ]', shadow=(oauth2(self.provider) + "}", copy.url))
        config.write_text(config.read_text().replace("backend: web }", "backend: web, mirror: { backend: shadow } }"))
        self.origin.check = None
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", config])
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")
        self.assertEqual(self.get().status, 200)
        wait_for(lambda: [request.status for request in copy.requests] == [200], "the copy")
        self.assertIsNone(copy.requests[0].headers["x-a"])

    # Kinds

    def test_kinds_and_what_the_command_shows_of_them(self):
        account = ServiceAccount()
        google = Google([account])
        metadata = Metadata(google, account)
        application = Application(secrets=[SECRET])
        entra = Entra([application])
        for server in (google, metadata, entra):
            self.addCleanup(server.stop)
        self.write("account.json", json.dumps(account.key_file()))
        self.origin.check = None
        self.up(
            entra=f'azure_ad: {{ endpoint: {{ url: "{entra.url}" }}, tenant: "{entra.tenant}", client_id: "{application.client_id}", scope: "api://pay/.default", client_secret: "{SECRET}" }}',
            key=f'gcp_service: {{ audience: "https://run.example", service_account_json: "${{file:account.json}}", endpoint: {{ url: "{google.token_url}" }}, header: x-serverless-authorization }}',
            meta=f'gcp_service: {{ endpoint: {{ url: "{metadata.url}" }} }}',
            fixed=f'header: [ {{ name: X-Shared, value: "{SECRET}" }} ]',
            broken=oauth2(self.provider, secret="wrong") + "}")
        for name, header in (("entra", "authorization"), ("key", "x-serverless-authorization"), ("meta", "authorization"), ("fixed", "x-shared")):
            answer = fetch(self.port, f"/{name}/x", headers={"x-shared": FORGED})
            self.assertEqual(answer.status, 200, (name, answer.body))
            shown = dict(json.loads(answer.body)["headers"])
            self.assertIn(header, shown)
            if name == "fixed":
                self.assertEqual(shown["x-shared"], SECRET)
        google.check(dict(json.loads(fetch(self.port, "/meta/x").body)["headers"])["authorization"].split()[1])
        claims = google.check_id_token(dict(json.loads(fetch(self.port, "/key/x").body)["headers"])["x-serverless-authorization"].split()[1], "https://run.example")
        self.assertEqual(claims["email"], account.email)

        def tool(backend, status=0):
            done = self.run_tool(CONNECTOR, "credential", "test", backend, "--config", self.directory / "adit.yaml", status=status)
            self.told.append(done.stdout + done.stderr)
            return done.stdout
        self.assertIn("api://pay", tool("entra"))
        self.assertIn(account.email, tool("key"))
        self.assertIn("characters that are not shown", tool("meta"))
        self.assertIn("invalid_client", tool("broken", status=1))
        status = self.run_tool(CONNECTOR, "status", "--config", self.directory / "adit.yaml").stdout
        self.told.append(status)
        self.assertRegex(status, r"entra +azure_ad +ready +20")
        self.assertRegex(status, r"broken +oauth2_client_credentials +not wanted yet")
        shown = self.run_tool(CONNECTOR, "config", "show", "--config", self.directory / "adit.yaml").stdout
        self.told.append(shown)
        self.assertIn("client_id: gateway", shown)

    def test_a_reload_keeps_the_tokens_of_what_has_not_changed(self):
        self.up(web=oauth2(self.provider) + "}", other=oauth2(self.provider) + "}")
        self.assertEqual((self.get().status, self.get("/other/x").status), (200, 200))
        config = self.directory / "adit.yaml"
        text = config.read_text().replace("client_id: gateway", "client_id: gateway, scopes: [ more ]", 1)
        config.write_text(text)
        wait_for(lambda: "configuration reloaded" in self.connector.log(), "the reload")
        self.assertEqual(fetch(self.admin, "/reload", "POST").status, 200)  # which waits for every worker
        self.assertEqual((self.get().status, self.get("/other/x").status), (200, 200))
        self.assertEqual(len(self.provider.requests), 3)

    def test_configurations_that_cannot_mean_what_they_say(self):
        self.port, self.admin = free_port(), free_port()
        for credential, words in (
                (oauth2(self.provider) + '}, header: [ { name: Authorization, value: x } ]', "is written by oauth2_client_credentials already"),
                (oauth2(self.provider, more=', through: "service://idp"') + "}", "there are no tunnels here"),
                (oauth2(self.provider, more=', ca: nowhere.pem') + "}", "cannot read the CA file"),
                ('oauth2_client_credentials: { endpoint: { timeout: 2s }, client_id: x, client_secret: y }', "url is missing"),
                ('azure_ad: { tenant: t, client_id: c, scope: s }', "give one of client_secret"),
                ('gcp_federated: { provider: projects/1/locations/global/workloadIdentityPools/p/providers/x, audience: a }', "give one of federated"),
                ('header: [ { name: "a b", value: x } ]', "a field name cannot have")):
            config = self.configure(web=credential)
            done = self.run_tool(CONNECTOR, "check", "--config", config, status=2)
            self.assertIn(words, done.stdout + done.stderr)


if __name__ == "__main__":
    main()

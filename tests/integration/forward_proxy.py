"""A forward proxy before the tunnel: CONNECT and absolute-form requests of curl, undici, Python and plain sockets."""
import base64
import hashlib
import http.client
import json
import re
import signal
import socket
import ssl
import subprocess

from certificates import Authority
from h2_peers import Client
from harness import SANITIZED, Case, Site, can_connect, fetch, free_port, main, metric, raw, scaled, wait_for
from node_peers import run_client
from servers import Accepting, Origin

KEY, PASSWORD = "key-of-storefront", "open sesame"
BASIC = "Basic " + base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
OTHER = "Basic " + base64.b64encode(b"guest:visit").decode()
BYTES = bytes(range(256)) * 256


def hashed(secret):
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def connect(target, *fields, authorization=BASIC):
    fields = [f"Host: {target}", *fields] + ([f"Proxy-Authorization: {authorization}"] if authorization else [])
    return (f"CONNECT {target} HTTP/1.1\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n").encode()


def dial(port, target, more=b"", **keywords):
    """A socket behind an answered CONNECT, and the head of the answer."""
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(connect(target, **keywords) + more)
    return client, read_head(client)


def read_head(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (part := client.recv(1)):
            break
        head += part
    return head


def read_all(client):
    received = b""
    try:
        while part := client.recv(65536):
            received += part
    except ConnectionResetError:
        return received, "reset"
    return received, "end"


class Echo(Accepting):
    """Gives back what it gets, and what it was greeted with; ends when its client ends."""

    def __init__(self):
        self.open = 0
        super().__init__()

    def serve(self, connection):
        self.open += 1
        try:
            while part := connection.recv(65536):
                connection.sendall(part)
        except OSError:
            pass
        self.open -= 1
        connection.close()


class Counter(Accepting):
    """Says how much came once its client has ended its half."""

    def serve(self, connection):
        size = 0
        with connection:
            while part := connection.recv(65536):
                size += len(part)
            connection.sendall(f"{size} bytes".encode())


class Proxied(Case):
    """A connector with a listener of routes and one that is a forward proxy, and a tunnel to servers of this process."""
    tls = ""
    policies = "[ basic, api-key ]"
    more = ""
    idle = "60s"

    def setUp(self):
        super().setUp()
        self.prepare()
        self.origin, self.echo = Origin(), Echo()
        self.port = free_port()
        services = {"web": f"http://127.0.0.1:{self.origin.port}", "echo": f"http://localhost:{self.echo.port}", "closed": f"http://127.0.0.1:{free_port()}",
                    "forbidden": f"http://127.0.0.1:{self.echo.port}", **self.services()}
        proxy = f'forward_proxy: {{ policies: {self.policies}, idle_timeout: {self.idle}, timeouts: {{ connect: 3s }} }}'
        self.site = Site(self, services, workers=2, listener=f' }}, {{ name: proxy, address: "127.0.0.1:{self.port}", {proxy}{self.tls}',
                         extra=f"""
consumers:
  - {{ name: storefront, environment: production, project: shop, logins: [ {{ user: shop, password: "{hashed(PASSWORD)}" }} ], api_keys: [ "{hashed(KEY)}" ]{self.more} }}
  - {{ name: guest, environment: production, logins: [ {{ user: guest, password: "{hashed('visit')}" }} ] }}
access:
  services:
    echo: [ {{ consumer: guest, environments: [ production ] }} ]
""")
        self.set_services(services)
        self.connector, (self.agent,) = self.site.up()
        wait_for(lambda: can_connect(self.port), "the proxy's port")

    def prepare(self):
        pass

    def services(self):
        return {}

    def set_services(self, services):
        """All may be used by the project shop, but for the one that nobody may use."""
        document = {"version": 1, "services": [{"name": n, "endpoint": u, "configurations": [
            {"project": "shop", "accessibleBy": [] if n == "forbidden" else ["production"]}]} for n, u in services.items()]}
        self.site.tool("tunnel", "services", "update", "t1", "--configuration-file", self.write("services.json", json.dumps(document)))

    def web(self, path=""):
        return f"http://127.0.0.1:{self.origin.port}{path}"

    def echo_target(self):
        return f"localhost:{self.echo.port}"

    def curl(self, *arguments, user=f"shop:{PASSWORD}", status=0):
        proxy = ["-x", f"{'https' if self.tls else 'http'}://localhost:{self.port}"] + (["--proxy-user", user] if user else [])
        done = subprocess.run(["curl", "-sS", "--noproxy", "", "-m", "30", *proxy, *map(str, arguments)], cwd=self.directory, capture_output=True, timeout=40)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout

    def line(self, **wanted):
        """The access line of the proxy that has these members."""
        def found():
            for line in self.site.access_lines(self.connector):
                if line["route"] == "forward-proxy" and all(line.get(name) == value for name, value in wanted.items()):
                    return line
            return None
        return wait_for(found, f"an access line with {wanted}")

    def problem(self, answer):
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        return head, json.loads(body)


class AbsoluteForm(Proxied):
    def test_a_request_goes_the_way_of_forwarded_requests(self):
        told = self.curl("-d", "hello", "-H", "X-Hop: 1", "-H", "Connection: X-Hop", "-H", "Authorization: Bearer of-the-origin", self.web("/x?y=z")).decode()
        self.assertEqual(told, f"origin 5 {hashlib.sha256(b'hello').hexdigest()}")
        method, path, headers = self.origin.seen[-1]
        self.assertEqual((method, path), ("POST", "/x?y=z"))
        named = {name.lower(): value for name, value in headers.items()}
        self.assertEqual(named["host"], f"127.0.0.1:{self.origin.port}")
        self.assertEqual(named["authorization"], "Bearer of-the-origin")
        self.assertIn("1.1 ", named["via"])
        for name in ("proxy-authorization", "proxy-connection", "x-hop"):
            self.assertNotIn(name, named)
        line = self.line(path="/x", status=200)
        self.assertEqual((line["endpoint"], line["tunnel"], line["consumer"]), ("service://web", "t1", "storefront"))

    def test_connections_are_kept_on_both_sides(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        for number in range(20):
            connection.request("GET", self.web(f"/{number}"), headers={"Proxy-Authorization": BASIC})
            response = connection.getresponse()
            self.assertEqual((response.status, response.read()[:6]), (200, b"origin"))
        connection.close()
        self.assertEqual(self.line(path="/19")["reused"], True)
        self.assertEqual(metric(self.site.admin_port, "adit_connector_requests_total", route="forward-proxy", code="200"), 20)

    def test_a_name_below_adit_internal_means_a_service(self):
        self.assertTrue(self.curl("http://web.adit.internal/x").startswith(b"origin"))
        self.assertTrue(self.curl("http://WEB.adit.internal:443/x").startswith(b"origin"))
        self.assertIn(b"access-denied", self.curl("http://web.adit.internal:8080/x"))
        self.assertIn(b"access-denied", self.curl("http://web/x"))

    def test_what_a_proxy_does_not_do_is_refused_in_words(self):
        for request, code in ((b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "not-a-proxy-request"), (b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n", "not-a-proxy-request"),
                              (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "not-a-proxy-request"), (b"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "use-connect")):
            with self.subTest(request):
                head, problem = self.problem(raw(self.port, request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))
                self.assertTrue(head.startswith(b"HTTP/1.1 400"), head)
                self.assertEqual(problem["code"], code)

    def test_a_way_that_leads_back_is_noticed(self):
        self.site.services["loop"] = f"http://127.0.0.1:{self.site.client_port}"
        self.set_services({"web": self.web(), "loop": self.site.services["loop"]})
        self.agent.stop()
        self.site.start_agent()
        self.site.wait_sessions(count=4)
        wait_for(lambda: b"loop-detected" in self.curl(f"http://127.0.0.1:{self.site.client_port}/web/"), "the loop's problem")

    def test_http2_with_prior_knowledge(self):
        with Client(self.port) as client:
            stream = client.begin("/two", authority=f"127.0.0.1:{self.origin.port}", more=[("proxy-authorization", BASIC)])
            answer = client.finish(stream)
            self.assertEqual((answer.status, answer.body[:6]), (200, b"origin"))


class Trust(Proxied):
    def test_nobody_passes_without_a_good_credential(self):
        for authorization in (None, "Basic " + base64.b64encode(b"shop:wrong").decode(), "Basic !", "Bearer x"):
            with self.subTest(authorization):
                answer = raw(self.port, connect(self.echo_target(), authorization=authorization) + b"GET http://web.adit.internal/ HTTP/1.1\r\nHost: a\r\n\r\n")
                head, problem = self.problem(answer)
                self.assertTrue(head.startswith(b"HTTP/1.1 407"), head)
                self.assertIn(b'proxy-authenticate: Basic realm="adit"', head.lower())
                self.assertNotIn(b"www-authenticate", head.lower())
                self.assertEqual(problem["code"], "unauthenticated")
                self.assertEqual(answer.count(b"HTTP/1.1"), 1)  # bytes behind a refused CONNECT are no request
                self.assertTrue(answer.closed)
        self.assertEqual(self.echo.open, 0)
        self.assertNotIn("wrong", self.connector.log())

    def test_authorization_is_for_the_origin_and_does_not_count_here(self):
        request = f"GET {self.web('/')} HTTP/1.1\r\nHost: a\r\nAuthorization: {BASIC}\r\nConnection: close\r\n\r\n".encode()
        self.assertTrue(raw(self.port, request).startswith(b"HTTP/1.1 407"))
        self.assertEqual(self.origin.seen, [])

    def test_an_api_key_is_the_password_or_the_user(self):
        self.assertTrue(self.curl(self.web("/k"), user=f"anything:{KEY}").startswith(b"origin"))
        self.assertTrue(self.curl(self.web("/k"), user=f"{KEY}:").startswith(b"origin"))
        self.assertIn(b"unauthenticated", self.curl(self.web("/k"), user="anything:other"))

    def test_unknown_and_forbidden_look_alike(self):
        targets = [f"127.0.0.1:{self.echo.port}", "127.0.0.1:1", "169.254.169.254:80", "[fd00:ec2::254]:80", f"127.0.0.1:{self.port}", f"localhost:{self.site.client_port}",
                   f"127.0.0.1:{self.site.admin_port}", "example.com:443"]
        shapes = set()
        for target in targets:
            head, problem = self.problem(raw(self.port, connect(target)))
            problem.pop("trace", None)
            shapes.add((re.sub(rb"(?m)^(date|x-request-id|content-length|proxy-status):.*$", b"", head), json.dumps({**problem, "detail": problem["detail"].replace(target, "X"), "instance": ""})))
        self.assertEqual(len(shapes), 1, shapes)
        self.assertIn(b"403", shapes.pop()[0])
        self.assertIn("no tunnel exposes", self.line(host="169.254.169.254:80")["reason"])
        self.assertIn("service forbidden", self.line(host=f"127.0.0.1:{self.echo.port}")["reason"])
        self.assertEqual(metric(self.site.admin_port, "adit_connector_request_failures_total", route="forward-proxy", reason="access-denied"), len(targets))

    def test_the_rules_of_services_hold(self):
        client, head = dial(self.port, self.echo_target(), authorization=OTHER)
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        client.close()
        self.assertIn(b"access-denied", self.curl(self.web("/"), user="guest:visit"))
        self.assertEqual(self.origin.seen, [])

    def test_access_ends_with_the_next_request_when_it_is_taken_back(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

        def status():
            connection.request("GET", self.web("/"), headers={"Proxy-Authorization": BASIC})
            response = connection.getresponse()
            response.read()
            return response.status
        self.assertEqual(status(), 200)
        self.site.config.write_text(self.site.config.read_text().replace(hashed(PASSWORD), hashed("another")))
        self.connector.signal(signal.SIGHUP)
        wait_for(lambda: status() == 407, "the old password to be refused")
        connection.close()


class Pipes(Proxied):
    def services(self):
        self.counter = Counter()
        return {"counter": f"http://127.0.0.1:{self.counter.port}"}

    def test_bytes_and_half_closes_pass(self):
        client, head = dial(self.port, f"127.0.0.1:{self.counter.port}")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
        for name in (b"content-length", b"transfer-encoding", b"connection"):
            self.assertNotIn(name, head.lower())
        client.sendall(BYTES * 50)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), (f"{len(BYTES) * 50} bytes".encode(), "end"))
        line = self.line(method="CONNECT", host=f"127.0.0.1:{self.counter.port}")
        self.assertEqual((line["status"], line["bytes_in"], line["bytes_out"]), (200, len(BYTES) * 50, len(f"{len(BYTES) * 50} bytes")))
        self.assertEqual((line["endpoint"], line["tunnel"], line["consumer"]), ("service://counter", "t1", "storefront"))

    def test_bytes_that_do_not_wait_for_the_answer_are_passed_on_after_it(self):
        client, head = dial(self.port, f"127.0.0.1:{self.counter.port}", more=b"early" * 4000)
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        client.sendall(b"late")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), (b"20004 bytes", "end"))
        whole = raw(self.port, connect(f"127.0.0.1:{self.counter.port}") + b"all at once", end=True)
        self.assertTrue(whole.endswith(b"\r\n\r\n11 bytes"), whole)

    def test_failures_behind_the_tunnel_have_their_names(self):
        closed = self.site.services["closed"].split("//")[1]
        head, problem = self.problem(raw(self.port, connect(closed)))
        self.assertTrue(head.startswith(b"HTTP/1.1 502"), head)
        self.assertIn(b"connection_refused", head)
        self.assertEqual(problem["code"], "connection-refused")
        self.agent.stop()
        wait_for(lambda: not self.site.sessions(), "the sessions to go")
        head, problem = wait_for(lambda: self.refusal(503), "a 503")
        self.assertIn(b"retry-after", head.lower())

    def refusal(self, status):
        head, problem = self.problem(raw(self.port, connect(self.echo_target())))
        return (head, problem) if head.startswith(f"HTTP/1.1 {status}".encode()) else None

    def test_an_agent_that_is_gone_cuts_what_it_carried(self):
        client, _ = dial(self.port, self.echo_target())
        client.sendall(b"x")
        self.assertEqual(client.recv(1), b"x")
        self.agent.signal(signal.SIGKILL)
        self.assertEqual(read_all(client), (b"", "reset"))
        self.assertIn("broke", self.line(method="CONNECT", status=200)["reason"])

    def test_a_client_that_resets_reaches_the_origin_as_a_reset(self):
        client, _ = dial(self.port, self.echo_target())
        wait_for(lambda: self.echo.open == 1, "the origin's connection")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        wait_for(lambda: self.echo.open == 0, "the origin's connection to end")

    def test_a_drain_lets_pipes_end(self):
        client, _ = dial(self.port, self.echo_target())
        self.connector.signal(signal.SIGTERM)
        wait_for(lambda: not can_connect(self.port), "the port to close")
        client.sendall(b"still here")
        self.assertEqual(client.recv(10), b"still here")
        self.assertTrue(self.connector.alive())
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), (b"", "end"))
        self.assertEqual(self.connector.wait(), 0)

    def test_odd_heads_are_refused(self):
        for request in (b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", connect(self.echo_target(), "Content-Length: 3") + b"abc", connect(self.echo_target(), "Transfer-Encoding: chunked"),
                        b"CONNECT http://a:1 HTTP/1.1\r\nHost: a\r\n\r\n", connect("a:0"), connect("a:99999")):
            with self.subTest(request):
                answer = raw(self.port, request)
                self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer)
                self.assertTrue(answer.closed)
        self.assertTrue(raw(self.site.client_port, connect(self.echo_target())).startswith(b"HTTP/1.1 405"))

    def test_idle_pipes_cost_little(self):
        dial(self.port, self.echo_target())[0].close()
        before, count = self.connector.rss_kib(), scaled(200)
        pipes = [dial(self.port, self.echo_target())[0] for _ in range(count)]
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_pool_connections", backend="service://echo", state="active") >= count, "the gauge of pipes")
        if not SANITIZED:
            self.assertLess((self.connector.rss_kib() - before) / count, 64)
        for pipe in pipes:
            pipe.close()
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_pool_connections", backend="service://echo", state="active") == 0, "the pipes to end")


class Silence(Proxied):
    idle = "1s"

    def test_silence_ends_a_pipe(self):
        client, _ = dial(self.port, self.echo_target())
        self.assertEqual(read_all(client), (b"", "reset"))
        self.assertIn("no bytes moved within 1s", self.line(method="CONNECT", status=200)["reason"])

    def test_a_reload_leaves_running_pipes_alone(self):
        client, _ = dial(self.port, self.echo_target())
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace("idle_timeout: 1s", "idle_timeout: 60s"))
        self.connector.signal(signal.SIGHUP)
        wait_for(lambda: self.keeps(client) and "configuration reloaded" in self.connector.log(), "the reload")
        lasting, _ = dial(self.port, self.echo_target())
        self.assertEqual(read_all(client), (b"", "reset"))  # by the terms that it began with
        self.assertTrue(self.keeps(lasting))
        lasting.close()

    def keeps(self, client):
        client.sendall(b"still here")
        return client.recv(10) == b"still here"


class TlsOnBothSides(Proxied):
    """TLS to the proxy, and TLS of the client's own inside it, to the origin."""
    size = scaled(20 << 20)
    digest = hashlib.sha256((BYTES * (size // len(BYTES) + 1))[:size]).hexdigest()

    def prepare(self):
        self.authority = Authority(self)
        self.certificate = self.authority.issue("localhost")
        client = self.authority.issue("gateway")
        self.tls = f", tls: {{ certificate: {self.certificate[0]}, key: {self.certificate[1]}, client_ca: {self.authority.file} }}"
        self.policies = "[ basic, api-key, mtls ]"
        self.more = ", certificates: [ { subject: CN=gateway } ]"
        self.client = ["--proxy-cert", client[0], "--proxy-key", client[1]]

    def services(self):
        self.secure = Origin("secure")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        self.secure.socket = context.wrap_socket(self.secure.socket, server_side=True)
        return {"secure": f"https://localhost:{self.secure.port}"}

    def trusting(self, *arguments, **keywords):
        return self.curl("--proxy-cacert", self.authority.file, "--cacert", self.authority.file, *arguments, **keywords)

    def url(self, path):
        return f"https://localhost:{self.secure.port}{path}"

    def test_curl_moves_megabytes_both_ways(self):
        got = self.trusting(self.url(f"/bytes/{self.size}"))
        self.assertEqual((len(got), hashlib.sha256(got).hexdigest()), (self.size, self.digest))
        (self.directory / "upload").write_bytes(got)
        told = self.trusting("-T", "upload", self.url("/sink")).decode()
        self.assertEqual(told, f"secure {self.size} {self.digest}")
        lines = [line for line in self.site.access_lines(self.connector) if line["method"] == "CONNECT"]
        self.assertGreater(max(line["bytes_in"] for line in lines), self.size)
        self.assertGreater(max(line["bytes_out"] for line in lines), self.size)

    def test_undici_moves_megabytes_both_ways(self):
        told = run_client(self, "proxy_client", {"proxy": f"https://localhost:{self.port}", "token": BASIC, "ca": str(self.authority.file), "base": self.url(""), "size": self.size})
        self.assertEqual(told, {"up": 200, "whole": True, "down": 200, "size": self.size, "sha256": self.digest})
        told = run_client(self, "proxy_client", {"proxy": f"https://localhost:{self.port}", "ca": str(self.authority.file), "base": self.url(""), "refused": True})
        self.assertIn("407", told["error"])

    def test_a_client_certificate_is_a_credential(self):
        self.assertEqual(self.trusting(*self.client, self.url("/x"), user=None)[:6], b"secure")
        self.assertEqual(self.line(method="CONNECT")["consumer"], "storefront")
        self.trusting(self.url("/x"), user=None, status=56)  # what curl makes of a 407 to CONNECT

    def test_python_sets_up_a_tunnel_over_tls(self):
        context = ssl.create_default_context(cafile=self.authority.file)
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=20)
        connection.connect()
        connection.sock.sendall(connect(f"localhost:{self.secure.port}"))
        self.assertTrue(read_head(connection.sock).startswith(b"HTTP/1.1 200"))
        inner = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(*inner, server_hostname="localhost")
        self.assertEqual(talk(connection.sock, tls, inner, b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")[:15], b"HTTP/1.1 200 OK")
        connection.close()

    def test_https_services_are_for_connect(self):
        answer = self.trusting(f"http://localhost:{self.secure.port}/x")
        self.assertIn(b"use-connect", answer)

    def test_connect_of_http2(self):
        with Client(self.port, self.authority.file, checked=False) as client:
            target = f"localhost:{self.echo.port}"
            pipe = client.begin(method="CONNECT", pseudo=[(":method", "CONNECT"), (":authority", target)], more=[("proxy-authorization", BASIC)], end=False)
            client.until(lambda: client.answers[pipe].headers, "the answer")
            self.assertEqual(client.answers[pipe].status, 200)
            client.send(pipe, b"over two", end=True)
            self.assertEqual(client.finish(pipe).body, b"over two")
            refused = client.begin(method="CONNECT", pseudo=[(":method", "CONNECT"), (":authority", "169.254.169.254:80")], more=[("proxy-authorization", BASIC)], end=False)
            self.assertEqual(client.finish(refused).status, 403)
            unknown = client.begin(method="CONNECT", pseudo=[(":method", "CONNECT"), (":authority", target)], end=False)
            self.assertEqual(client.finish(unknown).status, 407)


def talk(plain, tls, inner, request):
    """Carries a TLS conversation by hand over a socket that is of TLS itself; answers all that came back."""
    received, sent = b"", False
    while True:
        try:
            if not sent:
                tls.do_handshake()
                tls.write(request)
                sent = True
            part = tls.read(65536)
            if not part:
                return received
            received += part
            continue
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return received
        if out := inner[1].read():
            plain.sendall(out)
        part = plain.recv(65536)
        inner[0].write(part) if part else inner[0].write_eof()


if __name__ == "__main__":
    main()

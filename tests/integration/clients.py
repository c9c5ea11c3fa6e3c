"""Clients that are slow, leave early, use TLS or old versions: each is served as far as it can be."""
import http.client
import json
import socket
import ssl
import subprocess
import threading

from harness import Case, Site, main, metric, raw, wait_for
from servers import Origin, Scripted

GET = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Clients(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()

    def up(self, origin=None, **keywords):
        site = Site(self, {"web": f"http://127.0.0.1:{(origin or self.origin).port}"}, **keywords)
        self.connector, (self.agent,) = site.up()
        return site

    def test_a_client_that_leaves_ends_the_work_at_the_origin(self):
        site = self.up()
        client = socket.create_connection(("127.0.0.1", site.client_port))
        client.sendall(GET % b"/stream")
        self.assertTrue(client.recv(1000))
        wait_for(lambda: metric(self.agent.metrics_port, "adit_agent_streams") == 1, "the stream")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        wait_for(lambda: metric(self.agent.metrics_port, "adit_agent_streams") == 0, "the stream to end")

    def test_a_client_that_leaves_in_the_middle_of_its_body_makes_no_whole_request(self):
        site = self.up()
        for framing in (b"Content-Length: 1000\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"):
            raw(site.client_port, b"POST /cut HTTP/1.1\r\nHost: a\r\n" + framing, end=True)
        self.assertEqual(site.get("/x").status, 200)
        self.assertEqual([path for _, path, _ in self.origin.seen if path == "/cut"], [])

    def test_slow_and_idle_clients_are_let_go(self):
        site = self.up(listener=", limits: { header_timeout: 1s, idle_timeout: 1s }")
        slow = raw(site.client_port, b"GET / HTTP/1.1\r\nHost:")
        self.assertEqual((slow[:12], slow.closed), (b"HTTP/1.1 408", True))
        self.assertEqual(raw(site.client_port, b""), b"")
        kept = raw(site.client_port, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual((kept[:12], kept.closed), (b"HTTP/1.1 200", True))
        self.assertNotIn(b"connection: close", kept.lower())

    def test_a_head_that_arrives_byte_by_byte_is_read(self):
        site = self.up()
        with socket.create_connection(("127.0.0.1", site.client_port), timeout=5) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in GET % b"/bytewise":
                client.send(bytes([i]))
            self.assertEqual(client.recv(12), b"HTTP/1.1 200")

    def test_bodies_above_the_limit_are_refused_in_both_framings(self):
        site = self.up(listener=", limits: { body_bytes: 1000 }")
        self.assertEqual(site.get("/x", method="POST", body=b"a" * 1000).status, 200)
        self.assertEqual(site.get("/x", method="POST", body=b"a" * 1001).problem()["code"], "body-too-large")
        answer = raw(site.client_port, b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n")
        self.assertEqual((answer[:12], answer.closed), (b"HTTP/1.1 413", True))

    def test_a_slow_upload_outlives_the_time_for_the_first_byte(self):
        site = self.up(backends={"web": "endpoints: [ service://web ], timeouts: { first_byte: 2s, idle: 5s }"})

        def drops():
            for _ in range(10):
                threading.Event().wait(0.25)  # the client's own slowness
                yield b"drop"
        client = http.client.HTTPConnection("127.0.0.1", site.client_port, timeout=10)
        client.request("POST", "/slow", body=drops(), headers={"Transfer-Encoding": "chunked"}, encode_chunked=True)
        answer = client.getresponse()
        self.assertEqual((answer.status, answer.read().split()[1]), (200, b"40"))
        client.close()

    def test_a_listener_takes_its_most_clients_and_no_more(self):
        site = self.up(listener=", limits: { connections: 3 }")
        wait_for(lambda: metric(site.admin_port, "adit_connector_client_connections") == 0, "the first connections to be gone")
        clients = [http.client.HTTPConnection("127.0.0.1", site.client_port, timeout=10) for _ in range(3)]
        for client in clients:
            client.request("GET", "/stream")  # without an end: one that waits for nothing would give way
            self.assertEqual(client.getresponse().status, 200)
        with self.assertRaises((http.client.HTTPException, OSError)):
            site.get("/x")
        self.assertGreaterEqual(metric(site.admin_port, "adit_connector_client_refused_total", reaches=1), 1)
        clients.pop().close()
        wait_for(lambda: metric(site.admin_port, "adit_connector_client_connections") == 2, "the connection to be gone")
        self.assertEqual(site.get("/x").status, 200)
        for client in clients:
            client.close()

    def test_an_upload_that_stands_still_is_told_so(self):
        site = self.up(backends={"web": "endpoints: [ service://web ], timeouts: { first_byte: 1s }"})
        answer = raw(site.client_port, b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly this")
        self.assertEqual((answer[:12], answer.closed), (b"HTTP/1.1 408", True))
        self.assertIn(b"nothing of the request body arrived for 1s", answer)

    def test_an_answer_before_the_end_of_the_upload_reaches_the_client(self):
        early = Scripted(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfull", "hold")
        site = self.up(origin=early)
        with socket.create_connection(("127.0.0.1", site.client_port), timeout=10) as client:
            client.sendall(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + b"a" * 10000)
            received = b""
            while not received.endswith(b"full"):
                part = client.recv(1000)
                self.assertTrue(part, received)
                received += part
        self.assertTrue(received.startswith(b"HTTP/1.1 413"))

    def test_expect_is_answered_by_the_origin_and_a_refusal_costs_no_body(self):
        early = Scripted(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "hold")
        site = self.up(origin=early)
        answer = raw(site.client_port, b"POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        self.assertEqual((answer[:12], answer.closed), (b"HTTP/1.1 403", True))
        self.assertIn(b"expect: 100-continue", early.requests[0].lower())

    def test_interim_answers_are_passed_on_to_11_but_not_to_10(self):
        hints = Scripted(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n"
                         b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        site = self.up(origin=hints)
        answer = raw(site.client_port, GET % b"/")
        self.assertEqual([part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]], [b"103", b"103", b"200"])
        self.assertLess(answer.index(b"</a>"), answer.index(b"</b>"))
        self.assertNotIn(b"103", raw(site.client_port, b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"))

    def test_heads_and_statuses_without_body_never_get_one(self):
        origins = {"head": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "none": b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
                   "same": b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n"}
        servers = {name: Scripted(reply + b"evil!", "hold") for name, reply in origins.items()}
        site = Site(self, {name: f"http://127.0.0.1:{server.port}" for name, server in servers.items()})
        site.up()
        for name in origins:
            answer = raw(site.client_port, (b"HEAD" if name == "head" else b"GET") + b" /%s/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % name.encode())
            with self.subTest(name):
                self.assertNotIn(b"evil", answer)
                self.assertNotIn(b"transfer-encoding", answer.lower())

    def test_http_10_is_kept_alive_only_when_asked_and_sized(self):
        site = self.up()
        kept = raw(site.client_port, b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n")
        self.assertEqual((kept.count(b"HTTP/1.1 200"), kept.closed), (2, True))
        self.assertIn(b"connection: keep-alive", kept.lower())
        self.assertEqual(raw(site.client_port, b"GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n").count(b"HTTP/1.1 200"), 1)

    def test_what_a_client_says_of_itself_is_replaced_and_its_id_kept_out(self):
        site = self.up()
        site.get("/x", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "https",
                                "Forwarded": "for=6.6.6.6", "Proxy-Authorization": "Basic x", "Keep-Alive": "a", "TE": "gzip", "Host": "shop.example"})
        told = {name.lower(): value for name, value in self.origin.seen[-1][2].items()}
        self.assertEqual((told["x-forwarded-for"], told["x-forwarded-host"], told["x-forwarded-proto"]), ("127.0.0.1", "shop.example", "http"))
        self.assertNotIn("6.6.6.6", json.dumps(told))
        self.assertEqual(told["host"], f"127.0.0.1:{self.origin.port}")
        for name in ("proxy-authorization", "keep-alive", "te"):
            self.assertNotIn(name, told)

    def test_a_request_that_comes_round_again_is_stopped(self):
        site = self.up()
        site.get("/x")
        via = {k.lower(): v for k, v in self.origin.seen[-1][2].items()}["via"]
        answer = site.get("/x", headers={"Via": f"1.1 other, {via}"})
        self.assertEqual((answer.status, answer.problem()["code"]), (508, "loop-detected"))
        self.assertIn("error=proxy_loop_detected", answer.headers["proxy-status"])

    def test_a_listener_with_tls_serves_the_same(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", self.directory / "server.key", "-out", self.directory / "server.crt"],
                       check=True, capture_output=True)
        site = self.up(listener=", tls: { certificate: server.crt, key: server.key }")
        url = f"https://localhost:{site.client_port}"
        curl = ["curl", "-sS", "--max-time", "20", "--cacert", self.directory / "server.crt", "--resolve", f"localhost:{site.client_port}:127.0.0.1"]
        told = subprocess.run([*curl, f"{url}/bytes/3000000"], capture_output=True, check=True).stdout
        self.assertEqual(len(told), 3_000_000)
        body = self.write("body", "y" * 2_000_000)
        told = subprocess.run([*curl, "--data-binary", f"@{body}", f"{url}/up"], capture_output=True, check=True).stdout
        self.assertEqual(told.split()[1], b"2000000")
        self.assertEqual({k.lower(): v for k, v in self.origin.seen[-1][2].items()}["x-forwarded-proto"], "https")
        self.assertFalse(raw(site.client_port, GET % b"/clear").startswith(b"HTTP/1.1 200"))
        context = ssl.create_default_context(cafile=str(self.directory / "server.crt"))
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, OSError)):
            with socket.create_connection(("127.0.0.1", site.client_port), timeout=5) as plain:
                context.wrap_socket(plain, server_hostname="localhost")


main()

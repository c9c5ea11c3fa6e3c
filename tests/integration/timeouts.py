"""Each timeout ends its own phase and names itself; the time that is left travels on, and a caller who leaves is heard of."""
import http.client
import re
import socket
import threading
import time

from fault_backend import FaultBackend
from h2_peers import Server
from harness import Case, Site, can_connect, main, raw, wait_for
from servers import Scripted


GET = b"GET /first/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def tenths_of_a_second(count):
    """The pace of an origin that keeps its gateway waiting."""
    pause = threading.Event()
    for tenth in range(count):
        pause.wait(0.1)
        yield tenth


class Silent:
    """Takes connections, and says nothing: no TLS, no HTTP."""

    def __init__(self, case):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.taken = []
        case.addCleanup(self.socket.close)
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        try:
            while True:
                self.taken.append(self.socket.accept()[0])
        except OSError:
            pass


class Promising(Silent):
    """Says for three seconds that its answer is about to come, before it does."""

    def take(self):
        try:
            while True:
                threading.Thread(target=self.promise, args=(self.socket.accept()[0],), daemon=True).start()
        except OSError:
            pass

    @staticmethod
    def promise(connection):
        try:
            for _ in tenths_of_a_second(30):
                connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass


class Timeouts(Case):
    def setUp(self):
        super().setUp()
        self.backend = FaultBackend(self)
        self.silent = Silent(self)
        self.full = socket.create_server(("127.0.0.1", 0), backlog=0)
        waiting = [socket.socket() for _ in range(8)]
        for one in [self.full, *waiting]:
            self.addCleanup(one.close)
        for one in waiting:  # the backlog is full, so that a further connection gets no answer
            one.setblocking(False)
            one.connect_ex(self.full.getsockname())
        one = f'endpoints: [ "{self.backend.url}" ]'
        backends = {
            "connect": f'endpoints: [ "http://127.0.0.1:{self.full.getsockname()[1]}" ], timeouts: {{ connect: 300ms }}',
            "tls": f'endpoints: [ "https://127.0.0.1:{self.silent.port}" ], timeouts: {{ tls: 300ms }}',
            "handshake": f'endpoints: [ "https://127.0.0.1:{self.silent.port}" ], timeouts: {{ connect: 300ms }}',
            "first": f"{one}, timeouts: {{ first_byte: 300ms }}",
            "try": f"{one}, timeouts: {{ per_try: 300ms }}",
            "total": f"{one}, timeouts: {{ total: 400ms }}",
            "again": f"{one}, timeouts: {{ per_try: 1s, total: 20s }}, retry: {{ attempts: 3, on: [ timeout ], backoff: 1ms, tell_client: true }}",
            "shared": f"{one}, timeouts: {{ total: 3s }}, retry: {{ attempts: 3, on: [ gateway-error ], backoff: 1ms, tell_client: true }}",
            "routed": f"{one}, timeouts: {{ total: 20s }}",
            "said": f"{one}, forwarding: {{ deadline: x-request-timeout-ms }}, timeouts: {{ total: 100s }}, retry: {{ attempts: 2, on: [ 503 ], backoff: 1ms }}",
        }
        self.site = Site(self, {"web": self.backend.url}, backends=backends, routes=[(f"/{name}/**", name) for name in backends], workers=1,
                         listener=", trusted_proxies: [ 127.0.0.0/8 ]")
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace('backend: routed }', 'backend: routed, timeouts: { total: 400ms } }') + "timeouts: { first_byte: 25s }\n")
        self.connector = self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port), "the listener")

    def test_each_names_itself(self):
        self.backend.behave(dict(latency=8))
        for name, code in (("connect", "connect-timeout"), ("tls", "tls-timeout"), ("handshake", "connect-timeout"), ("first", "first-byte-timeout"),
                           ("try", "per-try-timeout"), ("total", "total-timeout"), ("routed", "total-timeout")):
            with self.subTest(name):
                began = time.monotonic()
                answer = self.site.get(f"/{name}/x")
                self.assertEqual((answer.status, answer.problem()["code"]), (504, code), answer.body)
                self.assertLess(time.monotonic() - began, 6)
                self.assertIn("error=", answer.headers["proxy-status"])

    def test_interim_answers_buy_no_time(self):
        for version, origin in (("h1", Promising(self)), ("h2", self.promising_in_http2())):
            with self.subTest(version):
                text = re.sub(r"  first: .*", f'  first: {{ endpoints: [ "http://127.0.0.1:{origin.port}" ], protocol: {"h2" if version == "h2" else "http/1.1"}, '
                              "timeouts: { first_byte: 1s } }", self.site.config.read_text())
                self.site.config.write_text(text)
                self.connector.signal(1)
                answer = wait_for(lambda: b"103 Early Hints" in (told := raw(self.site.client_port, GET)) and told, "an answer of the new origin")
                final = answer[answer.rfind(b"HTTP/1.1 "):]
                self.assertTrue(final.startswith(b"HTTP/1.1 504") and b"first-byte-timeout" in final, final)

    @staticmethod
    def promising_in_http2():
        def promise(connection, stream, _):
            for _ in tenths_of_a_second(30):
                connection.h2.send_headers(stream, [(":status", "103"), ("link", "</a>")])
                connection.flush()
            connection.reply(stream)
        return Server(promise)

    def test_a_try_that_took_too_long_is_not_the_last(self):
        self.backend.behave(dict(path="/again/x", how="silent", times=2), dict(path="/shared/x", how="silent", times=1), dict(path="/again/never", how="silent"))
        answer = self.site.get("/again/x")
        self.assertEqual((answer.status, answer.headers["x-adit-attempts"]), (200, "3"))
        self.assertEqual((self.site.get("/shared/x").status), 200)  # each try has its share of the total
        self.assertEqual(self.site.get("/again/x", method="POST", body=b"x").status, 200)
        answer = self.site.get("/again/never", method="POST", body=b"x")
        self.assertEqual((answer.status, answer.problem()["code"], answer.problem()["attempts"][0]["not_retried"]), (504, "per-try-timeout", "not-safe"))

    def test_the_time_that_is_left_is_told_anew_with_each_try(self):
        origin = Scripted(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace(f'  said: {{ endpoints: [ "{self.backend.url}" ]', f'  said: {{ endpoints: [ "http://127.0.0.1:{origin.port}" ]'))
        self.connector.signal(1)
        wait_for(lambda: self.site.get("/said/").status == 503, "the reload")
        origin.requests.clear()

        def told(**headers):
            origin.requests.clear()
            answer = self.site.get("/said/x", headers=headers)
            fields = [line.split(b": ")[1] for head in origin.requests for line in head.split(b"\r\n") if line.lower().startswith(b"x-request-timeout-ms")]
            return answer, [int(field) for field in fields]
        answer, left = told()
        self.assertEqual((answer.status, len(left)), (503, 2))
        self.assertTrue(90_000 < left[1] <= left[0] <= 100_000, left)
        self.assertLessEqual(told(**{"X-Request-Timeout-Ms": "30000"})[1][0], 30_000)  # from a trusted proxy
        answer, left = told(**{"X-Request-Timeout-Ms": "0"})
        self.assertEqual((answer.status, left), (504, []))

    def test_a_caller_who_leaves_is_heard_of_by_the_origin(self):
        self.backend.behave(dict(how="silent"))
        client = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=10)
        client.request("GET", "/said/leaving")
        wait_for(lambda: self.backend.counts().by_path["/said/leaving"] == 1, "the call")
        client.close()
        wait_for(lambda: self.backend.counts().given_up >= 1, "the origin's connection to be closed")


class Chained(Case):
    """Two connectors, one behind the other, that share a key; and one in front whose key is another."""

    def setUp(self):
        super().setUp()
        self.backend = FaultBackend(self)
        retry = "retry: { attempts: 3, backoff: 1ms, budget: { percent: 100 } }"
        key = "0123456789abcdef0123456789abcdef"
        inner = self.connector("inner", f'endpoints: [ "{self.backend.url}" ], {retry}', key)
        self.outer = self.connector("outer", f'endpoints: [ "http://127.0.0.1:{inner}" ], timeouts: {{ total: 3s }}, {retry}', key)
        self.stranger = self.connector("stranger", f'endpoints: [ "http://127.0.0.1:{inner}" ], {retry}', key.upper())

    def connector(self, name, backend, key):
        (self.directory / name).mkdir()
        self_directory, self.directory = self.directory, self.directory / name
        site = Site(self, {"web": self.backend.url}, backends={"next": backend}, routes=[("/**", "next")], workers=1, extra=f"chain: {{ key: {key} }}\n")
        site.start_connector()
        self.directory = self_directory
        wait_for(lambda: can_connect(site.client_port), name)
        return site.client_port

    def ask(self, port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def test_only_one_tier_tries_again(self):
        self.backend.behave(dict(path="/503", status=503), dict(path="/forged", status=503), dict(path="/silent", how="silent"))
        self.assertEqual(self.ask(self.outer, "/503"), 503)
        self.assertEqual(self.backend.counts().by_path["/503"], 3)
        self.assertEqual(self.ask(self.stranger, "/forged"), 503)
        self.assertEqual(self.backend.counts().by_path["/forged"], 9)
        self.assertEqual(self.ask(self.outer, "/silent"), 504)
        wait_for(lambda: self.backend.counts().given_up >= 1, "the inner connector to give up in time")


main()

"""Bulkheads: as many requests in progress as configured, a bounded queue before them, places kept to the last byte."""
import collections
import concurrent.futures
import hashlib
import json
import socket
import time

from fault_backend import FaultBackend
from harness import CALM, CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, raw, wait_for


class Bulkheads(Case):
    def start(self, backend="", routes=None, policies="", more=""):
        self.backend = FaultBackend(self)
        self.port, self.admin = free_port(), free_port()
        self.configure(backend, routes, policies, more)
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")

    def configure(self, backend="", routes=None, policies="", more=""):
        lines = [f'listeners: [ {{ address: "127.0.0.1:{self.port}", trusted_proxies: [ 127.0.0.1 ] }} ]', f'admin: {{ address: "127.0.0.1:{self.admin}" }}',
                 "workers: 2", CALM, "log: { format: json }", f'backends: {{ web: {{ endpoints: [ "http://127.0.0.1:{self.backend.port}" ] {backend} }} }}',
                 policies, more, "routes:"]
        lines += [f"  - {{ name: {name}, match: {{ path: /{name}/** }}, backend: web {text} }}" for name, text in (routes or {"a": ""}).items()]
        self.config = self.write("adit.yaml", "\n".join(lines) + "\n")

    def hold(self, path="/a/hold", fields=""):
        """A request that ends when its client leaves."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.addCleanup(client.close)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
        return client

    def gauge(self, name, bulkhead):
        return metric(self.admin, f"adit_bulkhead_{name}", bulkhead=bulkhead)

    def await_gauge(self, name, bulkhead, value):
        wait_for(lambda: self.gauge(name, bulkhead) == value, f"{name} of {bulkhead} to be {value}")

    def lines(self, **wanted):
        lines = [json.loads(line) for line in self.connector.log().splitlines() if '"logger":"access"' in line]
        return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]

    def test_there_are_never_more_in_progress_and_whoever_waits_is_served(self):
        self.start(", bulkhead: { concurrent: 4, queue: 64, queue_timeout: 20s }")
        self.backend.behave(dict(latency="0.005-0.02"))
        self.backend.freeze()
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = [pool.submit(fetch, self.port, "/a/x") for _ in range(240)]
            self.await_gauge("waiting", "backend:web", 20)  # and whoever follows while these are served
            self.backend.thaw()
            statuses = collections.Counter(answer.result().status for answer in answers)
        self.assertEqual(statuses, {200: 240})
        self.assertLessEqual(self.backend.counts().most, 4)
        self.await_gauge("in_progress", "backend:web", 0)
        self.assertEqual(self.gauge("waiting", "backend:web"), 0)
        self.assertGreaterEqual(metric(self.admin, "adit_bulkhead_queue_seconds_count", bulkhead="backend:web", reaches=20), 20)
        waited = wait_for(lambda: self.lines(bulkhead="backend:web"), "who waited, in the log")[-1]
        self.assertGreater(waited["bulkhead_ms"], 0)

    def test_a_full_queue_and_a_long_wait_are_answered_and_a_place_is_handed_on(self):
        self.start(", bulkhead: { concurrent: 1, queue: 1, queue_timeout: 300ms }", {"a": "", "b": ""})
        self.backend.behave(dict(path="/a/hold", how="silent"))
        holder = self.hold()
        self.await_gauge("in_progress", "backend:web", 1)
        began = time.monotonic()
        late = fetch(self.port, "/b/x")
        self.assertGreaterEqual(time.monotonic() - began, 0.28)
        problem = late.problem()
        self.assertEqual((late.status, problem["code"], late.headers["retry-after"]), (503, "queue-timeout", "1"))
        self.assertIn("backend:web had no place within 300ms", problem["detail"])
        self.assertIn("connection_limit_reached", late.headers["proxy-status"])
        line = wait_for(lambda: self.lines(request_id=problem["trace"]["requestId"]), "the access line")[0]
        self.assertEqual(line["bulkhead"], "backend:web")
        self.assertGreaterEqual(line["bulkhead_ms"], 280)
        # the queue is full: at once
        self.configure(", bulkhead: { concurrent: 1, queue: 1, queue_timeout: 20s }", {"a": "", "b": ""})
        self.run_tool(CONNECTOR, "reload", "--config", self.config)
        self.assertEqual(self.gauge("in_progress", "backend:web"), 1)  # a reload forgets nobody
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(fetch, self.port, "/b/x")
            self.await_gauge("waiting", "backend:web", 1)
            full = fetch(self.port, "/b/x")
            self.assertEqual((full.status, full.problem()["code"], full.headers["retry-after"]), (503, "bulkhead-full", "1"))
            row = json.loads(fetch(self.admin, "/status").body)["bulkheads"][0]
            self.assertEqual((row["name"], row["in_progress"], row["limit"], row["waiting"]), ("backend:web", 1, 1, 1))
            self.assertIn("BULKHEAD", self.run_tool(CONNECTOR, "status", "--config", self.config).stdout)
            holder.close()
            self.assertEqual(waiting.result().status, 200)
        self.assertEqual(metric(self.admin, "adit_bulkhead_rejected_total", bulkhead="backend:web", reason="full", reaches=1), 1)
        self.assertEqual(metric(self.admin, "adit_bulkhead_rejected_total", bulkhead="backend:web", reason="timeout", reaches=1), 1)

    def test_who_leaves_the_queue_takes_nothing_and_more_places_wake_who_waits(self):
        self.start(", bulkhead: { concurrent: 1, queue: 8, queue_timeout: 20s }")
        self.backend.behave(dict(path="/a/hold", how="silent"))
        self.hold()
        self.await_gauge("in_progress", "backend:web", 1)
        leaver = self.hold("/a/leaver")
        self.await_gauge("waiting", "backend:web", 1)
        leaver.close()
        self.await_gauge("waiting", "backend:web", 0)
        self.assertEqual(metric(self.admin, "adit_bulkhead_rejected_total", bulkhead="backend:web", reason="client-left", reaches=1), 1)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(fetch, self.port, "/a/x")
            self.await_gauge("waiting", "backend:web", 1)
            self.configure(", bulkhead: { concurrent: 3, queue: 8, queue_timeout: 20s }")
            self.run_tool(CONNECTOR, "reload", "--config", self.config)
            self.assertEqual(fetch(self.port, "/a/y").status, 200)  # the next one brings the news
            self.assertEqual(waiting.result().status, 200)
        self.assertEqual(self.backend.counts().by_path["/a/leaver"], 0)

    def test_a_place_is_kept_to_the_last_byte(self):
        self.start(", bulkhead: { concurrent: 1, queue: 0 }")
        size = 30_000_000
        reader = self.hold(f"/a/bytes/{size}?key=k", "X-Fault: size=%d\r\n" % size)
        first = reader.recv(1000)  # the answer has begun, and the client takes its time
        self.assertIn(b"200 OK", first)
        self.assertEqual(fetch(self.port, "/a/x").status, 503)
        self.assertEqual(self.gauge("in_progress", "backend:web"), 1)
        received = len(first)
        while received < size:
            received += len(reader.recv(1 << 20))
        self.await_gauge("in_progress", "backend:web", 0)
        self.assertEqual(fetch(self.port, "/a/x").status, 200)

    def test_callers_have_places_of_their_own_and_routes_have_theirs(self):
        key = lambda name: f'[ "sha256:{hashlib.sha256(name.encode()).hexdigest()}" ]'
        self.start("", {"a": ", policies: [ api-key, anonymous, few ], access: [ { consumer: '*' }, { consumer: anonymous } ]",
                        "b": ", policies: [ anonymous ], access: [ { consumer: anonymous } ], bulkhead: { concurrent: 2, queue: 0 }"},
                   "policies: { few: { bulkhead: { per: consumer, concurrent: 1, queue: 0 } } }",
                   f"consumers: [ {{ name: shop, api_keys: {key('shop')} }}, {{ name: till, api_keys: {key('till')} }} ]")
        self.backend.behave(dict(path="/a/hold", how="silent"), dict(path="/b/hold", how="silent"))
        ask = lambda path, **fields: fetch(self.port, path, headers={name.replace("_", "-"): value for name, value in fields.items()}).status
        self.hold("/a/hold", "X-Api-Key: shop\r\n")
        self.await_gauge("in_progress", "policy:few", 1)
        self.assertEqual([ask("/a/x", x_api_key="shop"), ask("/a/x", x_api_key="till"), ask("/a/x")], [503, 200, 200])
        self.await_gauge("in_progress", "policy:few", 1)
        self.hold("/a/hold", "X-Forwarded-For: 192.0.2.1\r\n")
        self.await_gauge("in_progress", "policy:few", 2)
        self.assertEqual([ask("/a/x", x_forwarded_for="192.0.2.1"), ask("/a/x", x_forwarded_for="192.0.2.2")], [503, 200])
        self.await_gauge("in_progress", "policy:few", 2)  # a place is free again once its answer is out
        row = json.loads(fetch(self.admin, "/status").body)["bulkheads"]
        self.assertEqual([(r["name"], r["in_progress"]) for r in row], [("route:b", 0), ("policy:few", 2)])
        self.assertEqual(row[1]["callers"], 2)
        self.hold("/b/hold")
        self.hold("/b/hold")
        self.await_gauge("in_progress", "route:b", 2)
        self.assertEqual([ask("/b/x"), ask("/a/x")], [503, 200])

    def test_nobody_waits_for_a_place_that_he_holds_himself(self):
        place = "bulkhead: { per: client_ip, concurrent: 1, queue: 8, queue_timeout: 20s }"
        self.start("", {"a": ", policies: [ p, q ]", "b": ", policies: [ q, p ]"}, f"policies: {{ p: {{ {place} }}, q: {{ {place} }} }}")
        text = (self.directory / "adit.yaml").read_text().replace("backends: {", 'backends: { inner: { endpoints: [ "internal://b" ] },')
        self.write("adit.yaml", text + "  - { name: outer, match: { path: /outer/** }, backend: inner, policies: [ p, q ] }\n")
        self.run_tool(CONNECTOR, "reload", "--config", self.config)
        self.assertEqual(fetch(self.port, "/outer/x").status, 200)
        self.backend.behave(dict(latency="0.005-0.01"))
        with concurrent.futures.ThreadPoolExecutor(6) as pool:  # both orders at once: nobody waits in a circle
            statuses = collections.Counter(pool.map(lambda i: fetch(self.port, f"/{('a', 'b', 'outer')[i % 3]}/x").status, range(30)))
        self.assertEqual(statuses, {200: 30})
        self.await_gauge("in_progress", "policy:p", 0)
        self.await_gauge("in_progress", "policy:q", 0)

    def test_an_adaptive_bulkhead_listens_to_the_backend(self):
        self.start(", bulkhead: { concurrent: 100, queue: 0, adaptive: { minimum: 2 } }")
        self.assertEqual(fetch(self.port, "/a/x").status, 200)
        self.assertEqual(self.gauge("limit", "backend:web"), 20)
        self.backend.behave(dict(status=429, retry_after=1))
        wait_for(lambda: fetch(self.port, "/a/x") and self.gauge("limit", "backend:web") <= 5, "the limit to fall", 30)

    def test_an_open_websocket_holds_its_place(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.start(", bulkhead: { concurrent: 1, queue: 0 }")
        text = (self.directory / "adit.yaml").read_text().replace(str(self.backend.port), str(listener.getsockname()[1]))
        self.write("adit.yaml", text)
        self.run_tool(CONNECTOR, "reload", "--config", self.config)
        client = self.hold("/a/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        origin, _ = listener.accept()
        self.addCleanup(origin.close)
        origin.recv(10_000)
        origin.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        self.assertIn(b"101", client.recv(1000))
        self.assertIn(b"bulkhead-full", raw(self.port, b"GET /a/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        client.close()
        origin.close()
        self.await_gauge("in_progress", "backend:web", 0)


if __name__ == "__main__":
    main()

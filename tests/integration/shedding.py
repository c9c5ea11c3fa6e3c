"""A connector that is short of something refuses what matters least, first; it says why, and it recovers."""
import json
import os
import re
import socket

from fault_backend import FaultBackend
from harness import CONNECTOR, SANITIZED, Case, Process, can_connect, fetch, free_port, main, metric, wait_for

PRIORITIES = ("low", "normal", "high", "critical")
MEBI = 1 << 20


class Shedding(Case):
    def start(self, shed, prefix=(), priorities=PRIORITIES):
        self.backend = FaultBackend(self)
        self.port, self.admin = free_port(), free_port()
        self.priorities = priorities
        self.configure(shed)
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config], prefix=prefix)
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")

    def configure(self, shed):
        lines = [f'listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]', f'admin: {{ address: "127.0.0.1:{self.admin}" }}', "workers: 2",
                 f"shed: {{ lag: 10s, {shed} }}", "log: { format: json }", f"backends: {{ web: {{ endpoints: [ \"http://127.0.0.1:{self.backend.port}\" ] }} }}", "routes:"]
        lines += [f"  - {{ match: {{ path: /{p}/** }}, backend: web, priority: {p} }}" for p in self.priorities]
        self.config = self.write("adit.yaml", "\n".join(lines) + "\n")

    def reload(self, shed):
        self.configure(shed)
        self.run_tool(CONNECTOR, "reload", "--config", self.config)

    def ask(self, priority):
        return fetch(self.port, f"/{priority}/x")

    def served(self):
        return [p for p in self.priorities if self.ask(p).status == 200]

    def hold(self, path):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        client.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
        self.addCleanup(client.close)
        return client

    def resource(self, name):
        return {r["resource"]: r for r in json.loads(fetch(self.admin, "/status").body)["resources"]}[name]

    def line(self, answer):
        """The access line of an answer of ours, by the request id in its problem document."""
        wanted = f'"request_id":"{answer.problem()["trace"]["requestId"]}"'
        return wait_for(lambda: next((json.loads(line) for line in self.connector.log().splitlines() if wanted in line), None), "the access line")

    def test_the_last_places_among_the_requests_are_for_the_important_ones(self):
        self.start("requests: 40")
        self.backend.behave(dict(path="/critical/hold", how="silent"))
        held = [self.hold("/critical/hold") for _ in range(36)]
        wait_for(lambda: self.resource("requests")["used"] == "36 of 40", "thirty-six requests in progress")
        refused = self.ask("low")
        self.assertEqual((refused.status, refused.problem()["code"], refused.headers["retry-after"]), (503, "overloaded", "1"))
        self.assertIn("connection_limit_reached", refused.headers["proxy-status"])
        # There is room for those before them, whose ends may be counted after their answers.
        self.assertEqual(self.served(), ["normal", "high", "critical"])
        line = self.line(refused)
        self.assertEqual((line["shed"], line["code"], line["status"], line["route"]), ("requests", "overloaded", 503, "*/low/**"))
        wait_for(lambda: self.resource("requests")["used"] == "36 of 40", "the places of those who were served")
        held += [self.hold("/critical/hold") for _ in range(4)]
        wait_for(lambda: self.resource("requests")["used"] == "40 of 40", "forty requests in progress")
        self.assertEqual(self.served(), [])
        for path in ("/live", "/ready", "/metrics"):
            self.assertEqual(fetch(self.admin, path).status, 200)
        calls = self.backend.counts().calls
        self.assertEqual(self.ask("normal").status, 503)
        self.assertEqual(self.backend.counts().calls, calls)
        self.assertEqual(metric(self.admin, "adit_connector_shed_total", resource="requests", priority="low", reaches=3), 3)
        self.assertEqual(metric(self.admin, "adit_connector_shed_total", resource="requests", priority="critical", reaches=1), 1)
        for client in held:
            client.close()
        wait_for(lambda: self.served() == list(PRIORITIES), "everybody to be served again")
        wait_for(lambda: metric(self.admin, "adit_connector_requests_in_progress") == 0, "nothing in progress")

    def test_little_memory_left_is_for_those_of_high_priority(self):
        self.start("memory: 100GiB")
        self.assertEqual(self.served(), list(PRIORITIES))
        used = self.connector.rss_kib() * 1024
        self.reload(f"memory: {int(used / 0.88)}, share: 85")  # low begins at 85 %, normal at 92.5 %, high at 96.25 %
        wait_for(lambda: self.resource("memory")["shed"] != "none", "shedding")
        refused = wait_for(lambda: (lambda a: a if a.status == 503 else None)(self.ask("low")), "a refusal")
        self.assertIn("little memory is left", refused.problem()["detail"])
        self.assertEqual(self.line(refused)["shed"], "memory")
        if not SANITIZED:  # whose memory grows with each reload, beyond what is left here
            self.assertIn("critical", self.served())
        self.reload("memory: 1MiB")
        wait_for(lambda: self.resource("memory")["used"].endswith("of 1 MiB"), "the other bound")
        self.assertEqual(self.served(), [])
        status = self.run_tool(CONNECTOR, "status", "--config", self.config).stdout
        self.assertRegex(status, r"! memory is short \(\d+ of 1 MiB\): all requests are refused with 503")
        self.assertRegex(status, r"memory +\d+ of 1 MiB +all")
        self.assertGreaterEqual(metric(self.admin, "adit_connector_overload_level", resource="memory"), 4)
        self.reload("memory: 100GiB")
        wait_for(lambda: self.served() == list(PRIORITIES), "everybody to be served again")
        for event in ("shed.on", "shed.off"):
            wait_for(lambda: f'"event":"{event}"' in self.connector.log(), event)

    def test_descriptors_that_run_out_keep_new_clients_off_and_not_those_who_are_here(self):
        self.start("share: 80", prefix=["prlimit", "--nofile=200:200"])
        kept = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.addCleanup(kept.close)

        def ask_kept(priority):
            kept.sendall(b"GET /%s/x HTTP/1.1\r\nHost: a\r\n\r\n" % priority.encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += kept.recv(1)
            left = int(re.search(rb"content-length: (\d+)", head.lower())[1])
            while left > 0:
                left -= len(kept.recv(left))
            return int(head[9:12])

        self.assertEqual(ask_kept("critical"), 200)
        descriptors = lambda: len(os.listdir(f"/proc/{self.connector.pid}/fd"))
        idle = []
        while descriptors() < 175:
            idle.append(socket.create_connection(("127.0.0.1", self.port), timeout=10))
            idle[-1].sendall(b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(idle[-1].recv(100))  # it is accepted
        wait_for(lambda: self.resource("descriptors")["shed"] == "low", "shedding")
        self.assertEqual(self.ask("low").status, 503)
        self.assertEqual(self.ask("high").status, 200)
        while descriptors() < 193:
            try:
                idle.append(socket.create_connection(("127.0.0.1", self.port), timeout=10))
                idle[-1].sendall(b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
                if not idle[-1].recv(100):
                    break
            except ConnectionError:
                break  # refused already
        wait_for(lambda: self.resource("descriptors")["shed"] in ("high", "all"), "shedding")
        with self.assertRaises((ConnectionError, OSError)):
            self.ask("critical")
        self.assertGreaterEqual(metric(self.admin, "adit_connector_client_refused_total", reason="descriptors", reaches=1), 1)
        self.assertEqual(ask_kept("critical"), 200)
        for client in idle:
            client.close()
        wait_for(lambda: self.resource("descriptors")["shed"] == "none", "the end of it")
        self.assertEqual(self.served(), list(PRIORITIES))

    def test_nothing_is_shed_where_that_is_switched_off(self):
        self.start("enabled: false, memory: 1MiB, requests: 1")
        self.backend.behave(dict(path="/normal/hold", how="silent"))
        self.hold("/normal/hold")
        wait_for(lambda: metric(self.admin, "adit_connector_requests_in_progress") == 1, "a request in progress")
        self.assertEqual(self.served(), list(PRIORITIES))


main()

"""What says nothing of a backend is not held against it, and what was not kept whole is not sent twice."""
import concurrent.futures
import hashlib
import http.client
import json
import threading

from fault_backend import FaultBackend, FaultBackendH2
from h2_peers import Client
from harness import Case, Site, fetch, free_port, main, wait_for

CIRCUIT = "circuit: { consecutive: 2, cooldown: 60s }"


class Innocent(Case):
    def setUp(self):
        super().setUp()
        self.backend, self.h2 = FaultBackend(self), FaultBackendH2()
        one, h2 = f'endpoints: [ "{self.backend.url}" ]', f'endpoints: [ "http://127.0.0.1:{self.h2.port}" ], protocol: h2c'
        again = "retry: { attempts: 3, body_bytes: 16KiB, on: [ reset, gateway-error ], backoff: 700ms, tell_client: true, budget: { percent: 100 } }"
        backends = {
            "hurried": f"{one}, forwarding: {{ deadline: x-request-timeout-ms }}, {CIRCUIT}",
            "grpc": f"{h2}, {CIRCUIT}",
            "upload": f"{one}, circuit: {{ consecutive: 0, slow_rate: 50, slow: 1s, minimum: 3, cooldown: 60s }}",
            "stream": f"{one}, circuit: {{ consecutive: 1, cooldown: 100ms, probes: 1, recovery: 0s }}",
            "again": f"{one}, {again}",
            "once": f"{one}, circuit: {{ consecutive: 1, cooldown: 60s }}, retry: {{ attempts: 3, backoff: 1ms, budget: {{ percent: 100 }} }}",
            "away": f'endpoints: [ "http://127.0.0.1:{free_port()}" ]',
        }
        self.site = Site(self, {"web": self.backend.url}, backends=backends, routes=[(f"/{name}/**", name) for name in backends], workers=1,
                         listener=", trusted_proxies: [ 127.0.0.0/8 ]")
        self.connector, _ = self.site.up()

    def circuit(self, name):
        rows = json.loads(fetch(self.site.admin_port, "/circuits").body)["circuits"]
        return next(row["state"] for row in rows if row["name"] == f"backend:{name}")

    def call(self, path, *more):
        """The status of a unary call of gRPC, wherever it stands."""
        with Client(self.site.client_port) as client:
            answer = client.post(path, b"\0\0\0\0\0", more=[("content-type", "application/grpc"), ("te", "trailers"), *more])
            return {**answer.headers, **(answer.trailers or {})}

    def send_slowly(self, path, parts, pause):
        """A chunked PUT whose parts come one after the other; the answer and what the backend says it has read."""
        def body():
            for number, part in enumerate(parts):
                if number:
                    threading.Event().wait(pause)
                yield part
        client = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=20)
        self.addCleanup(client.close)
        client.request("PUT", path, body(), encode_chunked=True, headers={"transfer-encoding": "chunked"})
        answer = client.getresponse()
        return answer, answer.read()

    def test_the_time_that_a_caller_allows_is_the_callers(self):
        self.backend.behave(dict(path="/hurried/", how="silent"))
        for _ in range(4):
            answer = self.site.get("/hurried/x", headers={"X-Request-Timeout-Ms": "80"})
            self.assertEqual((answer.status, answer.problem()["code"]), (504, "total-timeout"))
        self.assertEqual(self.circuit("hurried"), "closed")
        self.h2.behave(dict(how="silent"))
        for _ in range(4):
            self.assertEqual(self.call("/grpc/x.Y/Z", ("grpc-timeout", "80m"))["grpc-status"], "4")
        self.assertEqual(self.circuit("grpc"), "closed")

    def test_a_client_that_sends_slowly_does_not_make_its_backend_slow(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.send_slowly("/upload/x", [b"a" * 100, b"b" * 100], 1.5), range(4)))
        self.assertEqual([answer.status for answer, _ in answers], [200] * 4)
        self.assertEqual(self.circuit("upload"), "closed")

    def test_a_probe_has_told_what_it_can_when_a_long_answer_begins(self):
        self.backend.behave(dict(path="/stream/bad", status=500), dict(path="/stream/long", how="drip", size=4000, pace=0.05))
        self.site.get("/stream/bad")
        wait_for(lambda: self.circuit("stream") == "open", "the circuit to open")
        client = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=20)
        self.addCleanup(client.close)

        def probe():
            client.request("GET", "/stream/long")
            answer = client.getresponse()
            if answer.status == 200:
                return answer
            answer.read()
            return None
        streaming = wait_for(probe, "the probe to be let through")
        wait_for(lambda: self.circuit("stream") == "closed", "the circuit to close while the answer runs")
        self.assertEqual(self.site.get("/stream/other").status, 200)
        self.assertEqual(len(streaming.read(16)), 16)

    def test_a_body_that_outgrows_what_is_kept_is_never_sent_in_part(self):
        for name, parts in (("small", [b"a" * 2000, b"b" * 2000]), ("grows", [b"a" * 2000, b"b" * 60_000]), ("tail", [b"a" * 12_000, b"b" * 4000, b"c" * 4000])):
            for early in (0, 1):
                with self.subTest(f"{name} {early}"):
                    path = f"/again/{name}{early}"
                    self.backend.behave(dict(path=path, status=503, early=early, times=1, size=10))
                    answer, told = self.send_slowly(path, parts, 0.25)
                    if answer.status == 200:
                        self.assertEqual(json.loads(told)["sha256"], hashlib.sha256(b"".join(parts)).hexdigest())
                    else:
                        self.assertEqual((answer.status, len(told), name != "small"), (503, 10, True))
                    self.assertLessEqual(self.backend.counts().by_path[path], 2)

    def test_an_empty_body_of_unknown_length_is_empty_the_second_time_too(self):
        self.backend.behave(dict(path="/again/empty", status=503, times=1))
        answer, told = self.send_slowly("/again/empty", [], 0)
        self.assertEqual((answer.status, json.loads(told)["size"], answer.headers["x-adit-attempts"]), (200, 0, "2"))
        self.assertEqual(self.site.get("/again/after").status, 200)

    def test_a_circuit_that_opens_meanwhile_does_not_hide_why(self):
        self.backend.behave(dict(path="/once/", how="reset"))
        first = self.site.get("/once/x")
        self.assertEqual((first.status, first.problem()["code"]), (502, "connection-terminated"))
        self.assertEqual(first.problem()["attempts"][-1]["not_retried"], "circuit-open")
        second = self.site.get("/once/x")
        self.assertEqual((second.status, second.problem()["code"]), (503, "circuit-open"))

    def test_callers_of_grpc_learn_when_to_come_again_and_no_address(self):
        self.site.tool("circuit", "open", "backend:grpc")
        told = self.call("/grpc/x.Y/Z")
        self.assertEqual((told["grpc-status"], int(told["grpc-retry-pushback-ms"])), ("14", int(told["retry-after"]) * 1000))
        told = self.call("/away/x.Y/Z")
        self.assertEqual(told["grpc-status"], "14")
        self.assertNotIn("127.0.0.1", told["grpc-message"])


main()

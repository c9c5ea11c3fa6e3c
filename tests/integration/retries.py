"""What is sent again and what is not, over which endpoints, and what client, log and metrics are told of it."""
import concurrent.futures
import hashlib
import http.client
import json
import socket

from fault_backend import FaultBackend, FaultBackendH2
from harness import Case, Site, can_connect, free_port, main, metric, wait_for

ON_ALL = "on: [ connect-failure, reset, timeout, gateway-error, retriable-header ]"
QUICK = "backoff: 5ms, tell_client: true, budget: { percent: 100 }"


class Retries(Case):
    def setUp(self):
        super().setUp()
        self.backend, self.other, self.h2 = FaultBackend(self, "a"), FaultBackend(self, "b"), FaultBackendH2("c")
        both = f'endpoints: [ "{self.backend.url}", "{self.other.url}" ]'
        one = f'endpoints: [ "{self.backend.url}" ]'
        backends = {
            "plain": one,
            "thrice": f"endpoints: [ service://web ], retry: {{ attempts: 3, {ON_ALL}, {QUICK} }}",
            "both": f"{both}, retry: {{ attempts: 2, {QUICK} }}",
            "told": f"{one}, forwarding: {{ disclose_attempts: true }}, retry: {{ attempts: 2, {QUICK} }}",
            "small": f"{one}, retry: {{ attempts: 3, body_bytes: 16KiB, {ON_ALL}, {QUICK} }}",
            "patient": f"{one}, retry: {{ attempts: 2, retry_after_most: 2s, {QUICK} }}",
            "poor": f"{one}, retry: {{ attempts: 3, backoff: 1ms, budget: {{ percent: 0, floor: 0 }} }}",
            "away": f'endpoints: [ "http://127.0.0.1:{free_port()}" ], retry: {{ attempts: 3, {QUICK} }}',
            "grpc": f'endpoints: [ "http://127.0.0.1:{self.h2.port}" ], protocol: h2c, retry: {{ attempts: 3, on: [ refused-stream, grpc-unavailable ], {QUICK} }}',
        }
        self.site = Site(self, {"web": self.backend.url}, backends=backends, routes=[(f"/{name}/**", name) for name in backends], workers=1)
        self.connector, _ = self.site.up()

    def calls(self, path):
        return self.backend.counts().by_path[path]

    def story(self, path):
        """The line of the latest request for it."""
        return wait_for(lambda: next((line for line in reversed(self.site.access_lines(self.connector)) if line["path"] == path), None), "the access line")

    def test_what_is_sent_again(self):
        self.backend.behave(*[dict(path=f"/thrice/{how}", how=how, times=2) for how in ("reset", "close")], dict(path="/thrice/503", status=503, times=2),
                            dict(path="/thrice/500", status=500), dict(path="/thrice/always", status=503, fields={"x-mine": "yes"}),
                            dict(path="/thrice/marked", status=503, times=1, fields={"x-adit-retriable": "1"}))
        for what in ("reset", "close", "503"):
            with self.subTest(what):
                answer = self.site.get(f"/thrice/{what}")
                self.assertEqual((answer.status, answer.headers["x-adit-attempts"], self.calls(f"/thrice/{what}")), (200, "3", 3))
        for what, method, headers, calls in (("500", "GET", {}, 1), ("always", "GET", {}, 3), ("always", "POST", {}, 1),
                                             ("always", "POST", {"Idempotency-Key": "k"}, 3), ("always", "PUT", {}, 3), ("always", "PATCH", {}, 1)):
            with self.subTest(f"{method} {what} {headers}"):
                self.backend.forget()
                answer = self.site.get(f"/thrice/{what}", method=method, body=b"" if method != "GET" else None, headers=headers)
                self.assertEqual(self.calls(f"/thrice/{what}"), calls)
                self.assertEqual(answer.status, 500 if what == "500" else 503)
                self.assertEqual(answer.headers.get("x-mine"), None if what == "500" else "yes")  # the origin's own answer
                self.assertEqual(answer.headers["x-backend"], "a")
        answer = self.site.get("/thrice/marked", method="POST", body=b"x")
        self.assertEqual((answer.status, self.calls("/thrice/marked")), (200, 2))

    def test_bodies_arrive_whole_or_are_not_sent_again(self):
        self.backend.behave(dict(path="/small/", status=503, times=2))
        small, large = b"s" * 9_000, b"l" * 200_000
        answer = self.site.get("/small/x", method="PUT", body=small)
        self.assertEqual((answer.status, json.loads(answer.body)["sha256"]), (200, hashlib.sha256(small).hexdigest()))
        self.assertEqual(answer.headers["x-adit-attempts"], "3")
        self.backend.behave(dict(path="/small/", status=503, times=2))
        answer = self.site.get("/small/y", method="PUT", body=large)
        self.assertEqual((answer.status, answer.headers["x-adit-attempts"]), (503, "1"))
        self.assertIn("body-gone", self.story("/small/y")["tries"])
        # A body of unknown length, of which a part is still to come when the first answer is there already.
        self.backend.behave(dict(path="/small/z", status=503, early=True, times=1))
        client = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=20)
        client.request("PUT", "/small/z", iter([b"a" * 4000, b"b" * 4000, b"c" * 4000]), encode_chunked=True, headers={"transfer-encoding": "chunked"})
        answer = client.getresponse()
        told = json.loads(answer.read())
        self.assertEqual((answer.status, told["sha256"]), (200, hashlib.sha256(b"a" * 4000 + b"b" * 4000 + b"c" * 4000).hexdigest()))
        client.close()

    def test_another_endpoint_is_asked_and_each_try_is_told(self):
        self.backend.behave(dict(status=503))
        for _ in range(6):
            answer = self.site.get("/both/x")
            self.assertEqual((answer.status, answer.headers["x-backend"]), (200, "b"))
        self.other.behave(dict(how="reset"))
        self.backend.behave(dict(how="reset"))
        answer = self.site.get("/both/y", method="GET")
        problem = answer.problem()
        self.assertEqual((answer.status, problem["code"], problem["retryable"], answer.headers["x-adit-attempts"]), (502, "connection-terminated", True, "2"))
        attempts = problem["attempts"]
        self.assertEqual({attempt["endpoint"] for attempt in attempts}, {"endpoint-1", "endpoint-2"})
        for port in (self.backend.port, self.other.port):
            self.assertNotIn(str(port), answer.body.decode() + str(answer.headers))
        self.assertEqual([attempt.get("not_retried") for attempt in attempts], [None, "attempts-used"])
        self.assertTrue(all(attempt["outcome"] == "connection-terminated" and attempt["phase"] == "wait" and attempt["ms"] >= 0 for attempt in attempts))
        line = self.story("/both/y")
        self.assertEqual(line["request_id"], problem["trace"]["requestId"])
        self.assertEqual(line["attempts"], 2)
        for url in (self.backend.url, self.other.url):
            self.assertIn(url, line["tries"])
        told = self.site.get("/told/y").problem()
        self.assertEqual([attempt["endpoint"] for attempt in told["attempts"]], [self.backend.url] * 2)
        self.assertGreaterEqual(metric(self.site.admin_port, "adit_connector_retries_total", backend="both", reaches=1), 1)
        self.assertGreater(metric(self.site.admin_port, "adit_connector_retries_declined_total", backend="both", reason="attempts-used", reaches=1), 0)
        self.assertGreater(metric(self.site.admin_port, "adit_connector_request_tries_count", backend="both", reaches=1), 0)

    def test_nothing_configured_sends_nothing_twice_but_what_nobody_has_seen(self):
        self.backend.behave(dict(status=503))
        self.assertEqual((self.site.get("/plain/x").status, self.calls("/plain/x")), (503, 1))
        self.backend.behave(dict(how="reset"))
        answer = self.site.get("/plain/y", method="POST", body=b"x")
        self.assertEqual((answer.status, self.calls("/plain/y"), answer.problem()["retryable"]), (502, 1, False))
        away = self.site.get("/away/x", method="POST", body=b"x")
        self.assertEqual((away.status, away.problem()["code"], len(away.problem()["attempts"])), (502, "connection-refused", 3))

    def test_patience_is_asked_for_and_had_up_to_a_bound(self):
        self.backend.behave(dict(path="/patient/short", status=503, retry_after=1, times=1), dict(path="/patient/long", status=503, retry_after=60))
        answer = self.site.get("/patient/short")
        self.assertEqual((answer.status, self.calls("/patient/short")), (200, 2))
        self.assertGreaterEqual(self.story("/patient/short")["duration_ms"], 990)
        answer = self.site.get("/patient/long")
        self.assertEqual((answer.status, answer.headers["retry-after"], self.calls("/patient/long")), (503, "60", 1))
        self.assertIn("retry-after", self.story("/patient/long")["tries"])
        self.assertIn("received-status=503", answer.headers["proxy-status"])

    def test_without_a_budget_the_first_answer_is_the_answer(self):
        self.backend.behave(dict(status=503))
        answer = self.site.get("/poor/x")
        self.assertEqual((answer.status, self.calls("/poor/x")), (503, 1))
        self.assertIn("budget-spent", self.story("/poor/x")["tries"])
        self.assertGreater(metric(self.site.admin_port, "adit_connector_retries_declined_total", backend="poor", reason="budget-spent", reaches=1), 0)

    def test_streams_that_were_refused_and_codes_of_grpc(self):
        self.h2.behave(dict(how="refuse", times=1))
        self.assertEqual(self.site.get("/grpc/x", method="POST", body=b"x").status, 200)
        self.assertEqual(self.h2.counts().by_path["/grpc/x"], 1)


class Hedges(Case):
    def setUp(self):
        super().setUp()
        self.slow, self.fast = FaultBackend(self, "slow"), FaultBackend(self, "fast")
        retry = "retry: { attempts: 2, tell_client: true, hedge: { after: 60ms } }"
        self.full = socket.create_server(("127.0.0.1", 0), backlog=0)
        waiting = [socket.socket() for _ in range(8)]
        for one in [self.full, *waiting]:
            self.addCleanup(one.close)
        for one in waiting:  # the backlog is full, so that a further connection gets no answer
            one.setblocking(False)
            one.connect_ex(self.full.getsockname())
        away = "http://127.0.0.1:%d" % self.full.getsockname()[1]
        backends = {"both": f'endpoints: [ "{self.slow.url}", "{self.fast.url}" ], {retry}',
                    "away": f'endpoints: [ "{away}", "{self.fast.url}" ], timeouts: {{ connect: 15s }}, {retry}'}
        self.site = Site(self, {"web": self.slow.url}, backends=backends, routes=[(f"/{name}/**", name) for name in backends], workers=1)
        self.connector = self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port), "the listener")

    def test_the_first_answer_wins_and_the_other_origin_learns_of_it(self):
        self.slow.behave(dict(latency=8))
        answers = [self.site.get(f"/both/{i}", seconds=6) for i in range(10)]  # as many hedges as there are at first
        self.assertEqual({answer.headers["x-backend"] for answer in answers}, {"fast"})
        self.assertIn("2", {answer.headers["x-adit-attempts"] for answer in answers})
        wait_for(lambda: self.slow.counts().given_up > 0, "a call that was given up")
        self.assertGreater(metric(self.site.admin_port, "adit_connector_hedges_total", backend="both", result="won", reaches=1), 0)

    def test_nobody_waits_for_a_connection_that_is_not_needed_any_more(self):
        client = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=8)
        for i in range(8):  # one after the other on one connection: the next is not held up by what the last one left
            client.request("GET", f"/away/{i}")
            answer = client.getresponse()
            answer.read()
            self.assertEqual((answer.status, answer.headers["x-backend"]), (200, "fast"))
        client.close()

    def test_hedges_are_a_share_of_the_requests(self):
        self.slow.behave(dict(latency=0.2))
        self.fast.behave(dict(latency=0.2))
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda i: self.site.get(f"/both/{i}"), range(60)))
        self.assertTrue(all(answer.status == 200 for answer in answers))
        self.assertLessEqual(self.slow.counts().calls + self.fast.counts().calls, 60 + 10 + 4 + 1)


main()

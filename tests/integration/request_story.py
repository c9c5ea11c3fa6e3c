"""From the request id in a problem document to one line of the log that tells all of its story."""
import json

from fault_backend import FaultBackend
from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, wait_for

CONFIG = """
admin: { address: "127.0.0.1:%(admin)d" }
listeners: [ { address: "127.0.0.1:%(port)d" } ]
log: { format: json }
shed: { requests: 4 }
backends:
  web:
    endpoints: [ "http://127.0.0.1:%(one)d", "http://127.0.0.1:%(two)d" ]
    retry: { attempts: 3, backoff: 10ms }
    timeouts: { total: 10s }
  guarded:
    endpoints: [ "http://127.0.0.1:%(one)d" ]
    circuit: { consecutive: 1, cooldown: 60s, window: 60s }
routes:
  - { name: web, match: { path: "/web/**" }, backend: web }
  - { name: guarded, match: { path: "/guarded/**" }, backend: guarded }
"""


class RequestStory(Case):
    def setUp(self):
        super().setUp()
        self.backends = [FaultBackend(self), FaultBackend(self)]
        self.port, self.admin = free_port(), free_port()
        one, two = (backend.port for backend in self.backends)
        config = self.write("adit.yaml", CONFIG % {"admin": self.admin, "port": self.port, "one": one, "two": two})
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", config])
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")

    def lines(self, request_id):
        wanted = f'"request_id":"{request_id}"'
        found = lambda: [json.loads(line) for line in self.connector.log().splitlines() if wanted in line and '"logger":"access"' in line]
        return wait_for(found, "the access line")

    def story(self, answer):
        lines = self.lines(answer.problem()["trace"]["requestId"])
        self.assertEqual(len(lines), 1, lines)
        return lines[0]

    def test_each_try_stands_in_the_line_with_its_endpoint_and_end(self):
        for backend in self.backends:
            backend.behave(dict(how="reset"))
        answer = fetch(self.port, "/web/x")
        self.assertEqual(answer.status, 502)
        line = self.story(answer)
        self.assertEqual((line["status"], line["route"], line["backend"], line["attempts"]), (502, "web", "web", 3))
        self.assertEqual((line["code"], line["error"]), (answer.problem()["code"], "connection_terminated"))
        self.assertEqual(len(answer.problem()["attempts"]), 3)
        told = json.dumps(line["tries"])
        for backend in self.backends:
            self.assertIn(f"127.0.0.1:{backend.port}", told)
        self.assertIn("connection-terminated", told)

    def test_what_we_refused_ourselves_says_why_and_that_nobody_was_asked(self):
        self.backends[0].behave(dict(how="reset"))
        fetch(self.port, "/guarded/x")
        answer = fetch(self.port, "/guarded/x")
        self.assertEqual(answer.problem()["code"], "circuit-open")
        line = self.story(answer)
        self.assertEqual((line["code"], line["attempts"], line["backend"]), ("circuit-open", 0, "guarded"))
        self.assertIn("circuit", line["reason"])

    def test_an_answer_after_a_retry_has_both_tries_in_its_line(self):
        for backend in self.backends:
            backend.behave(dict(status=503, times=1))
        answer = fetch(self.port, "/web/x", headers={"x-request-id": "story-of-a-retry"})
        self.assertEqual(answer.status, 200)
        wanted = lambda: [json.loads(line) for line in self.connector.log().splitlines() if '"logger":"access"' in line and '"attempts":3' in line]
        line = wait_for(wanted, "the access line")[0]
        self.assertEqual((line["status"], line["attempts"]), (200, 3))
        self.assertIn("503", json.dumps(line["tries"]))


main()

"""Requests of real clients reach real private servers through the tunnel, and what happened can be seen."""
import json
import subprocess

from harness import Case, Site, fetch, main, metric, raw, wait_for
from servers import Origin, start_http10, start_nginx, start_node


class RequestCrosses(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.nginx = start_nginx(self, {"index.html": b"hello from nginx\n", "big": bytes(3_000_000)})
        self.node = start_node(self)
        self.http10 = start_http10(self, {"old": b"one point zero\n"})
        self.site = Site(self, {"nginx": f"http://127.0.0.1:{self.nginx}", "node": f"http://127.0.0.1:{self.node}",
                                "old": f"http://127.0.0.1:{self.http10}", "origin": f"http://127.0.0.1:{self.origin.port}/base"},
                         routes=[("/big", "nginx"), ("/node/**", "node"), ("/old", "old"), ("/origin/**", "origin"), ("/index.html", "nginx")])
        self.connector, (self.agent,) = self.site.up()

    def curl(self, *arguments):
        done = subprocess.run(["curl", "-sS", "--max-time", "20", *arguments], capture_output=True, check=True)
        return done.stdout

    def test_each_kind_of_server_answers_each_kind_of_request(self):
        url = f"http://127.0.0.1:{self.site.client_port}"
        self.assertEqual(self.curl(f"{url}/index.html"), b"hello from nginx\n")
        self.assertEqual(self.curl(f"{url}/big"), bytes(3_000_000))
        self.assertEqual(self.curl(f"{url}/old"), b"one point zero\n")
        self.assertEqual(self.curl(f"{url}/node/chunks"), b"part0;part1;part2;part3;part4;")
        told = json.loads(self.curl("-H", "Transfer-Encoding: chunked", "--data-binary", "x" * 1000, f"{url}/node/a?b=c&d"))
        self.assertEqual((told["url"], told["size"]), ("/node/a?b=c&d", 1000))
        self.assertEqual(told["headers"]["host"], f"127.0.0.1:{self.node}")
        self.assertEqual(told["headers"]["x-forwarded-for"], "127.0.0.1")
        self.assertIn("adit", told["headers"]["via"])

    def test_expect_head_and_statuses_without_body(self):
        url = f"http://127.0.0.1:{self.site.client_port}"
        body = self.write("body", "y" * 2_000_000)
        told = json.loads(self.curl("-H", "Expect: 100-continue", "--data-binary", f"@{body}", f"{url}/node/up"))
        self.assertEqual(told["size"], 2_000_000)
        head = self.site.get("/origin/bytes/12345", method="HEAD")
        self.assertEqual((head.status, head.headers["content-length"], head.body), (200, "12345", b""))
        for status in (204, 304, 401, 500):
            answer = self.site.get(f"/origin/status/{status}")
            self.assertEqual(answer.status, status, answer.body)
            self.assertEqual(answer.headers["x-backend"], "yes")
            self.assertEqual(answer.body, b"" if status in (204, 304) else b"from the backend")
        self.assertEqual(self.origin.seen[-1][1], "/base/origin/status/500")

    def test_pipelined_requests_are_answered_in_order(self):
        request = b"GET /origin/status/%d HTTP/1.1\r\nHost: a\r\n%s\r\n"
        answer = raw(self.site.client_port, request % (201, b"") + request % (202, b"") + request % (203, b"Connection: close\r\n"))
        self.assertEqual([part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]], [b"201", b"202", b"203"])

    def test_a_10_client_gets_an_answer_that_ends_with_the_connection(self):
        answer = raw(self.site.client_port, b"GET /node/chunks HTTP/1.0\r\n\r\n")
        self.assertTrue(answer.endswith(b"part0;part1;part2;part3;part4;"), answer)
        self.assertNotIn(b"chunked", answer)

    def test_no_route_is_a_problem_document(self):
        answer = self.site.get("/nowhere")
        self.assertEqual((answer.status, answer.headers["content-type"]), (404, "application/problem+json"))
        problem = answer.problem()
        self.assertEqual((problem["code"], problem["status"], problem["instance"]), ("no-route", 404, "/nowhere"))
        self.assertEqual(problem["trace"]["requestId"], answer.headers["x-request-id"])
        self.assertIn("error=destination_not_found", answer.headers["proxy-status"])

    def test_what_happened_can_be_seen(self):
        for _ in range(20):
            self.assertEqual(self.site.get("/origin/y").status, 200)
        lines = wait_for(lambda: [l for l in self.site.access_lines(self.connector) if l["path"] == "/origin/y"], "the access line")
        line = lines[0]
        self.assertEqual((line["status"], line["tunnel"], line["endpoint"]), (200, "t1", "service://origin"))
        wait_for(lambda: any(l.get("reused") for l in self.site.access_lines(self.connector)), "a kept connection to be used again")
        self.assertGreater(line["duration_ms"], 0)
        self.assertEqual(set(line["phases"]), {"queue_ms", "connect_ms", "first_byte_ms", "body_ms"})
        self.assertGreaterEqual(metric(self.site.admin_port, "adit_connector_requests_total", code="200", reaches=2), 2)
        self.assertEqual(metric(self.agent.metrics_port, "adit_agent_sessions"), 4)
        for port in (self.site.admin_port, self.agent.metrics_port):
            text = fetch(port, "/metrics").body
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))

    def test_ready_means_that_traffic_can_flow(self):
        self.assertEqual(fetch(self.agent.metrics_port, "/ready").status, 200)
        self.assertEqual(fetch(self.site.admin_port, "/ready").status, 200)
        self.connector.popen.kill()
        wait_for(lambda: fetch(self.agent.metrics_port, "/ready").status == 503, "the agent to know")
        self.assertEqual(fetch(self.agent.metrics_port, "/live").status, 200)


main()

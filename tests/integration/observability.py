"""What both programs say of themselves agrees with what happened: access lines, counters, and no secret in any of them."""
import http.client
import json
import subprocess

from harness import Case, Site, fetch, free_port, main, metric, raw, wait_for
from servers import Origin, Scripted

ALWAYS = {"time", "level", "logger", "message", "request_id", "client", "method", "host", "path", "protocol", "route", "backend",
          "endpoint", "status", "bytes_in", "bytes_out", "duration_ms", "phases", "attempts", "reused"}
TUNNELLED = ALWAYS | {"tunnel", "agent"}
FAILED = {"error", "reason"}


class Observability(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.broken = Scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        services = {"web": f"http://127.0.0.1:{self.origin.port}", "broken": f"http://127.0.0.1:{self.broken.port}",
                    "refused": f"http://127.0.0.1:{free_port()}", "forbidden": "http://127.0.0.1:1"}
        backends = {name: f"endpoints: [ service://{name} ]" for name in services}
        backends["direct"] = f'endpoints: [ "http://127.0.0.1:{self.origin.port}" ]'
        self.site = Site(self, services, backends, routes=[(f"/{name}/**", name) for name in backends])

    def up(self):
        connector, (agent,) = self.site.up(allow=[url.split("//")[1] for name, url in self.site.services.items() if name != "forbidden"])
        return connector, agent

    def line_of(self, connector, path):
        return wait_for(lambda: [l for l in self.site.access_lines(connector) if l.get("path") == path], f"the access line of {path}")[0]

    def test_an_access_line_tells_the_whole_story_of_a_request(self):
        connector, _ = self.up()
        answer = self.site.get("/web/whole?q=1", method="POST", body=b"12345", headers={"Host": "shop.example"})
        line = self.line_of(connector, "/web/whole")
        self.assertEqual(set(line), TUNNELLED)
        (session, *_) = self.site.sessions()
        self.assertEqual({name: line[name] for name in ("client", "method", "host", "protocol", "backend", "tunnel", "agent", "endpoint", "status",
                                                        "bytes_in", "bytes_out", "attempts", "reused")},
                         {"client": "127.0.0.1", "method": "POST", "host": "shop.example", "protocol": "HTTP/1.1", "backend": "web", "tunnel": "t1",
                          "agent": session["agent"], "endpoint": "service://web", "status": 200, "bytes_in": 5, "bytes_out": len(answer.body),
                          "attempts": 1, "reused": False})
        self.assertTrue(line["request_id"].startswith("req_"))
        self.assertRegex(line["time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
        self.assertLessEqual(sum(line["phases"].values()), line["duration_ms"] + 1)

    def test_a_direct_request_names_no_tunnel(self):
        connector, _ = self.up()
        self.assertEqual(self.site.get("/direct/x").status, 200)
        line = self.line_of(connector, "/direct/x")
        self.assertEqual(set(line), ALWAYS)
        self.assertEqual(line["endpoint"], f"http://127.0.0.1:{self.origin.port}")

    def test_a_failed_request_says_why_in_its_line_and_its_counter(self):
        connector, agent = self.up()
        for name, code, error in (("refused", "connection-refused", "connection_refused"),
                                  ("forbidden", "destination-prohibited", "destination_ip_prohibited")):
            with self.subTest(name):
                answer = self.site.get(f"/{name}/x")
                line = self.line_of(connector, f"/{name}/x")
                self.assertLessEqual(FAILED, set(line))
                self.assertEqual((line["status"], line["error"]), (502, error))
                self.assertIn("127.0.0.1", line["reason"])  # the log knows where the origin is, clients do not
                self.assertNotIn("127.0.0.1", answer.problem()["detail"])
                self.assertEqual(line["request_id"], answer.problem()["trace"]["requestId"])
                self.assertEqual(metric(self.site.admin_port, "adit_connector_request_failures_total", reason=code, reaches=1), 1)
        self.assertEqual(metric(agent.metrics_port, "adit_agent_stream_refusals_total", reason="destination_ip_prohibited", reaches=1), 1)

    def test_an_answer_that_broke_off_is_not_counted_as_a_success_only(self):
        connector, _ = self.up()
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            self.site.get("/broken/x")
        line = self.line_of(connector, "/broken/x")
        self.assertEqual((line["status"], line["bytes_out"]), (200, 5))
        self.assertIn("ended before it was complete", line["reason"])
        self.assertEqual(metric(self.site.admin_port, "adit_connector_request_failures_total", reason="cut-off", reaches=1), 1)

    def test_counters_agree_with_what_was_done(self):
        _, agent = self.up()
        for _ in range(10):
            self.site.get("/web/counted", method="POST", body=b"a" * 1000)
        for _ in range(5):
            self.site.get("/web/status/503")
        port = self.site.admin_port
        wait_for(lambda: metric(port, "adit_connector_requests_total", route="*/web/**") == 15, "all requests to be counted")
        self.assertEqual(metric(port, "adit_connector_requests_total", code="200", reaches=10), 10)
        self.assertEqual(metric(port, "adit_connector_requests_total", code="503", reaches=5), 5)
        self.assertEqual(metric(port, "adit_connector_request_bytes_total", reaches=10_000), 10_000)
        self.assertEqual(metric(port, "adit_connector_request_duration_seconds_count", reaches=15), 15)
        self.assertEqual(metric(port, "adit_connector_request_failures_total"), 0)  # an origin's own 503 is no failure of ours
        self.assertEqual(metric(port, "adit_connector_session_opened_total", reaches=4), 4)
        wait_for(lambda: metric(port, "adit_connector_sessions") == metric(agent.metrics_port, "adit_agent_sessions"), "both to know of as many sessions")
        wait_for(lambda: metric(agent.metrics_port, "adit_agent_probes_total") > 0, "a probe")
        agent.popen.kill()
        wait_for(lambda: metric(port, "adit_connector_sessions") == 0, "the sessions to end")
        self.assertEqual(metric(port, "adit_connector_session_closed_total", reaches=4), 4)

    def test_the_agent_counts_what_it_carried_and_how_often_it_came_back(self):
        connector, agent = self.up()
        port = agent.metrics_port
        self.assertEqual(len(self.site.get("/web/bytes/500000", headers={"Connection": "close"}).body), 500_000)
        connector.popen.kill()  # ends the pooled streams, so that all they carried is counted
        connector.wait()
        wait_for(lambda: metric(port, "adit_agent_sent_bytes_total") >= 500_000, "the bytes to be counted")
        self.assertGreater(metric(port, "adit_agent_received_bytes_total", reaches=1), 0)
        self.site.start_connector()
        wait_for(lambda: metric(port, "adit_agent_sessions") == 4, "the agent to return")
        self.assertGreaterEqual(metric(port, "adit_agent_reconnects_total", reaches=1), 1)

    def test_metrics_stay_valid_after_everything_has_happened(self):
        connector, agent = self.up()
        for name in ("web", "direct", "refused", "forbidden"):
            self.site.get(f"/{name}/x")
        self.site.get("/nowhere")
        raw(self.site.client_port, b"BROKEN\r\n\r\n")
        raw(self.site.tunnel_port, b"GET / HTTP/1.1\r\n\r\n")
        agent.popen.kill()
        wait_for(lambda: not self.site.sessions(), "the sessions to end")
        self.site.get("/web/x")
        other = self.site.start_agent(allow=["127.0.0.1:*"])
        self.site.wait_sessions(count=4)
        for port in (self.site.admin_port, other.metrics_port):
            done = subprocess.run(["promtool", "check", "metrics"], input=fetch(port, "/metrics").body, capture_output=True)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))
        self.assertTrue(connector.alive())

    def test_every_line_of_the_log_is_one_json_object(self):
        connector, agent = self.up()
        self.site.get('/web/quote%22?x="', headers={"Host": "a"})
        raw(self.site.client_port, b"GET /\xff\x01 HTTP/1.1\r\n\r\n")
        self.line_of(connector, "/web/quote%22")
        for program in (connector, agent):
            for line in program.log().rpartition("\n")[0].splitlines():  # of the last one only a part may be there yet
                told = json.loads(line)
                self.assertLessEqual({"time", "level", "logger", "message"}, set(told), line)

    def test_no_secret_is_ever_written(self):
        connector, agent = self.up()
        self.site.get("/web/s?key=HIDDEN1", headers={"Authorization": "Bearer HIDDEN2", "Cookie": "s=HIDDEN3", "X-Api-Key": "HIDDEN4"})
        self.site.get("/refused/s?key=HIDDEN1", headers={"Authorization": "Bearer HIDDEN2"})
        self.line_of(connector, "/refused/s")
        written = connector.log() + agent.log() + "".join(fetch(port, "/metrics").body.decode() for port in (self.site.admin_port, agent.metrics_port))
        for secret in ("HIDDEN", self.site.token.strip()[10:40]):
            self.assertNotIn(secret, written)

    def test_the_level_warn_leaves_access_lines_out(self):
        self.site.config.write_text(self.site.config.read_text() + "log: { level: warn }\n")
        connector, _ = self.up()
        self.assertEqual(self.site.get("/web/x").status, 200)
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_requests_total", code="200") == 1, "the request to be counted")
        self.assertEqual(self.site.access_lines(connector), [])


main()

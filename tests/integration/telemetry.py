"""Where log lines and spans go: files, syslog, collectors; and that none of them, whatever its state, touches a request."""
import http.client
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from harness import CONNECTOR, Case, Site, can_connect, free_port, main, metric, wait_for
from servers import Accepting, Origin

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


class Collector(http.server.ThreadingHTTPServer):
    """Takes what is posted and answers with the first of `answers`, or 204 when none is left."""
    daemon_threads = True

    def __init__(self, tls=None, port=0):
        self.posts, self.answers = [], []
        super().__init__(("127.0.0.1", port), CollectorHandler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def bodies(self, path):
        return [body for where, _, body in list(self.posts) if where == path]

    def loki_lines(self):
        """(labels, time in ns, line) of everything that was pushed in Loki's shape."""
        return [(stream["stream"], int(at), line) for body in self.bodies("/loki/api/v1/push") for stream in body["streams"]
                for at, line in stream["values"]]

    def otlp(self, path, *levels):
        """The records of one of the OTLP shapes, with the attributes of their resource."""
        found = []
        for body in self.bodies(path):
            for resource in body[levels[0]]:
                for scope in resource[levels[1]]:
                    found += [(attributes(resource["resource"]), record) for record in scope[levels[2]]]
        return found

    def logs(self):
        return self.otlp("/v1/logs", "resourceLogs", "scopeLogs", "logRecords")

    def spans(self):
        return [span for _, span in self.otlp("/v1/traces", "resourceSpans", "scopeSpans", "spans")]


class CollectorHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        status, fields = self.server.answers.pop(0) if self.server.answers else (204, {})
        if status == 204:
            self.server.posts.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()


class Silent(Accepting):
    """Reads everything and never answers."""

    def serve(self, connection):
        with connection:
            while connection.recv(65536):
                pass


def attributes(of):
    return {a["key"]: a["value"].get("stringValue", a["value"].get("intValue")) for a in of["attributes"]}


def duration(span):
    return int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])


class Telemetry(Case):
    def up(self, extra, workers=2):
        """A connector in front of one origin, with these lines in its configuration."""
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, {
            "web": f'endpoints: [ "http://127.0.0.1:{self.origin.port}" ]', "gone": f'endpoints: [ "http://127.0.0.1:{free_port()}" ]'},
            routes=[("/web/**", "web"), ("/gone/**", "gone")], workers=workers, extra=extra)
        self.connector = self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port), "the client port")
        return self.site

    def dropped(self, sink):
        return metric(self.site.admin_port, "adit_connector_telemetry_dropped_total", sink=sink)

    def delivered(self, sink):
        return metric(self.site.admin_port, "adit_connector_telemetry_delivered_total", sink=sink)

    def fill(self, sink, path="/web/" + "x" * 4000, most=3000):
        """Requests, all of which must succeed, until a sink's queue has overflown; how long the slowest took."""
        slowest, connection = 0, http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=20)
        for number in range(most):
            began = time.monotonic()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)
            slowest = max(slowest, time.monotonic() - began)
            if number % 50 == 49 and self.dropped(sink) > 0:
                connection.close()
                return slowest
        raise AssertionError(f"{most} requests, and nothing was dropped by {sink}")

    def span_of(self, collector, path, count=1):
        def found():
            return [s for s in collector.spans() if s["kind"] == 2 and attributes(s)["url.path"] == path]
        return wait_for(lambda: len(found()) >= count and found(), f"the span of {path}")[0]


class Collectors(Telemetry):
    def test_lines_arrive_in_lokis_shape_with_their_labels(self):
        collector = Collector()
        site = self.up(f'''log:
  sinks:
    - http:
        url: "http://127.0.0.1:{collector.port}"
        shape: loki
        batch_time: 50ms
        headers: {{ X-Scope-OrgID: tenant1, Authorization: "Bearer HIDDEN" }}
        labels: {{ environment: test }}
''')
        self.assertEqual(site.get("/web/a").status, 200)
        lines = wait_for(lambda: [l for l in collector.loki_lines() if l[0]["logger"] == "access"], "the access line")
        labels, at, line = lines[0]
        self.assertEqual(labels, {"environment": "test", "service_name": "adit-connector", "logger": "access", "level": "info"})
        self.assertEqual(json.loads(line)["path"], "/web/a")
        self.assertLess(abs(at / 1e9 - time.time()), 60)
        self.assertIn("adit", {l[0]["logger"] for l in collector.loki_lines()})
        _, headers, _ = collector.posts[0]
        self.assertEqual((headers["X-Scope-OrgID"], headers["Authorization"], headers["content-type"]), ("tenant1", "Bearer HIDDEN", "application/json"))
        shown = site.tool("config", "show", "--effective").stdout
        self.assertIn("Authorization: masked", shown)
        self.assertNotIn("HIDDEN", shown + self.connector.log())
        self.assertEqual(site.access_lines(self.connector), [])  # a list of sinks replaces standard error

    def test_lines_arrive_in_otlps_shape_over_tls_and_only_those_that_were_asked_for(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "c.key", "-out", "c.crt",
                        "-days", "2", "-subj", "/CN=collector", "-addext", "subjectAltName=DNS:localhost"], cwd=self.directory, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "c.crt", self.directory / "c.key")
        collector = Collector(context)
        site = self.up(f'''log:
  sinks:
    - stderr: {{}}
    - only: access
      http: {{ url: "https://localhost:{collector.port}/v1/logs", ca: c.crt, batch_time: 50ms, labels: {{ deployment.environment: test }} }}
''')
        self.assertEqual(site.get("/web/a").status, 200)
        self.assertEqual(site.get("/gone/b").status, 502)
        records = wait_for(lambda: len(collector.logs()) == 2 and collector.logs(), "both access lines")
        resource, first = records[0]
        self.assertEqual((resource["service.name"], resource["deployment.environment"]), ("adit-connector", "test"))
        self.assertEqual((first["severityNumber"], first["severityText"], attributes(first)), (9, "info", {"logger": "access"}))
        # Two workers served them, so either may come first.
        self.assertEqual({json.loads(r["body"]["stringValue"])["path"] for _, r in records}, {"/web/a", "/gone/b"})
        wait_for(lambda: self.delivered("http") == 2, "the lines to be counted")
        self.assertEqual(self.dropped("http"), 0)
        wait_for(lambda: len(site.access_lines(self.connector)) == 2, "the same lines on standard error")

    def test_a_collector_that_is_dead_harms_no_request_and_gets_its_lines_later(self):
        port = free_port()
        site = self.up(f'''log: {{ sinks: [ {{ stderr: {{}} }}, {{ name: far, only: access, http: {{ url: "http://127.0.0.1:{port}", batch_time: 10ms, queue_bytes: 64KiB }} }} ] }}
''')
        self.assertLess(self.fill("far"), 10)
        self.assertEqual(self.dropped("stderr"), 0)
        self.assert_logged(self.connector, "a collector does not take what it is sent")
        self.assertEqual(site.get("/web/last").status, 200)
        collector = Collector(port=port)
        wait_for(lambda: any("/web/last" in r["body"]["stringValue"] for _, r in collector.logs()), "the newest line", 40)

    def test_a_collector_that_never_answers_harms_no_request(self):
        silent = Silent()
        self.up(f'''log: {{ sinks: [ {{ http: {{ url: "http://127.0.0.1:{silent.port}", batch_time: 10ms, queue_bytes: 64KiB, timeout: 300ms }} }} ] }}
tracing: {{ url: "http://127.0.0.1:{silent.port}", batch_time: 10ms, queue_bytes: 64KiB }}
''')
        self.assertLess(self.fill("http"), 10)
        self.fill("tracing")
        began = time.monotonic()
        self.connector.signal(signal.SIGTERM)
        self.assertEqual(self.connector.wait(), 0)
        self.assertLess(time.monotonic() - began, 15)  # the drain, and a bounded attempt to flush

    def test_what_a_collector_refuses_is_dropped_and_counted_and_what_it_puts_off_is_sent_again(self):
        collector = Collector()
        collector.answers = [(400, {})]
        site = self.up(f'''log: {{ sinks: [ {{ only: access, http: {{ url: "http://127.0.0.1:{collector.port}", batch_time: 10ms }} }} ] }}
''')
        self.assertEqual(site.get("/web/refused").status, 200)
        wait_for(lambda: self.dropped("http") == 1, "the refused line to be counted")
        collector.answers = [(429, {"Retry-After": "1"}), (503, {})]
        began = time.monotonic()
        self.assertEqual(site.get("/web/later").status, 200)
        wait_for(lambda: collector.logs(), "the line that was put off")
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertEqual([json.loads(r["body"]["stringValue"])["path"] for _, r in collector.logs()], ["/web/later"])
        self.assertEqual(self.dropped("http"), 1)

    def test_what_waits_is_sent_when_the_connector_ends(self):
        collector = Collector()
        site = self.up(f'''log: {{ sinks: [ {{ http: {{ url: "http://127.0.0.1:{collector.port}", batch_time: 1m }} }} ] }}
tracing: {{ url: "http://127.0.0.1:{collector.port}", batch_time: 1m }}
''')
        self.assertEqual(site.get("/web/a").status, 200)
        self.assertEqual(collector.posts, [])
        self.connector.signal(signal.SIGTERM)
        self.assertEqual(self.connector.wait(), 0)
        self.assertEqual(len([r for _, r in collector.logs() if "/web/a" in r["body"]["stringValue"]]), 1)
        self.assertEqual(len([s for s in collector.spans() if s["kind"] == 2]), 1)


class Sinks(Telemetry):
    def datagrams(self, family, address):
        receiver = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.bind(address)
        receiver.settimeout(10)
        return receiver

    def test_a_file_is_moved_aside_as_it_grows_and_found_again_when_somebody_else_moved_it(self):
        site = self.up('log: { sinks: [ { only: access, file: { path: access.log, max_size: 20KiB, keep: 2 } } ] }\n', workers=1)
        for number in range(150):
            self.assertEqual(site.get(f"/web/{number}").status, 200)
        wait_for(lambda: self.delivered("file") == 150, "all lines to be written")
        names = sorted(p.name for p in self.directory.glob("access.log*"))
        self.assertEqual(names, ["access.log", "access.log.1", "access.log.2"])
        paths = []
        for name in ("access.log.2", "access.log.1", "access.log"):
            self.assertLessEqual((self.directory / name).stat().st_size, 20 * 1024)
            paths += [json.loads(line)["path"] for line in (self.directory / name).read_text().splitlines()]
        self.assertEqual(paths, [f"/web/{number}" for number in range(150 - len(paths), 150)])
        (self.directory / "access.log").rename(self.directory / "moved.log")
        self.connector.signal(signal.SIGHUP)
        wait_for(lambda: metric(site.admin_port, "adit_connector_reloads_total") == 1, "the signal to be heard")
        self.assertEqual(site.get("/web/after").status, 200)
        wait_for(lambda: (self.directory / "access.log").exists() and "/web/after" in (self.directory / "access.log").read_text(), "a new file")
        self.assertNotIn("/web/after", (self.directory / "moved.log").read_text())

    def test_syslog_gets_messages_by_a_local_socket_and_by_udp(self):
        local = self.datagrams(socket.AF_UNIX, str(self.directory / "syslog.sock"))
        remote = self.datagrams(socket.AF_INET, ("127.0.0.1", 0))
        site = self.up(f'''log:
  sinks:
    - syslog: {{ address: {self.directory}/syslog.sock, facility: local3 }}
    - {{ only: access, syslog: {{ address: "127.0.0.1:{remote.getsockname()[1]}" }} }}
''')
        self.assertEqual(site.get("/web/a").status, 200)
        shape = r"\A<{}>1 \d{{4}}-\d\d-\d\dT[\d:.]+Z \S+ adit-connector {} {} - (\{{.*\}})\Z"
        for receiver, number in ((local, 19 * 8 + 6), (remote, 3 * 8 + 6)):
            while ' access - ' not in (message := receiver.recv(65536).decode()):
                self.assertRegex(message, shape.format(f"(?:{number}|{number - 2})", self.connector.pid, "program"))  # information, or a warning
            told = re.match(shape.format(number, self.connector.pid, "access"), message)
            self.assertEqual(json.loads(told[1])["path"], "/web/a")
        self.assertEqual([self.dropped("syslog"), self.dropped("syslog-2")], [0, 0])

    def test_a_syslog_that_is_started_anew_is_found_again(self):
        path = self.directory / "syslog.sock"
        first = self.datagrams(socket.AF_UNIX, str(path))
        site = self.up(f'log: {{ sinks: [ {{ only: access, syslog: {{ address: {path} }} }} ] }}\n')
        self.assertEqual(site.get("/web/a").status, 200)
        self.assertIn("/web/a", first.recv(65536).decode())
        first.close()
        path.unlink()
        self.assertEqual(site.get("/web/b").status, 200)
        second = self.datagrams(socket.AF_UNIX, str(path))
        self.assertIn("/web/b", second.recv(65536).decode())

    def test_a_reader_of_standard_error_that_has_stopped_holds_no_worker(self):
        self.up('log: { sinks: [ { stderr: { queue_bytes: 64KiB } } ] }\n')
        config = self.site.config
        self.connector.stop()
        readable, writable = os.pipe()
        connector = subprocess.Popen([CONNECTOR, "run", "--config", str(config)], cwd=self.directory, stdin=subprocess.DEVNULL, stderr=writable)
        os.close(writable)
        try:
            wait_for(lambda: can_connect(self.site.client_port), "the client port")
            self.assertLess(self.fill("stderr"), 10)
            connector.terminate()
            self.assertEqual(connector.wait(20), 0)
            first = os.read(readable, 1 << 16).decode().splitlines()[0]
            self.assertIn("message", json.loads(first))
        finally:
            connector.kill()
            connector.wait()
            os.close(readable)

    def test_sinks_change_with_a_reload_and_those_that_did_not_go_on(self):
        site = self.up('log: { sinks: [ { only: access, file: { path: a.log } } ] }\n')
        def paths(name):
            path = self.directory / name
            whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
            return [json.loads(line)["path"] for line in whole.splitlines()]
        self.assertEqual(site.get("/web/one").status, 200)
        wait_for(lambda: paths("a.log") == ["/web/one"], "the first line")
        text = site.config.read_text()
        site.config.write_text(text.replace("{ path: a.log } }", "{ path: a.log } }, { only: access, name: extra, file: { path: b.log } }"))
        self.assertIn("reloaded", site.tool("reload").stdout)
        self.assertEqual(site.get("/web/two").status, 200)
        wait_for(lambda: (paths("a.log"), paths("b.log")) == (["/web/one", "/web/two"], ["/web/two"]), "the second line in both")
        site.config.write_text(text.replace("a.log", "b.log"))
        self.assertIn("reloaded", site.tool("reload").stdout)
        self.assertEqual(site.get("/web/three").status, 200)
        wait_for(lambda: paths("b.log")[-1:] == ["/web/three"], "the third line")
        self.assertEqual((paths("a.log"), paths("b.log")), (["/web/one", "/web/two"], ["/web/two", "/web/three"]))

    def test_a_sink_that_is_two_or_none_is_refused_at_its_place(self):
        config = self.write("bad.yaml", "log:\n  sinks:\n    - { stderr: {}, stdout: {} }\n    - { only: access }\n    - { http: { url: service://x } }\n")
        told = self.run_tool(CONNECTOR, "check", config, status=2).stderr
        self.assertIn("bad.yaml:3:7: error: a sink is one of stderr, stdout, file, syslog and http", told)
        self.assertIn("bad.yaml:4:7: error: a sink is one of", told)
        self.assertIn("bad.yaml:5:22: error: this is not a URL: a collector is reached by http or https", told)


class Traces(Telemetry):
    def up(self, sample="1"):
        self.collector = Collector()
        return super().up(f'tracing: {{ url: "http://127.0.0.1:{self.collector.port}", sample: {sample}, batch_time: 50ms, labels: {{ team: blue }} }}\n')

    def asked(self, path):
        """What the origin was asked with: all fields of that name, in order."""
        return [headers for _, where, headers in self.origin.seen if where == path][-1]

    def test_a_callers_trace_is_continued_with_a_span_of_ours_between_it_and_the_origin(self):
        site = self.up()
        self.assertEqual(site.get("/web/a", headers={"traceparent": PARENT, "tracestate": "vendor=1,other=2"}).status, 200)
        span = self.span_of(self.collector, "/web/a")
        self.assertEqual((span["traceId"], span["parentSpanId"], span["traceState"]), (TRACE, SPAN, "vendor=1,other=2"))
        asked = self.asked("/web/a")
        self.assertEqual(asked["traceparent"], f"00-{TRACE}-{span['spanId']}-01")
        self.assertEqual(asked["tracestate"], "vendor=1,other=2")
        line = wait_for(lambda: site.access_lines(self.connector), "the access line")[0]
        self.assertEqual(line["trace_id"], TRACE)

    def test_a_span_tells_of_the_request_and_its_children_of_each_phase(self):
        site = self.up()
        self.assertEqual(site.get("/web/nap/0.2", method="POST", body=b"12345").status, 200)
        span = self.span_of(self.collector, "/web/nap/0.2")
        self.assertEqual(span["name"], "POST */web/**")
        told = attributes(span)
        self.assertLessEqual({"http.request.method": "POST", "http.response.status_code": "200", "url.scheme": "http", "adit.backend": "web",
                              "adit.endpoint": f"http://127.0.0.1:{self.origin.port}", "http.request.body.size": "5", "adit.attempts": "1"}.items(), told.items())
        self.assertNotIn("error.type", told)
        line = wait_for(lambda: site.access_lines(self.connector), "the access line")[0]
        self.assertEqual((told["adit.request_id"], span["traceId"]), (line["request_id"], line["trace_id"]))
        children = [s for s in self.collector.spans() if s.get("parentSpanId") == span["spanId"]]
        self.assertEqual([s["name"] for s in children], ["queue", "connect", "wait", "body"])
        self.assertEqual(({s["kind"] for s in children}, {s["traceId"] for s in children}), ({1}, {span["traceId"]}))
        self.assertGreater(duration(children[2]), 150e6)
        for child in children:
            self.assertGreaterEqual(int(child["startTimeUnixNano"]), int(span["startTimeUnixNano"]))
            self.assertLessEqual(int(child["endTimeUnixNano"]), int(span["endTimeUnixNano"]))
        self.assertLessEqual(sum(map(duration, children)), duration(span))

    def test_a_failed_request_is_an_error_by_name(self):
        site = self.up()
        answer = site.get("/gone/x")
        span = self.span_of(self.collector, "/gone/x")
        self.assertEqual((span["status"]["code"], attributes(span)["error.type"]), (2, "connection_refused"))
        self.assertEqual(attributes(span)["adit.request_id"], answer.problem()["trace"]["requestId"])
        self.assertEqual(site.get("/nowhere").status, 404)
        self.assertEqual(self.span_of(self.collector, "/nowhere")["status"], {})  # a client's mistake is none of the server

    def test_an_invalid_trace_is_replaced_and_its_state_goes_with_it(self):
        site = self.up()
        for number, bad in enumerate(("", "00-" + "0" * 32 + f"-{SPAN}-01", PARENT.upper(), PARENT + "-extra", f"ff-{TRACE}-{SPAN}-01")):
            self.assertEqual(site.get(f"/web/{number}", headers={"traceparent": bad, "tracestate": "vendor=1"}).status, 200)
            span = self.span_of(self.collector, f"/web/{number}")
            self.assertNotIn("parentSpanId", span)
            self.assertNotEqual(span["traceId"], TRACE)
            asked = self.asked(f"/web/{number}")
            self.assertEqual(asked["traceparent"], f"00-{span['traceId']}-{span['spanId']}-01")
            self.assertNotIn("tracestate", asked)

    def test_the_caller_decides_whether_its_trace_is_recorded_and_the_sample_about_others(self):
        site = self.up(sample="0")
        self.assertEqual(site.get("/web/quiet", headers={"traceparent": PARENT[:-2] + "00"}).status, 200)
        self.assertEqual(site.get("/web/new").status, 200)
        self.assertEqual(site.get("/web/loud", headers={"traceparent": PARENT}).status, 200)
        self.span_of(self.collector, "/web/loud")
        self.assertEqual(len([s for s in self.collector.spans() if s["kind"] == 2]), 1)
        self.assertRegex(self.asked("/web/quiet")["traceparent"], rf"\A00-{TRACE}-(?!{SPAN})[0-9a-f]{{16}}-00\Z")
        self.assertRegex(self.asked("/web/new")["traceparent"], r"\A00-[0-9a-f]{32}-[0-9a-f]{16}-00\Z")

    def test_without_tracing_the_context_passes_as_it_came(self):
        site = Telemetry.up(self, "")
        for path, fields in (("/web/a", {"traceparent": PARENT, "tracestate": "vendor=1"}), ("/web/b", {"traceparent": "nonsense", "tracestate": "x=1"})):
            self.assertEqual(site.get(path, headers=fields).status, 200)
            self.assertLessEqual(fields.items(), {k.lower(): v for k, v in self.asked(path).items()}.items())
        self.assertEqual(site.get("/web/c").status, 200)
        self.assertNotIn("traceparent", self.asked("/web/c"))
        lines = wait_for(lambda: len(site.access_lines(self.connector)) == 3 and site.access_lines(self.connector), "the access lines")
        self.assertEqual({line["path"]: line.get("trace_id") for line in lines}, {"/web/a": TRACE, "/web/b": None, "/web/c": None})


main()

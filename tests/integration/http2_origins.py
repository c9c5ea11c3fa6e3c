"""Origins of HTTP/2 (nginx, Node, hypercorn, python3-h2) in front of a tunnel and behind one: shared connections, who they are, how they leave."""
import json
import threading

import h2.errors

from certificates import Authority
from h2_peers import Server
from harness import Case, Process, Site, can_connect, free_port, main, metric, scaled, wait_for
from load import Load
from node_peers import Origin
from servers import start_nginx

HYPERCORN = """
async def application(scope, receive, send):
    size, more = 0, scope["type"] == "http"
    while more:
        event = await receive()
        size += len(event.get("body", b""))
        more = event.get("more_body", False)
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-version", scope["http_version"].encode())]})
        await send({"type": "http.response.body", "body": b"%d" % size})
"""


class Http2Origins(Case):
    def setUp(self):
        super().setUp()
        self.ca = Authority(self)
        self.certificate = self.ca.issue("server")
        self.ca.issue("first")
        self.ca.issue("second")

    def up(self, services, backends, **keywords):
        self.site = Site(self, services, backends, [(f"/{name}/**", name) for name in backends], **keywords)
        self.connector, (self.agent,) = self.site.up()
        return self.site

    def nginx(self, lines=""):
        port, clear = free_port(), free_port()
        start_nginx(self, {"small": b"s" * 1024}, lines=f"listen 127.0.0.1:{port} ssl http2; listen 127.0.0.1:{clear} http2; ssl_certificate {self.certificate[0]};"
                    f"ssl_certificate_key {self.certificate[1]}; {lines} location / {{ return 200 '$server_protocol $ssl_client_s_dn'; }} location /small {{ root {self.directory}; }}")
        return port, clear

    def test_the_version_is_what_was_agreed_or_configured(self):
        tls, clear = self.nginx()
        only = Origin(self, "https", *self.certificate, ca=self.ca.file)
        wanted = {"auto": (f"https://127.0.0.1:{tls}", "", "HTTP/2.0"), "old": (f"https://127.0.0.1:{tls}", ", protocol: http/1.1", "HTTP/1.1"),
                  "new": (f"https://127.0.0.1:{tls}", ", protocol: h2", "HTTP/2.0"), "clear": (f"http://127.0.0.1:{clear}", ", protocol: h2c", "HTTP/2.0")}
        backends = {**{f"direct-{name}": f'endpoints: [ "{url}" ], tls: {{ ca: ca.crt }}{more}' for name, (url, more, _) in wanted.items()},
                    **{name: f"endpoints: [ service://{name} ], tls: {{ ca: ca.crt }}{more}" for name, (_, more, _) in wanted.items()},
                    "only": "endpoints: [ service://only ], tls: { ca: ca.crt }", "insisting": "endpoints: [ service://only ], tls: { ca: ca.crt }, protocol: h2"}
        site = self.up({**{name: url for name, (url, _, _) in wanted.items()}, "only": only.url}, backends)
        for name, (_, _, version) in wanted.items():
            for way in (name, f"direct-{name}"):
                with self.subTest(way):
                    for _ in range(3):
                        answer = site.get(f"/{way}/x")
                        self.assertEqual((answer.status, answer.body.split()), (200, [version.encode()]))
        self.assertEqual(site.get("/only/x").body, b"node 1.1")
        answer = site.get("/insisting/x")
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "tls-failed"))

    def test_many_requests_share_a_connection(self):
        origins = {"clear": Origin(self, "h2c"), "tls": Origin(self, "h2", *self.certificate, ca=self.ca.file)}
        site = self.up({name: origin.url for name, origin in origins.items()},
                       {"clear": "endpoints: [ service://clear ], protocol: h2", "tls": "endpoints: [ service://tls ], tls: { ca: ca.crt }"})
        for name, origin in origins.items():
            with self.subTest(name):
                count = scaled(400, 40)
                load = Load(site.client_port, f"/{name}/bytes/3000", clients=20)
                wait_for(lambda: load.done >= count or load.failures, "the load", 60)
                count, failures = load.stop()
                self.assertEqual(failures[:5], [])
                seen = origin.seen()
                self.assertEqual(len(seen["requests"]), count)
                self.assertLessEqual(seen["connections"], 2)  # one for each worker
                self.assertGreaterEqual(metric(site.admin_port, "adit_connector_pool_reuse_total", backend=name, reaches=count - 2 * 20), count - 2 * 20)

    def test_more_requests_than_an_origin_takes_on_a_connection_wait_for_none(self):
        holding, lock = [], threading.Lock()

        def hold(connection, stream, request):
            with lock:
                holding.append((connection, stream))
        origin = Server(hold, streams=5)
        site = self.up({"web": f"http://127.0.0.1:{origin.port}"}, {"web": "endpoints: [ service://web ], protocol: h2"}, workers=1)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(site.get("/web/x").status), daemon=True) for _ in range(17)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(holding) == 17, "all requests at the origin")
        self.assertLessEqual(origin.connections, 8)
        with lock:
            for connection, stream in holding:
                connection.reply(stream)
        for thread in threads:
            thread.join(10)
        self.assertEqual(answers, [200] * 17)

    def test_connections_are_shared_by_one_identity_only(self):
        origin = Origin(self, "h2", *self.certificate, self.ca.file, ca=self.ca.file)
        identity = "endpoints: [ service://web ], tls: { ca: ca.crt, certificate: %s.crt, key: %s.key }"
        site = self.up({"web": origin.url}, {name: identity % (name, name) for name in ("first", "second")} | {"nobody": "endpoints: [ service://web ], tls: { ca: ca.crt }"})
        for _ in range(5):
            for name in ("first", "second"):
                told = json.loads(site.get(f"/{name}/tls").body)
                self.assertEqual((told["alpn"], told["peer"]), ("h2", name))
        self.assertEqual(site.get("/nobody/tls").status, 502)

    def test_a_client_certificate_is_replaced_under_load(self):
        origin = Origin(self, "h2", *self.certificate, self.ca.file, ca=self.ca.file)
        self.ca.issue("shown")
        site = self.up({"web": origin.url}, {"web": "endpoints: [ service://web ], tls: { ca: ca.crt, certificate: shown.crt, key: shown.key }"})
        load = Load(site.client_port, "/web/bytes/2000", clients=8)
        for name in ("newer", "newest"):
            reached = load.done
            wait_for(lambda: load.done > reached + scaled(400, 50) or load.failures, "some load", 60)
            certificate, key = self.ca.issue(name)
            key.replace(self.directory / "shown.key")
            certificate.replace(self.directory / "shown.crt")
            wait_for(lambda: json.loads(site.get("/web/tls").body).get("peer") == name, f"{name} to be shown")
        done, failures = load.stop()
        print(f"{done} requests, {len(failures)} failed")
        self.assertEqual(failures[:5], [])

    def test_an_origin_that_leaves_in_order_loses_no_request(self):
        origin = Origin(self, "h2c")
        site = self.up({"web": origin.url}, {"web": "endpoints: [ service://web ], protocol: h2"})
        load = Load(site.client_port, "/web/bytes/2000", clients=8)
        for _ in range(10):
            reached = load.done
            wait_for(lambda: load.done > reached + scaled(100, 20) or load.failures, "some load", 60)
            for way in ("retire", "goaway"):
                self.assertEqual(site.get(f"/web/{way}").status, 200)
        done, failures = load.stop()
        print(f"{done} requests, {len(failures)} failed, {origin.seen()['connections']} connections")
        self.assertEqual(failures[:5], [])
        self.assertGreaterEqual(origin.seen()["connections"], 8)

    def test_nginx_that_ends_its_connections_after_some_requests_loses_none(self):
        _, clear = self.nginx("keepalive_requests 50;")
        site = self.up({"web": f"http://127.0.0.1:{clear}"}, {"web": "endpoints: [ service://web ], protocol: h2"})
        load = Load(site.client_port, "/web/x", clients=16)
        wait_for(lambda: load.done > scaled(3000, 300) or load.failures, "some load", 60)
        done, failures = load.stop()
        print(f"{done} requests, {len(failures)} failed")
        self.assertEqual(failures[:5], [])

    def resetting(self, code):
        """An origin that resets every second stream, the first included."""
        def handle(connection, stream, request):
            if len(origin.requests) % 2 == 1:
                connection.h2.reset_stream(stream, code)
                connection.flush()
            else:
                connection.reply(stream, b"at last")
        origin = Server(handle)
        return origin

    def test_a_refused_stream_is_tried_again_whatever_the_method(self):
        origin = self.resetting(h2.errors.ErrorCodes.REFUSED_STREAM)
        site = self.up({"web": f"http://127.0.0.1:{origin.port}"}, {"web": "endpoints: [ service://web ], protocol: h2"})
        for i, method in enumerate(("GET", "POST")):
            answer = site.get("/web/x", method=method)
            self.assertEqual((answer.status, answer.body, len(origin.requests)), (200, b"at last", 2 * i + 2))

    def test_a_reset_stream_is_an_error_with_a_name_and_ends_nobody_else(self):
        origin = self.resetting(h2.errors.ErrorCodes.INTERNAL_ERROR)
        site = self.up({"web": f"http://127.0.0.1:{origin.port}"}, {"web": "endpoints: [ service://web ], protocol: h2"}, workers=1)
        answer = site.get("/web/x", method="POST", body=b"x")
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "connection-terminated"), answer.body)
        self.assertEqual(site.get("/web/x").body, b"at last")
        self.assertEqual(origin.connections, 1)

    def test_hypercorn_serves_over_tls_and_clear_text(self):
        self.write("served.py", HYPERCORN)
        tls, clear = free_port(), free_port()
        Process(self, "hypercorn", ["/usr/bin/python3", "-m", "hypercorn", "--bind", f"127.0.0.1:{tls}", "--insecure-bind", f"127.0.0.1:{clear}",
                                    "--certfile", self.certificate[0], "--keyfile", self.certificate[1], "served:application"], {"PYTHONPATH": str(self.directory)})
        wait_for(lambda: can_connect(tls) and can_connect(clear), "hypercorn")
        site = self.up({"tls": f"https://127.0.0.1:{tls}", "clear": f"http://127.0.0.1:{clear}"},
                       {"tls": "endpoints: [ service://tls ], tls: { ca: ca.crt }", "clear": "endpoints: [ service://clear ], protocol: h2"})
        for name in ("tls", "clear"):
            for size in (0, 10, 3_000_000):
                with self.subTest(name, size=size):
                    answer = site.get(f"/{name}/x", method="POST", body=b"x" * size)
                    self.assertEqual((answer.status, answer.body, answer.headers["x-version"]), (200, b"%d" % size, "2"))

    def test_an_origin_that_dies_is_replaced_by_its_successor(self):
        origin = Origin(self, "h2c")
        site = self.up({"web": origin.url}, {"web": "endpoints: [ service://web ], protocol: h2"}, workers=1)
        self.assertEqual(site.get("/web/x").body, b"node 2.0")
        node = next(process for process in self.processes if process.name == "origin")
        node.stop()
        # That it has gone has to come all the way through the tunnel.
        answer = wait_for(lambda: (told := site.get("/web/x")).problem()["code"] == "connection-refused" and told, "its port to refuse")
        self.assertEqual(answer.status, 502)
        Process(self, "origin", [*node.popen.args[3:]])
        wait_for(lambda: site.get("/web/x").status == 200, "the successor")

    def test_heads_of_an_origin_that_break_the_rules_are_refused(self):
        wrong = {"connection": [("connection", "close")], "length": [("content-length", "5")], "upper": [("X-Upper", "a")], "break": [("x", "a\r\nb: c")],
                 "signed": [("content-length", "+2")], "status": [(":status", "200")], "big": [("x", "a" * 20_000)], "right": [("x", "a" * 15_000)]}
        origin = Server(lambda connection, stream, request: connection.reply(stream, b"ok", more=wrong[request.headers[":path"].rsplit("/", 1)[1]]))
        site = self.up({"web": f"http://127.0.0.1:{origin.port}"}, {"web": "endpoints: [ service://web ], protocol: h2"}, listener="", workers=1)
        for name in wrong:
            with self.subTest(name):
                self.assertEqual(site.get("/web/right").status, 200)  # the connection has served before
                origin.requests.clear()
                if name == "length":  # the head was right; what followed was not
                    with self.assertRaises(Exception):
                        site.get(f"/web/{name}")
                elif name != "right":
                    answer = site.get(f"/web/{name}")
                    self.assertEqual((answer.status, answer.problem()["code"]), (502, "response-head-too-large" if name == "big" else "bad-response"))
                    self.assertEqual(len(origin.requests), 1)  # it has answered: nothing to ask again

    def test_an_origin_that_promises_and_promises_is_given_up(self):
        def promise(connection, stream, request):
            for _ in range(33):
                connection.h2.send_headers(stream, [(":status", "103"), ("link", "</a>")])
            connection.reply(stream)
        site = self.up({"web": f"http://127.0.0.1:{Server(promise).port}"}, {"web": "endpoints: [ service://web ], protocol: h2"})
        answer = site.get("/web/x")
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "bad-response"))


main()

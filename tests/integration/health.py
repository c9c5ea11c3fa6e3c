"""Active checks of endpoints: HTTP, TCP and gRPC, through the tunnel and directly; who fails them gets no requests until it is well again."""
import concurrent.futures
import json
import socket

import grpc

from harness import Case, Site, fetch, free_port, main, metric, wait_for
from servers import Origin, OriginHandler

CHECK = "interval: 200ms, timeout: 10s, unhealthy: 2, healthy: 2"


class Doctor(Origin):
    """An origin whose /healthz answers as it is told, in turn; checks are remembered apart from requests."""

    def __init__(self, name):
        self.answers, self.checks = [(200, b"status: fine")], []
        super().__init__(name)
        self.RequestHandlerClass = DoctorHandler

    def says(self, *answers):
        self.answers = list(answers)


class DoctorHandler(OriginHandler):
    def do_GET(self):
        if not self.path.startswith("/healthz"):
            return self.do()
        self.server.checks.append((self.path, dict(self.headers)))
        status, body = self.server.answers[len(self.server.checks) % len(self.server.answers)]
        return self.reply(body, status)


class GrpcHealth(grpc.GenericRpcHandler):
    """grpc.health.v1.Health by grpcio; its messages are written by hand on this side, too."""

    def __init__(self):
        self.states, self.asked = {b"shop": 1}, []

    def service(self, details):
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(self.check)
        return None

    def check(self, request, context):
        name = request[2:2 + request[1]] if request else b""
        self.asked.append(name)
        if name not in self.states:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return bytes([8, self.states[name]])


class Health(Case):
    def setUp(self):
        super().setUp()
        self.tunnelled, self.direct, self.other = Doctor("tunnelled"), Doctor("direct"), Doctor("other")
        self.grpc = GrpcHealth()
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=(self.grpc,))
        grpc_port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(None).wait(5))
        self.gate = socket.create_server(("127.0.0.1", free_port()))  # to which one comes back
        gate = self.gate.getsockname()[1]
        services = {"web": f"http://127.0.0.1:{self.tunnelled.port}/base", "calls": f"http://127.0.0.1:{grpc_port}", "gate": f"http://127.0.0.1:{gate}"}
        http = f"health: {{ http: {{ path: \"/healthz?deep=1\", host: doctor.example, status: [ 200, 204 ], body: fine }}, {CHECK} }}"
        backends = {"web": f"endpoints: [ service://web ], {http}, balance: {{ panic: 0 }}",
                    "both": f"endpoints: [ http://127.0.0.1:{self.direct.port}, http://127.0.0.1:{self.other.port} ], {http}",
                    "calls": f"endpoints: [ service://calls ], protocol: h2, health: {{ grpc: {{ service: shop }}, {CHECK} }}, balance: {{ panic: 0 }}",
                    "gate": f"endpoints: [ service://gate ], health: {{ tcp: {{}}, {CHECK} }}, balance: {{ panic: 0 }}"}
        self.site = Site(self, services, backends, [(f"/{name}/**", name) for name in backends])
        self.connector, _ = self.site.up()

    def state(self, backend, member=0):
        return self.vitals(backend)[member]["state"]

    def vitals(self, backend):
        told = json.loads(fetch(self.site.admin_port, "/status").body)
        return next(one["vitals"] for one in told["backends"] if one["name"] == backend)

    def checked(self, backend, result="good"):
        return metric(self.site.admin_port, "adit_connector_health_checks_total", backend=backend, result=result)

    def test_http_checks_through_the_tunnel(self):
        wait_for(lambda: self.checked("web") >= 3, "checks")
        path, headers = self.tunnelled.checks[-1]
        self.assertEqual((path, headers["host"]), ("/healthz?deep=1", "doctor.example"))
        self.assertIn("health check", headers["user-agent"])
        self.assertNotIn("x-forwarded-for", headers)
        self.assertEqual(self.site.get("/web/x").status, 200)

        with self.subTest("an answer that is not expected"):
            self.tunnelled.says((503, b"fine"))
            wait_for(lambda: self.state("web") == "unhealthy", "the verdict")
            seen = len(self.tunnelled.seen)
            answer = self.site.get("/web/x")
            self.assertEqual((answer.status, answer.problem()["code"]), (503, "no-healthy-endpoint"))
            self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
            self.assertEqual(len(self.tunnelled.seen), seen)  # nobody was asked
            self.assertRegex(self.site.tool("status").stdout, r"web +service://web +unhealthy")
            wait_for(lambda: "status 503" in self.connector.log(), "the event")
            wait_for(lambda: metric(self.site.admin_port, "adit_connector_endpoint_healthy", backend="web") == 0, "the gauge")
        with self.subTest("well again"):
            self.tunnelled.says((204, b""), (200, b"all is fine"))
            self.assertEqual(self.state("web"), "unhealthy")
            self.tunnelled.says((200, b"all is fine"))
            wait_for(lambda: self.site.get("/web/x").status == 200, "requests to pass")
        with self.subTest("the wrong text"):
            self.tunnelled.says((200, b"poorly"))
            wait_for(lambda: self.state("web") == "unhealthy", "the verdict")
            self.tunnelled.says((200, b"fine"))
            wait_for(lambda: self.state("web") == "well", "the verdict")
        with self.subTest("flapping below the threshold changes nothing"):
            failed = self.checked("web", "failed")
            self.tunnelled.says((500, b"fine"), (200, b"fine"))
            wait_for(lambda: self.checked("web", "failed") >= failed + 4, "failed checks")
            self.assertEqual((self.state("web"), self.site.get("/web/x").status), ("well", 200))
        with self.subTest("checks are no requests"):
            self.assertNotIn("/healthz", str(self.site.access_lines(self.connector)))

    def test_of_two_endpoints_the_one_that_is_well_gets_all_and_none_is_better_than_nobody(self):
        self.direct.says((500, b"fine"))
        wait_for(lambda: self.state("both", 0) == "unhealthy", "the verdict")
        seen = len(self.direct.seen)
        self.assertEqual({self.site.get("/both/x").body.split()[0] for _ in range(20)}, {b"other"})
        self.assertEqual(len(self.direct.seen), seen)
        self.other.says((500, b"fine"))
        wait_for(lambda: self.state("both", 1) == "unhealthy", "the verdict")
        names = {self.site.get("/both/x").body.split()[0] for _ in range(60)}
        self.assertEqual(names, {b"direct", b"other"})  # panic: that everybody is ill says more of the checks
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_panic", backend="both") == 1, "the gauge")
        self.assertGreaterEqual(metric(self.site.admin_port, "adit_connector_panic_requests_total", backend="both", reaches=60), 60)
        answer = self.site.get("/both/status/502")
        self.assertEqual(answer.status, 502)
        self.assertIn('details="panic"', answer.headers["proxy-status"])
        self.direct.says((200, b"fine"))
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_panic", backend="both") == 0, "the end of panic")
        self.assertEqual({self.site.get("/both/x").body.split()[0] for _ in range(20)}, {b"direct"})

    def test_grpc_health_through_the_tunnel(self):
        wait_for(lambda: self.checked("calls") >= 2, "checks")
        self.assertEqual(set(self.grpc.asked), {b"shop"})
        self.grpc.states[b"shop"] = 2
        wait_for(lambda: self.state("calls") == "unhealthy", "the verdict")
        wait_for(lambda: "NOT_SERVING" in self.connector.log(), "the event")
        self.assertEqual(self.site.get("/calls/x").problem()["code"], "no-healthy-endpoint")
        self.grpc.states[b"shop"] = 1
        wait_for(lambda: self.state("calls") == "well", "the verdict")
        del self.grpc.states[b"shop"]
        wait_for(lambda: self.state("calls") == "unhealthy", "the verdict")
        wait_for(lambda: "grpc-status 5" in self.connector.log(), "the event")

    def test_tcp_checks_and_a_reload_keep_what_is_known(self):
        wait_for(lambda: self.checked("gate") >= 2, "checks")
        port = self.gate.getsockname()[1]
        self.gate.close()
        wait_for(lambda: self.state("gate") == "unhealthy", "the verdict")
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace("tcp: {}, interval: 200ms", "tcp: {}, interval: 250ms"))
        self.site.tool("reload")
        self.assertEqual(self.state("gate"), "unhealthy")
        self.assertEqual(self.site.get("/gate/x").problem()["code"], "no-healthy-endpoint")
        with socket.create_server(("127.0.0.1", port)):
            wait_for(lambda: self.state("gate") == "well", "the verdict")


if __name__ == "__main__":
    main()

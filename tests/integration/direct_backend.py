"""Backends that need no tunnel: one or several endpoints, dead ones among them, names and both address families."""
import socket
import threading

from harness import CALM, CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, wait_for
from servers import Origin, start_nginx


class DirectBackend(Case):
    def start(self, **backends):
        """A connector whose configuration knows no tunnels at all."""
        self.port, self.admin = free_port(), free_port()
        lines = [f'listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]', f'admin: {{ address: "127.0.0.1:{self.admin}" }}', "workers: 2", CALM, "backends:"]
        lines += [f"  {name}: {{ endpoints: {list(endpoints)}, timeouts: {{ connect: 2s }} }}" for name, endpoints in backends.items()]
        lines += ["routes:"] + [f"  - {{ match: {{ path: /{name}/** }}, backend: {name} }}" for name in backends]
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.write("adit.yaml", "\n".join(lines) + "\n")])
        wait_for(lambda: can_connect(self.port) or not connector.alive(), "the listener")
        return connector

    def get(self, path, **keywords):
        return fetch(self.port, path, **keywords)

    def test_a_connector_without_tunnels_is_ready_and_serves(self):
        origin = Origin()
        self.start(web=[f"http://127.0.0.1:{origin.port}/base"])
        self.assertEqual(fetch(self.admin, "/ready").status, 200)
        self.assertEqual(self.get("/web/x?a=b", method="POST", body=b"hello").body.split()[1], b"5")
        self.assertEqual(origin.seen[-1][1], "/base/web/x?a=b")

    def test_several_endpoints_share_the_requests(self):
        origins = [Origin(f"o{i}") for i in range(3)]
        self.start(web=[f"http://127.0.0.1:{o.port}" for o in origins])
        names = [self.get("/web/x").body.split()[0].decode() for _ in range(60)]
        for origin in origins:
            self.assertGreaterEqual(names.count(origin.name), 5, names)  # of 20 expected

    def test_a_dead_endpoint_costs_no_request_not_even_a_post(self):
        origin = Origin()
        self.start(web=[f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{origin.port}"])
        self.assertEqual({self.get("/web/x", method="POST", body=b"pay").status for _ in range(30)}, {200})
        self.assertEqual(len(origin.seen), 30)

    def test_an_endpoint_that_comes_back_is_used_again(self):
        port = free_port()
        self.start(web=[f"http://127.0.0.1:{port}"])
        answer = self.get("/web/x")
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "connection-refused"))
        self.assertIn("error=connection_refused", answer.headers["proxy-status"])
        start_nginx(self, {"index.html": b"back\n"}, lines="location / { return 200 back; }", port=port)
        wait_for(lambda: self.get("/web/x").status == 200, "the endpoint")

    def test_names_and_both_address_families_are_reached(self):
        origin = Origin()
        endpoints = {"name": f"http://localhost:{origin.port}"}
        try:
            six = socket.create_server(("::1", 0), family=socket.AF_INET6)
            endpoints["six"] = f"http://[::1]:{six.getsockname()[1]}"
            threading.Thread(target=self.answer_one, args=(six,), daemon=True).start()
        except OSError:
            print("no IPv6 here: that part is left out")
        self.start(**{name: [url] for name, url in endpoints.items()})
        for name in endpoints:
            with self.subTest(name):
                self.assertEqual(self.get(f"/{name}/x").status, 200)

    def answer_one(self, listener):
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def test_connections_to_an_origin_are_kept_and_used_again(self):
        self.start(web=[f"http://127.0.0.1:{start_nginx(self)}"])
        for _ in range(40):
            self.assertEqual(self.get("/web/x").status, 404)  # nginx's own, passed on untouched
        self.assertGreaterEqual(metric(self.admin, "adit_connector_pool_reuse_total", backend="web", reaches=36), 36)

    def test_an_origin_that_closed_a_kept_connection_loses_no_request(self):
        port = start_nginx(self, {"x": b"x"}, lines="keepalive_timeout 1; rewrite ^ /x break;")
        self.start(web=[f"http://127.0.0.1:{port}"])
        self.assertEqual(self.get("/web/x").status, 200)
        wait_for(lambda: metric(self.admin, "adit_connector_pool_connections", backend="web", state="idle") == 0, "the kept connection to go", 10)
        self.assertEqual(self.get("/web/x", method="POST", body=b"y").status, 405)  # answered by nginx, not by us


main()

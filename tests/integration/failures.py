"""Each way in which a request can fail has its own status, problem code and Proxy-Status."""
import http.client
import re
import socket
import subprocess

from harness import Case, Site, can_connect, free_port, main, wait_for
from servers import Origin, Scripted


class Failures(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.waiting = [socket.socket() for _ in range(8)]
        for one in [self.full, *self.waiting]:
            self.addCleanup(one.close)
        for one in self.waiting:  # the backlog is full, so that a further connection gets no answer
            one.setblocking(False)
            one.connect_ex(self.full.getsockname())
        self.silent = Scripted(b"", "hold")
        self.stalled = Scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "hold")
        self.reset = Scripted(b"", "reset")
        short = {"full": "connect: 1s", "silent": "first_byte: 1s", "stalled": "idle: 1s", "total": "total: 1s"}
        services = {"refused": f"http://127.0.0.1:{free_port()}", "nodns": "http://no-such-host.invalid:80",
                    "full": "http://127.0.0.1:%d" % self.full.getsockname()[1], "silent": f"http://127.0.0.1:{self.silent.port}",
                    "stalled": f"http://127.0.0.1:{self.stalled.port}", "reset": f"http://127.0.0.1:{self.reset.port}",
                    "metadata": "http://169.254.169.254:80", "forbidden": "http://127.0.0.1:1", "total": f"http://127.0.0.1:{self.origin.port}"}
        backends = {name: f"endpoints: [ service://{name} ], timeouts: {{ {short.get(name, 'connect: 10s')} }}" for name in services}
        backends["direct"] = f'endpoints: [ "http://127.0.0.1:{self.origin.port}/under" ]'
        backends["both"] = f'endpoints: [ "http://127.0.0.1:{free_port()}", "http://127.0.0.1:{self.origin.port}" ]'
        backends["patient"] = "endpoints: [ service://full ], timeouts: { connect: 60s, first_byte: 60s }"
        backends["unknown"] = "endpoints: [ service://unheard-of ]"
        self.site = Site(self, services, backends, routes=[(f"/{name}/**", name) for name in backends])

    def allow(self):
        return [url.split("//")[1] for name, url in self.site.services.items() if name not in ("forbidden", "metadata")] + ["*.invalid:*", "127.0.0.0/30:2"]

    def test_each_failure_says_what_it_is(self):
        connector, _ = self.site.up(allow=self.allow())
        table = {"refused": (502, "connection-refused", "connection_refused"), "nodns": (502, "dns-error", "dns_error"),
                 "full": (504, "connect-timeout", "connection_timeout"), "silent": (504, "first-byte-timeout", "http_response_timeout"),
                 "reset": (502, "connection-terminated", "connection_terminated"), "total": (504, "total-timeout", "http_response_timeout"),
                 "forbidden": (502, "destination-prohibited", "destination_ip_prohibited"),
                 "metadata": (502, "destination-prohibited", "destination_ip_prohibited"),
                 "unknown": (503, "service-unknown", "destination_not_found")}
        for name, (status, code, error) in table.items():
            with self.subTest(name):
                answer = self.site.get(f"/{name}/nap/3")
                self.assertEqual((answer.status, answer.problem()["code"]), (status, code), answer.body)
                self.assertIn(f"error={error}", answer.headers["proxy-status"])
                self.assertIsNone(re.search(r"\d+\.\d+\.\d+\.\d+|invalid", answer.problem()["detail"] + answer.headers["proxy-status"]))
        for words in ("--allow 127.0.0.1:1", "--allow 169.254.169.254:80", "no-such-host.invalid"):
            wait_for(lambda: words in connector.log(), "what is at fault, in the log")

    def test_who_leaves_while_an_agent_dials_leaves_no_socket_behind(self):
        _, (agent,) = self.site.up(allow=self.allow())
        wait_for(lambda: agent.log().count('"session ready"') >= 4, "the agent to have all that it wants")
        before, clients = agent.descriptors(), []
        for _ in range(40):  # on both workers, so that some requests go by way of the other one
            clients.append(socket.create_connection(("127.0.0.1", self.site.client_port)))
            self.addCleanup(clients[-1].close)
            clients[-1].sendall(b"GET /patient/x HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: agent.descriptors() >= before + 40, "the dials")
        for one in clients:
            one.close()
        wait_for(lambda: agent.descriptors() <= before, "their end, before the agent's own patience with the host is over", 8)
        self.assertEqual(self.site.get("/silent/x").problem()["code"], "first-byte-timeout")  # the agent dials for others

    def test_an_answer_that_stalls_is_cut_off_and_logged(self):
        connector, _ = self.site.up(allow=self.allow())
        client = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=10)
        client.request("GET", "/stalled/")
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            client.getresponse().read()
        lines = wait_for(lambda: self.site.access_lines(connector), "the access line")
        self.assertIn("no bytes moved within 1s", lines[0]["reason"])

    def test_direct_endpoints_need_no_tunnel_and_one_stands_in_for_another(self):
        self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port), "the listener")
        self.assertEqual(self.site.get("/direct/x").status, 200)
        self.assertEqual(self.origin.seen[-1][1], "/under/direct/x")
        for _ in range(6):
            self.assertEqual(self.site.get("/both/x", method="POST", body=b"hello").status, 200)

    def test_a_tunnel_without_a_session_is_503_with_retry_after(self):
        self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port), "the listener")
        answer = self.site.get("/refused/")
        self.assertEqual((answer.status, answer.problem()["code"]), (503, "tunnel-without-session"))
        self.assertGreater(int(answer.headers["retry-after"]), 0)

    def test_a_name_that_leads_to_a_metadata_service_is_refused_after_resolution(self):
        hosts = self.write("hosts", "127.0.0.1 localhost\n169.254.169.254 innocent.example\n")
        prefix = ["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
            self.skipTest("no right to bind-mount /etc/hosts")
        self.site.set_services("t1", {"refused": "http://innocent.example:80"})
        connector = self.site.start_connector()
        self.site.start_agent(allow=["innocent.example:80"], prefix=prefix)
        self.site.wait_sessions(count=1)
        answer = self.site.get("/refused/")
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "destination-prohibited"))
        wait_for(lambda: "leads to 169.254.169.254" in connector.log(), "where it leads, in the log")


main()

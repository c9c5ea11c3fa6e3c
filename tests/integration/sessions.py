"""Sessions cross workers, keep tunnels apart, and their port bears what strangers send."""
import hashlib
import socket
import ssl
import threading

from harness import AGENT, Case, Process, Site, can_connect, free_port, main, metric, wait_for
from servers import Origin


class Sessions(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()

    def site(self, **keywords):
        return Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, **keywords)

    def test_one_session_serves_the_clients_of_every_worker(self):
        site = self.site(workers=4)
        site.start_connector()
        agent = site.start_agent(flags=["--connections", "1"])
        site.wait_sessions(count=1)
        wait_for(lambda: can_connect(site.client_port), "the client port")
        body = bytes(range(256)) * 4096
        wanted = f"origin {len(body)} {hashlib.sha256(body).hexdigest()}".encode()
        results = []

        def work():
            for _ in range(4):
                results.append(site.get("/up", method="POST", body=body).body == wanted)
                results.append(len(site.get("/bytes/1000000").body) == 1_000_000)
        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(results, [True] * 128)
        self.assertGreaterEqual(len({s["worker"] for s in site.sessions()}), 1)
        agent.popen.kill()
        wait_for(lambda: not site.sessions(), "the sessions to end")

    def test_tunnels_are_kept_apart(self):
        other = Origin("other")
        site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"},
                    backends={"web": "endpoints: [ service://web ]", "theirs": "endpoints: [ service://theirs ]"},
                    routes=[("/theirs/**", "theirs"), ("/**", "web")])
        token = site.create_tunnel("t2")
        site.set_services("t2", {"theirs": f"http://127.0.0.1:{other.port}"})
        site.start_connector()
        everything = [f"127.0.0.1:{self.origin.port}", f"127.0.0.1:{other.port}"]
        site.start_agent(allow=everything)
        site.wait_sessions(count=1)
        self.assertEqual(site.get("/theirs/x").problem()["code"], "tunnel-without-session")
        self.assertEqual(other.seen, [])
        site.start_agent(allow=everything, token=token)
        wait_for(lambda: site.get("/theirs/x").status == 200, "the other tunnel")
        self.assertEqual(site.get("/x").body.split()[0], b"origin")
        self.assertEqual(site.get("/theirs/x").body.split()[0], b"other")

    def test_a_change_of_services_is_taken_up_without_a_restart(self):
        other = Origin("other")
        site = self.site()
        site.up(allow=["127.0.0.1:*"])
        self.assertEqual(site.get("/x").body.split()[0], b"origin")
        site.set_services("t1", {"web": f"http://127.0.0.1:{other.port}"})
        wait_for(lambda: site.get("/x").body.split()[0] == b"other", "the new endpoint")

    def test_strangers_at_the_tunnel_port_are_refused_and_disturb_nobody(self):
        site = self.site()
        connector, _ = site.up()
        silent = [socket.create_connection(("127.0.0.1", site.tunnel_port)) for _ in range(50)]
        for garbage in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(5000), b"\x16\x03\x01\xff\xff" + bytes(70_000), b"\x16\x03\x03\x00\x05hello"):
            with socket.create_connection(("127.0.0.1", site.tunnel_port), timeout=5) as stranger:
                try:
                    stranger.sendall(garbage)
                    while stranger.recv(65536):
                        pass
                except ConnectionError:
                    pass
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["rh2"])
        with socket.create_connection(("127.0.0.1", site.tunnel_port), timeout=5) as stranger:
            with self.assertRaises((ssl.SSLError, ConnectionError)):  # a certificate is asked for; none is given
                with context.wrap_socket(stranger, server_hostname="x") as secured:
                    if not secured.recv(100):
                        raise ConnectionError("closed")
        self.assertEqual(site.get("/x").status, 200)
        self.assertEqual(len(site.sessions()), 4)
        for one in silent:  # a peer that says nothing is not kept for ever
            one.settimeout(20)
            try:
                self.assertEqual(one.recv(1), b"")
            except ConnectionResetError:
                pass
            one.close()
        self.assertTrue(connector.alive())

    def test_a_connection_of_the_pool_is_not_used_again_after_its_session_ended(self):
        site = self.site()
        _, (agent,) = site.up()
        for _ in range(10):
            self.assertEqual(site.get("/x").status, 200)
        before = {session["id"] for session in site.sessions()}
        agent.popen.kill()
        agent.wait()
        site.start_agent()
        wait_for(lambda: not before & {session["id"] for session in site.sessions()}, "the sessions to end")
        site.wait_sessions(count=4)
        for _ in range(20):
            self.assertEqual(site.get("/x", method="POST", body=b"hello").status, 200)

    def test_a_post_that_was_under_way_is_never_sent_twice(self):
        site = self.site()
        _, agents = site.up(agents=2)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(site.get("/held", method="POST", body=b"pay")), daemon=True)
        asking.start()
        wait_for(lambda: self.origin.seen, "the request at the origin")
        next(a for a in agents if metric(a.metrics_port, "adit_agent_streams") > 0).popen.kill()
        asking.join(15)
        self.assertEqual((answers[0].status, answers[0].problem()["code"]), (502, "connection-terminated"))
        self.origin.release.set()
        self.assertEqual(len(self.origin.seen), 1)

    def test_the_agents_status_address_gives_way_only_when_it_was_not_chosen(self):
        site = self.site()
        site.start_connector()
        token = self.write("token", site.token)
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            taken = Process(self, "agent", [AGENT, "run", "--token-file", token, "--metrics", f"127.0.0.1:{port}"])
            self.assertEqual(taken.wait(10), 1)
            self.assertIn(str(port), taken.log())
        agents = [Process(self, "agent", [AGENT, "run", "--token-file", token]) for _ in range(2)]
        for agent in agents:
            wait_for(lambda: '"agent started"' in agent.log(), "the agent to start")
        self.assertTrue(all(a.alive() for a in agents))


main()

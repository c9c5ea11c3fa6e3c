"""Which transport an agent takes: the one it was told, or TLS as long as it works, WireGuard when it does not, and TLS again."""
import socket
import threading

from harness import AGENT, free_port, main, wait_for
from servers import pump
from wireguard_site import WireGuardCase

FELL_BACK = "TLS does not reach the connector, so WireGuard is used"
RETURNED = "TLS reaches the connector again and is used"


class Gateway:
    """A port between agents and the connector's TLS that can be closed, opened, or take connections and swallow what comes."""

    def __init__(self, to):
        self.to, self.port, self.listener, self.swallows = to, free_port(), None, False
        self.joined = []

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in self.joined:
            end.close()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.joined.append(client)
            if not self.swallows:
                server = socket.create_connection(("127.0.0.1", self.to))
                self.joined.append(server)
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()


class Fallback(WireGuardCase):
    def behind_gateway(self, swallows=False):
        """A site whose token names the gateway for TLS; the gateway is closed unless it swallows."""
        site = self.site()
        gateway = Gateway(site.tunnel_port)
        gateway.swallows = swallows
        site.token = site.tool("tunnel", "rotate-token", "t1", "--connect", f"127.0.0.1:{gateway.port}").stdout
        if swallows:
            gateway.open()
            self.addCleanup(gateway.close)
        site.start_connector()
        return site, gateway

    def by_wireguard(self, site):
        return len(site.ids()) >= 4 and len(site.seats()) == 1

    def by_tls(self, site):
        return len(site.ids()) >= 4 and not site.seats()

    def test_tls_is_preferred(self):
        site = self.site()
        site.start_connector()
        agent = site.start_agent("auto")
        wait_for(lambda: self.by_tls(site), "sessions over TLS")
        self.assert_logged(agent, "TLS is preferred, WireGuard is used when TLS fails")
        self.assertNotIn(FELL_BACK, agent.log())
        self.assertTrue(site.get("/web/x").body.startswith(b"origin"))

    def test_each_alone_when_it_was_asked_for(self):
        site = self.site()
        site.start_connector()
        agent = site.start_agent("tls")
        wait_for(lambda: self.by_tls(site), "sessions over TLS")
        self.assert_logged(agent, "it was asked for")
        agent.signal(15)
        agent.wait()
        agent = site.start_agent("wireguard")
        wait_for(lambda: self.by_wireguard(site), "sessions over WireGuard")
        self.assert_logged(agent, "it was asked for")

    def test_tls_alone_never_falls_back(self):
        site, _ = self.behind_gateway()
        agent = site.start_agent("tls")
        wait_for(lambda: agent.log().count("cannot reach the connector") >= 3, "its words")
        self.assertEqual(site.sessions(), [])

    def test_a_port_that_swallows_is_left_for_wireguard(self):
        site, _ = self.behind_gateway(swallows=True)
        agent = site.start_agent("auto")
        wait_for(lambda: self.by_wireguard(site), "sessions over WireGuard", 40)
        line, = [line for line in agent.log().splitlines() if FELL_BACK in line]
        self.assertIn("timeout", line)
        self.assertTrue(site.get("/web/x").body.startswith(b"origin"))

    def test_it_returns_to_tls_without_a_failed_request(self):
        """The port is closed, and opened while requests cross: the agent looks every 30 s."""
        site, gateway = self.behind_gateway()
        agent = site.start_agent("auto")
        wait_for(lambda: self.by_wireguard(site), "sessions over WireGuard")
        line, = [line for line in agent.log().splitlines() if FELL_BACK in line]
        self.assertIn("connection_refused", line)
        gateway.open()
        self.addCleanup(gateway.close)
        statuses, over = [], threading.Event()

        def ask():
            while not over.wait(0.02):
                statuses.append(site.get("/web/nap/0.2").status)
        askers = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
        for asker in askers:
            asker.start()
        wait_for(lambda: self.by_tls(site), "sessions over TLS", 90)
        over.set()
        for asker in askers:
            asker.join(10)
        self.assert_logged(agent, RETURNED)
        self.assertEqual(set(statuses), {200})

    def refused(self, token, transport):
        return self.run_tool(AGENT, "run", "--token-file", self.write("token", token), status=2, environment={
            "TUNNEL_TRANSPORT_PROTOCOL": transport, "TUNNEL_METRICS": "127.0.0.1:0"}).stderr

    def test_a_token_without_the_part_that_was_asked_for_is_refused(self):
        self.assertIn("the token has no WireGuard part", self.refused(self.site(wireguard=False).token, "wireguard"))
        (self.directory / "tunnels.d" / "t1.json").unlink()
        self.assertIn("the token names no TLS address", self.refused(self.site(tls=False).token, "tls"))


main()

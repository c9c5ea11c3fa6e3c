"""How agents find their connector: several addresses, dead ones, corporate proxies, and paths that go silent."""
import base64
import socket
import threading
import time
import unittest

import wireguard_relay
from harness import TRANSPORT, Case, Site, can_connect, free_port, main, wait_for
from servers import Accepting, Origin

OVER_WIREGUARD = TRANSPORT == "wireguard"
CONNECT = "--connect-wireguard" if OVER_WIREGUARD else "--connect"


def relay_to(site):
    """Between agents and connector: its address, and how it falls silent."""
    if OVER_WIREGUARD:
        relay = wireguard_relay.Relay(site.wireguard_address)
        return relay.address, relay.fall_silent
    relay = Relay(target=("127.0.0.1", site.tunnel_port))
    return f"127.0.0.1:{relay.port}", relay.silent.set


class Relay(Accepting):
    """A CONNECT proxy (with `credentials`) or a plain relay to `target`; can fall silent without closing anything."""

    def __init__(self, target=None, credentials=None):
        self.target, self.credentials = target, credentials
        self.silent = threading.Event()
        super().__init__()

    def serve(self, client):
        target = self.target
        if target is None:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (part := client.recv(4096)):
                    return
                head += part
            self.requests.append(head.decode())
            wanted = "Basic " + base64.b64encode((self.credentials or "").encode()).decode()
            if self.credentials and f"Proxy-Authorization: {wanted}" not in head.decode():
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                client.close()
                return
            host, port = head.split()[1].decode().rsplit(":", 1)
            target = (host, int(port))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server = socket.create_connection(target)
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self.copy, args=(one, other), daemon=True).start()

    def copy(self, one, other):
        try:
            while data := one.recv(65536):
                if self.silent.is_set():
                    continue  # swallowed, as a dead path does
                other.sendall(data)
            if not self.silent.is_set():
                other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Dialling(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()

    def site(self, **keywords):
        return Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, **keywords)

    def test_sessions_spread_over_all_addresses_and_a_dead_one_does_not_matter(self):
        site = self.site(tunnel_host="0.0.0.0")
        port = site.wireguard_address.rsplit(":")[-1] if OVER_WIREGUARD else site.tunnel_port
        token = site.create_tunnel("t2", CONNECT, f"127.0.0.1:{port}", CONNECT, f"127.0.0.2:{port}", CONNECT, f"127.0.0.3:{free_port()}")
        site.set_services("t1", {})
        site.set_services("t2", {"web": f"http://127.0.0.1:{self.origin.port}"})
        site.start_connector()
        agent = site.start_agent(token=token)
        site.wait_sessions(count=4)
        self.assertEqual(site.get("/x").status, 200)
        wait_for(lambda: agent.log().count('"session ready"') >= 4, "the sessions")
        for address in ("127.0.0.1", "127.0.0.2"):
            self.assertIn(f'"connector":"{address}:{port}"', agent.log())

    def test_a_connector_on_ipv6_is_reached(self):
        if not socket.has_ipv6 or not self.has_loopback6():
            self.skipTest("no IPv6 here")
        site = self.site(tunnel_host="::1")
        site.up()
        self.assertEqual(site.get("/x").status, 200)

    def has_loopback6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
            return True
        except OSError:
            return False

    @unittest.skipIf(OVER_WIREGUARD, "a proxy carries no UDP")
    def test_a_corporate_proxy_is_used_with_its_password(self):
        proxy = Relay(credentials="user:p@ss word")
        site = self.site()
        site.start_connector()
        site.start_agent(environment={"HTTPS_PROXY": f"http://user:p%40ss%20word@127.0.0.1:{proxy.port}"})
        site.wait_sessions(count=4)
        self.assertTrue(proxy.requests[0].startswith(f"CONNECT {site.tunnel_address} HTTP/1.1"))
        self.assertEqual(site.get("/x").status, 200)

    @unittest.skipIf(OVER_WIREGUARD, "a proxy carries no UDP")
    def test_no_proxy_is_honoured_and_a_wrong_password_is_named(self):
        proxy = Relay(credentials="user:right")
        site = self.site()
        site.start_connector()
        wrong = site.start_agent(environment={"HTTPS_PROXY": f"http://user:wrong@127.0.0.1:{proxy.port}"})
        wait_for(lambda: "user or password of the proxy URL" in wrong.log(), "the reason in the log")
        self.assertNotIn("wrong@", wrong.log())
        asked = len(proxy.requests)
        wrong.stop()
        site.start_agent(environment={"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.0/8"})
        site.wait_sessions(count=4)
        self.assertGreaterEqual(len(proxy.requests), asked)

    def test_a_path_that_goes_silent_is_noticed_in_seconds_at_both_ends(self):
        site = self.site()
        address, fall_silent = relay_to(site)
        token = site.tool("tunnel", "rotate-token", "t1", CONNECT, address).stdout
        connector = site.start_connector()
        agent = site.start_agent(token=token)
        site.wait_sessions(count=4)
        fall_silent()
        silent = time.monotonic()
        wait_for(lambda: not [s for s in site.sessions() if s["state"] == "ready"], "the connector to notice")
        self.timely("without a path that is silent", time.monotonic() - silent, promised=4)
        wait_for(lambda: '"session lost"' in agent.log(), "the agent to notice")
        self.assertTrue(connector.alive() and can_connect(site.admin_port))


main()

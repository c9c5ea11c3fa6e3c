"""Peers who change the keys of TLS 1.3 without end: 27 bytes, for which we derive new keys and answer. Each is given up, whoever it
is, and others do not notice. So are those who ask for new handshakes. Tickets are in tests/unit/tls, the admin address is in admin_interface.py."""
import contextlib
import http.client
import json
import socket
import ssl
import threading

from bystanders import unharmed
from certificates import Authority
from harness import Case, Site, fetch, main, metric, wait_for
from servers import Origin
from tls_peers import Tls12Client, change_keys, has_ended
from tunnel_peers import LyingAgent, LyingConnector, agent_identity, self_signed

MANY = 20_000
BEARABLE = 32  # TlsStream::kMessagesMost
GROWTH_KIB = 30_000


class LyingOrigin:
    """Takes requests over TLS, and answers with key updates."""

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            with contextlib.suppress(OSError), self.context.wrap_socket(self.listener.accept()[0], server_side=True) as connection:
                connection.settimeout(20)
                self.asked += bool(connection.recv(1 << 16))
                change_keys(connection, MANY)
                has_ended(connection)
            if self.listener.fileno() < 0:
                return


class TlsFloods(Case):
    def up(self, listener="", backends=None, routes=None, **keywords):
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, backends, routes, workers=1, listener=listener)
        return self.site

    def client(self, alpn=("http/1.1",)):
        context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        context.set_alpn_protocols(list(alpn))
        return http.client.HTTPSConnection("localhost", self.site.client_port, timeout=20, context=context)

    def over_tls(self):
        Authority(self).issue("server")
        self.up(", tls: { certificate: server.crt, key: server.key }")
        return self.site.up()[0]

    def ended(self, reaches=0):
        return metric(self.site.admin_port, "adit_connector_client_ended_total", reason="flood", reaches=reaches)

    def test_clients_are_given_up_whatever_they_speak(self):
        connector = self.over_tls()
        with unharmed(self, connector, self.site.client_port, GROWTH_KIB, make=self.client):
            for count, protocol in enumerate(("http/1.1", "h2"), 1):
                with self.subTest(protocol), contextlib.closing(self.client([protocol])) as client:
                    client.connect()
                    change_keys(client.sock, MANY)
                    self.assertEqual(self.ended(reaches=count), count)
                    has_ended(client.sock)
        wait_for(lambda: "client connection ended for what the client did" in connector.log(), "a line about it")

    def test_clients_of_tls_1_2_ask_for_new_handshakes_in_vain_and_not_for_long(self):
        connector = self.over_tls()
        with unharmed(self, connector, self.site.client_port, GROWTH_KIB, make=self.client):
            client = Tls12Client(self.site.client_port, self.directory / "keys.log")
            client.ask_for_new_handshakes(MANY)
            self.assertEqual(self.ended(reaches=1), 1)
            has_ended(client.socket)
            client.socket.close()

    def test_a_client_that_changes_its_keys_now_and_then_is_served(self):
        self.over_tls()
        with contextlib.closing(self.client()) as client:
            client.connect()
            for _ in range(BEARABLE // 4):
                self.assertEqual(change_keys(client.sock, 4), 4)
                client.request("GET", "/x")
                answer = client.getresponse()
                self.assertEqual((answer.status, bool(answer.read())), (200, True))
        self.assertEqual(self.ended(), 0)

    def test_a_session_of_an_agent_ends(self):
        site = self.up()
        identity = agent_identity(self, site.create_tunnel("t2"))
        connector, _ = site.up()
        with unharmed(self, connector, site.client_port, GROWTH_KIB):
            liar = LyingAgent(site.tunnel_port, identity)
            self.addCleanup(liar.close)
            wait_for(lambda: "t2" in {t["name"] for t in json.loads(fetch(site.admin_port, "/sessions").body)["tunnels"] if t["sessions"]}, "the liar's session")
            with liar.lock:
                change_keys(liar.socket, MANY)
            self.assertEqual(metric(site.admin_port, "adit_connector_session_closed_total", tunnel="t2", reason="limit reached", reaches=1), 1)

    def test_a_session_with_a_lying_connector_ends(self):
        site = self.up()
        liar = LyingConnector(self_signed(self, "connector.key", "liar"))
        self.addCleanup(liar.close)
        site.token = site.tool("tunnel", "rotate-token", "t1", "--connect", site.tunnel_address, "--connect", f"127.0.0.1:{liar.port}").stdout
        site.start_connector()
        agent = site.start_agent()
        site.wait_sessions(count=1)
        session = wait_for(lambda: next(iter(liar.alive()), None), "a session of the liar's")
        with unharmed(self, agent, site.client_port, GROWTH_KIB):
            with session.lock:
                change_keys(session.socket, MANY)
            self.assertEqual(metric(agent.metrics_port, "adit_agent_session_closed_total", reason="limit reached", reaches=1), 1)
        wait_for(lambda: "after the handshake" in agent.log(), "the reason")

    def test_an_origin_is_given_up(self):
        liar = LyingOrigin(*Authority(self).issue("server"))
        self.addCleanup(liar.listener.close)
        site = self.up(backends={"web": "endpoints: [ service://web ]",
                                 "lied": f'endpoints: [ "https://127.0.0.1:{liar.port}" ], tls: {{ ca: ca.crt }}, retry: {{ attempts: 1 }}'}, routes=[("/lied/**", "lied"), ("/**", "web")])
        connector, _ = site.up()
        with unharmed(self, connector, site.client_port, GROWTH_KIB):
            answer = site.get("/lied/x")
        self.assertEqual((answer.status, answer.problem()["code"], liar.asked), (502, "connection-terminated", 1))


if __name__ == "__main__":
    main()

"""Half a handshake, garbage, and nothing at all, at the ports of clients and of agents: thousands at once are let go in their
time, each costs little, and those who mean it are served. sessions.py shows the single kinds of strangers at the tunnel port."""
import contextlib
import http.client
import json
import random
import resource
import socket
import ssl
import time

from bystanders import Bystander, Newcomer, unharmed
from certificates import Authority
from harness import Case, Site, main, metric, scaled, wait_for
from servers import Origin

HALF_OPEN = 10_000
SPARE = 500  # descriptors of a process, for everything else


def half_open():
    """How many this process and the connector, which has the same bound, may hold at once: fewer where descriptors do not allow more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < HALF_OPEN + SPARE:
        soft = HALF_OPEN + SPARE if hard == resource.RLIM_INFINITY else min(HALF_OPEN + SPARE, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return scaled(min(HALF_OPEN, soft - SPARE))


HALF_OPEN_KIB = 64  # what one may cost that has sent its first message and waits
STRANGERS = 400
PLACES = 256  # for handshakes of agents at one worker (tunnel::Gate::Settings)


def client_hello():
    """The first message of a client's handshake: the server makes its keys and its signature for it."""
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


class HalfOpen(Case):
    def up(self, limits=""):
        Authority(self).issue("server")
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, listener=f", tls: {{ certificate: server.crt, key: server.key }}{limits}", workers=1)
        self.connector, _ = self.site.up()
        self.context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))

    def client(self):
        return http.client.HTTPSConnection("localhost", self.site.client_port, timeout=20, context=self.context)

    def clients_are_served(self, growth_kib=30_000, kinds=(Bystander, Newcomer)):
        return unharmed(self, self.connector, self.site.client_port, growth_kib, kinds, make=self.client)

    def counted(self, name, **labels):
        return metric(self.site.admin_port, "adit_connector_" + name, **labels)

    def strangers(self, stack, port, count, says):
        for _ in range(count):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            with contextlib.suppress(OSError):
                one.sendall(says)

    def test_thousands_of_half_handshakes_of_clients_are_let_go(self):
        """Ten thousand where descriptors allow; half of them have sent their first message, which costs us two signatures."""
        count = half_open()
        self.up(", limits: { connections: 20000 }")
        here, rest = self.connector.rss_kib(), self.connector.descriptors()
        with contextlib.ExitStack() as stack, self.clients_are_served(HALF_OPEN * HALF_OPEN_KIB):
            for says in (client_hello(), b""):
                self.strangers(stack, self.site.client_port, count // 2, says)
            most = 0

            def gone():
                nonlocal most
                now = self.connector.descriptors() - rest
                most = max(most, now)
                return most > count / 4 and now < 20  # on a busy machine the first are gone before the last have come
            wait_for(gone, "them to come, and to be let go", 60)
        print(f"{most} half handshakes stood at once; {count} cost {(self.connector.rss_kib() - here) / count:.0f} KiB each")

    def test_half_handshakes_do_not_take_the_places_of_clients(self):
        self.up(", limits: { connections: 100 }")
        with contextlib.ExitStack() as stack:
            self.strangers(stack, self.site.client_port, 150, client_hello())
            with contextlib.closing(self.client()) as client:
                client.request("GET", "/x")
                self.assertEqual(client.getresponse().status, 200)

    def test_garbage_at_the_tunnel_port_is_counted_and_changes_nothing(self):
        self.up()
        chance, count = random.Random(7), scaled(STRANGERS)
        kinds = [client_hello(), b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-scan\r\n", chance.randbytes(500), b"\x16\x03\x01\x02\0" + chance.randbytes(512), b""]
        with self.clients_are_served():
            for i in range(count):
                with contextlib.ExitStack() as stack:
                    self.strangers(stack, self.site.tunnel_port, 1, kinds[i % len(kinds)])
            wait_for(lambda: self.counted("session_refused_total") >= count, "all of them to be refused", 40)
        self.assertEqual(len(self.site.sessions()), 4)

    def test_garbage_is_logged_by_a_few_lines_and_a_number(self):
        self.up()
        for _ in range(STRANGERS):
            with contextlib.ExitStack() as stack:
                self.strangers(stack, self.site.tunnel_port, 1, b"SSH-2.0-scan\r\n")
        wait_for(lambda: self.counted("session_refused_total") >= STRANGERS, "all of them to be refused", 40)

        def told():
            lines = [json.loads(line) for line in self.connector.log().splitlines()]
            written = [line for line in lines if line.get("message") == "agent refused"]
            return written, sum(line["count"] for line in lines if line.get("message") == "lines like these were left out")
        wait_for(lambda: sum((len(told()[0]), told()[1])) >= STRANGERS, "the number of those that were left out", 25)
        self.assertLess(len(told()[0]), STRANGERS / 4)

    def test_half_handshakes_of_agents_are_bounded_and_sessions_that_stand_go_on(self):
        self.up()
        with contextlib.ExitStack() as stack, self.clients_are_served(3 * PLACES * HALF_OPEN_KIB):
            self.strangers(stack, self.site.tunnel_port, 3 * PLACES, client_hello())
            wait_for(lambda: self.counted("session_refused_total", reason="limit") > 2 * PLACES - 20, "those beyond the bound to be closed")
            start = time.monotonic()
            self.site.start_agent()
            self.site.wait_sessions(agents=2, seconds=30)
            print(f"a new agent came in {time.monotonic() - start:.1f} s after the flood")

    def test_half_handshakes_keep_no_agent_out(self):
        self.up()
        with contextlib.ExitStack() as stack:
            self.strangers(stack, self.site.tunnel_port, 3 * PLACES, client_hello())
            self.site.start_agent()
            self.site.wait_sessions(agents=2, seconds=9)  # who hold the places are let go after ten


if __name__ == "__main__":
    main()

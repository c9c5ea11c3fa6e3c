"""Clients who take places and give nothing: slow heads, bodies and readers (slowhttptest), floods of connections and of heads.
Rates and who is exempt are in pace.py, who gives way in places.py, floods of HTTP/2 in http2_hostile.py, readers that stall in backpressure.py, descriptors that run out in shedding.py, half
handshakes and garbage in half_open.py."""
import contextlib
import re
import socket
import subprocess
import threading

from bystanders import Bystander, unharmed
from harness import Case, Site, free_port, main, metric, raw, wait_for
from servers import Origin

SLOW = 100  # slow clients of each kind at once
READER_KIB = 1_024  # what one that does not read may cost: h2::Limits::stream_window_most
GROWTH_KIB = 30_000
CONNECTIONS = 200  # of the listener that is flooded
KINDS = {"heads": ("-H", "/x"), "bodies": ("-B", "/x", "-s", 8192, "-x", 10), "readers": ("-X", "/bytes/3000000", "-w", 512, "-y", 1024, "-n", 1, "-z", 32, "-k", 1)}


class SlowClients:
    """slowhttptest as it comes from Debian, for so many seconds; every second each client sends, or reads, a few bytes."""

    def __init__(self, port, kind, seconds):
        flag, path, *more = KINDS[kind]
        self.run = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "slowhttptest", flag, "-c", str(SLOW), "-r", str(SLOW), "-i", "1", "-p", "10", "-v", "1",
                                     "-l", str(seconds), "-u", f"http://127.0.0.1:{port}{path}", *map(str, more)], stdout=subprocess.PIPE, text=True)

    def told(self):
        """Whether a probe of its own was always answered, and how it ended."""
        text = re.sub(r"\x1b\[[0-9;]*[a-zA-Z]", "", self.run.communicate(timeout=60)[0])
        return "NO" not in re.findall(r"service available:\s+(\w+)", text), text.split("Exit status:")[-1].strip()


class Abuse(Case):
    def up(self, listener="limits: { header_timeout: 2s }"):
        self.origin = Origin()
        other = free_port()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, listener=f", {listener}".replace("$OTHER", str(other)), workers=1,
                         backends={"web": "endpoints: [ service://web ], timeouts: { first_byte: 3s, idle: 3s }"})
        self.other_port = other
        self.connector, _ = self.site.up()

    def counted(self, name, **labels):
        return metric(self.site.admin_port, "adit_connector_" + name, **labels)

    def test_slow_clients_of_every_kind_keep_nobody_else_from_being_served(self):
        self.up()
        with unharmed(self, self.connector, self.site.client_port, SLOW * READER_KIB + GROWTH_KIB):
            attacks = {kind: SlowClients(self.site.client_port, kind, 20 if kind == "heads" else 6) for kind in KINDS}  # it ends when all are let go
            told = {kind: attack.told() for kind, attack in attacks.items()}
        self.assertEqual(told["heads"], (True, "No open connections left"))
        self.assertEqual([available for available, _ in told.values()], [True] * 3)
        self.assertGreaterEqual(self.counted("requests_total", code="408", reaches=SLOW), SLOW)
        wait_for(lambda: self.counted("client_connections") < 5, "nobody to be left")

    def test_slow_bodies_are_given_up(self):
        """By the rate that holds where nothing is said: 1 KiB a second, after ten. Readers have pace.py."""
        self.up()
        with unharmed(self, self.connector, self.site.client_port, SLOW * READER_KIB + GROWTH_KIB):
            attacks = {kind: SlowClients(self.site.client_port, kind, 40) for kind in ("bodies",)}
            told = {kind: attack.told() for kind, attack in attacks.items()}
        self.assertEqual(told, dict.fromkeys(told, (True, "No open connections left")))
        self.assertEqual(self.counted("request_failures_total", reason="request-body-too-slow", reaches=SLOW), SLOW)

    def test_a_flood_of_connections_stops_at_the_limit_and_leaves_other_listeners_alone(self):
        self.up(f'limits: {{ connections: {CONNECTIONS} }} }}, {{ address: "127.0.0.1:$OTHER"')
        with contextlib.ExitStack() as stack, unharmed(self, self.connector, self.site.client_port, GROWTH_KIB, kinds=(Bystander,)) as (here,):
            wait_for(lambda: here.served, "who is here before the flood")
            with unharmed(self, self.connector, self.other_port, GROWTH_KIB):
                for i in range(3 * CONNECTIONS):
                    stack.enter_context(socket.create_connection(("127.0.0.1", self.site.client_port), timeout=10))
                    if i % (CONNECTIONS // 4) == 0:  # who asks now and then is never the one who has waited longest
                        reached = here.served
                        wait_for(lambda: here.served > reached + 1, "who was here to be served")
                wait_for(lambda: self.counted("client_refused_total", reason="gave_way") > 2 * CONNECTIONS - 10, "those that do nothing to give way")
                self.assertLessEqual(self.counted("client_connections"), CONNECTIONS + 5)
                self.assertEqual(self.site.get("/x").status, 200)  # on a new connection, while all of them are there


    def test_floods_of_heads_are_refused_by_their_size(self):
        self.up()
        heads = {"a field": b"GET /x HTTP/1.1\r\nHost: a\r\nX-Field: " + b"a" * 1_000_000, "fields": b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 5_000 + b"\r\n",
                 "a target": b"GET /" + b"x" * 1_000_000}
        with unharmed(self, self.connector, self.site.client_port, GROWTH_KIB):
            for name, head in heads.items():
                with self.subTest(name):
                    answers = []
                    threads = [threading.Thread(target=lambda: answers.append(raw(self.site.client_port, head, 20)[9:12])) for _ in range(30)]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join(30)
                    self.assertEqual(answers, [b"431"] * 30)
        self.assertGreaterEqual(self.counted("requests_total", code="431", reaches=90), 90)


if __name__ == "__main__":
    main()

"""Readers that stall hold back their own stream only, in both directions, and what waits for them is bounded."""
import socket
import threading

from harness import SANITIZED, Case, Site, can_connect, main, scaled, wait_for
from servers import Origin

STREAMS = 100
# common/h2/limits.h: a stream's window grows to 1 MiB at most, and all of a session's stalled readers share 32 MiB.
STREAM_WINDOW_KIB, SESSION_WINDOW_KIB, SESSIONS = 1024, 32 * 1024, 4
REST_KIB = 16 * 1024


class Stalled(socket.socket):
    """A client with a small receive buffer, that asks and does not read."""

    def __init__(self, port, request):
        super().__init__()
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.connect(("127.0.0.1", port))
        self.sendall(request)


class Silent:
    """An origin that takes connections and reads nothing."""

    def __init__(self, case):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.taken = []
        case.addCleanup(self.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                self.taken.append(self.listener.accept()[0])
        except OSError:
            pass  # closed at the end of the test

    def close(self):
        self.listener.close()
        for one in self.taken:
            one.close()


class BackPressure(Case):
    def setUp(self):
        super().setUp()
        self.origin, self.silent = Origin(), Silent(self)
        # Who reads too slowly is cut off, which pace.py shows; here clients may stall for as long as it takes.
        patient = "timeouts: { first_byte: 120s, idle: 120s }"
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}", "silent": f"http://127.0.0.1:{self.silent.port}"},
                         {name: f"endpoints: [ service://{name} ], {patient}" for name in ("web", "silent")}, listener=", limits: { min_rate: 0 }", routes=[("/silent/**", "silent"), ("/**", "web")])
        self.connector, (self.agent,) = self.site.up()
        self.programs = (self.connector, self.agent)
        self.streams = scaled(STREAMS, 20)

    def settled(self):
        """The memory of both programs, when it no longer grows."""
        last = [[]]

        def steady():
            last[0] = [*last[0], [p.rss_kib() for p in self.programs]][-25:]
            return len(last[0]) == 25 and all(abs(now - then) < 256 for now, then in zip(last[0][-1], last[0][0]))
        wait_for(steady, "the memory to settle", 30)
        return last[0][-1]

    def assert_bounded(self, before):
        if SANITIZED:
            return
        for now, then, program in zip(self.settled(), before, self.programs):
            print(f"{program.name}: {(now - then) / self.streams:.0f} KiB a stalled stream")
            most = min(self.streams * STREAM_WINDOW_KIB, SESSIONS * SESSION_WINDOW_KIB)
            self.assertLess(now - then, most + REST_KIB)

    def assert_others_are_served(self):
        for _ in range(20):
            self.assertEqual(len(self.site.get("/bytes/300000").body), 300_000)

    def test_stalled_downloads_are_bounded_and_hold_up_nobody_else(self):
        before = [p.rss_kib() for p in self.programs]
        clients = [Stalled(self.site.client_port, b"GET /bytes/50000000 HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(self.streams)]
        wait_for(lambda: len(self.origin.seen) == self.streams, "all requests at the origin", 30)
        self.assert_others_are_served()
        self.assert_bounded(before)
        count = 0
        while count < 5_000_000:  # one of them goes on where it stood
            part = clients[0].recv(1 << 20)
            self.assertTrue(part, "it was cut off")
            count += len(part)
        for client in clients:
            client.close()
        self.assert_others_are_served()

    def test_stalled_uploads_are_bounded_and_hold_up_nobody_else(self):
        before = [p.rss_kib() for p in self.programs]
        clients = []
        for _ in range(self.streams):
            client = Stalled(self.site.client_port, b"POST /silent/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            client.setblocking(False)
            clients.append(client)
        wait_for(lambda: len(self.silent.taken) == self.streams, "all requests at the origin", 30)
        part, sent = bytes(65536), [0]

        def full():
            more = 0
            for client in clients:
                try:
                    more += client.send(part)
                except BlockingIOError:
                    pass
            sent[0] += more
            return more == 0
        wait_for(lambda: full() and full() and full(), "every way to be full", 60)
        self.assertLess(sent[0], self.streams * 40_000_000)
        self.assert_others_are_served()
        self.assert_bounded(before)
        for client in clients:
            client.close()
        wait_for(lambda: can_connect(self.site.client_port), "the listener")
        self.assert_others_are_served()


main()

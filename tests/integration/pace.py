"""The least rate of a listener: who sends a body, or takes an answer, by drops is given up; who is slow for a good reason is not.
With slowhttptest and the rates that are the default it is shown in abuse.py."""
import base64
import contextlib
import os
import select
import socket
import threading
import time

from h2.errors import ErrorCodes

from h2_peers import Client
from harness import Case, Site, main, metric, wait_for
from servers import Accepting, Origin

LARGE = 30_000_000  # more than sockets keep
GRPC = [("content-type", "application/grpc"), ("te", "trailers")]
CODE = "request-body-too-slow"


class Patient(Accepting):
    """Reads the head of a request, nothing more for a while, then the rest, and answers."""

    def __init__(self, pause):
        self.pause = pause
        super().__init__()

    def serve(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(4096)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")).split(b":")[1])
        threading.Event().wait(self.pause)
        got = len(body)
        while got < length and (part := connection.recv(1 << 18)):
            got += len(part)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%d" % (len(str(got)), got))
        connection.close()


class Telling(Accepting):
    """Tells something, and again after a while: an event stream. Or agrees to a WebSocket, and says something on it then."""

    def serve(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(4096)
        key = [line.split(b":")[1].strip() for line in data.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")]
        if key:
            import hashlib
            accept = base64.b64encode(hashlib.sha1(key[0] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: first\n\n")
        threading.Event().wait(3)
        connection.sendall(b"\x81\x04late" if key else b"data: late\n\n")
        connection.close()


def slowness(seconds):
    """What a client lets pass between two pieces: the rate is what is tested, and nothing is waited for."""
    threading.Event().wait(seconds)


class Pace(Case):
    def setUp(self):
        super().setUp()
        self.origin, self.patient, self.telling = Origin(), Patient(3), Telling()
        self.addCleanup(self.origin.release.set)
        ports = {"web": self.origin.port, "patient": self.patient.port, "telling": self.telling.port}
        self.site = Site(self, {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}, listener=", limits: { min_rate: 2KiB, min_rate_after: 1s }", workers=1,
                         routes=[("/patient/**", "patient"), ("/telling/**", "telling"), ("/**", "web")])
        self.connector, _ = self.site.up()

    def connect(self, receive=None):
        one = socket.socket()
        self.addCleanup(one.close)
        if receive:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        one.settimeout(20)
        one.connect(("127.0.0.1", self.site.client_port))
        return one

    def failures(self, reason, reaches=0):
        return metric(self.site.admin_port, "adit_connector_request_failures_total", reason=reason, reaches=reaches)

    def trickle(self, send, over, each, seconds, pause=0.1):
        """Sends a piece now and then until `over`."""
        start = time.monotonic()
        while not over() and time.monotonic() - start < seconds:
            with contextlib.suppress(OSError):
                send(each)
            slowness(pause)

    def line_of(self, **wanted):
        """The access line that has these values."""
        return wait_for(lambda: next((line for line in self.site.access_lines(self.connector) if all(line.get(k) == v for k, v in wanted.items())), None), f"a line with {wanted}")

    def test_a_body_that_comes_by_drops_is_refused(self):
        for name, (framing, piece) in {"a length": (b"Content-Length: 100000", b"x"), "chunks": (b"Transfer-Encoding: chunked", b"1\r\nx\r\n")}.items():
            with self.subTest(name):
                client, answer, start = self.connect(), [], time.monotonic()
                client.sendall(b"POST /slow HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
                reader = threading.Thread(target=lambda: answer.append(self.all_of(client)))
                reader.start()
                self.trickle(client.sendall, lambda: bool(answer), piece, 15)
                reader.join(20)
                took = time.monotonic() - start
                self.assertTrue(answer[0].startswith(b"HTTP/1.1 408 "), answer[0][:100])
                self.assertIn(CODE.encode(), answer[0])
                self.assertIn(b"connection: close", answer[0].lower())
                self.assertGreater(took, 0.9)
        self.assertEqual(self.failures(CODE, reaches=2), 2)
        self.assertIn("least rate", self.line_of(status=408, code=CODE)["reason"])

    def all_of(self, client):
        data = b""
        with contextlib.suppress(OSError):
            while part := client.recv(65536):
                data += part
        return data

    def test_a_stream_that_comes_by_drops_is_refused_and_the_connection_goes_on(self):
        with Client(self.site.client_port) as client:
            slow = client.begin("/slow", method="POST", end=False)

            def drop(data):
                client.read(0)
                if not client.answers[slow].over:
                    client.h2.send_data(slow, data)
                    client.flush()
            self.trickle(drop, lambda: client.answers[slow].over, b"x", 15)
            answer = client.finish(slow)
            self.assertEqual((answer.status, answer.reset), (408, ErrorCodes.NO_ERROR) if answer.reset is not None else (408, None))
            self.assertEqual(client.get("/x").status, 200)
        self.assertEqual(self.failures(CODE, reaches=1), 1)

    def test_who_keeps_the_rate_is_served_however_long_it_takes(self):
        client = self.connect()
        client.sendall(b"POST /steady HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 30001\r\n\r\n")
        for _ in range(10):
            client.sendall(b"x" * 3_000)
            self.assertEqual(select.select([client], [], [], 0.3)[0], [])  # nobody complains meanwhile
        client.sendall(b"x")
        self.assertTrue(self.all_of(client).startswith(b"HTTP/1.1 200 "))
        reader = self.connect(receive=8_192)
        reader.sendall(b"GET /bytes/%d HTTP/1.1\r\nHost: a\r\n\r\n" % LARGE)
        start = time.monotonic()
        while time.monotonic() - start < 4:  # at 40 KB/s it would take many minutes
            self.assertTrue(reader.recv(4_096))
            slowness(0.1)
        self.assertEqual((self.failures(CODE), self.failures("slow-reader")), (0, 0))

    def test_what_the_origin_does_not_take_is_not_the_clients_fault(self):
        with Client(self.site.client_port) as client:
            self.assertEqual(client.post("/patient/2", bytes(LARGE), more=[("content-length", str(LARGE))]).body, b"%d" % LARGE)
        client = self.connect()
        client.sendall(b"POST /patient/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % LARGE)
        client.sendall(bytes(LARGE))
        self.assertTrue(self.all_of(client).endswith(b"%d" % LARGE))

    def test_streams_that_starve_behind_others_are_not_their_clients_fault(self):
        """The windows of uploads to an origin that takes nothing fill that of the connection."""
        self.patient.pause = 15
        self.patient.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)  # of what it accepts: little is kept on the way
        with Client(self.site.client_port) as client:
            starved, start, sent, before = None, time.monotonic(), {}, 0
            while time.monotonic() - start < (10 if starved is None else 2.5):
                if starved is None and client.h2.outbound_flow_control_window == 0:
                    starved, start = client.begin("/starved", method="POST", end=False), time.monotonic()  # before, it could have sent
                if starved is None and sum(sent.values()) == before:  # these uploads have no room, the connection has: one more
                    sent[client.begin("/patient/x", method="POST", end=False, more=[("content-length", str(LARGE))])] = 0
                before = sum(sent.values())
                for stream in sent:
                    while (room := min(client.h2.local_flow_control_window(stream), client.h2.max_outbound_frame_size, LARGE - sent[stream])) > 0:
                        client.h2.send_data(stream, bytes(room))
                        sent[stream] += room
                    client.flush()
                client.read(0.05)
            if starved is None or client.h2.outbound_flow_control_window > 0:
                self.skipTest("the connection's window was not filled")
            self.assertFalse(client.answers[starved].over)

    def test_a_reader_that_takes_nothing_or_drops_is_given_up(self):
        for name, some in {"nothing": 0, "drops": 10}.items():
            with self.subTest(name):
                before = self.failures("slow-reader")
                reader, start = self.connect(receive=4_096), time.monotonic()
                reader.sendall(b"GET /bytes/%d HTTP/1.1\r\nHost: a\r\n\r\n" % LARGE)
                self.trickle(lambda n: reader.recv(n) if n else None, lambda: self.failures("slow-reader") > before, some, 15)
                self.assertEqual(self.failures("slow-reader"), before + 1)
                self.assertGreater(time.monotonic() - start, 0.9)
                self.assertLess(len(self.all_of(reader)), LARGE)
        self.assertIn("least rate", self.line_of(status=200, path=f"/bytes/{LARGE}")["reason"])

    def test_a_stream_that_is_not_read_is_reset_and_the_connection_goes_on(self):
        with Client(self.site.client_port, window=16_384) as client:  # what fills it at once is worth eight seconds
            stream = client.begin(f"/bytes/{LARGE}")
            client.shut.add(stream)
            answer = client.finish(stream)
            self.assertIsNotNone(answer.reset)
            self.assertEqual((answer.status, answer.size), (200, 16_384))
            self.assertEqual(client.get("/x").status, 200)
        wait_for(lambda: self.failures("slow-reader") == 1, "it to be counted")

    def test_to_say_grpc_helps_no_reader_of_what_is_none(self):
        with Client(self.site.client_port, window=16_384) as client:
            stream = client.begin(f"/bytes/{LARGE}", more=GRPC)
            client.shut.add(stream)
            answer = client.finish(stream)
            self.assertIsNotNone(answer.reset)
            self.assertEqual((answer.status, answer.size), (200, 16_384))
        wait_for(lambda: self.failures("slow-reader") == 1, "it to be counted")

    def test_what_is_silent_by_design_may_be(self):
        events = self.connect()
        events.sendall(b"GET /telling/x HTTP/1.1\r\nHost: a\r\n\r\n")
        websocket = self.connect()
        websocket.sendall(b"GET /telling/y HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                          + base64.b64encode(os.urandom(16)) + b"\r\n\r\n")
        with Client(self.site.client_port) as client:
            call = client.begin("/call", method="POST", end=False, more=GRPC)

            def drop(data):
                client.h2.send_data(call, data)
                client.flush()
            self.trickle(drop, lambda: False, b"x", 3)
            client.send(call, b"", end=True)
            self.assertEqual(client.finish(call).status, 200)
        self.assertIn(b"data: late", self.all_of(events))
        self.assertTrue(self.all_of(websocket).endswith(b"\x81\x04late"))
        self.assertEqual((self.failures(CODE), self.failures("slow-reader")), (0, 0))


if __name__ == "__main__":
    main()

"""Clients of HTTP/2 that wear a server out are stopped, and others on the same worker do not notice. What breaks its rules, each by
itself, is in tests/conformance."""
import contextlib
import signal
import threading

import hyperframe.frame as frames
from h2.errors import ErrorCodes
from h2.exceptions import StreamClosedError

from h2_peers import Client
from harness import SANITIZED, Case, Site, main, metric, raw, scaled, wait_for
from load import Load
from servers import Origin

MANY = 20_000  # frames of a flood; whoever takes them all and goes on has no bound
STOPPED = {ErrorCodes.ENHANCE_YOUR_CALM, ErrorCodes.PROTOCOL_ERROR}
GET = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/evil")]
POST = [(":method", "POST"), *GET[1:]]


def changed(name, *values):
    """GET with this pseudo-header field as often and as given."""
    return [pair for pair in GET if pair[0] != name] + [(name, value) for value in values]


class Http2Hostile(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, workers=1, listener=", limits: { header_timeout: 2s, idle_timeout: 4s }")
        self.connector, _ = self.site.up()

    def client(self, **keywords):
        return Client(self.site.client_port, **{"checked": False, **keywords})

    @contextlib.contextmanager
    def bystanders(self):
        """Others who are served all the while, over both versions, and the bound on memory."""
        load, failed, served, stop = Load(self.site.client_port, "/x", clients=2), [], [0], threading.Event()

        def ask():
            try:
                with self.client() as client:
                    while not stop.is_set():
                        answer = client.get("/bytes/5000")
                        if answer.size != 5000:
                            failed.append(f"an answer that is not whole: {answer.status} {answer.reset} {bytes(answer.body[:500])}")
                        served[0] += 1
            except (AssertionError, OSError) as error:
                failed.append(repr(error))
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        before = self.connector.rss_kib()
        yield
        reached = served[0]
        wait_for(lambda: served[0] > reached or failed, "the bystander to be served")
        stop.set()
        thread.join(30)
        self.assertEqual((failed, load.stop()[1]), ([], []))
        if not SANITIZED:
            self.assertLess(self.connector.rss_kib(), before + 30_000)

    def flood(self, client, one, batch=100, read=True):
        """Sends what one(i) makes until the connector has had enough, or MANY times."""
        count = 0
        while count < MANY and not client.closed:
            client.send_raw(b"".join(one(count + i) for i in range(batch)))
            count += batch
            if read:
                with contextlib.suppress(Exception):  # python3-h2 may not understand what it gets in reply
                    client.read()

    def assert_stopped(self, client, codes=STOPPED):
        with contextlib.suppress(Exception):
            client.until(lambda: client.closed, "the connection to be closed")
        self.assertTrue(client.closed)
        if client.goaway is not None:  # a connection that was reset may have lost its last words
            self.assertIn(client.goaway, codes)

    def assert_counted(self, count, **labels):
        self.assertEqual(metric(self.site.admin_port, "adit_connector_client_ended_total", reaches=count, **labels), count)

    def head(self, client, pairs=GET, stream=None, flags=("END_HEADERS", "END_STREAM")):
        """A HEADERS frame by hand."""
        frame = frames.HeadersFrame(stream or client.h2.get_next_available_stream_id(), client.h2.encoder.encode(pairs))
        for flag in flags:
            frame.flags.add(flag)
        return frame.serialize()

    def test_floods_of_frames_without_work_are_stopped(self):
        window, settings, ping = frames.WindowUpdateFrame(0, 1), frames.SettingsFrame(0), frames.PingFrame(0, b"are you?")
        floods = {
            "PING": lambda i: ping.serialize(), "SETTINGS": lambda i: settings.serialize(), "WINDOW_UPDATE": lambda i: window.serialize(),
            "PRIORITY": lambda i: frames.PriorityFrame(1001 + 2 * i, depends_on=0, stream_weight=1).serialize(),
            "empty DATA": lambda i: frames.DataFrame(1).serialize(), "padding": lambda i: b"\0\0\x02\0\x08\0\0\0\x01\x01\0",
            "unknown": lambda i: b"\0\0\0\xee\0\0\0\0\0"}
        with self.bystanders():
            for name, one in floods.items():
                for read in (True, False):
                    with self.subTest(name, reads=read), self.client() as client:
                        client.begin("/held", "POST", end=False)
                        self.flood(client, one, read=read)
                        self.assert_stopped(client)
        self.assert_counted(2 * len(floods), reason="flood")
        lines = [line for line in self.connector.log().splitlines() if "client connection ended for what the client did" in line]
        self.assertTrue(lines and all("127.0.0.1" in line and "flood" in line for line in lines), lines)

    def test_streams_that_are_opened_and_given_up_are_stopped(self):
        def reset(client, i):
            return self.head(client, stream=2 * i + 1) + frames.RstStreamFrame(2 * i + 1, ErrorCodes.CANCEL).serialize()

        def make_reset(client, i):  # what makes the other side give the stream up
            return self.head(client, stream=2 * i + 1, flags=["END_HEADERS"]) + frames.WindowUpdateFrame(2 * i + 1, 0x7fffffff).serialize()

        def broken(client, i):
            return self.head(client, [*GET, ("connection", "x")], stream=2 * i + 1)
        with self.bystanders():
            for attack in (reset, make_reset, broken):
                with self.subTest(attack.__name__), self.client() as client:
                    self.flood(client, lambda i: attack(client, i), batch=20)
                    self.assert_stopped(client)
        # The peer of a connector that is slow to say what it gave up has more streams open than it may, too, and too many frames
        # that wait for it.
        self.assert_counted(3)
        self.assertGreater(metric(self.site.admin_port, "adit_connector_client_ended_total", reason="resets"), 0)

    def test_heads_without_an_end_are_stopped(self):
        with self.bystanders():
            for name, block in (("empty", b""), ("of a field each", b"\x40\x01a\x01b"), ("large", b"\x00\x01a\x7f\x80\x7e" + b"a" * 16_255)):
                with self.subTest(name), self.client() as client:
                    client.send_raw(self.head(client, flags=[]))
                    self.flood(client, lambda i: frames.ContinuationFrame(1, block).serialize(), batch=10)
                    self.assert_stopped(client)
        self.assert_counted(3, reason="flood")

    def test_heads_that_grow_when_unpacked_are_refused(self):
        with self.bystanders(), self.client() as client:
            pairs = [*GET, *[("bomb", "b" * 3900)] * 8000]  # 31 MB in 12 KB: the field stands in the table of both sides
            stream = client.begin(pseudo=pairs)
            client.until(lambda: client.answers[stream].over or client.closed, "an end")
            self.assertIn(client.answers[stream].status, (0, 431))

    def test_heads_and_targets_above_the_limit_are_told_so(self):
        with self.bystanders(), self.client() as client:
            self.assertEqual(client.get("/x", more=[("big", "b" * 15_000)]).status, 200)
            self.assertEqual(client.get("/x", more=[(f"big{i}", "b" * 15_000) for i in range(3)]).status, 431)
            self.assertEqual(client.get("/x", more=[(f"x{i}", "y") for i in range(300)]).status, 431)
            self.assertEqual(client.get("/" + "x" * 20_000).status, 414)
            self.assertEqual(client.get("/x").status, 200)

    def test_streams_above_the_limit_are_not_begun(self):
        most = 128
        with self.bystanders(), self.client() as client:
            client.get("/x")
            for i in range(most + 20):
                client.send_raw(self.head(client, changed(":path", "/held"), stream=3 + 2 * i))
            client.settle(5)
            self.assertLessEqual(sum(path == "/held" for _, path, _ in self.origin.seen), most)
            self.origin.release.set()

    def test_slow_and_idle_connections_are_let_go(self):
        with self.bystanders():
            with self.client() as client:
                self.assertTrue(client.settle())  # or the acknowledgement of SETTINGS would come in the middle of the head
                client.send_raw(self.head(client, flags=[]))  # its end never comes
                self.assert_stopped(client, {ErrorCodes.NO_ERROR, *STOPPED})
            self.assert_counted(1, reason="head")
            with self.client() as client:
                client.get("/x")
                self.assert_stopped(client, {ErrorCodes.NO_ERROR})
            half = raw(self.site.client_port, b"PRI * HTTP/2.0\r\n\r\nSM")
            self.assertTrue(half.closed)

    def test_who_ignores_goaway_gets_nothing_new_and_holds_nobody_up(self):
        with self.client() as client:
            held = client.begin("/held")
            wait_for(lambda: any(path == "/held" for _, path, _ in list(self.origin.seen)), "the request")
            self.connector.signal(signal.SIGTERM)
            client.until(lambda: len(client.frames.goaways) == 2, "the announcement and the last word")
            client.send_raw(self.head(client, changed(":path", "/late"), stream=held + 2))
            self.assertTrue(client.settle())
            self.origin.release.set()
            self.assertEqual(client.finish(held).status, 200)
            client.until(lambda: client.closed, "the connection to be closed")
        self.assertEqual(self.connector.wait(), 0)
        self.assertNotIn("/late", [path for _, path, _ in self.origin.seen])

    def test_frames_on_streams_that_have_ended_are_stopped(self):
        with self.bystanders():
            for name, one in (("DATA", frames.DataFrame(1).serialize()), ("its end", b"\0\0\0\0\x01\0\0\0\x01")):
                with self.subTest(name), self.client() as client:
                    client.get("/x")
                    count = 0
                    while count < 100 * MANY and not client.closed:
                        client.send_raw(one * 1000)
                        count += 1000
                    self.assert_stopped(client)

    def test_who_reads_nothing_costs_little(self):
        with self.bystanders(), self.client(window=0) as client:
            for i in range(100):
                client.begin(f"/bytes/{10_000_000 + i}")
            wait_for(lambda: sum("/bytes/1" in path for _, path, _ in list(self.origin.seen)) == 100, "the answers to begin")
            self.assertTrue(client.settle())

    def test_windows_that_are_opened_piece_by_piece_are_no_attack(self):
        with self.bystanders(), self.client() as client:
            take = client.take

            def opened(event):
                take(event)
                if data := getattr(event, "flow_controlled_length", 0):
                    for piece in (data // 2, data - data // 2):
                        client.h2.increment_flow_control_window(piece)
                        with contextlib.suppress(StreamClosedError):  # its end came along
                            client.h2.increment_flow_control_window(piece, event.stream_id)
                    client.flush()
            client.take = opened
            size = scaled(30_000_000)
            stream = client.begin(f"/bytes/{size}")
            client.shut.add(stream)
            self.assertEqual(client.finish(stream, 60).size, size)


main()

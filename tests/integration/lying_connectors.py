"""Connectors that hold the key which an agent trusts, and lie: the agent goes nowhere that its operator has not listed, and goes
on for its other connector. Each kind of pattern of the list is shown by allow_list.py, rapid resets of clients by http2_hostile.py."""
import contextlib
import socket
import struct
import subprocess
import threading

import hyperframe.frame as frames
from h2.errors import ErrorCodes

from bystanders import unharmed
from harness import Case, Site, main, metric, scaled, wait_for
from servers import Origin
from tunnel_peers import LyingConnector, self_signed

MANY = 20_000
GROWTH_KIB = 40_000
CONCURRENT = 2048  # h2::Limits::concurrent_streams of a session
SESSIONS_MOST = 64  # of an agent, whatever it is asked for (agent/supervisor.h)
GET = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")]

# What no connector may do in a session, which ends it.
BREACHES = {
    "a stream of the agent's": lambda session: session.head(2, GET),
    "a stream again": lambda session: session.head(1, GET),
    "a head without an end": lambda session: session.raw(frames.HeadersFrame(5, b"").serialize() + frames.ContinuationFrame(5, b"\x40\x01a\x01b" * 100).serialize() * 500),
    "a window beyond all bounds": lambda session: session.raw(frames.WindowUpdateFrame(0, 0x7fffffff).serialize()),
    "data of a stream that is none": lambda session: session.raw(b"\0\0\1\0\0\0\x0f\xff\x01a"),
    "a frame too large": lambda session: session.raw(b"\xff\xff\xff\0\0\0\0\0\1" + bytes(100_000)),
    "an index that is none": lambda session: session.raw(b"\0\0\1\x01\4\0\0\0\x05\xff"),
    "PING": lambda session: session.raw(frames.PingFrame(0, b"are you?").serialize() * MANY),
    "SETTINGS": lambda session: session.raw(frames.SettingsFrame(0).serialize() * MANY),
}


class Trap:
    """Listens where the agent must not go, and tells who came. `there` is an address of this machine."""

    def __init__(self, there="127.0.0.1"):
        self.came, self.held = [], []
        self.listener = socket.create_server((there, 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self.listener.accept()
                self.came.append(peer)
                self.held.append(connection)

    def close(self):
        self.listener.close()
        for one in self.held:
            one.close()


class Names:
    """A name server on the loopback at port 53: its names have the addresses of `answer(name)`, which is asked each time."""

    def __init__(self, case, answer, search="", hosts=""):
        self.answer, self.asked = answer, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = next(a for a in (f"127.0.53.{i}" for i in range(1, 255)) if self.bound(a))
        files = {"resolv.conf": f"nameserver {self.address}\n" + (f"search {search}\n" if search else ""), "hosts": f"127.0.0.1 localhost\n{hosts}\n"}
        mounts = " && ".join(f"mount --bind {case.write(name, text)} /etc/{name}" for name, text in files.items())
        self.prefix = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh"]
        threading.Thread(target=self.serve, daemon=True).start()

    def bound(self, address):
        try:
            self.socket.bind((address, 53))
            return True
        except OSError:
            return False

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self.socket.recvfrom(512)
                at, labels = 12, []
                while query[at]:
                    labels.append(query[at + 1:at + 1 + query[at]].decode())
                    at += 1 + query[at]
                question, kind = query[12:at + 5], struct.unpack("!H", query[at + 1:at + 3])[0]
                found = self.answer(".".join(labels)) if kind == 1 else []
                if kind == 1:
                    self.asked.append((".".join(labels), found))
                records = b"".join(struct.pack("!HHHIH", 0xc00c, 1, 1, 0, 4) + socket.inet_aton(address) for address in found)
                self.socket.sendto(query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0) + question + records, client)


class LyingConnectors(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, workers=1)
        identity = self_signed(self, "connector.key", "liar")
        self.liar = LyingConnector(identity)
        self.addCleanup(self.liar.close)
        # One token for both: the agent spreads its sessions over the connectors that it names.
        self.site.token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", self.site.tunnel_address, "--connect", f"127.0.0.1:{self.liar.port}").stdout
        self.site.start_connector()

    def start(self, allow, **keywords):
        """The agent, and the liar's session with it."""
        self.agent = self.site.start_agent(allow=[f"127.0.0.1:{self.origin.port}", *allow], **keywords)
        self.site.wait_sessions(count=1)
        return self.session()

    def session(self):
        return wait_for(lambda: next(iter(self.liar.alive()), None), "a session of the liar's")

    def bystanders(self):
        """Others come by the honest connector."""
        return unharmed(self, self.agent, self.site.client_port, GROWTH_KIB)

    def refusals(self, reason="destination_ip_prohibited", reaches=0):
        return metric(self.agent.metrics_port, "adit_agent_stream_refusals_total", reason=reason, reaches=reaches)

    def ended(self, reason, reaches=0):
        return metric(self.agent.metrics_port, "adit_agent_session_closed_total", reason=reason, reaches=reaches)

    def test_no_target_outside_the_list_is_reached_however_it_is_written(self):
        trap, private = Trap(), Trap("127.0.0.2")
        self.addCleanup(trap.close)
        self.addCleanup(private.close)
        session = self.start([])
        port, good = trap.port, self.origin.port
        targets = [f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST.:{port}", f"[::1]:{port}", f"[::ffff:127.0.0.1]:{port}", f"[::ffff:7f00:1]:{port}",
                   f"127.1:{port}", f"2130706433:{port}", f"0x7f000001:{port}", f"0177.0.0.1:{port}", f"0.0.0.0:{port}", f"[::]:{port}", f"127.0.0.1.:{port}",
                   f"127.0.0.2:{private.port}", f"127.0.0.2:{good}", f"user@127.0.0.1:{port}", f"127.0.0.1:{good}@127.0.0.1:{port}", f"127.0.0.1:{good}:{port}",
                   f"127.0.0.1:{good}\r\nHost: 127.0.0.1:{port}", f"127.0.0.1:{good} 127.0.0.1:{port}", f"127.0.0.1:{good}\0:{port}", f"127.0.0.1:{good},127.0.0.1:{port}",
                   f"127.0.0.1:{good + 65536}", f"127.0.0.1:-{port}", f"127.0.0.1:{good}/..:{port}", f"http://127.0.0.1:{port}", f"[fe80::1%25lo]:{port}", f"[fe80::1%lo]:{port}",
                   "127.0.0.1", "127.0.0.1:", ":80", "", ":", "[", "[]:80", "127.0.0.1:0", "127.0.0.1:http", "a" * 15_000 + ":80",
                   "169.254.169.254:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::a9fe:a9fe]:80", "[64:ff9b:1::a9fe:a9fe]:80", "[::ffff:0:169.254.169.254]:80", "[::169.254.169.254]:80", "[2002:a9fe:a9fe::]:80", "[fd00:ec2::254]:80", "metadata.google.internal:80"]
        with self.bystanders():
            asked = {target: session.dial(target) for target in targets}
            for target, stream in asked.items():
                with self.subTest(target):
                    wait_for(lambda: session.status(stream) or stream in session.resets or session.closed.is_set(), "an answer")
                    self.assertFalse(session.closed.is_set())
                    self.assertGreaterEqual(session.status(stream) or 500, 400)
        self.assertEqual((trap.came, private.came), ([], []))
        self.assertGreater(self.refusals(reaches=16), 15)

    def names(self, answer, **keywords):
        try:
            names = Names(self, answer, **keywords)
        except (PermissionError, StopIteration):
            self.skipTest("no right to listen at port 53")
        if subprocess.run([*names.prefix, "true"], capture_output=True).returncode != 0:
            self.skipTest("no right to bind-mount /etc/resolv.conf")
        return names

    def test_a_search_list_leads_no_name_out_of_the_suffix_that_allows_it(self):
        known = {"good.test": "127.0.0.1", "x.test.corp.example": "127.0.0.1", "payments.prod.corp.example": "127.0.0.1"}
        names = self.names(lambda name: [known[name]] if name in known else [], search="corp.example", hosts="127.0.0.1 listed.test")
        port = self.origin.port
        session = self.start([f"*.test:{port}", f"payments.prod:{port}"], prefix=names.prefix)
        rows = {"good.test": 200, "good.test.": 200, "listed.test": 200, "listed.test.": 200, "x.test": 502, "x.test.": 502, "payments.prod": 200}
        streams = {name: session.dial(f"{name}:{port}") for name in rows}
        for name, status in rows.items():
            with self.subTest(name):
                wait_for(lambda: session.status(streams[name]), "an answer")
                self.assertEqual(session.status(streams[name]), status)
        self.assertNotIn("x.test.corp.example", [name for name, _ in names.asked])

    def test_a_name_that_leads_elsewhere_a_moment_later_leads_nowhere(self):
        flips, trap = [0], Trap("127.0.0.3")
        self.addCleanup(trap.close)

        def answer(name):
            flips[0] += 1
            return {"turning": [["127.0.0.1"], ["169.254.169.254"]][flips[0] % 2], "both": ["169.254.169.254", "127.0.0.1"],
                    "metadata": ["169.254.169.254"], "elsewhere": ["127.0.0.3"]}.get(name.split(".")[0], [])
        names = self.names(answer)
        port = self.origin.port
        session = self.start([f"*.test:{port}", f"elsewhere.example:{trap.port}"], prefix=names.prefix)

        def dial(target):
            stream = session.dial(target)
            wait_for(lambda: session.status(stream), f"an answer for {target}")
            return session.status(stream)
        with self.bystanders():
            for _ in range(10):  # what one look-up says is what is checked, and what is dialled
                del names.asked[:]
                answered, (_, found) = dial(f"turning.test:{port}"), names.asked[0]
                self.assertEqual(answered == 200, found == ["127.0.0.1"], (answered, names.asked))
                self.assertEqual(len(names.asked), 1)
            self.assertEqual(dial(f"both.test:{port}"), 200)
            self.assertGreaterEqual(dial(f"metadata.test:{port}"), 400)
            # A listed name may lead to any ordinary address, at its port: whoever rules the name chooses where.
            self.assertEqual(dial(f"elsewhere.example:{trap.port}"), 200)
        self.assertGreaterEqual(self.refusals(reaches=6), 6)

    def connects(self, session, target, count, reset=False):
        """That many CONNECTs by hand."""
        first = session.h2.get_next_available_stream_id()
        frame = frames.HeadersFrame(1, session.h2.encoder.encode([(":method", "CONNECT"), (":authority", target)]))
        frame.flags.add("END_HEADERS")
        session.count_only()
        for stream in range(first, first + 2 * count, 2):
            frame.stream_id = stream
            session.raw(frame.serialize() + (frames.RstStreamFrame(stream, ErrorCodes.CANCEL).serialize() if reset else b""))

    def test_a_session_with_more_streams_than_it_may_have_ends(self):
        trap = Trap()
        self.addCleanup(trap.close)
        session = self.start([f"127.0.0.1:{trap.port}"])
        with self.bystanders():
            self.connects(session, f"127.0.0.1:{trap.port}", CONCURRENT + 500)
            wait_for(lambda: session.goaway is not None, "the agent's last words", 30)
            self.assertEqual(session.goaway, ErrorCodes.PROTOCOL_ERROR)
            wait_for(session.closed.is_set, "the end of the session", 30)
            self.assertEqual(self.ended("protocol error", 1), 1)
        self.assertLessEqual(len(trap.came), CONCURRENT)

    def test_names_of_streams_that_are_given_up_at_once_leave_nothing_behind(self):
        with unharmed(self, self.start([f"localhost:{self.origin.port}", f"*.test:{self.origin.port}"]) and self.agent, self.site.client_port, GROWTH_KIB):
            for target in ("localhost", "a.test"):
                session, before = self.session(), metric(self.agent.metrics_port, "adit_agent_streams_total")
                count = scaled(MANY)  # with sanitizers on a busy machine, so many are work for longer than an agent may be silent
                self.connects(session, f"{target}:{self.origin.port}", count, reset=True)
                wait_for(lambda: metric(self.agent.metrics_port, "adit_agent_streams_total") >= before + count or session.goaway, "all of them to have come", 30)
                session.close()
                wait_for(session.closed.is_set, "the end of the session")
        wait_for(lambda: metric(self.agent.metrics_port, "adit_agent_streams") < 10, "the streams to end")

    def test_streams_that_are_given_up_at_once_leave_nothing_behind(self):
        count = scaled(MANY)  # with sanitizers on a busy machine, so many are work for longer than an agent may be silent
        with unharmed(self, self.start([]) and self.agent, self.site.client_port, GROWTH_KIB):
            for _ in range(2):
                session, before = self.session(), self.refusals()
                self.connects(session, "10.9.9.9:80", count, reset=True)
                wait_for(lambda: self.refusals() >= before + count or session.goaway, "all of them to be refused", 30)
                session.close()
                wait_for(session.closed.is_set, "the end of the session")
        self.assertLess(self.agent.log().count("stream refused"), 200)  # a few lines a second, and a number instead of the rest
        wait_for(lambda: metric(self.agent.metrics_port, "adit_agent_streams") < 10, "the streams to end")  # some are kept for the honest connector

    def test_what_no_connector_may_do_ends_its_session_and_no_other(self):
        session = self.start([])
        with self.bystanders():
            answers = {"GET": [(":method", "GET"), (":scheme", "http"), (":authority", f"127.0.0.1:{self.origin.port}"), (":path", "/")],
                       "POST": [(":method", "POST"), (":scheme", "http"), (":authority", f"127.0.0.1:{self.origin.port}"), (":path", "/")],
                       "CONNECT of a protocol": [(":method", "CONNECT"), (":protocol", "connect-udp"), (":scheme", "https"), (":authority", "a"), (":path", "/")]}
            for name, pairs in answers.items():
                with self.subTest(name):
                    stream = session.ask(pairs)
                    wait_for(lambda: session.status(stream) or stream in session.resets, "an answer")
                    self.assertIn(session.status(stream), (0, 400, 404, 502))
            stream = session.ask([(":method", "CONNECT"), (":authority", "a:1"), *[(f"x{i}", "y" * 1_000) for i in range(60)]])
            wait_for(lambda: stream in session.resets, "the end of a stream whose head is too large")
            for name, breach in BREACHES.items():
                with self.subTest(name):
                    session = self.session()
                    session.count_only()
                    breach(session)
                    wait_for(lambda: session.goaway not in (None, ErrorCodes.NO_ERROR) or session.closed.is_set(), "the agent's last words")
                    session.close()
                    wait_for(session.closed.is_set, "the end of it")
        self.assertEqual([one for one in self.origin.seen if one[1] == "/"], [])

    def test_frames_that_do_nothing_end_the_session_at_last(self):
        session = self.start([])
        session.count_only()
        session.raw(b"\0\0\0\xee\0\0\0\0\0" * MANY)
        wait_for(lambda: session.goaway is not None or session.closed.is_set(), "the agent's last words")
        wait_for(session.closed.is_set, "the end of the session")
        self.assertEqual(self.ended("limit reached", 1), 1)
        self.site.wait_sessions(count=1)

    def test_an_agent_opens_no_more_sessions_than_it_wants(self):
        self.liar.greeting = [("adit-workers", "1"), ("adit-wanted-sessions", "1000000"), ("adit-probe-interval-ms", "-1"), ("adit-time", "yesterday"), ("adit-seat", "99999")]
        self.start([])
        with self.bystanders():
            wait_for(lambda: self.liar.accepted + len(self.site.sessions()) >= SESSIONS_MOST, "the sessions", 25)
            descriptors = self.agent.descriptors()
            wait_for(lambda: all(session.status(1) == 200 for session in self.liar.alive()), "their greetings")
            self.assertLessEqual(len(self.liar.alive()) + len(self.site.sessions()), SESSIONS_MOST + 1)  # one may stand beside another that it replaces
            self.assertLess(descriptors, SESSIONS_MOST + 40)

    def connects(self, session, target, count, reset=False):
        """That many CONNECTs by hand, whatever the agent says to them."""
        first = session.h2.get_next_available_stream_id()
        frame = frames.HeadersFrame(first, session.h2.encoder.encode([(":method", "CONNECT"), (":authority", target)]))
        frame.flags.add("END_HEADERS")
        session.count_only()
        for stream in range(first, first + 2 * count, 2):
            frame.stream_id = stream
            session.raw(frame.serialize() + (frames.RstStreamFrame(stream, ErrorCodes.CANCEL).serialize() if reset else b""))


if __name__ == "__main__":
    main()

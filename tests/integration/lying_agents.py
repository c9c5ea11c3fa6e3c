"""Agents that hold a good token and lie: what they do harms the requests to their own services, and nobody else's. That one
whose probes go unanswered leaves the rotation is shown by agent_lifecycle.py, and stalled streams by backpressure.py."""
import contextlib
import json
import time

import hyperframe.frame as frames
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from bystanders import unharmed
from harness import Case, Site, fetch, main, metric, raw, wait_for
from servers import Origin
from tunnel_peers import LyingAgent, agent_identity

CHURN, AT_ONCE = 500, 100  # sessions of one key, of two lines each: a key has 512 lines (Fleet::kSessionLinesAtOnce)
MANY = 20_000  # frames of a flood
BEARABLE = 5_000  # without work, of which a session may have 10,000 before it ends (h2::Limits::idle_frames)
GROWTH_KIB = 40_000  # of the connector, while it is lied to
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")]
WORDS = {ErrorCodes.NO_ERROR, ErrorCodes.ENHANCE_YOUR_CALM, ErrorCodes.PROTOCOL_ERROR, ErrorCodes.FRAME_SIZE_ERROR, ErrorCodes.FLOW_CONTROL_ERROR, ErrorCodes.STREAM_CLOSED}


def says(data, size=1 << 20):
    """Takes every stream, and has this to say about each request, as far as the windows let it."""
    return {"connect": lambda agent, stream, _: agent.accept(stream),
            "data": lambda agent, stream, part: agent.data(stream, data) if part.endswith(b"\r\n\r\n") else None}


def heads(*lists, end=False):
    """Answers each CONNECT with these heads."""
    def connect(agent, stream, _):
        for pairs in lists:
            agent.h2.send_headers(stream, pairs, end_stream=end)
    return {"connect": connect}


# What an agent may say to a CONNECT, or in the place of an origin, and what the caller is told.
ANSWERS = {
    "nothing at all": ({}, (504, "connect-timeout")),
    "200, and then nothing": (says(b""), (504, "first-byte-timeout")),
    "no HTTP": (says(b"\x16\x03\x01 this is no HTTP\r\n\r\n"), (502, "bad-response")),
    "a head that is too large": (heads([(":status", "200"), *[(f"x{i}", "y" * 1_000) for i in range(60)]]), (502, "session-lost")),
    "both lengths": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), (502, "bad-response")),
    "a head that does not end": (says(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200_000), (502, "response-head-too-large")),
    "a status that is none": (heads([(":status", "999")], end=True), (502, "refused-by-agent")),
    "a switch of protocols": (heads([(":status", "101")]), (502, "session-lost")),
    "an interim answer to CONNECT": (heads([(":status", "103")]), (504, "connect-timeout")),
    "interim answers to CONNECT": (heads(*[[(":status", "103")]] * 1_000), (502, "connection-terminated")),
    "a line break in its reason": (heads([(":status", "403"), ("proxy-status", "x; error=dns_error; details=\"\r\nX-Evil: y\"")], end=True), (502, "session-lost")),
    "a reset": ({"connect": lambda agent, stream, _: agent.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)}, (502, "session-lost")),
}

# What no agent may do in a session, which ends it.
BREACHES = {
    "a stream of its own": lambda liar: liar.head(2, GET),
    "a pushed stream": lambda liar: liar.raw(frames.PushPromiseFrame(1, 2, liar.h2.encoder.encode(GET), flags=["END_HEADERS"]).serialize()),
    "a window beyond all bounds": lambda liar: liar.raw(frames.WindowUpdateFrame(0, 0x7fffffff).serialize()),
    "a window that opens by nothing": lambda liar: liar.raw(b"\0\0\4\x08\0\0\0\0\0\0\0\0\0"),
    "first windows beyond all bounds": lambda liar: liar.raw(frames.SettingsFrame(0, {4: 0x80000000}).serialize()),
    "frames of one byte": lambda liar: liar.raw(frames.SettingsFrame(0, {5: 1}).serialize()),
    "data of the session": lambda liar: liar.raw(b"\0\0\1\0\0\0\0\0\0a"),
    "data of a stream that is none": lambda liar: liar.raw(b"\0\0\1\0\0\0\x0f\xff\x01a"),
    "a frame too large": lambda liar: liar.raw(b"\xff\xff\xff\0\0\0\0\0\1" + bytes(100_000)),
    "a head without an end": lambda liar: liar.raw(frames.HeadersFrame(1, b"").serialize() + frames.ContinuationFrame(1, b"\x40\x01a\x01b" * 100).serialize() * 500),
    "a continuation of nothing": lambda liar: liar.raw(frames.ContinuationFrame(1, b"").serialize()),
    "PING": lambda liar: liar.raw(frames.PingFrame(0, b"are you?").serialize() * MANY),
    "SETTINGS": lambda liar: liar.raw(frames.SettingsFrame(0).serialize() * MANY),
}

# Those without an answer cost nothing but the time to read them.
IDLE = {"WINDOW_UPDATE": frames.WindowUpdateFrame(0, 1).serialize(), "PRIORITY": frames.PriorityFrame(1001, depends_on=0, stream_weight=1).serialize(),
        "unknown": b"\0\0\0\xee\0\0\0\0\0"}

# Introductions that make no session. The last one is whole but for its end.
GREETINGS = {
    "nothing": b"", "no JSON": b"hello", "no object": b"[]", "nobody": b"{}", "a number for a name": b'{"agent": 1}',
    "a name that is none": json.dumps({"agent": "agt_1\n! tunnel t1: forged"}).encode(), "a long name": json.dumps({"agent": "a" * 2_000}).encode(),
    "brackets": b"[" * 60_000, "too much": b'{"agent": "' + b"a" * 100_000 + b'"}',
}


class LyingAgents(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        backend = "endpoints: [ service://lied ], retry: { attempts: 1 }, timeouts:"
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, workers=1,
                         backends={"web": "endpoints: [ service://web ]", "lied": f"{backend} {{ connect: 20s, first_byte: 1s, idle: 1s }}", "hasty": backend + " { connect: 1s }", "patient": backend + " { connect: 20s }"},
                         routes=[("/lied/**", "lied"), ("/hasty/**", "hasty"), ("/patient/**", "patient"), ("/**", "web")])
        token = self.site.create_tunnel("t2")
        self.site.set_services("t2", {"lied": "http://10.9.9.9:80"})
        self.identity = agent_identity(self, token)
        self.connector, _ = self.site.up()

    @contextlib.contextmanager
    def liar(self, ready=True, **keywords):
        before = self.sessions_of_liars()
        liar = LyingAgent(self.site.tunnel_port, self.identity, **keywords)
        try:
            if ready:
                wait_for(lambda: self.sessions_of_liars() == before + 1, "the liar's session")
            yield liar
        finally:
            liar.close()
            wait_for(lambda: self.sessions_of_liars() <= before, "the liar's session to be forgotten")

    def sessions_of_liars(self):
        tunnels = json.loads(fetch(self.site.admin_port, "/sessions").body)["tunnels"]
        return sum(len(tunnel["sessions"]) for tunnel in tunnels if tunnel["name"] == "t2")

    def told(self, path="/lied/x"):
        answer = self.site.get(path)
        return answer.status, answer.problem()["code"] if answer.headers.get("content-type") == "application/problem+json" else answer.body[:100]

    def bystanders(self):
        """Others go through the honest agent of another tunnel."""
        return unharmed(self, self.connector, self.site.client_port, GROWTH_KIB)

    def closed_sessions(self, reaches=0):
        return metric(self.site.admin_port, "adit_connector_session_closed_total", tunnel="t2", reaches=reaches)

    def test_sessions_without_end_are_logged_by_so_many_lines_and_a_number(self):
        for _ in range(CHURN // AT_ONCE):
            with contextlib.ExitStack() as stack:
                for _ in range(AT_ONCE):
                    stack.callback(LyingAgent(self.site.tunnel_port, self.identity).close)
                wait_for(lambda: self.sessions_of_liars() == AT_ONCE, "the sessions", 60)
            wait_for(lambda: self.sessions_of_liars() == 0, "the sessions to be forgotten", 60)

        def lines(message):
            return [line for line in map(json.loads, self.connector.log().splitlines()) if line.get("message") == message]
        wait_for(lambda: lines("lines like these were left out"), "the number of those that were left out", 60)
        self.assertIn("of tunnel t2", lines("lines like these were left out")[0]["kind"])
        written = [line for message in ("session opened", "session closed") for line in lines(message) if line["tunnel"] == "t2"]
        self.assertLess(len(written), CHURN * 3 // 2)
        heard = len(lines("session opened"))
        self.site.start_agent()
        wait_for(lambda: [line for line in lines("session opened")[heard:] if line["tunnel"] == "t1"], "a word of another tunnel's session")

    def test_whatever_an_agent_says_on_a_stream_fails_that_request_by_name(self):
        with self.bystanders():
            for name, (lie, told) in ANSWERS.items():
                with self.subTest(name), self.liar(**lie):
                    # No other time than the one that is meant may run out on a busy machine.
                    self.assertEqual(self.told({"connect-timeout": "/hasty/x", "first-byte-timeout": "/lied/x"}.get(told[1], "/patient/x")), told)
        metric(self.site.admin_port, "adit_connector_request_failures_total", reaches=len(ANSWERS))
        failures = [line for line in fetch(self.site.admin_port, "/metrics").body.decode().splitlines() if line.startswith("adit_connector_request_failures_total")]
        self.assertEqual(sum(float(line.rsplit(" ", 1)[1]) for line in failures), len(ANSWERS), failures)

    def test_more_than_one_answer_is_never_the_answer_to_the_next_request(self):
        with self.bystanders(), self.liar(**says(OK + OK.replace(b"ok", b"no"))) as liar:
            self.assertEqual([self.told("/patient/x") for _ in range(10)], [(200, b"ok")] * 10)
            self.assertEqual(len(liar.targets), 10)  # a stream each: none is used again

    def test_what_does_not_end_is_bounded_by_time_and_by_the_clients_reading(self):
        request = b"GET /lied/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        with self.bystanders():
            with self.liar(**says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20_000)):
                told = raw(self.site.client_port, request)
                self.assertEqual((told.count(b"HTTP/1.1 103 "), b"\r\n\r\nHTTP/1.1 502 " in told, b"interim" in told), (32, True, True))
            with self.liar(**says(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + bytes(1 << 20))):
                cut = raw(self.site.client_port, request)
                self.assertTrue(cut.startswith(b"HTTP/1.1 200 ") and cut.closed)
            with self.liar(settings={SettingCodes.INITIAL_WINDOW_SIZE: 0}, connect=lambda agent, stream, _: agent.accept(stream)):
                self.assertEqual(self.site.get("/lied/x", method="POST", body=bytes(1 << 20)).status, 504)

    def test_a_session_in_which_the_rules_are_broken_ends(self):
        with self.bystanders(), contextlib.ExitStack() as stack:
            liars = {name: stack.enter_context(self.liar(name=name.replace(" ", "-"))) for name in BREACHES}
            before = self.closed_sessions()
            for name, breach in BREACHES.items():
                breach(liars[name])
            wait_for(lambda: self.sessions_of_liars() == 0, "the end of the liars' sessions")
            self.assertEqual(self.closed_sessions(reaches=before + len(BREACHES)) - before, len(BREACHES))
            for name, liar in liars.items():
                with self.subTest(name):
                    wait_for(liar.closed.is_set, "the end of the connection")
                    if liar.goaway is not None:  # a connection that was reset may have lost its last words
                        self.assertIn(liar.goaway, WORDS)
            for name, frame in IDLE.items():
                with self.subTest(name), self.liar(**says(OK)) as liar:
                    liar.raw(frame * BEARABLE)
                    self.assertEqual(self.told("/patient/x"), (200, b"ok"))  # whose answer stands behind them

    def test_frames_that_do_nothing_end_the_session_at_last(self):
        with self.bystanders():
            for name, frame in IDLE.items():
                with self.subTest(name), self.liar(connect=lambda agent, stream, _: agent.accept(stream)) as liar:
                    for _ in range(MANY // 100):
                        liar.raw(frame * 100)
                    wait_for(liar.closed.is_set, "the end of the liar's session")

    def test_interim_answers_without_end_end_the_session_and_nobody_waits(self):
        head = b"\0\0\5\1\4" + b"%b" + b"\x08\x03103"
        with self.bystanders(), self.liar(connect=lambda agent, stream, _: agent.raw(head.replace(b"%b", stream.to_bytes(4, "big")) * MANY)) as liar:
            self.assertEqual(self.told("/patient/x")[0], 502)
            for _ in range(MANY // 100):
                liar.raw(head.replace(b"%b", b"\0\0\0\5") * 100)
            wait_for(liar.closed.is_set, "the end of the liar's session")

    def test_introductions_that_make_no_sense_make_no_session(self):
        def endless(agent, stream):
            agent.h2.send_headers(stream, [(":status", "200")])
            agent.h2.send_data(stream, b'{"agent": "')
        start = time.monotonic()
        with self.bystanders(), self.liar(ready=False, greeting=endless) as slow:
            for name, greeting in GREETINGS.items():
                with self.subTest(name), self.liar(ready=False, greeting=greeting) as liar:
                    wait_for(liar.closed.is_set, "the end of the session")
            self.assertEqual(self.told(), (503, "tunnel-without-session"))
            with self.liar(greeting=json.dumps({"agent": "agt_1", "host": "a" * 2_000, "labels": {str(i): "x" * 100 for i in range(250)}}).encode()):
                told = json.loads(fetch(self.site.admin_port, "/sessions").body)
                self.assertEqual([len(s["host"]) for t in told["tunnels"] if t["name"] == "t2" for s in t["sessions"]], [256])
            wait_for(slow.closed.is_set, "the end of the time for a greeting", 20)
            self.assertGreater(time.monotonic() - start, 8)

    def test_what_an_agent_calls_itself_commands_no_terminal(self):
        with self.bystanders(), self.liar(greeting=json.dumps({"agent": "agt_1", "host": "h\x1b[2J\n  ! tunnel t1: forged", "version": "\x9b5m\u202e"}).encode()):
            for words in (["status"], ["status", "--output", "json"]):
                told = self.site.tool(*words).stdout
                self.assertIn("h\\u001b[2J\\n", told.replace("\\\\", "\\"))
                self.assertFalse(set(told) & set("\x1b\x9b\u202e"))
                self.assertNotRegex(told, "(?m)^ *! tunnel t1")
        self.assertFalse(set(self.connector.log()) & set("\x1b\x9b\u202e"))


class BetweenWorkers(Case):
    def test_a_stream_that_is_given_up_has_sent_nothing_whichever_worker_has_the_session(self):
        site = Site(self, {"lied": "http://10.9.9.9:80"}, workers=2)
        site.start_connector()
        agent = LyingAgent(site.tunnel_port, agent_identity(self, site.token), connect=lambda agent, stream, _: agent.h2.reset_stream(stream, ErrorCodes.CANCEL))
        try:
            site.wait_sessions(count=1)
            told = {site.get("/lied/x", method="POST", body=b"once").problem()["detail"] for _ in range(24)}
            self.assertEqual(told, {"the agent gave the stream up before it had connected"})
            self.assertGreater(len(agent.targets), 24)  # another try each, since a POST may have one, too
        finally:
            agent.close()


if __name__ == "__main__":
    main()

"""WebSockets over HTTP/1.1 and HTTP/2, through the tunnel to servers of either version; events that come one by one."""
import base64
import contextlib
import hashlib
import json
import os
import socket
import struct

from certificates import Authority
from h2_peers import Client, Server
from harness import SANITIZED, Case, Site, fetch, free_port, main, metric, scaled, wait_for
from node_peers import Origin, run_client, start_server
from servers import Accepting

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def message(opcode, data, last=True):
    """A masked frame (RFC 6455 section 5.2)."""
    size, mask = len(data), os.urandom(4)
    head = bytes([opcode | (0x80 if last else 0)])
    head += bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
    masked = (int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
    return head + mask + masked


def messages(data):
    """What whole unmasked frames say, as (opcode, payload)."""
    told = []
    while len(data) >= 2:
        size, at = data[1], 2
        if size >= 126:
            at = 4 if size == 126 else 10
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + size:
            break
        told.append((data[0] & 15, data[at:at + size]))
        data = data[at + size:]
    return told


def handshake(port, path, protocols="websocket"):
    """A socket that has become a WebSocket, and its key."""
    key = base64.b64encode(os.urandom(16)).decode()
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: {protocols}\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (part := client.recv(1)):
            break
        head += part
    return client, key, head


def accept(key):
    """RFC 6455 section 4.2.2."""
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


class HalfClosing(Accepting):
    """Switches protocols, reads to the end of what the client sends, and only then says how much that was."""

    protocol, lie = b"websocket", b""

    def serve(self, connection):
        with connection, connection.makefile("rb") as reader:
            head = {name.lower(): value for name, _, value in (line.partition(b": ") for line in iter(lambda: reader.readline().strip(), b""))}
            self.requests.append(head)
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
                               % (self.protocol, accept(head[b"sec-websocket-key"] + self.lie)))
            with contextlib.suppress(OSError):  # a client that leaves
                connection.sendall(b"%d at the end" % len(reader.read()))


class WebSocket(Case):
    def up(self, services=None, protocols=None, **keywords):
        self.ca = Authority(self)
        self.ca.issue("server")
        self.port = start_server(self, "ws_server")
        self.clear_port = free_port()
        urls = {"ws": f"http://127.0.0.1:{self.port}", **(services or {})}
        backends = {name: f"endpoints: [ service://{name} ]{', protocol: ' + protocols[name] if name in (protocols or {}) else ''}" for name in urls}
        self.site = Site(self, urls, backends=backends, listener=f', tls: {{ certificate: server.crt, key: server.key }} }}, {{ address: "127.0.0.1:{self.clear_port}"', **keywords)
        self.tls_port, self.site.client_port = self.site.client_port, self.clear_port
        self.connector, (self.agent,) = self.site.up()

    def seen(self):
        return json.loads(fetch(self.port, "/").body)

    def connect(self, client, path, more=()):
        """A WebSocket as a stream (RFC 8441)."""
        client.until(lambda: client.h2.remote_settings.enable_connect_protocol, "SETTINGS_ENABLE_CONNECT_PROTOCOL")
        stream = client.begin(pseudo=[(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "localhost"), (":path", path)],
                              more=[("sec-websocket-version", "13"), *more], end=False)
        client.until(lambda: client.answers[stream].headers or client.answers[stream].over, "an answer")
        return stream, client.answers[stream]

    def test_ws_and_undici_talk_as_they_would_without_us(self):
        self.up()
        wanted = {"echoes": {"told": [True] * 5, "text": "one two three", "binary": False, "pong": "hello", "code": 4001, "reason": "enough"},
                  "refused": [403, "origin", "not you"], "protocol": "first", "undici": [True, 1000, True],
                  "goodbyes": [[1000, "as you wish"], [1011, "as you wish"], [4321, "as you wish"]]}
        for scheme, port in (("ws", self.clear_port), ("wss", self.tls_port)):
            with self.subTest(scheme):
                sizes = [0, 125, 126, 65536, scaled(16 << 20)]
                self.assertEqual(run_client(self, "ws_client", {"base": f"{scheme}://localhost:{port}/ws", "ca": str(self.ca.file), "sizes": sizes}), wanted)
                wait_for(lambda: [4001, "enough"] in self.seen()["closed"] and self.seen()["pongs"] > 0, "the server to learn of the close and the pong")
        wait_for(lambda: metric(self.agent.metrics_port, "adit_agent_streams") == 0, "the streams to end")

    def test_a_websocket_over_http_2_reaches_a_server_of_http_1(self):
        self.up()
        with Client(self.tls_port, self.ca.file) as client:
            stream, answer = self.connect(client, "/ws/echo", [("sec-websocket-protocol", "chat"), ("origin", "https://localhost")])
            self.assertEqual((answer.status, answer.headers.get("sec-websocket-protocol")), (200, "chat"))
            self.assertFalse({"upgrade", "connection", "sec-websocket-accept", "content-length"} & answer.headers.keys(), answer.headers)
            client.send(stream, message(TEXT, b"hello") + message(PING, b"p"))
            client.until(lambda: len(messages(answer.body)) == 2, "the answers")
            self.assertEqual(messages(answer.body), [(TEXT, b"hello"), (PONG, b"p")])
            big = os.urandom(scaled(3_000_000))
            before = answer.size
            client.send(stream, message(BINARY, big[:1_000_000], last=False) + message(0, big[1_000_000:]))
            client.until(lambda: answer.size >= before + len(big), "the large message")
            others = [self.connect(client, "/ws/echo") for _ in range(20)]
            for other, told in others:
                client.send(other, message(TEXT, b"%d" % other))
                client.until(lambda: told.body, "another echo")
                self.assertEqual(messages(told.body), [(TEXT, b"%d" % other)])
            client.send(stream, message(CLOSE, b"\x0f\xa1" + b"bye"))
            client.until(lambda: answer.over, "the end")
            self.assertTrue(answer.ended)
            client.h2.end_stream(stream)
            client.flush()
            client.reset(others[0][0])
            for end in ([4001, "bye"], [1006, ""]):
                wait_for(lambda: end in self.seen()["closed"], f"the server to learn of {end}, not {self.seen()}")
            _, refused = self.connect(client, "/ws/stranger")
            client.until(lambda: refused.over, "the end of the refusal")
            self.assertEqual((refused.status, refused.headers["x-why"], refused.body), (403, "origin", b"not you"))

    def test_a_websocket_reaches_a_server_of_http_2(self):
        two, without = (Server(lambda connection, stream, request: connection.reply(stream), websockets=offered) for offered in (True, False))
        self.up({"two": f"http://127.0.0.1:{two.port}", "without": f"http://127.0.0.1:{without.port}"}, {"two": "h2", "without": "h2"})
        client, key, head = handshake(self.clear_port, "/two/chat")
        with client:
            wanted = accept(key.encode())
            self.assertTrue(head.startswith(b"HTTP/1.1 101"), head)
            self.assertIn(b"sec-websocket-accept: " + wanted, head.lower().replace(wanted.lower(), wanted))
            sent = message(TEXT, b"over two")
            client.sendall(sent)
            self.assertEqual(client.recv(100), sent)
        self.assertEqual((two.requests[-1].headers[":protocol"], two.requests[-1].headers[":path"]), ("websocket", "/two/chat"))
        self.assertNotIn("sec-websocket-key", two.requests[-1].headers)
        with Client(self.tls_port, self.ca.file) as client:
            stream, answer = self.connect(client, "/two/chat")
            client.send(stream, b"opaque", end=True)
            client.until(lambda: answer.over, "the end")
            self.assertEqual((answer.status, answer.body, answer.ended), (200, b"opaque", True))
            _, answer = self.connect(client, "/without/chat")
            self.assertGreaterEqual(answer.status, 500)
        client, _, head = handshake(self.clear_port, "/without/chat")
        client.close()
        self.assertRegex(head, rb"^HTTP/1.1 50")

    def test_the_half_that_is_still_open_goes_on(self):
        half = HalfClosing()
        self.up({"half": f"http://127.0.0.1:{half.port}"})
        client, _, head = handshake(self.clear_port, "/half/x")
        with client:
            self.assertTrue(head.startswith(b"HTTP/1.1 101"), head)
            client.sendall(b"x" * 100_000)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.makefile("rb").read(), b"100000 at the end")
        with Client(self.tls_port, self.ca.file) as client:
            stream, answer = self.connect(client, "/half/x")
            client.send(stream, b"x" * 100_000, end=True)
            client.until(lambda: answer.over, "the end")
            self.assertEqual((answer.body, answer.ended), (b"100000 at the end", True))

    def test_an_answer_to_another_key_is_no_websocket(self):
        origin = HalfClosing()
        self.up({"half": f"http://127.0.0.1:{origin.port}"})
        with Client(self.tls_port, self.ca.file) as client:
            self.assertEqual(self.connect(client, "/half/x")[1].status, 200)
            origin.lie = b"another"
            stream, answer = self.connect(client, "/half/x")
            client.until(lambda: answer.over, "the end")
            self.assertEqual((answer.status, json.loads(answer.body)["code"]), (502, "upgrade-refused"))

    def test_no_other_protocol_goes_on_or_is_switched_to(self):
        origin = HalfClosing()
        self.up({"half": f"http://127.0.0.1:{origin.port}"})
        for offered in ("websocket, h2c", "h2c, WebSocket"):
            for protocol, wanted in ((b"websocket", b"101"), (b"h2c", b"502"), (b"websocket, h2c", b"502")):
                with self.subTest(offered=offered, protocol=protocol):
                    origin.protocol = protocol
                    client, _, head = handshake(self.clear_port, "/half/x", offered)
                    client.close()
                    self.assertEqual(head.split()[1], wanted)
                    self.assertEqual(origin.requests[-1][b"upgrade"], b"websocket")

    def test_a_reader_that_takes_nothing_stops_the_sender(self):
        self.up()
        client, _, _ = handshake(self.clear_port, "/ws/flood")
        with client:
            before, steady = -1, 0

            def stands_still():
                nonlocal before, steady
                now = self.seen()["flooded"]
                steady, before = (steady + 1 if now == before and now > 0 else 0), now
                return steady >= 10
            wait_for(stands_still, "the server to be held up", 20)
            self.assertLess(before, 40_000_000)
            if not SANITIZED:
                self.assertLess(self.connector.rss_kib() + self.agent.rss_kib(), 80_000)
            left = before + 10_000_000
            while left > 0:
                left -= len(client.recv(1 << 20))
            self.assertGreater(self.seen()["flooded"], before)

    def test_idle_websockets_cost_little(self):
        self.up()
        count = scaled(1000, 50)
        warm = [handshake(self.clear_port, "/ws/idle") for _ in range(20)]
        before = self.connector.rss_kib() + self.agent.rss_kib()
        clients = [handshake(self.clear_port, "/ws/idle") for _ in range(count)]
        self.assertEqual({head[:12] for _, _, head in clients}, {b"HTTP/1.1 101"})
        each = (self.connector.rss_kib() + self.agent.rss_kib() - before) / count
        print(f"an idle WebSocket costs {each:.1f} KiB in both programs")
        if not SANITIZED:
            self.assertLess(each, 40)
        for client, _, _ in (*clients, *warm):
            client.sendall(message(CLOSE, b"\x03\xe8"))
        for client, _, _ in (*clients, *warm):
            self.assertEqual(messages(client.recv(100)), [(CLOSE, b"\x03\xe8")])
            client.close()
        wait_for(lambda: metric(self.agent.metrics_port, "adit_agent_streams") == 0, "the streams to end")

    def test_a_websocket_outlives_the_times_for_requests(self):
        self.up()
        self.site.config.write_text(self.site.config.read_text().replace("[ service://ws ]", "[ service://ws ], timeouts: { first_byte: 1s, idle: 1s }"))
        self.site.tool("reload")
        client, _, head = handshake(self.clear_port, "/ws/ping")
        with client:
            self.assertTrue(head.startswith(b"HTTP/1.1 101"), head)
            self.assertEqual(messages(client.recv(100)), [(PING, b"are you there")])
            client.settimeout(2)  # twice what an answer's body may stand still
            with self.assertRaises(TimeoutError):
                client.recv(1)
            client.settimeout(20)
            client.sendall(message(PONG, b"are you there"))
            wait_for(lambda: self.seen()["pongs"] == 1, "the pong")

    def test_events_of_a_server_come_one_by_one(self):
        origins = {"one": Origin(self, "http1"), "two": Origin(self, "h2c")}
        self.up({name: origin.url for name, origin in origins.items()}, {"two": "h2"})
        for name, origin in origins.items():
            with self.subTest(name), Client(self.tls_port, self.ca.file) as client:
                with socket.create_connection(("127.0.0.1", self.clear_port), timeout=10) as plain:
                    plain.sendall(f"GET /{name}/events HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                    told = b""
                    while b"data: 1\n\n" not in told:
                        told += plain.recv(1000)
                    for i in (2, 3):
                        origin.ask("/next")
                        while f"data: {i}\n\n".encode() not in told:
                            self.assertTrue(part := plain.recv(1000), told)
                            told += part
                stream = client.begin(f"/{name}/events")
                answer = client.answers[stream]
                client.until(lambda: answer.body == b"data: 1\n\n", "the first event")
                self.assertEqual(answer.headers["content-type"], "text/event-stream")
                for i in (2, 3):
                    origin.ask("/next")
                    client.until(lambda: answer.body.endswith(f"data: {i}\n\n".encode()), "the next event")


main()

"""The two ends of a tunnel session made of python3-h2, to lie to the other one: an agent with a real token, and a connector with
a real key. Each answers what belongs to the protocol by itself, and leaves everything else to a test."""
import base64
import collections
import contextlib
import json
import select
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import hyperframe.frame as frames
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from certificates import openssl
from h2_peers import Frames, fields

WINDOW = 1 << 20
HEADERS, RST_STREAM, GOAWAY = 1, 3, 7  # RFC 9113 section 6
SEED = 3  # the type of a token's entry that holds its Ed25519 key


def entries(token):
    """What a token holds: (type, value) of each entry, as common/token/token.h describes them."""
    text = token.strip().removeprefix("adit1_")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[1:-4]
    while data:
        size = int.from_bytes(data[1:3], "big")
        yield data[0], data[3:3 + size]
        data = data[3 + size:]


def self_signed(case, key, name):
    """The paths of a certificate of a key by itself, and of the key."""
    openssl(case, "req", "-x509", "-key", key, "-subj", f"/CN={name}", "-days", "2", "-out", f"{name}.crt")
    return case.directory / f"{name}.crt", case.directory / key


def agent_identity(case, token, name="liar"):
    seed = dict(entries(token))[SEED]
    pem = ed25519.Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    case.write(f"{name}.key", pem.decode())
    return self_signed(case, f"{name}.key", name)


class Peer:
    """One session: a thread reads and answers; others may send by raw() and frame(). `checked` peers answer probes and such."""

    def __init__(self, stream, client_side):
        self.socket = stream
        self.socket.settimeout(20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=client_side, header_encoding="utf-8", validate_inbound_headers=False, validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.frames, self.closed, self.lock = Frames(), threading.Event(), threading.RLock()
        self.preface_left = 0 if client_side else 24  # bytes that are no frame (RFC 9113 section 3.4)
        self.heads = {}  # of streams, as they came
        self.bodies = {}
        self.resets = {}
        self.stingy = False  # opens no windows again
        self.tally, self.rest = None, b""  # of a peer that sends what python3-h2 would not: frames by type, resets by code

    def begin(self, settings=None):
        with self.lock:
            self.h2.local_settings = h2.settings.Settings(client=self.h2.config.client_side, initial_values={
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW, **(settings or {})})
            self.h2.initiate_connection()
            if not self.stingy:
                self.h2.increment_flow_control_window(WINDOW * 16)
            self.flush()
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def flush(self):
        if data := self.h2.data_to_send():
            self.raw(data)

    def raw(self, data):
        """Bytes as they are; false when the other side takes none any more."""
        try:
            with self.lock:
                self.socket.sendall(data)
        except (OSError, ValueError):
            self.closed.set()
            return False
        return True

    def head(self, stream, pairs, flags=("END_HEADERS",), kind=frames.HeadersFrame):
        """A frame with a head, by hand."""
        with self.lock:
            frame = kind(stream, self.h2.encoder.encode(pairs) if pairs else b"")
            for flag in flags:
                frame.flags.add(flag)
            return self.raw(frame.serialize())

    def run(self):
        with contextlib.suppress(OSError, ValueError, h2.exceptions.ProtocolError):
            while self.take_some():
                pass
        self.closed.set()
        self.socket.close()

    def take_some(self):
        """OpenSSL's state is for one thread at a time, so waiting is done outside of the lock."""
        select.select([self.socket], [], [])
        with self.lock:
            data = self.socket.recv(1 << 18)
            if self.tally is not None:
                self.count(data)
                return data
            preface, data = data[:self.preface_left], data[self.preface_left:]
            self.preface_left -= len(preface)
            for event in self.h2.receive_data(preface + self.frames.take(data)):
                self.note(event)
            self.flush()
        return preface or data

    def count_only(self):
        """From here on nothing is understood of what arrives: it is counted."""
        with self.lock:
            self.tally = collections.Counter()

    def count(self, data):
        self.rest += data
        while len(self.rest) >= 9 and len(self.rest) >= (size := 9 + int.from_bytes(self.rest[:3], "big")):
            kind = self.rest[3]
            self.tally[kind] += 1
            if kind == RST_STREAM:
                self.tally[h2.errors.ErrorCodes(int.from_bytes(self.rest[9:13], "big"))] += 1
            elif kind == GOAWAY:
                self.frames.goaways.append(h2.errors.ErrorCodes(int.from_bytes(self.rest[13:17], "big")))
            self.rest = self.rest[size:]

    def note(self, event):
        if isinstance(event, (h2.events.RequestReceived, h2.events.ResponseReceived)):
            self.heads[event.stream_id] = fields(event.headers)
            self.headed(event.stream_id, self.heads[event.stream_id])
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[event.stream_id] = (self.bodies.get(event.stream_id, b"") + event.data)[:1 << 20]
            if not self.stingy:
                with contextlib.suppress(h2.exceptions.ProtocolError):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.came(event.stream_id, event.data)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = h2.errors.ErrorCodes(event.error_code)

    def headed(self, stream, head):
        pass

    def came(self, stream, data):
        pass

    def data(self, stream, data, end=False):
        """As much as the windows allow; else the rest is not sent."""
        with self.lock, contextlib.suppress(h2.exceptions.ProtocolError):
            room = min(self.h2.local_flow_control_window(stream), len(data))
            for at in range(0, room, 16_384):
                self.h2.send_data(stream, data[at:min(at + 16_384, room)])
            if end:
                self.h2.end_stream(stream)
            self.flush()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    @property
    def goaway(self):
        return self.frames.goaways[-1] if self.frames.goaways else None


class LyingAgent(Peer):
    """Dials the connector with a real token's key. `connect(agent, stream, target)` and `data(agent, stream, bytes)` are the lie."""

    def __init__(self, port, identity, connect=None, data=None, name="liar", greeting=None, probes=True, settings=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(*identity)
        context.set_alpn_protocols(["rh2"])
        stream = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20), server_hostname="x")
        super().__init__(stream, client_side=False)
        self.connect, self.on_data, self.probes, self.targets = connect, data, probes, {}
        self.greeting = greeting if greeting is not None else json.dumps({"agent": name, "version": "0", "host": "h", "labels": {}, "allow": []}).encode()
        self.greeted = threading.Event()
        self.begin(settings)

    def headed(self, stream, head):
        path = head.get(":path", "")
        if head[":method"] == "CONNECT":
            self.targets[stream] = head[":authority"]
            if self.connect:
                self.connect(self, stream, head[":authority"])
        elif path.endswith("/session"):
            self.greeted.set()
            if callable(self.greeting):
                self.greeting(self, stream)
            else:
                self.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
                self.data(stream, self.greeting, end=True)
        elif self.probes:
            self.h2.send_headers(stream, [(":status", "204")], end_stream=True)

    def came(self, stream, data):
        if stream in self.targets and self.on_data:
            self.on_data(self, stream, data)

    def accept(self, stream):
        with self.lock, contextlib.suppress(h2.exceptions.ProtocolError):
            self.h2.send_headers(stream, [(":status", "200")])
            self.flush()


class ConnectorSession(Peer):
    """What a lying connector has of one session of an agent."""

    def __init__(self, stream, greeting):
        super().__init__(stream, client_side=True)
        self.begin({h2.settings.SettingCodes.ENABLE_PUSH: 0, h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 0})
        self.ask([(":method", "GET"), (":scheme", "https"), (":authority", "adit"), (":path", "/.well-known/adit/session"), *greeting], end=True)

    def ask(self, pairs, end=False):
        with self.lock:
            stream = self.h2.get_next_available_stream_id()
            self.h2.send_headers(stream, pairs, end_stream=end)
            self.flush()
        return stream

    def dial(self, target, data=b""):
        """A CONNECT; answers its stream."""
        stream = self.ask([(":method", "CONNECT"), (":authority", target)])
        if data:
            self.data(stream, data)
        return stream

    def status(self, stream):
        return int(self.heads.get(stream, {}).get(":status", 0))


class LyingConnector:
    """Listens where agents dial, with a real connector's key, and greets each of their sessions."""

    def __init__(self, identity, greeting=(("adit-workers", "1"), ("adit-wanted-sessions", "1"))):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*identity)
        self.context.set_alpn_protocols(["rh2"])
        self.greeting, self.sessions, self.accepted = greeting, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            self.sessions.append(ConnectorSession(self.context.wrap_socket(plain, server_side=True), self.greeting))
        except OSError:
            plain.close()

    def alive(self):
        return [session for session in self.sessions if not session.closed.is_set()]

    def close(self):
        self.listener.close()
        for session in self.sessions:
            session.close()

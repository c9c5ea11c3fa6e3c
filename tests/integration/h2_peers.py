"""A client and a server of HTTP/2 made of python3-h2, which do what they are told, right or wrong."""
import hashlib
import socket
import ssl
import threading
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

WINDOW = 1 << 20


class Answer:
    """What came on one stream so far."""

    def __init__(self):
        self.interim, self.headers, self.trailers = [], None, None
        self.body, self.size, self.sha256 = b"", 0, hashlib.sha256()
        self.ended, self.reset = False, None

    @property
    def status(self):
        return int(self.headers[":status"]) if self.headers else 0

    @property
    def over(self):
        return self.ended or self.reset is not None


class Frames:
    """Takes GOAWAY frames out of what arrives: python3-h2 understands none of what follows one, which is how a peer leaves in order."""

    def __init__(self):
        self.rest, self.goaways = b"", []

    def take(self, data):
        self.rest += data
        kept, at = [], 0
        while len(self.rest) - at >= 9:
            size = 9 + int.from_bytes(self.rest[at:at + 3], "big")
            if len(self.rest) - at < size:
                break
            frame = self.rest[at:at + size]
            if frame[3] == 7:  # RFC 9113 section 6.8
                self.goaways.append(h2.errors.ErrorCodes(int.from_bytes(frame[13:17], "big")))
            else:
                kept.append(frame)
            at += size
        self.rest = self.rest[at:]
        return b"".join(kept)


def fields(pairs):
    told = {}
    for name, value in pairs:
        name, value = (part.decode() if isinstance(part, bytes) else part for part in (name, value))
        told[name] = f"{told[name]}, {value}" if name in told else value
    return told


class Client:
    """One connection; nothing happens on it but inside of a call. `checked=False` sends what no client should."""

    def __init__(self, port, ca=None, name="localhost", checked=True, window=WINDOW):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if ca:
            context = ssl.create_default_context(cafile=str(ca))
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=checked, normalize_outbound_headers=checked))
        self.h2.local_settings = h2.settings.Settings(client=True, initial_values={
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window, h2.settings.SettingCodes.ENABLE_PUSH: 0})
        self.scheme = "https" if ca else "http"
        self.frames, self.answers, self.closed = Frames(), {}, False
        self.shut = set()  # streams whose windows are not opened again
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(WINDOW * 16)
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        if data := self.h2.data_to_send():
            self.send_raw(data)

    def send_raw(self, data):
        """Bytes as they are. What the other side has closed takes none."""
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True

    def begin(self, path="/", method="GET", more=(), end=True, authority="localhost", pseudo=None):
        pseudo = pseudo or [(":method", method), (":scheme", self.scheme), (":authority", authority), (":path", path)]
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, [*pseudo, *more], end_stream=end)
        self.flush()
        return stream

    def send(self, stream, data, end=False):
        """Sends all of it, as the windows open; stops when the stream ends before."""
        answer, data = self.answers[stream], memoryview(data)
        while len(data) and not answer.over and not self.closed:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(data))
            if room <= 0:
                self.read(20)
                continue
            self.h2.send_data(stream, bytes(data[:room]))
            data = data[room:]
            self.flush()
        if end and not answer.over and not self.closed:
            self.h2.end_stream(stream)
            self.flush()

    def send_trailers(self, stream, pairs):
        self.h2.send_headers(stream, pairs, end_stream=True)
        self.flush()

    def reset(self, stream, code=h2.errors.ErrorCodes.CANCEL):
        self.h2.reset_stream(stream, code)
        self.flush()

    def read(self, seconds=0.0):
        """Takes what arrives within the time, until something has; False when the other side has closed."""
        if self.closed:
            return False
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            return True
        except ssl.SSLWantReadError:
            return True
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return False
        for event in self.h2.receive_data(self.frames.take(data)):
            self.take(event)
        self.flush()
        return True

    def take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None) or 0) or Answer()
        if isinstance(event, h2.events.InformationalResponseReceived):
            answer.interim.append(fields(event.headers))
        elif isinstance(event, h2.events.ResponseReceived):
            answer.headers = fields(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = fields(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            answer.size += len(event.data)
            answer.sha256.update(event.data)
            if answer.size <= 1 << 22:  # of larger ones the size and the digest have to do
                answer.body += event.data
            if event.stream_id not in self.shut:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = h2.errors.ErrorCodes(event.error_code)

    @property
    def goaway(self):
        """The code of the last GOAWAY, or None."""
        return self.frames.goaways[-1] if self.frames.goaways else None

    def until(self, condition, what, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left < 0 or not self.read(left):
                if condition():
                    break
                raise AssertionError(f"{'closed' if self.closed else f'waited {seconds} s'} in vain for: {what}")

    def finish(self, stream, seconds=20):
        answer = self.answers[stream]
        self.until(lambda: answer.over, f"the end of stream {stream}", seconds)
        return answer

    def get(self, path, **keywords):
        return self.finish(self.begin(path, **keywords))

    def post(self, path, data, **keywords):
        stream = self.begin(path, method="POST", end=False, **keywords)
        self.send(stream, data, end=True)
        return self.finish(stream)

    def settle(self, seconds=20):
        """Waits until everything sent so far has been read by the other side: a PING goes round; False when it closed."""
        try:
            pong = []
            take, self.take = self.take, lambda event: pong.append(1) if isinstance(event, h2.events.PingAckReceived) else take(event)
            self.h2.ping(b"settled?")
            self.flush()
            self.until(lambda: pong, "a PING to come back", seconds)
            return True
        except (AssertionError, h2.exceptions.ProtocolError):
            return False
        finally:
            self.take = take


class Server:
    """Accepts connections, gives each whole request to `handle(connection, stream, request)` and remembers it. What comes on an
    extended CONNECT (RFC 8441) is sent back."""

    def __init__(self, handle, context=None, streams=100, websockets=True):
        self.handle, self.context, self.streams, self.websockets = handle, context, streams, websockets
        self.requests, self.connections, self.resets = [], 0, []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Served(self, self.context.wrap_socket(plain, server_side=True) if self.context else plain)
            with self.lock:
                self.connections += 1
            connection.run()
        except (OSError, h2.exceptions.ProtocolError):
            plain.close()


class Request:
    def __init__(self, pairs):
        self.pairs = [tuple(part.decode() if isinstance(part, bytes) else part for part in pair) for pair in pairs]
        self.headers, self.trailers = fields(pairs), None
        self.body = b""


class Served:
    """One connection at the server."""

    def __init__(self, server, stream):
        self.server, self.socket = server, stream
        self.number = server.connections
        self.requests, self.handled = {}, 0
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False,
                                                                           normalize_outbound_headers=False))
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values={
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: server.streams, h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW,
            h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: int(server.websockets)})
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(WINDOW * 16)

    def flush(self):
        if data := self.h2.data_to_send():
            self.socket.sendall(data)

    def run(self):
        self.flush()
        while data := self.socket.recv(1 << 18):
            for event in self.h2.receive_data(data):
                self.take(event)
            self.flush()
        self.socket.close()

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            request = self.requests[event.stream_id] = Request(event.headers)
            if request.headers[":method"] == "CONNECT":
                self.server.requests.append(request)
                self.h2.send_headers(event.stream_id, [(":status", "200")])
        elif isinstance(event, h2.events.DataReceived):
            request = self.requests[event.stream_id]
            if request.headers[":method"] == "CONNECT":
                self.h2.send_data(event.stream_id, event.data)  # an echo; enough for tests, whose windows are wide
            request.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.requests[event.stream_id].trailers = fields(event.headers)
        elif isinstance(event, h2.events.StreamReset):
            self.server.resets.append(event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            request = self.requests.pop(event.stream_id)
            if request.headers[":method"] == "CONNECT":
                self.h2.end_stream(event.stream_id)
                return
            self.handled += 1
            with self.server.lock:
                self.server.requests.append(request)
            self.server.handle(self, event.stream_id, request)

    def reply(self, stream, body=b"ok", status=200, more=(), trailers=None):
        self.h2.send_headers(stream, [(":status", str(status)), *more])
        self.h2.send_data(stream, body, end_stream=trailers is None)
        if trailers is not None:
            self.h2.send_headers(stream, trailers, end_stream=True)
        self.flush()

"""HTTP/2 written by hand: frames and header blocks as bytes, right or wrong, and a client that does nothing by itself but to read and
to acknowledge SETTINGS."""
import enum
import socket
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Kind(enum.IntEnum):
    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Code(enum.IntEnum):
    """RFC 9113 section 7."""
    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11
    INADEQUATE_SECURITY = 12
    HTTP_1_1_REQUIRED = 13


END_STREAM, ACK, END_HEADERS, PADDED, PRIORITISED = 1, 1, 4, 8, 32


def number(value, size=4):
    return value.to_bytes(size, "big")


def frame(kind, flags=0, stream=0, payload=b""):
    return number(len(payload), 3) + bytes([kind, flags]) + number(stream) + payload


def integer(value, bits, first=0):
    """RFC 7541 section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytes([first | most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 | 128]), value // 128
    return out + bytes([value])


def literal(name, value):
    """A field without indexing (RFC 7541 section 6.2.2), whatever its name and value are made of."""
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def block(pairs):
    return b"".join(literal(name, value) for name, value in pairs)


def settings(*pairs, ack=False):
    return frame(Kind.SETTINGS, ACK if ack else 0, 0, b"".join(number(key, 2) + number(value) for key, value in pairs))


def window_update(stream, increment):
    return frame(Kind.WINDOW_UPDATE, 0, stream, number(increment))


def reset(stream, code=Code.CANCEL):
    return frame(Kind.RST_STREAM, 0, stream, number(code))


def data(stream, content=b"", end=False, padding=None):
    if padding is not None:
        content = bytes([padding]) + content + bytes(padding)
    return frame(Kind.DATA, (END_STREAM if end else 0) | (0 if padding is None else PADDED), stream, content)


def ping(payload=b"how are "):
    return frame(Kind.PING, 0, 0, payload)


class Answer:
    """What came on one stream."""

    def __init__(self):
        self.heads, self.body, self.ended, self.code = [], b"", False, None

    @property
    def over(self):
        return self.ended or self.code is not None

    @property
    def status(self):
        return next((int(head[b":status"]) for head in self.heads if head.get(b":status", b"1")[:1] != b"1"), 0)

    def __repr__(self):
        return f"{self.status or 'no answer'} {self.body[:60]!r} {'ended ' if self.ended else ''}{self.code.name if self.code is not None else ''}"


class Wire:
    def __init__(self, port, patience):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.end = time.monotonic() + patience
        self.held, self.decoder, self.begun = b"", hpack.Decoder(), b""
        self.answers, self.goaways, self.pongs, self.acks, self.closed = {}, [], [], 0, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except OSError:
            pass  # what it said before it closed can still be read

    def answer(self, stream):
        return self.answers.setdefault(stream, Answer())

    def read(self, seconds=None):
        """Takes what comes next; False when that was the end, or nothing came in time."""
        self.socket.settimeout(max(0.001, self.end - time.monotonic() if seconds is None else seconds))
        try:
            part = self.socket.recv(1 << 18)
        except TimeoutError:
            return False
        except OSError:
            part = b""
        self.closed = not part
        self.held += part
        while len(self.held) >= 9 and len(self.held) >= (size := 9 + int.from_bytes(self.held[:3], "big")):
            whole, self.held = self.held[:size], self.held[size:]
            self.take(whole[3], whole[4], int.from_bytes(whole[5:9], "big") & 0x7fffffff, whole[9:])
        return bool(part)

    def until(self, condition):
        while not condition() and not self.closed:
            if not self.read():
                return condition()
        return condition()

    def take(self, kind, flags, stream, payload):
        if kind in (Kind.HEADERS, Kind.CONTINUATION):
            self.begun += payload
            if flags & END_HEADERS:
                fields = {}
                for name, value in self.decoder.decode(self.begun, raw=True):
                    fields[name] = fields[name] + b", " + value if name in fields else value
                self.answer(stream).heads.append(fields)
                self.begun = b""
            if kind == Kind.HEADERS:
                self.answer(stream).ended |= bool(flags & END_STREAM)
        elif kind == Kind.DATA:
            self.answer(stream).body += payload
            self.answer(stream).ended |= bool(flags & END_STREAM)
        elif kind == Kind.RST_STREAM:
            self.answer(stream).code = Code(int.from_bytes(payload, "big"))
        elif kind == Kind.GOAWAY:
            self.goaways.append(Code(int.from_bytes(payload[4:8], "big")))
        elif kind == Kind.PING and flags & ACK:
            self.pongs.append(payload)
        elif kind == Kind.SETTINGS and flags & ACK:
            self.acks += 1
        elif kind == Kind.SETTINGS:
            self.send(settings(ack=True))

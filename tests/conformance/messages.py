"""Reads messages of HTTP/1.1 as strictly as RFC 9112 is written. Whoever understands the same bytes in another way than this is
a party to a disagreement, so nothing is forgiven here: no other line end, no other length, no other coding."""
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")  # RFC 9110 section 5.5
TARGET = re.compile(rb"[\x21-\x7e]+")
HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%~_-]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?")  # RFC 3986 section 3.2.2
LENGTH = re.compile(rb"0*[0-9]{1,18}")
SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e]*)?")
STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)")
LINE_MOST = 1 << 20


class Malformed(Exception):
    """No reader can be sure what this means."""


class Ended(Exception):
    """The bytes end within a message."""


@dataclass
class Message:
    """One whole message. `raw` are all its bytes, as they were on the wire."""
    start: bytes
    fields: list
    body: bytes = b""
    trailers: list = field(default_factory=list)
    raw: bytes = b""
    framing: str = "none"

    def values(self, name):
        return [value for told, value in self.fields if told.lower() == name.lower()]

    def value(self, name):
        return b", ".join(self.values(name))

    @property
    def method(self):
        return self.start.split(b" ")[0]

    @property
    def target(self):
        return self.start.split(b" ")[1]

    @property
    def status(self):
        return int(self.start.split(b" ")[1])

    def as_itself(self):
        """What the recorder answers to this request: it could be said of no other."""
        return b"got %s %s with %d bytes" % (self.method, self.target, len(self.body))


class Bytes:
    """Takes messages from what arrives: from a function that gives more bytes, or b"" at the end."""

    def __init__(self, more):
        self.more, self.held, self.taken = more, b"", b""

    def fill(self):
        part = self.more()
        if not part:
            raise Ended
        self.held += part

    def exactly(self, size):
        while len(self.held) < size:
            self.fill()
        part, self.held = self.held[:size], self.held[size:]
        self.taken += part
        return part

    def line(self):
        while (end := self.held.find(b"\n")) < 0:
            if len(self.held) > LINE_MOST:
                raise Malformed("a line without an end")
            self.fill()
        line = self.exactly(end + 1)
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise Malformed(f"a line that does not end in CRLF: {line[:80]!r}")
        return line[:-2]

    def rest(self):
        try:
            while True:
                self.fill()
        except Ended:
            return self.exactly(len(self.held))


def read_fields(source):
    fields = []
    while line := source.line():
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if not colon or not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
            raise Malformed(f"a field line that is none: {line[:80]!r}")
        fields.append((name, value))
    return fields


def read_chunks(source, message):
    while True:
        size = SIZE.fullmatch(source.line())
        if not size:
            raise Malformed("a chunk size that is none")
        if not (length := int(size[1], 16)):
            break
        message.body += source.exactly(length)
        if source.exactly(2) != b"\r\n":
            raise Malformed("a chunk that does not end where it said")
    message.trailers = read_fields(source)


def read_body(source, message):
    """The framing of RFC 9112 section 6.3, without the cases in which a recipient may guess."""
    codings, lengths = message.values(b"transfer-encoding"), message.values(b"content-length")
    if codings and lengths:
        raise Malformed("both lengths")
    if codings and b"HTTP/1.0" in message.start:
        raise Malformed("a coding in HTTP/1.0")
    if codings:
        if [coding.lower() for coding in codings] != [b"chunked"]:
            raise Malformed(f"a coding other than chunked: {codings}")
        message.framing = "chunked"
        read_chunks(source, message)
    elif lengths:
        if len(lengths) > 1 or not LENGTH.fullmatch(lengths[0]):
            raise Malformed(f"a length that is none: {lengths}")
        message.framing = "length"
        message.body = source.exactly(int(lengths[0]))


def read_request(source, before_body=None):
    """The next request; None at the end between two. Its head is shown to `before_body` first."""
    source.taken = b""
    try:
        start = source.line()
    except Ended:
        if source.held:
            raise
        return None
    parts = start.split(b" ")
    if len(parts) != 3 or not TOKEN.fullmatch(parts[0]) or not TARGET.fullmatch(parts[1]) or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Malformed(f"a request line that is none: {start[:80]!r}")
    message = Message(start, read_fields(source))
    hosts = message.values(b"host")
    if len(hosts) != 1 and (hosts or parts[2] == b"HTTP/1.1") or not all(HOST.fullmatch(host) for host in hosts):
        raise Malformed(f"not one Host that is a host: {hosts}")
    if before_body:
        before_body(message)
    read_body(source, message)
    message.raw = source.taken
    return message


def read_response(source, method):
    """The next answer; None at the end between two."""
    source.taken = b""
    try:
        start = source.line()
    except Ended:
        if source.held:
            raise
        return None
    if not STATUS.fullmatch(start):
        raise Malformed(f"a status line that is none: {start[:80]!r}")
    message = Message(start, read_fields(source))
    bodiless = method == b"HEAD" or message.status < 200 or message.status in (204, 304)
    if not bodiless:
        read_body(source, message)
        if message.framing == "none":
            message.framing, message.body = "close", source.rest()
    message.raw = source.taken
    return message


def means_path(target):
    """The path that an origin may see in a target once it has decoded it and walked its dot segments (RFC 3986 section 5.2.4)."""
    path = unquote_to_bytes(target.partition(b"?")[0]).replace(b"\\", b"/")
    if b"://" in path:
        path = b"/" + path.split(b"://", 1)[1].partition(b"/")[2]
    kept = []
    for segment in path.split(b"/")[1:]:
        plain = segment.partition(b";")[0]
        if plain == b"..":
            kept = kept[:-1]
        elif plain != b".":
            kept.append(segment)
    return b"/" + b"/".join(kept)

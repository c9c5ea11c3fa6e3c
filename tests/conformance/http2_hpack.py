"""Compressed fields: RFC 7541 and RFC 9113 section 4.3. A block that cannot be decoded ends the connection, since both sides would
from there on read other fields; what unpacks to too much costs the one who sends it."""
from http2_case import GET, POST, case, changed, connection_error, forwarded, headers, refused, stream_error
from http2_wire import END_HEADERS, Code, Kind, frame, integer, settings

TOPIC = "Compressed fields"
BROKEN = connection_error(Code.COMPRESSION_ERROR)
OTHER = changed(b":path", b"/canary/~")  # a request besides the one of the case
STATIC = b"\x82\x86\x41\x09a.example"  # GET, http, and an authority that is kept


def kept(name, value):
    """A field that goes into the table of both sides (RFC 7541 section 6.2.1); the last one is index 62 from there on."""
    return b"\x40" + integer(len(name), 7) + name + integer(len(value), 7) + value


LAST_KEPT = b"\xbe"
X_OF_3900 = kept(b"x", b"y" * 3900)


def behind(name, section, octets, expected=BROKEN):
    """Behind fields that are right."""
    return case(name, section, headers(1, GET, behind=octets), expected, awaits=() if expected is BROKEN else (1,))


def before(name, section, octets, expected):
    """In front of fields that are right."""
    return case(name, section, headers(1, GET, before=octets), expected, awaits=() if expected is BROKEN else (1,))


CASES = [
    behind("index-0", "7541 6.1", b"\x80"),
    behind("index-unknown", "7541 2.3.3", integer(70, 7, 0x80)),
    behind("index-far-beyond", "7541 2.3.3", integer(10_000, 7, 0x80)),
    behind("index-overflows", "7541 5.1", b"\xff" + b"\xff" * 10 + b"\x7f"),
    behind("index-never-ends", "7541 5.1", b"\xff" + b"\x80" * 200 + b"\0"),
    behind("name-index-unknown", "7541 6.2.1", b"\x7f\x30\x01a"),
    behind("name-index-unknown-not-kept", "7541 6.2.2", b"\x0f\x60\x01a"),
    behind("name-length-beyond-block", "7541 5.2", b"\0\x7f\x10a"),
    behind("value-length-beyond-block", "7541 5.2", b"\0\x01a\x7f\x10b"),
    behind("value-length-overflows", "7541 5.2", b"\0\x01a\x7f" + b"\xff" * 10 + b"\x7f"),
    behind("block-ends-in-integer", "7541 5.1", b"\xff"),
    behind("block-ends-before-value", "7541 5.2", b"\0\x01a"),
    behind("huffman-padding-too-long", "7541 5.2", b"\0\x01a\x82\x1f\xff"),
    behind("huffman-padding-of-zeros", "7541 5.2", b"\0\x01a\x81\x18"),
    behind("huffman-end-of-string", "7541 5.2", b"\0\x01a\x84\xff\xff\xff\xff"),
    behind("table-size-behind-field", "7541 4.2", b"\x20"),
    before("table-size-0", "7541 6.3", b"\x20", forwarded()),
    before("table-size-twice", "7541 4.2", b"\x20" + integer(4096, 5, 0x20), forwarded()),
    before("table-size-beyond", "7541 6.3", integer(4097, 5, 0x20), BROKEN),
    before("table-size-overflows", "7541 5.1", b"\x3f" + b"\xff" * 10 + b"\x7f", BROKEN),
    before("table-size-0-then-index", "7541 4.4", kept(b"x", b"y") + b"\x20", BROKEN),
    case("table-size-0-empties", "7541 4.3", [headers(1, GET, behind=kept(b"x", b"y")), headers(3, OTHER, before=b"\x20", behind=LAST_KEPT)],
         connection_error(Code.COMPRESSION_ERROR, reaches=1), awaits=()),
    case("table-size-changed-by-us", "7541 4.2", [settings((1, 0)), settings((1, 4096)), headers(1, GET)], forwarded()),

    case("fields-of-static-table", "7541 A", headers(1, GET[3:], before=STATIC), forwarded(fields={"host": b"a.example"})),
    behind("field-not-kept", "7541 6.2.2", b"\0\x01x\x01y", forwarded(fields={"x": b"y"})),
    behind("field-never-kept", "7541 6.2.3", b"\x10\x01x\x01y", forwarded(fields={"x": b"y"})),
    behind("field-in-huffman", "7541 C.4.1", b"\0\x01x\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff", forwarded(fields={"x": b"www.example.com"})),
    case("field-kept-for-later", "7541 2.3.2", [headers(3, OTHER, behind=kept(b"x", b"y")), headers(5, GET, behind=LAST_KEPT)], forwarded(fields={"x": b"y"}, stream=5), awaits=(3, 5)),
    case("field-larger-than-table", "7541 4.4", [headers(1, GET, behind=kept(b"x", b"y") + kept(b"z", b"y" * 5000)), headers(3, OTHER, behind=LAST_KEPT)],
         connection_error(Code.COMPRESSION_ERROR, reaches=1), awaits=()),

    case("block-empty", "8.1.1", headers(1), stream_error(Code.PROTOCOL_ERROR)),
    case("broken-trailers", "4.3", [headers(1, POST, end=False), headers(1, raw=b"\x80")], BROKEN, awaits=()),
    case("broken-on-refused-stream", "4.3", [headers(1, [*GET, (b"connection", b"x")]), headers(3, raw=b"\x80")], BROKEN, awaits=()),

    # Bombs: a field that is named so often that a small block is a large head.
    behind("bomb", "10.5.1", X_OF_3900 + LAST_KEPT * 8000, refused(431)),
    behind("bomb-of-empty-values", "10.5.1", kept(b"x", b"") + LAST_KEPT * 12_000, refused(431)),
    case("bomb-in-several-frames", "10.5.1", [headers(1, GET, behind=X_OF_3900, whole=False), frame(Kind.CONTINUATION, 0, 1, LAST_KEPT * 4000),
                                              frame(Kind.CONTINUATION, END_HEADERS, 1, LAST_KEPT * 4000)], refused(431)),
    case("bomb-in-trailers", "10.5.1", [headers(1, POST, end=False), headers(1, raw=X_OF_3900 + LAST_KEPT * 8000)], stream_error(Code.ENHANCE_YOUR_CALM)),
]

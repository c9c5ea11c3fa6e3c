"""Floods: RFC 9113 section 10.5. Frames that cost their sender nothing and us something, streams that are opened only to be given up
(CVE-2023-44487), heads that never end (CVE-2024-27316): whoever goes on with it is stopped. That others are served meanwhile,
and what it costs in memory, is shown by tests/integration/http2_hostile.py."""
from http2_case import GET, POST, case, headers, stopped
from http2_wire import Code, Kind, data, frame, literal, ping, reset, settings, window_update

TOPIC = "Floods"
CALM = stopped(Code.ENHANCE_YOUR_CALM)
EITHER = stopped(Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR)


def flood(name, one, expected=CALM, begins=(), section="10.5"):
    return case(name, section, list(begins), expected, awaits=(), flood=one)


def both(first, second):
    """Two frames at a time, each of bytes or of a function."""
    return lambda name: b"".join(part if isinstance(part, bytes) else part(name) for part in (first, second))


OPEN = [headers(1, POST, end=False)]

CASES = [
    flood("flood-of-pings", lambda i: ping()),
    flood("flood-of-settings", lambda i: settings()),
    flood("flood-of-settings-with-values", lambda i: settings((4, 65_535 + i))),
    flood("flood-of-window-updates", lambda i: window_update(0, 1)),
    flood("flood-of-window-updates-of-a-stream", lambda i: window_update(1, 1), begins=OPEN),
    flood("flood-of-priorities", lambda i: frame(Kind.PRIORITY, 0, 1001 + 2 * i, bytes(5))),
    flood("flood-of-empty-data", lambda i: data(1), begins=OPEN),
    flood("flood-of-padding", lambda i: data(1, padding=1), begins=OPEN),
    flood("flood-of-unknown-frames", lambda i: frame(0xee)),
    flood("flood-of-ping-acknowledgements", lambda i: frame(Kind.PING, 1, 0, bytes(8))),
    flood("flood-of-resets-of-closed-streams", lambda i: reset(1), begins=[*OPEN, reset(1)]),
    flood("rapid-reset", lambda i: both(headers(2 * i + 1, GET), reset(2 * i + 1)), EITHER),
    flood("rapid-reset-of-bodies", lambda i: both(headers(2 * i + 1, POST, end=False), reset(2 * i + 1)), EITHER),
    flood("made-you-reset-by-window", lambda i: both(headers(2 * i + 1, POST, end=False), window_update(2 * i + 1, 0x7fffffff)), EITHER),
    flood("made-you-reset-by-increment-0", lambda i: both(headers(2 * i + 1, POST, end=False), window_update(2 * i + 1, 0)), EITHER),
    flood("made-you-reset-by-malformed", lambda i: headers(2 * i + 1, [*GET, (b"connection", b"x")]), EITHER),
    flood("continuations-empty", lambda i: frame(Kind.CONTINUATION, 0, 1), EITHER, [headers(1, GET, whole=False)]),
    flood("continuations-of-fields", lambda i: frame(Kind.CONTINUATION, 0, 1, literal(b"x", b"y")), EITHER, [headers(1, GET, whole=False)]),
    flood("continuations-large", lambda i: frame(Kind.CONTINUATION, 0, 1, literal(b"x", b"y" * 8000)), EITHER, [headers(1, GET, whole=False)]),
    flood("continuations-of-one-byte-names", lambda i: frame(Kind.CONTINUATION, 0, 1, literal(b"x", b"") * 100), EITHER, [headers(1, GET, whole=False)]),
    flood("trailers-without-end-of-head", lambda i: frame(Kind.CONTINUATION, 0, 1, literal(b"x", b"y")), EITHER, [*OPEN, headers(1, [(b"x", b"y")], whole=False)]),
]

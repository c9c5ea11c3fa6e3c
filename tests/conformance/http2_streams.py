"""Streams: RFC 9113 sections 5.1, 5.3, 6.1 to 6.4, 6.9 and 6.10. What may come on a stream in which state, ids, padding, priorities,
and header blocks in several frames."""
from http2_case import GET, POST, case, changed, connection_error, continuation, fine, forwarded, headers, stream_error
from http2_wire import END_HEADERS, PADDED, PRIORITISED, Code, Kind, block, data, frame, number, ping, reset, window_update

TOPIC = "Streams"
PROTOCOL = connection_error(Code.PROTOCOL_ERROR)
ENDED = connection_error(Code.STREAM_CLOSED, reaches=1)
SIZE = connection_error(Code.FRAME_SIZE_ERROR)
HELLO = forwarded(method=b"POST", body=b"hello")


def after(name, section, frames, expected, **more):
    """Behind a whole request and its answer."""
    return case(name, section, headers(1, GET), expected, then=frames, **more)


def open_stream(name, section, frames, expected, **more):
    """Behind the head of a request whose body is to come."""
    return case(name, section, [headers(1, POST, end=False), *frames], expected, **more)


def idle(name, section, frames, expected, **more):
    return case(name, section, frames, expected, awaits=(), **more)


def priority(stream, on, kind=Kind.PRIORITY):
    return frame(kind, 0, stream, number(on) + b"\x0f")


def padded(content, told, kind=Kind.DATA, flags=1):
    """A frame that says how much of it is padding."""
    return frame(kind, flags | PADDED, 1, bytes([told]) + content)


CASES = [
    case("request", "8.1", headers(1, GET), forwarded()),
    case("request-with-body", "8.1", [headers(1, POST, end=False), data(1, b"hello", end=True)], HELLO),
    case("request-ended-by-empty-data", "8.1", [headers(1, POST, end=False), data(1, b"hello"), data(1, end=True)], HELLO),
    case("requests-interleaved", "5", [headers(1, POST, end=False), headers(3, changed(b":path", b"/canary/~")), data(1, b"he"), headers(5, changed(b":path", b"/canary/~")),
                                       data(1, b"llo", end=True)], HELLO, awaits=(1, 3, 5)),

    # Idle streams.
    idle("idle-data", "5.1", data(1, b"hello"), PROTOCOL),
    idle("idle-reset", "5.1", reset(1), PROTOCOL),
    idle("idle-window", "5.1", window_update(1, 100), PROTOCOL),
    idle("idle-continuation", "6.10", continuation(1, GET), PROTOCOL),
    idle("idle-priority", "5.1", priority(1, 0), fine()),

    # Half closed and closed ones: behind END_STREAM, and behind RST_STREAM. What comes on a closed stream may have been on its way
    # when it was closed (section 5.1 leaves a choice): it is read over, and counts in windows and tables.
    case("ended-data", "5.1", [headers(1, GET), data(1, b"hello")], ENDED, awaits=()),
    case("ended-headers", "5.1", [headers(1, GET), headers(1, GET)], ENDED, awaits=()),
    case("ended-continuation", "6.10", [headers(1, GET), continuation(1, [(b"x", b"y")])], connection_error(Code.PROTOCOL_ERROR, reaches=1), awaits=()),
    case("ended-window", "5.1", [headers(1, GET), window_update(1, 100)], forwarded()),
    case("ended-priority", "5.1", [headers(1, GET), priority(1, 0)], forwarded()),
    after("closed-data", "5.1", [data(1, b"hello")], forwarded()),
    after("closed-headers", "5.1", [headers(1, GET)], forwarded()),
    after("closed-headers-keep-table", "4.3", [headers(1, [], behind=b"\x40\x04kept\x01y"), headers(3, changed(b":path", b"/canary/~"), behind=b"\xbe")], forwarded()),
    after("closed-continuation", "6.10", [continuation(1, [(b"x", b"y")])], connection_error(Code.PROTOCOL_ERROR, reaches=1)),
    after("closed-window", "5.1", [window_update(1, 100)], forwarded()),
    after("closed-priority", "5.1", [priority(1, 0)], forwarded()),
    after("closed-reset", "5.1", [reset(1)], forwarded()),
    idle("reset-then-data", "5.1", [headers(1, POST, end=False), reset(1), data(1, b"hello", end=True)], fine()),
    idle("reset-then-headers", "5.1", [headers(1, POST, end=False), reset(1), headers(1, [(b"x", b"y")])], fine()),
    idle("reset-then-window", "5.1", [headers(1, POST, end=False), reset(1), window_update(1, 100)], fine()),
    idle("reset-then-reset", "5.1", [headers(1, POST, end=False), reset(1), reset(1)], fine()),
    idle("reset-of-3-bytes", "6.4", [headers(1, POST, end=False), frame(Kind.RST_STREAM, 0, 1, bytes(3))], SIZE),
    idle("reset-of-5-bytes", "6.4", [headers(1, POST, end=False), frame(Kind.RST_STREAM, 0, 1, bytes(5))], SIZE),

    # Ids.
    idle("id-even", "5.1.1", headers(2, GET), PROTOCOL),
    idle("id-below-earlier", "5.1.1", [headers(5, POST, end=False), headers(3, GET)], fine()),  # like closed ones: see docs/conformance.md
    case("id-gap", "5.1.1", [headers(1, GET), headers(101, changed(b":path", b"/canary/~"))], forwarded(), awaits=(1, 101)),
    case("id-last", "5.1.1", headers(0x7fffffff, changed(b":path", b"/canary/~")), fine(), awaits=(0x7fffffff,), canary=False),
    idle("id-behind-gap-used", "5.1.1", [headers(9, POST, end=False), data(7, b"hello")], fine()),
    case("too-many", "5.1.2", [headers(2 * i + 1, POST, end=False) for i in range(129)], stream_error(Code.REFUSED_STREAM, 257),
         awaits=(257,), canary=False),

    # Padding.
    open_stream("padding", "6.1", [data(1, b"hello", end=True, padding=100)], HELLO),
    open_stream("padding-of-0", "6.1", [data(1, b"hello", end=True, padding=0)], HELLO),
    open_stream("padding-alone", "6.1", [data(1, padding=10), data(1, b"hello", end=True)], HELLO),
    open_stream("padding-as-large-as-frame", "6.1", [padded(b"hello", 6)], PROTOCOL, awaits=()),
    open_stream("padding-larger-than-frame", "6.1", [padded(b"hello", 255)], PROTOCOL, awaits=()),
    open_stream("padding-without-length", "6.1", [frame(Kind.DATA, PADDED, 1)], connection_error(Code.FRAME_SIZE_ERROR, Code.PROTOCOL_ERROR), awaits=()),
    open_stream("padding-not-zero", "6.1", [padded(b"hello" + b"x" * 4, 4)], HELLO),
    case("padding-of-headers", "6.2", headers(1, GET, padding=50), forwarded()),
    idle("padding-of-headers-too-large", "6.2", padded(block(GET), 255, Kind.HEADERS, 5), PROTOCOL),
    idle("padding-of-headers-without-length", "6.2", frame(Kind.HEADERS, PADDED | END_HEADERS, 1), connection_error(Code.FRAME_SIZE_ERROR, Code.PROTOCOL_ERROR)),

    # Priorities say nothing any more (section 5.3.2), but have a form.
    case("priority-of-headers", "5.3.2", headers(1, GET, priority=0), forwarded()),
    case("priority-on-unknown", "5.3.2", headers(1, GET, priority=99), forwarded()),
    case("priority-exclusive", "5.3.2", headers(1, GET, priority=0x80000000), forwarded()),
    idle("priority-on-itself", "7540 5.3.1", priority(1, 1), PROTOCOL),
    idle("priority-of-headers-on-itself", "7540 5.3.1", headers(1, GET, priority=1), PROTOCOL),
    idle("priority-of-4-bytes", "6.3", frame(Kind.PRIORITY, 0, 1, bytes(4)), SIZE),
    idle("priority-of-headers-cut", "6.2", frame(Kind.HEADERS, PRIORITISED | END_HEADERS, 1, bytes(4)), connection_error(Code.FRAME_SIZE_ERROR, Code.PROTOCOL_ERROR)),

    # Header blocks in several frames: nothing stands between them.
    case("continued", "4.3", [headers(1, GET[:2], whole=False), continuation(1, GET[2:])], forwarded()),
    case("continued-twice", "4.3", [headers(1, whole=False), continuation(1, GET[:2], whole=False), continuation(1, GET[2:])], forwarded()),
    case("continued-within-field", "4.3", [headers(1, whole=False, raw=block(GET)[:20]), continuation(1, raw=block(changed(b":path", b"/continued-within-field"))[20:])],
         forwarded(target=b"/continued-within-field")),
    case("continued-by-nothing", "4.3", [headers(1, GET, whole=False), continuation(1)], forwarded()),
    idle("continued-on-another", "6.10", [headers(1, GET, whole=False), continuation(3, [(b"x", b"y")])], PROTOCOL),
    idle("continued-behind-end", "6.10", [headers(1, POST, end=False), continuation(1, [(b"x", b"y")])], PROTOCOL),
    idle("data-between", "6.2", [headers(1, POST, end=False, whole=False), data(1, b"hello"), continuation(1)], PROTOCOL),
    idle("data-of-another-between", "6.2", [headers(1, POST, end=False), headers(3, GET, whole=False), data(1, b"hello"), continuation(3)], PROTOCOL),
    idle("ping-between", "6.2", [headers(1, GET, whole=False), ping(), continuation(1)], PROTOCOL),
    idle("headers-between", "6.2", [headers(1, GET, whole=False), headers(3, GET), continuation(1)], PROTOCOL),
    idle("priority-between", "6.2", [headers(1, GET, whole=False), priority(1, 0), continuation(1)], PROTOCOL),
    idle("window-between", "6.2", [headers(1, GET, whole=False), window_update(0, 1), continuation(1)], PROTOCOL),
    idle("unknown-between", "5.5", [headers(1, GET, whole=False), frame(0xee, 0, 1), continuation(1)], PROTOCOL),
    idle("settings-between", "6.2", [headers(1, GET, whole=False), frame(Kind.SETTINGS), continuation(1)], PROTOCOL),
    idle("reset-between", "6.2", [headers(1, GET, whole=False), reset(1), continuation(1)], PROTOCOL),

    # Windows of streams.
    open_stream("stream-window-by-0", "6.9", [window_update(1, 0)], PROTOCOL, awaits=()),
    open_stream("stream-window-beyond", "6.9.1", [window_update(1, 0x7fffffff)], stream_error(Code.FLOW_CONTROL_ERROR)),
    open_stream("stream-window-of-3-bytes", "6.9", [frame(Kind.WINDOW_UPDATE, 0, 1, bytes(3))], SIZE, awaits=()),
]

"""The connection: RFC 9113 sections 3.4, 4, 5.5, 6.4 to 6.9 and 8.4. Preface, frame sizes, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, and
frames that have no place where they are."""
from http2_case import GET, POST, START, case, connection_error, dropped, fine, forwarded, headers
from http2_wire import END_HEADERS, PREFACE, Code, Kind, data, frame, number, ping, reset, settings, window_update

TOPIC = "Connection"
PROTOCOL = connection_error(Code.PROTOCOL_ERROR)
SIZE = connection_error(Code.FRAME_SIZE_ERROR)
FLOW = connection_error(Code.FLOW_CONTROL_ERROR)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
ENABLE_CONNECT_PROTOCOL = 8


def alone(name, section, sent, expected, **more):
    """Frames without a stream of their own."""
    return case(name, section, sent, expected, awaits=(), **more)


def preface(name, start, expected, section="3.4", **more):
    return case(name, section, [], expected, awaits=(), start=start, **more)


CASES = [
    # The preface.
    preface("preface", START, fine()),
    preface("preface-in-pieces", START, fine(), pieces=True),
    preface("preface-other", b"NOT A PREFACE OF HTTP/2\r\n\r\n", dropped()),
    preface("preface-lower-case", PREFACE.lower() + settings(), dropped()),
    preface("preface-second-half-wrong", PREFACE[:-6] + b"XX\r\n\r\n" + settings(), dropped()),
    preface("preface-without-settings", PREFACE, PROTOCOL),
    preface("preface-then-ping", PREFACE + ping(), PROTOCOL),
    preface("preface-then-acknowledgement", PREFACE + settings(ack=True), PROTOCOL),
    preface("preface-twice", START + PREFACE, connection_error(Code.FRAME_SIZE_ERROR, Code.PROTOCOL_ERROR)),
    preface("http1-behind-preface", START + b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n", connection_error(Code.FRAME_SIZE_ERROR, Code.PROTOCOL_ERROR)),

    # Frames (section 4).
    alone("frame-of-unknown-type", "4.1", frame(0xee, 0xff, 0, b"whatever"), fine()),
    alone("frame-of-unknown-type-on-stream", "5.5", frame(0xee, 0, 9, b"whatever"), fine()),
    alone("frame-with-unknown-flags", "4.1", frame(Kind.PING, 0xfe, 0, b"flagged!"), fine(pongs=[b"flagged!"])),
    alone("frame-with-reserved-bit", "4.1", b"\0\0\x08\x06\0\x80\0\0\0reserved", fine(pongs=[b"reserved"])),
    case("frame-of-most-bytes", "4.2", [headers(1, POST, end=False), data(1, b"x" * 16_384, end=True)],
         forwarded(method=b"POST", body=b"x" * 16_384)),
    case("frame-too-large-data", "4.2", [headers(1, POST, end=False), data(1, b"x" * 16_385, end=True)], SIZE, awaits=()),
    case("frame-too-large-headers", "4.2", headers(1, [*GET, (b"x", b"y" * 16_400)]), SIZE, awaits=()),
    alone("frame-too-large-settings", "4.2", frame(Kind.SETTINGS, 0, 0, bytes(16_386)), SIZE),
    alone("frame-too-large-unknown", "4.2", frame(0xee, 0, 0, bytes(16_385)), SIZE),
    alone("frame-of-16-mb-told", "4.2", b"\xff\xff\xff\0\0\0\0\0\1", SIZE),
    alone("data-on-0", "6.1", data(0, b"hello"), PROTOCOL),
    alone("headers-on-0", "6.2", headers(0, GET), PROTOCOL),
    alone("priority-on-0", "6.3", frame(Kind.PRIORITY, 0, 0, bytes(5)), PROTOCOL),
    alone("reset-on-0", "6.4", reset(0), PROTOCOL),
    alone("push-promise", "8.4", frame(Kind.PUSH_PROMISE, END_HEADERS, 1, number(2)), PROTOCOL),
    alone("push-promise-on-0", "6.6", frame(Kind.PUSH_PROMISE, END_HEADERS, 0, number(2)), PROTOCOL),
    alone("continuation-on-0", "6.10", frame(Kind.CONTINUATION, END_HEADERS, 0), PROTOCOL),

    # SETTINGS.
    alone("settings-acknowledged", "6.5.3", settings(), fine(acks=2)),
    alone("settings-unknown", "6.5.2", settings((0xbeef, 7)), fine(acks=2)),
    alone("settings-several-times", "6.5.3", settings((HEADER_TABLE_SIZE, 0), (HEADER_TABLE_SIZE, 100), (HEADER_TABLE_SIZE, 4096)), fine(acks=2)),
    alone("settings-table-size-0", "6.5.2", settings((HEADER_TABLE_SIZE, 0)), fine()),
    alone("settings-table-size-most", "6.5.2", settings((HEADER_TABLE_SIZE, 0xffffffff)), fine()),
    alone("settings-streams-0", "6.5.2", settings((MAX_CONCURRENT_STREAMS, 0)), fine()),
    alone("settings-window-most", "6.5.2", settings((INITIAL_WINDOW_SIZE, 0x7fffffff)), fine()),
    alone("settings-frame-size-least", "6.5.2", settings((MAX_FRAME_SIZE, 16_384)), fine()),
    alone("settings-frame-size-most", "6.5.2", settings((MAX_FRAME_SIZE, (1 << 24) - 1)), fine()),
    alone("settings-push-off", "6.5.2", settings((ENABLE_PUSH, 0)), fine()),
    alone("settings-push-2", "6.5.2", settings((ENABLE_PUSH, 2)), PROTOCOL),
    alone("settings-window-beyond", "6.5.2", settings((INITIAL_WINDOW_SIZE, 1 << 31)), FLOW),
    alone("settings-frame-size-below", "6.5.2", settings((MAX_FRAME_SIZE, 16_383)), PROTOCOL),
    alone("settings-frame-size-beyond", "6.5.2", settings((MAX_FRAME_SIZE, 1 << 24)), PROTOCOL),
    alone("settings-connect-protocol-2", "8441 3", settings((ENABLE_CONNECT_PROTOCOL, 2)), PROTOCOL),
    alone("settings-on-stream", "6.5", frame(Kind.SETTINGS, 0, 1), PROTOCOL),
    alone("settings-of-5-bytes", "6.5", frame(Kind.SETTINGS, 0, 0, bytes(5)), SIZE),
    alone("settings-acknowledgement-with-content", "6.5", frame(Kind.SETTINGS, 1, 0, bytes(6)), SIZE),

    # PING and GOAWAY.
    alone("ping", "6.7", ping(b"12345678"), fine(pongs=[b"12345678"])),
    alone("ping-acknowledged", "6.7", frame(Kind.PING, 1, 0, bytes(8)), fine(pongs=[])),
    alone("ping-on-stream", "6.7", frame(Kind.PING, 0, 1, bytes(8)), PROTOCOL),
    alone("ping-of-7-bytes", "6.7", frame(Kind.PING, 0, 0, bytes(7)), SIZE),
    alone("ping-of-9-bytes", "6.7", frame(Kind.PING, 0, 0, bytes(9)), SIZE),
    alone("goaway-on-stream", "6.8", frame(Kind.GOAWAY, 0, 1, bytes(8)), PROTOCOL),
    alone("goaway-of-7-bytes", "6.8", frame(Kind.GOAWAY, 0, 0, bytes(7)), SIZE),
    case("goaway-behind-request", "6.8", [headers(1, GET), frame(Kind.GOAWAY, 0, 0, bytes(8) + b"good bye")], forwarded(), canary=False),
    case("goaway-with-code", "6.8", [headers(1, GET), frame(Kind.GOAWAY, 0, 0, bytes(4) + number(0xdead))], forwarded(), canary=False),

    # WINDOW_UPDATE and flow control of the connection.
    alone("window-opened", "6.9", window_update(0, 1000), fine()),
    alone("window-reserved-bit", "6.9", window_update(0, 0x80000001), fine()),
    alone("window-by-0", "6.9", window_update(0, 0), PROTOCOL),
    alone("window-beyond", "6.9.1", window_update(0, 0x7fffffff), FLOW),
    alone("window-beyond-in-steps", "6.9.1", window_update(0, 0x40000000) * 2, FLOW),
    alone("window-of-3-bytes", "6.9", frame(Kind.WINDOW_UPDATE, 0, 0, bytes(3)), SIZE),
    alone("window-of-5-bytes", "6.9", frame(Kind.WINDOW_UPDATE, 0, 0, bytes(5)), SIZE),
]

"""Bodies, trailers and windows: RFC 9113 sections 5.2, 6.9 and 8.1. The stream's end is the body's end; a Content-Length that says
otherwise makes a message malformed before it could become one in HTTP/1.1 with that length."""
from http2_case import GET, POST, case, continuation, fine, forwarded, headers, stream_error
from http2_wire import Code, data, reset, settings, window_update

TOPIC = "Bodies, trailers, windows"
MALFORMED = stream_error(Code.PROTOCOL_ERROR)
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"
INITIAL_WINDOW_SIZE = 4


def post(name, section, fields, frames, expected, **more):
    return case(name, section, [headers(1, [*POST, *fields], end=False), *frames], expected, **more)


def length(name, value, frames, expected=MALFORMED):
    return post(name, "8.1.1", [(b"content-length", value)], frames, expected)


def trailers(name, section, pairs, expected, **more):
    return post(name, section, [], [data(1, b"hello"), headers(1, pairs, **more)], expected)


HELLO = [data(1, b"hello", end=True)]
WHOLE = forwarded(method=b"POST", body=b"hello")

CASES = [
    length("length-right", b"5", HELLO, forwarded(method=b"POST", body=b"hello", fields={"content-length": b"5"}, without=["transfer-encoding"])),
    length("length-right-in-pieces", b"5", [data(1, b"he"), data(1), data(1, b"llo", end=True)], WHOLE),
    length("length-right-padded", b"5", [data(1, b"hello", end=True, padding=9)], WHOLE),
    length("length-too-large", b"10", HELLO),
    length("length-too-small", b"3", HELLO),
    length("length-too-large-by-1", b"6", HELLO),
    # As many bytes as were told have gone on when the others come: a whole request, and they are no part of the next one.
    length("length-too-small-by-pieces", b"3", [data(1, b"hel"), data(1, b"lo", end=True)], stream_error(Code.PROTOCOL_ERROR, reaches=1)),
    length("length-0-and-request", b"0", [data(1, SMUGGLED, end=True)], stream_error(Code.PROTOCOL_ERROR, reaches=1)),
    length("length-1-and-request", b"1", [data(1, b"x" + SMUGGLED, end=True)]),
    length("length-signed", b"+5", HELLO),
    length("length-negative", b"-5", HELLO),
    length("length-list", b"5, 5", HELLO),
    length("length-empty", b"", HELLO),
    length("length-hexadecimal", b"0x5", HELLO),
    length("length-blank-within", b"5 0", HELLO),
    length("length-overflows", b"18446744073709551621", HELLO),
    length("length-with-line-break", b"5\r\ntransfer-encoding: chunked", HELLO),
    length("length-too-large-and-trailers", b"10", [data(1, b"hello"), headers(1, [(b"x", b"y")])]),
    case("length-without-body", "8.1.1", headers(1, [*POST, (b"content-length", b"5")]), MALFORMED),
    case("length-0-without-body", "8.1.1", headers(1, [*POST, (b"content-length", b"0")]), forwarded(method=b"POST", fields={"content-length": b"0"})),
    case("lengths-alike", "8.1.1", [headers(1, [*POST, (b"content-length", b"5"), (b"content-length", b"5")], end=False), *HELLO], MALFORMED),
    case("lengths-differ", "8.1.1", [headers(1, [*POST, (b"content-length", b"5"), (b"content-length", b"0")], end=False), *HELLO], MALFORMED),
    case("length-of-get", "8.1.1", [headers(1, [*GET, (b"content-length", b"%d" % len(SMUGGLED))], end=False), data(1, SMUGGLED, end=True)], forwarded(body=SMUGGLED)),
    case("length-none-of-get", "8.1.1", [headers(1, GET, end=False), data(1, SMUGGLED, end=True)], forwarded(body=SMUGGLED, fields={"transfer-encoding": b"chunked"})),
    post("body-looks-like-chunks", "8.1", [], [data(1, b"0\r\n\r\n" + SMUGGLED, end=True)], forwarded(method=b"POST", body=b"0\r\n\r\n" + SMUGGLED)),
    post("body-given-up", "8.1", [], [data(1, b"hello"), reset(1)], fine(), awaits=()),
    post("expect-continue", "9110 10.1.1", [(b"expect", b"100-continue"), (b"content-length", b"5")], HELLO, WHOLE),

    # Trailers.
    trailers("trailers", "8.1", [(b"x-sum", b"7")], forwarded(method=b"POST", body=b"hello", trailers=[(b"x-sum", b"7")])),
    trailers("trailers-without-end", "8.1", [(b"x", b"y")], MALFORMED, end=False),
    trailers("trailers-with-pseudo", "8.1", [(b":path", b"/guarded")], MALFORMED),
    trailers("trailers-with-pseudo-of-answers", "8.1", [(b":status", b"200")], MALFORMED),
    trailers("trailers-upper-case", "8.2.1", [(b"X", b"y")], MALFORMED),
    trailers("trailers-of-connection", "8.2.2", [(b"connection", b"close")], MALFORMED),
    trailers("trailers-of-coding", "8.2.2", [(b"transfer-encoding", b"chunked")], MALFORMED),
    trailers("trailers-line-break", "8.2.1", [(b"x", b"y\r\nz: a")], MALFORMED),
    trailers("trailers-is-a-request", "10.3", [(b"x", b"y\r\n\r\n" + SMUGGLED)], MALFORMED),
    trailers("trailers-name-is-a-field", "10.3", [(b"x: y\r\nz", b"a")], MALFORMED),
    trailers("trailers-of-length", "9110 6.5.1", [(b"content-length", b"5"), (b"x", b"y")], forwarded(method=b"POST", body=b"hello", trailers=[(b"x", b"y")])),
    trailers("trailers-of-host-and-rights", "9110 6.5.1", [(b"host", b"b.example"), (b"authorization", b"x"), (b"cookie", b"a=b"), (b"x-forwarded-for", b"6.6.6.6")],
             forwarded(method=b"POST", body=b"hello", trailers=[])),
    post("trailers-in-several-frames", "8.1", [], [data(1, b"hello"), headers(1, [(b"x", b"y")], whole=False), continuation(1, [(b"z", b"a")])],
         forwarded(method=b"POST", body=b"hello", trailers=[(b"x", b"y"), (b"z", b"a")])),
    post("trailers-without-body", "8.1", [], [headers(1, [(b"x", b"y")])], forwarded(method=b"POST", trailers=[(b"x", b"y")])),
    post("trailers-many", "10.5.1", [], [data(1, b"hello"), headers(1, [(b"x", b"y")] * 500)], stream_error(Code.ENHANCE_YOUR_CALM)),

    # Windows of answers, as the client opens them.
    case("window-0-then-opened", "6.9.2", [settings((INITIAL_WINDOW_SIZE, 0)), headers(1, GET), settings((INITIAL_WINDOW_SIZE, 100))], forwarded()),
    case("window-0-then-stream-opened", "6.9.2", [settings((INITIAL_WINDOW_SIZE, 0)), headers(1, GET), window_update(1, 200), settings((INITIAL_WINDOW_SIZE, 100))], forwarded()),
    case("window-of-1-byte", "6.9.1", [settings((INITIAL_WINDOW_SIZE, 1)), headers(1, GET), *[window_update(1, 1)] * 60, settings((INITIAL_WINDOW_SIZE, 60))], forwarded()),
    case("window-negative", "6.9.2", [settings((INITIAL_WINDOW_SIZE, 10)), headers(1, GET), settings((INITIAL_WINDOW_SIZE, 0)), settings((INITIAL_WINDOW_SIZE, 200))], forwarded()),
    case("window-of-ours-used-up", "6.9", [headers(1, POST, end=False), *[data(1, b"x" * 16_000)] * 4, data(1, b"x" * 1000, end=True)], forwarded(method=b"POST", body=b"x" * 65_000)),
    case("window-of-ours-exceeded", "6.9.1", [headers(1, POST, end=False), *[data(1, b"x" * 16_384)] * 5], stream_error(Code.FLOW_CONTROL_ERROR)),
]

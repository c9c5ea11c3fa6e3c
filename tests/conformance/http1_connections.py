"""What belongs to one connection and what to the message: RFC 9110 sections 6.5, 7.6, 7.8 and 10.1.1, RFC 9112 section 9. Fields of
the one do not cross, a client cannot nominate those of the other away, and what stands behind a request is the next request."""
from http1_case import GET, POST, SMUGGLED, case, cut, declined, dropped, forwarded, given_up, in_turn, refused

TOPIC = "Connections, expectations, upgrades, trailers"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
HELLO = b"5\r\nhello\r\n0\r\n"
H2C = b"Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"


def hop(name, lines, expected, section="9110 7.6.1"):
    return case(name, section, GET + lines + b"\r\n", expected)


def trailer(name, lines, expected, section="9110 6.5.1"):
    return case(name, section, CHUNKED + b"TE: trailers\r\nConnection: te\r\n\r\n" + HELLO + lines + b"\r\n", expected)


def whole(trailers, **more):
    return forwarded(body=b"hello", trailers=trailers, **more)


def expect(name, head, body, expected, **more):
    return case(name, "9110 10.1.1", head + b"\r\n" + body, expected, **more)


LENGTH = POST + b"Content-Length: 5\r\n"

CASES = [
    hop("hop-connection-named", b"Connection: x\r\nX: y\r\n", forwarded(without=["x", "connection"])),
    hop("hop-connection-names-in-list", b"Connection: a, keep-alive,, x ,\r\nX: y\r\nA: b\r\n", forwarded(without=["x", "a", "connection"])),
    hop("hop-connection-twice", b"Connection: a\r\nConnection: x\r\nX: y\r\nA: b\r\n", forwarded(without=["x", "a"])),
    hop("hop-connection-other-case", b"CONNECTION: X-Y\r\nx-y: z\r\n", forwarded(without=["x-y"])),
    hop("hop-keep-alive", b"Keep-Alive: timeout=5\r\n", forwarded(without=["keep-alive"])),
    hop("hop-proxy-connection", b"Proxy-Connection: keep-alive\r\n", forwarded(without=["proxy-connection"])),
    hop("hop-proxy-authorization", b"Proxy-Authorization: Basic eDp5\r\n", forwarded(without=["proxy-authorization"]), "9110 11.7.2"),
    hop("hop-te", b"TE: gzip\r\n", forwarded(without=["te"]), "9110 10.1.4"),
    hop("hop-te-trailers", b"TE: gzip, trailers\r\n", forwarded(fields={"te": b"trailers", "connection": b"te"}), "9110 10.1.4"),
    hop("hop-trailer", b"Trailer: x\r\n", forwarded(without=["trailer"]), "9110 6.6.2"),
    hop("hop-upgrade-not-named", b"Upgrade: websocket\r\n", forwarded(without=["upgrade"]), "9110 7.8"),
    hop("nominated-host", b"Connection: host\r\n", forwarded(fields={"host": b"a.example"})),
    hop("nominated-authorization", b"Connection: authorization\r\nAuthorization: Bearer x\r\n", forwarded(fields={"authorization": b"Bearer x"})),
    hop("nominated-forwarded-for", b"Connection: x-forwarded-for\r\n", forwarded(fields={"x-forwarded-for": b"127.0.0.1"})),
    hop("nominated-content-type", b"Connection: content-type\r\nContent-Type: a/b\r\n", forwarded(fields={"content-type": b"a/b"})),
    hop("nominated-via", b"Connection: via\r\nVia: 1.1 other\r\n", forwarded(), "9110 7.6.3"),
    hop("close", b"Connection: close\r\n", forwarded(closes=True), "9.6"),
    hop("close-among-others", b"Connection: x, CLOSE\r\n", forwarded(closes=True), "9.6"),
    hop("close-and-keep-alive", b"Connection: keep-alive, close\r\n", forwarded(closes=True), "9.6"),
    hop("close-then-request", b"Connection: close\r\n\r\n" + SMUGGLED[:-2], forwarded(closes=True), "9.6"),
    hop("keep-alive-of-1.1", b"Connection: keep-alive\r\n", forwarded(), "9.3"),
    case("proxy-connection-of-1.0", "9.3", b"GET /~ HTTP/1.0\r\nHost: a.example\r\nProxy-Connection: keep-alive\r\n\r\n", forwarded(closes=True)),

    # Pipelining (RFC 9112 section 9.3.2).
    case("pipelined", "9.3.2", GET + b"\r\n" + POST.replace(b"/~", b"/~/2") + b"Content-Length: 5\r\n\r\nhello" + GET.replace(b"/~", b"/~/3") + b"\r\n",
         in_turn(b"/pipelined", b"/pipelined/2", b"/pipelined/3")),
    case("pipelined-chunked", "9.3.2", CHUNKED + b"\r\n" + HELLO + b"\r\n" + GET.replace(b"/~", b"/~/2") + b"\r\n",
         in_turn(b"/pipelined-chunked", b"/pipelined-chunked/2")),
    case("pipelined-with-empty-lines", "2.2", LENGTH + b"\r\nhello\r\n" + GET.replace(b"/~", b"/~/2") + b"\r\n",
         in_turn(b"/pipelined-with-empty-lines", b"/pipelined-with-empty-lines/2")),

    # Expectations.
    expect("expect-and-wait", LENGTH + b"Expect: 100-continue\r\n", b"", forwarded(body=b"hello"), then=b"hello"),
    expect("expect-other-case", LENGTH + b"expect: 100-Continue\r\n", b"", forwarded(body=b"hello"), then=b"hello"),
    expect("expect-and-not-wait", LENGTH + b"Expect: 100-continue\r\n", b"hello", forwarded(body=b"hello")),
    expect("expect-hides-request", POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(SMUGGLED), SMUGGLED, forwarded(body=SMUGGLED)),
    expect("expect-of-get-hides-request", GET + b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(SMUGGLED), SMUGGLED, forwarded(body=SMUGGLED)),
    expect("expect-chunked", CHUNKED + b"Expect: 100-continue\r\n", b"", forwarded(body=b"hello"), then=HELLO + b"\r\n"),
    expect("expect-without-body", GET + b"Expect: 100-continue\r\n", b"", forwarded(without=["expect"])),
    expect("expect-of-1.0", b"POST /~ HTTP/1.0\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", b"hello",
           forwarded(body=b"hello", without=["expect"], closes=True)),
    expect("expect-unknown", LENGTH + b"Expect: more\r\n", SMUGGLED, refused(417)),
    expect("expect-prefixed", LENGTH + b"Expect: y 100-continue\r\n", SMUGGLED, refused(417)),
    expect("expect-list", LENGTH + b"Expect: 100-continue, more\r\n", SMUGGLED, refused(417)),
    expect("expect-twice", LENGTH + b"Expect: 100-continue\r\nExpect: 100-continue\r\n", SMUGGLED, refused(417)),
    expect("expect-folded", LENGTH + b"Expect:\r\n 100-continue\r\n", SMUGGLED, refused(400)),
    expect("expect-bad-target", b"POST /~%zz HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", b"hello", declined(400)),

    # Upgrades: to what nobody offers they are a request like others, and bytes of another protocol do not run ahead.
    case("upgrade-h2c", "9113 3.1", GET + H2C + b"\r\n", forwarded(without=["upgrade", "http2-settings", "connection"])),
    case("upgrade-h2c-with-body", "9113 3.1", POST + H2C + b"Content-Length: 5\r\n\r\nhello", forwarded(body=b"hello", without=["upgrade", "http2-settings"])),
    case("upgrade-unknown", "9110 7.8", GET + b"Connection: upgrade\r\nUpgrade: other\r\n\r\n", forwarded(without=["upgrade"])),
    case("upgrade-tls", "9110 7.8", GET + b"Connection: upgrade\r\nUpgrade: TLS/1.2\r\n\r\n", forwarded(without=["upgrade"])),
    case("websocket-of-1.0", "9110 7.8", b"GET /~ HTTP/1.0\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", forwarded(without=["upgrade"], closes=True)),
    case("websocket-and-more", "9110 7.8", GET + b"Connection: upgrade\r\nUpgrade: h2c, websocket, other\r\nSec-WebSocket-Version: 13\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", forwarded(fields={"upgrade": b"websocket", "connection": b"upgrade"}), then=b""),
    case("websocket-refused", "6455 4.2.2", GET + b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", forwarded(fields={"upgrade": b"websocket", "connection": b"upgrade"}), then=b""),

    # Trailers: those that would frame, route or authenticate stop here (RFC 9110 section 6.5.1).
    trailer("trailers", b"X-Sum: 7\r\nX-More: 8\r\n", whole([(b"x-sum", b"7"), (b"x-more", b"8")])),
    trailer("trailers-above-ascii", b"X: \xe9\r\n", whole([(b"x", b"\xe9")])),
    case("trailers-not-asked-for", "9110 6.5.1", CHUNKED + b"\r\n" + HELLO + b"X: y\r\n\r\n", whole([(b"x", b"y")])),
    trailer("trailers-of-coding", b"Transfer-Encoding: chunked\r\nX: y\r\n", whole([(b"x", b"y")])),
    trailer("trailers-of-length", b"Content-Length: 100\r\n", whole([])),
    trailer("trailers-of-host", b"Host: b.example\r\n", whole([], fields={"host": b"a.example"})),
    trailer("trailers-of-authorization", b"Authorization: Bearer x\r\nCookie: a=b\r\nProxy-Authorization: x\r\n", whole([])),
    trailer("trailers-of-proxies", b"X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Request-Id: x\r\n", whole([])),
    trailer("trailers-of-identity", b"X-Adit-Consumer: root\r\n", whole([])),
    trailer("trailers-of-connection", b"Connection: close\r\nUpgrade: x\r\nTrailer: y\r\nTE: z\r\nKeep-Alive: 1\r\n", whole([])),
    trailer("trailers-of-control", b"Cache-Control: no-store\r\nExpect: 100-continue\r\nMax-Forwards: 0\r\nIf-Match: x\r\nRange: bytes=0-\r\n", whole([])),
    trailer("trailers-of-content", b"Content-Type: a/b\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-1/2\r\n", whole([])),
    trailer("trailers-name-no-token", b"X(: y\r\n", cut(400), "7.1.2"),
    trailer("trailers-no-colon", b"X\r\n", cut(400), "7.1.2"),
    trailer("trailers-blank-before-colon", b"X : y\r\n", cut(400), "7.1.2"),
    trailer("trailers-folded", b"X: y\r\n z\r\n", cut(400), "5.2"),
    trailer("trailers-blank-line-first", b" \r\nX: y\r\n", cut(400), "5.2"),
    trailer("trailers-lf", b"X: y\n", cut(400), "2.2"),
    trailer("trailers-cr", b"X: y\rZ: z\r\n", cut(400), "2.2"),
    trailer("trailers-nul", b"X: y\0\r\n", cut(400), "9110 5.5"),
    trailer("trailers-hide-request", b"X: y\n\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n", cut(400), "2.2"),
    case("trailers-given-up", "8", CHUNKED + b"\r\n" + HELLO + b"X: y\r\n", given_up(), end=True),

    # Loops (RFC 9110 section 7.6.2).
    case("max-forwards-of-options", "9110 7.6.2", b"OPTIONS /~ HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: 5\r\n\r\n", forwarded(fields={"max-forwards": b"4"})),
    case("max-forwards-of-get", "9110 7.6.2", GET + b"Max-Forwards: 0\r\n\r\n", forwarded(fields={"max-forwards": b"0"})),
    case("nothing", "3", b"", dropped(), end=True),
    case("empty-line-alone", "2.2", b"\r\n", dropped(), end=True),
]

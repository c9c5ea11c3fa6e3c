"""Sizes: RFC 9112 section 3 and RFC 9110 section 5.4. Every part of a head has a bound that is documented, what is within it goes
through whole, and what is beyond it is refused with the status that says which."""
from http1_case import GET, POST, case, cut, forwarded, refused

TOPIC = "Sizes"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
LONG = b"/long" + b"x" * 8000
LARGE = b"y" * 30_000


def target(name, text, expected):
    return case(name, "3", b"GET " + text + b" HTTP/1.1\r\nHost: a.example\r\n\r\n", expected)


def fields(name, lines, expected):
    return case(name, "9110 5.4", GET + lines + b"\r\n", expected)


def trailers(name, lines, expected):
    return case(name, "9110 6.5.1", CHUNKED + lines + b"\r\n", expected)


CASES = [
    target("target-within", LONG, forwarded(target=LONG)),
    target("target-beyond", LONG + b"x" * 200, refused(414)),
    target("target-far-beyond", b"/" + b"x" * 31_000, refused(414)),
    target("target-beyond-the-head", b"/" + b"x" * 60_000, refused(431)),
    target("query-beyond", b"/?" + b"x" * 8300, refused(414)),
    target("segments-many", b"/x" * 4000, forwarded(target=b"/x" * 4000)),
    target("dots-many", b"/x/.." * 1300 + b"/~", forwarded(target=b"/dots-many")),
    target("absolute-beyond", b"http://a.example/" + b"x" * 8300, refused(414)),
    fields("value-within", b"X: " + LARGE + b"\r\n", forwarded(fields={"x": LARGE})),
    fields("value-beyond", b"X: " + b"y" * 33_000 + b"\r\n", refused(431)),
    fields("value-far-beyond", b"X: " + b"y" * 500_000 + b"\r\n", refused(431)),
    fields("name-long", b"x" * 8000 + b": y\r\n", forwarded(fields={"x" * 8000: b"y"})),
    fields("name-beyond", b"x" * 33_000 + b": y\r\n", refused(431)),
    fields("fields-within", b"X: y\r\n" * 99, forwarded(fields={"x": b", ".join([b"y"] * 99)})),
    fields("fields-beyond", b"X: y\r\n" * 100, refused(431)),
    fields("fields-far-beyond", b"X: y\r\n" * 5000, refused(431)),
    fields("fields-empty-many", b"a:\r\n" * 3000, refused(431)),
    case("method-beyond", "9110 9.1", b"X" * 33_000 + b" /~ HTTP/1.1\r\nHost: a.example\r\n\r\n", refused(431)),
    case("line-without-end", "3", b"GET /~" + b"x" * 70_000, refused(431)),
    case("name-without-end", "5", GET + b"x" * 70_000, refused(431)),
    case("empty-lines-many", "2.2", b"\r\n" * 2000 + GET + b"\r\n", refused(400)),
    case("blanks-before-value", "5.1", GET + b"X:" + b" " * 20_000 + b"y\r\n\r\n", forwarded(fields={"x": b"y"})),
    case("blanks-before-value-beyond", "5.1", GET + b"X:" + b" " * 40_000 + b"y\r\n\r\n", refused(431)),
    case("hosts-many", "3.2", b"GET /~ HTTP/1.1\r\n" + b"Host: a.example\r\n" * 90 + b"\r\n", refused(400)),
    case("lengths-many", "6.3", POST + b"Content-Length: 5\r\n" * 90 + b"\r\nhello", refused(400)),
    case("codings-many", "6.1", POST + b"Transfer-Encoding: chunked\r\n" * 90 + b"\r\n0\r\n\r\n", refused(501)),
    case("codings-in-one", "6.1", POST + b"Transfer-Encoding: " + b"chunked, " * 1000 + b"chunked\r\n\r\n0\r\n\r\n", refused(501)),
    case("connection-names-many", "9110 7.6.1", GET + b"Connection: " + b", ".join(b"x%d" % i for i in range(2000)) + b"\r\n\r\n", forwarded(without=["connection"])),
    case("chunks-many", "7.1", POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n", forwarded(body=b"x" * 3000)),
    case("body-large", "6.2", POST + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000, forwarded(body=b"x" * 300_000)),
    trailers("trailers-within", b"X: " + b"y" * 4000 + b"\r\n", forwarded(body=b"hello", trailers=[(b"x", b"y" * 4000)])),
    trailers("trailers-beyond", b"X: " + b"y" * 40_000 + b"\r\n", cut(431)),
    trailers("trailers-many", b"X: y\r\n" * 1000, cut(431)),
]

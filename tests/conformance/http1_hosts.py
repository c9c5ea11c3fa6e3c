"""Host: RFC 9112 section 3.2 and RFC 9110 section 7.2. Exactly one, and it is a host with an optional port: whoever reads the first,
the last, or a part of one comes to another site."""
from http1_case import case, forwarded, refused

TOPIC = "Host"


def host(name, fields, expected, section="3.2"):
    return case(name, section, b"GET /~ HTTP/1.1\r\n" + fields + b"\r\n", expected)


def one(name, value, expected, section="9110 7.2"):
    return host(name, b"Host: " + value + b"\r\n", expected, section)


def kept(value):
    return forwarded(fields={"host": value})


CASES = [
    host("host-none", b"X: y\r\n", refused(400)),
    host("host-two", b"Host: a.example\r\nHost: b.example\r\n", refused(400)),
    host("host-two-alike", b"Host: a.example\r\nHost: a.example\r\n", refused(400)),
    host("host-two-in-cases", b"Host: a.example\r\nhOST: b.example\r\n", refused(400)),
    host("host-two-apart", b"Host: a.example\r\nX: y\r\nHost: b.example\r\n", refused(400)),
    host("host-second-empty", b"Host: a.example\r\nHost:\r\n", refused(400)),
    host("host-second-folded", b"Host: a.example\r\n Host: b.example\r\n", refused(400), "5.2"),
    host("host-second-blank-before-colon", b"Host: a.example\r\nHost : b.example\r\n", refused(400), "5.1"),
    host("host-blank-before-colon", b"Host : a.example\r\n", refused(400), "5.1"),
    host("host-folded", b"Host:\r\n a.example\r\n", refused(400), "5.2"),
    host("host-underscored-kept", b"Host: a.example\r\nX_Host: b.example\r\n", kept(b"a.example")),
    host("host-behind-bare-lf", b"X: y\nHost: b.example\r\nHost: a.example\r\n", refused(400), "2.2"),
    one("host-empty", b"", refused(400), "3.2"),
    one("host-list", b"a.example, b.example", refused(400)),
    one("host-comma", b"a.example,b.example", refused(400)),
    one("host-user-information", b"u@a.example", refused(400)),
    one("host-user-and-password", b"u:p@a.example", refused(400)),
    one("host-blank", b"a.example b.example", refused(400)),
    one("host-tab", b"a.example\tb.example", refused(400)),
    one("host-path", b"a.example/x", refused(400)),
    one("host-url", b"http://a.example", refused(400)),
    one("host-query", b"a.example?x", refused(400)),
    one("host-fragment", b"a.example#x", refused(400)),
    one("host-backslash", b"a.example\\x", refused(400)),
    one("host-escaped", b"a%2eexample", refused(400)),
    one("host-quoted", b'"a.example"', refused(400)),
    one("host-above-ascii", b"\xc3\xa9.example", refused(400)),
    one("host-control", b"a\x01.example", refused(400)),
    one("host-nul", b"a.example\0.b.example", refused(400)),
    one("host-bare-cr", b"a.example\rX: y", refused(400), "2.2"),
    one("host-dots", b"..", refused(400)),
    one("host-label-empty", b"a..example", refused(400)),
    one("host-port-not-digits", b"a.example:80x", refused(400)),
    one("host-port-signed", b"a.example:+80", refused(400)),
    one("host-port-blank", b"a.example: 80", refused(400)),
    one("host-port-long", b"a.example:000000000080", refused(400)),
    one("host-two-ports", b"a.example:80:81", refused(400)),
    one("host-port-alone", b":80", refused(400)),
    one("host-ipv6-open", b"[::1", refused(400)),
    one("host-ipv6-behind", b"[::1]x", refused(400)),
    one("host-ipv6-bare", b"::1", refused(400)),
    one("host-ipv6-zone", b"[fe80::1%25eth0]", refused(400)),
    one("host-long", b"a" * 300, refused(400)),
    one("host-port", b"a.example:8080", kept(b"a.example:8080")),
    one("host-ipv4", b"127.0.0.1:80", kept(b"127.0.0.1:80")),
    one("host-ipv6", b"[::1]:80", kept(b"[::1]:80")),
    one("host-root", b"a.example.", kept(b"a.example.")),
    one("host-underscore", b"a_b.example", kept(b"a_b.example")),
    one("host-upper-case", b"A.EXAMPLE", kept(b"A.EXAMPLE")),
    one("host-blanks-around", b" \t a.example \t ", kept(b"a.example"), "5.1"),
    host("host-no-blank", b"Host:a.example\r\n", kept(b"a.example"), "5.1"),
    host("host-name-in-lower-case", b"host: a.example\r\n", kept(b"a.example"), "9110 5.1"),
    host("host-last", b"X: y\r\nY: z\r\nHost: a.example\r\n", kept(b"a.example")),
]

"""Request lines: RFC 9112 sections 2.2 and 3. Whoever splits one at other blanks, or takes another byte for its end, reads another
target; so there is one way to write it, and everything else is refused."""
from http1_case import GET, SMUGGLED, case, dropped, forwarded, refused

TOPIC = "Request lines"
REST = b"Host: a.example\r\n\r\n"


def line(name, section, first, expected):
    return case(name, section, first + b"\r\n" + REST, expected)


CASES = [
    line("line-plain", "3", b"GET /~ HTTP/1.1", forwarded()),
    line("line-crlf-before", "2.2", b"\r\nGET /~ HTTP/1.1", forwarded()),
    line("line-two-crlf-before", "2.2", b"\r\n\r\nGET /~ HTTP/1.1", refused(400)),
    line("line-lf-before", "2.2", b"\nGET /~ HTTP/1.1", refused(400)),
    line("line-cr-before", "2.2", b"\rGET /~ HTTP/1.1", refused(400)),
    line("line-space-before", "2.2", b" GET /~ HTTP/1.1", refused(400)),
    line("line-tab-before", "2.2", b"\tGET /~ HTTP/1.1", refused(400)),
    line("line-space-and-crlf-before", "2.2", b" \r\nGET /~ HTTP/1.1", refused(400)),
    line("line-nul-before", "2.2", b"\0GET /~ HTTP/1.1", refused(400)),
    line("line-two-spaces-before-target", "3", b"GET  /~ HTTP/1.1", refused(400)),
    line("line-two-spaces-behind-target", "3", b"GET /~  HTTP/1.1", refused(400)),
    line("line-space-at-end", "3", b"GET /~ HTTP/1.1 ", refused(400)),
    line("line-tab-at-end", "3", b"GET /~ HTTP/1.1\t", refused(505)),
    line("line-tabs-for-spaces", "3", b"GET\t/~\tHTTP/1.1", refused(400)),
    line("line-vertical-tabs", "3", b"GET\x0b/~\x0bHTTP/1.1", refused(400)),
    line("line-form-feeds", "3", b"GET\x0c/~\x0cHTTP/1.1", refused(400)),
    line("line-bare-cr-within", "2.2", b"GET /~\rHTTP/1.1", refused(400)),
    line("line-nul-within", "3", b"GET /~\0 HTTP/1.1", refused(400)),
    line("line-two-targets", "3", b"GET /~ /guarded HTTP/1.1", refused(400)),
    line("line-two-versions", "3", b"GET /~ HTTP/1.1 HTTP/1.1", refused(400)),
    line("line-space-in-target", "3.2", b"GET /~ x HTTP/1.1", refused(400)),
    line("line-no-target", "3", b"GET HTTP/1.1", refused(400)),
    line("line-empty-target", "3", b"GET  HTTP/1.1", refused(400)),
    line("line-method-alone", "3", b"GET", refused(400)),
    case("line-bare-lf", "2.2", b"GET /~ HTTP/1.1\n" + REST, refused(400)),
    case("line-bare-cr", "2.2", b"GET /~ HTTP/1.1\r" + REST, refused(400)),
    case("line-cr-cr-lf", "2.2", b"GET /~ HTTP/1.1\r\r\n" + REST, refused(400)),
    case("line-folded", "5.2", b"GET /~\r\n HTTP/1.1\r\n" + REST, refused(400)),
    case("line-all-bare-lf", "2.2", b"GET /~ HTTP/1.1\nHost: a.example\n\n", refused(400)),
    case("line-fields-behind-blank", "2.2", b"GET /~ HTTP/1.1\r\n Host: a.example\r\n" + REST, refused(400)),

    # Methods are tokens, and cases of letters differ (RFC 9110 section 9.1).
    line("method-unknown", "9110 9.1", b"BREW /~ HTTP/1.1", forwarded()),
    line("method-lower-case", "9110 9.1", b"get /~ HTTP/1.1", forwarded(method=b"get")),
    line("method-odd-token", "9110 9.1", b"M-SEARCH.*~! /~ HTTP/1.1", forwarded()),
    line("method-head", "9110 9.3.2", b"HEAD /~ HTTP/1.1", forwarded()),
    line("method-trace", "9110 9.3.8", b"TRACE /~ HTTP/1.1", refused(405)),
    line("method-empty", "3", b" /~ HTTP/1.1", refused(400)),
    line("method-parenthesis", "9110 9.1", b"GE(T /~ HTTP/1.1", refused(400)),
    line("method-colon", "9110 9.1", b"GET: /~ HTTP/1.1", refused(400)),
    line("method-control", "9110 9.1", b"GE\x01T /~ HTTP/1.1", refused(400)),
    line("method-above-ascii", "9110 9.1", b"G\xc3\x89T /~ HTTP/1.1", refused(400)),

    # RFC 9112 section 2.3: HTTP/ and two digits; what is no version at all is no request line.
    line("version-1.0", "2.3", b"GET /~ HTTP/1.0", forwarded(closes=True)),
    line("version-1.2", "2.3", b"GET /~ HTTP/1.2", refused(505)),
    line("version-1.10", "2.3", b"GET /~ HTTP/1.10", refused(505)),
    line("version-01.1", "2.3", b"GET /~ HTTP/01.1", refused(505)),
    line("version-2.0", "2.3", b"GET /~ HTTP/2.0", refused(505)),
    line("version-3", "2.3", b"GET /~ HTTP/3", refused(505)),
    line("version-0.9", "2.3", b"GET /~ HTTP/0.9", refused(505)),
    line("version-1.1x", "2.3", b"GET /~ HTTP/1.1x", refused(505)),
    line("version-minus", "2.3", b"GET /~ HTTP/-1.1", refused(505)),
    line("version-lower-case", "2.3", b"GET /~ http/1.1", refused(400)),
    line("version-blank-within", "2.3", b"GET /~ HTTP/ 1.1", refused(400)),
    line("version-other-protocol", "2.3", b"GET /~ ICY/1.1", refused(400)),
    case("version-none", "3", b"GET /~\r\n\r\n", refused(400)),
    case("version-none-with-fields", "3", b"GET /~\r\n" + REST, refused(400)),
    case("version-1.0-without-host", "3.2", b"GET /~ HTTP/1.0\r\n\r\n", forwarded(closes=True)),
    case("version-1.0-keep-alive", "9.3", b"GET /~ HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n", forwarded()),

    # Other protocols on the port. The preface of HTTP/2 is known here; what follows it is then no HTTP/1.
    case("preface-then-http1", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\n", dropped()),
    case("preface-other-target", "9113 3.4", b"PRI /~ HTTP/2.0\r\n\r\nSM\r\n\r\n", refused(505)),
    case("preface-with-host", "9113 3.4", b"PRI * HTTP/2.0\r\n" + REST + b"SM\r\n\r\n", refused(505)),
    case("preface-http1-version", "9113 3.4", b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n", refused(400)),
    case("tls-hello", "3", bytes.fromhex("1603010200010001fc0303") + b"/~" + bytes(40) + b"\r\n\r\n", refused(400)),
    case("proxy-protocol", "3", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + GET + b"\r\n", refused(400)),
    case("status-line", "3", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", refused(400)),

    # Requests behind each other, and what is no request behind one.
    case("head-given-up", "8", b"GET /~ HTTP/1.1\r\nHost: a.exa", dropped(), end=True),
    case("line-given-up", "8", b"GET /~ HT", dropped(), end=True),
    case("bad-request-hides-next", "2.2", b"GET /~ HTTP/1.1\r\nHost: a b\r\n\r\n" + SMUGGLED, refused(400)),
]

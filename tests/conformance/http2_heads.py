"""Heads: RFC 9113 sections 8.2, 8.3 and 8.5. What HTTP/1.1 could not say without becoming two lines, two requests or another length
is refused here, since the backend is asked in HTTP/1.1 (downgrade smuggling, RFC 9113 section 10.3)."""
from http2_case import GET, POST, case, changed, forwarded, headers, refused, stream_error
from http2_wire import Code

TOPIC = "Heads and the way down to HTTP/1.1"
MALFORMED = stream_error(Code.PROTOCOL_ERROR)
INNER = b"\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"


def head(name, section, pairs, expected=MALFORMED):
    return case(name, section, headers(1, pairs), expected)


def field(name, section, key, value, expected=MALFORMED):
    return head(name, section, [*GET, (key, value)], expected)


def path(name, value, expected=MALFORMED, section="8.3.1"):
    return head(name, section, changed(b":path", value), expected)


def authority(name, value, expected=MALFORMED, section="8.3.1"):
    return head(name, section, changed(b":authority", value), expected)


def method(name, value, expected=MALFORMED):
    return head(name, "8.3.1", changed(b":method", value), expected)


CASES = [
    # Names.
    field("name-upper-case", "8.2.1", b"X-Upper", b"y"),
    field("name-one-upper-case", "8.2.1", b"x-uppeR", b"y"),
    field("name-empty", "8.2.1", b"", b"y"),
    field("name-colon", "8.2.1", b"x:y", b"z"),
    field("name-blank", "8.2.1", b"x y", b"z"),
    field("name-tab", "8.2.1", b"x\ty", b"z"),
    field("name-nul", "8.2.1", b"x\0y", b"z"),
    field("name-line-break", "8.2.1", b"x: y\r\nhost", b"b.example"),
    field("name-lf", "8.2.1", b"x\ny", b"z"),
    field("name-is-two-lines", "8.2.1", b"x\r\ntransfer-encoding", b"chunked"),
    field("name-above-ascii", "8.2.1", b"x\xe9", b"z"),
    field("name-delete", "8.2.1", b"x\x7f", b"z"),
    field("name-parenthesis", "8.2.1", b"x(y)", b"z"),
    field("name-underscored-coding", "10.3", b"transfer_encoding", b"chunked", forwarded(without=["transfer_encoding", "transfer-encoding"])),

    # Values.
    field("value-cr", "8.2.1", b"x", b"a\rb"),
    field("value-lf", "8.2.1", b"x", b"a\nb"),
    field("value-nul", "8.2.1", b"x", b"a\0b"),
    field("value-is-a-field", "10.3", b"x", b"y\r\ntransfer-encoding: chunked"),
    field("value-is-a-request", "10.3", b"x", b"y" + INNER),
    field("value-is-a-field-by-lf", "10.3", b"x", b"y\ntransfer-encoding: chunked"),
    field("value-ends-with-line-break", "8.2.1", b"x", b"y\r\n"),
    field("value-begins-with-line-break", "8.2.1", b"x", b"\r\ny"),
    field("value-blank-before", "8.2.1", b"x", b" y"),
    field("value-blank-behind", "8.2.1", b"x", b"y "),
    field("value-tab-before", "8.2.1", b"x", b"\ty"),
    field("value-control", "9110 5.5", b"x", b"a\x01b"),
    field("value-delete", "9110 5.5", b"x", b"a\x7fb"),
    field("value-above-ascii", "9110 5.5", b"x", b"\xc3\xa9\xff", forwarded(fields={"x": b"\xc3\xa9\xff"})),
    field("value-empty", "9110 5.5", b"x", b"", forwarded(fields={"x": b""})),
    field("value-tab-within", "9110 5.5", b"x", b"a\tb", forwarded(fields={"x": b"a\tb"})),
    field("cookie-line-break", "10.3", b"cookie", b"a=b\r\nx: y"),
    head("cookie-crumbs", "8.2.3", [*GET, (b"cookie", b"a=b"), (b"x", b"y"), (b"cookie", b"c=d")], forwarded(fields={"cookie": b"a=b; c=d"})),
    head("host-line-break", "10.3", [*changed(b":authority"), (b"host", b"a.example\r\nx: y")]),

    # Fields of connections (section 8.2.2).
    field("connection", "8.2.2", b"connection", b"close"),
    field("connection-names-field", "8.2.2", b"connection", b"x-forwarded-for"),
    field("keep-alive", "8.2.2", b"keep-alive", b"timeout=5"),
    field("proxy-connection", "8.2.2", b"proxy-connection", b"keep-alive"),
    field("upgrade", "8.2.2", b"upgrade", b"websocket"),
    head("coding-chunked", "8.2.2", [*POST, (b"transfer-encoding", b"chunked")]),
    head("coding-identity", "8.2.2", [*POST, (b"transfer-encoding", b"identity")]),
    head("coding-empty", "8.2.2", [*POST, (b"transfer-encoding", b"")]),
    field("te-gzip", "8.2.2", b"te", b"gzip"),
    field("te-list", "8.2.2", b"te", b"trailers, gzip"),
    field("te-trailers", "8.2.2", b"te", b"trailers", forwarded(fields={"te": b"trailers"})),

    # Pseudo-header fields (section 8.3).
    head("method-none", "8.3.1", changed(b":method")),
    head("scheme-none", "8.3.1", changed(b":scheme")),
    head("path-none", "8.3.1", changed(b":path")),
    head("method-twice", "8.3.1", changed(b":method", b"GET", b"POST")),
    head("scheme-twice", "8.3.1", changed(b":scheme", b"http", b"http")),
    head("path-twice", "8.3.1", changed(b":path", b"/~", b"/~")),
    head("authority-twice", "8.3.1", changed(b":authority", b"a.example", b"a.example")),
    head("pseudo-unknown", "8.3", [(b":odd", b"1"), *GET]),
    head("pseudo-of-answers", "8.3", [(b":status", b"200"), *GET]),
    head("pseudo-behind-fields", "8.3", [*GET[:3], (b"x", b"y"), GET[3]]),
    head("pseudo-empty-name", "8.3", [(b":", b"x"), *GET]),
    head("pseudo-upper-case", "8.3", [(b":PATH", b"/~"), *GET[:3]]),
    head("protocol-without-connect", "8441 4", [*GET, (b":protocol", b"websocket")]),

    method("method-blank", b"GET /guarded HTTP/1.1"),
    method("method-is-a-request", b"GET / HTTP/1.1" + INNER),
    method("method-line-break", b"GET\r\n"),
    method("method-empty", b""),
    method("method-nul", b"GE\0T"),
    method("method-tab", b"GET\t"),
    method("method-unknown", b"BREW", forwarded(method=b"BREW")),
    method("method-trace", b"TRACE", refused(405)),
    head("scheme-odd", "8.3.1", changed(b":scheme", b"ftp"), forwarded()),
    head("scheme-line-break", "8.3.1", changed(b":scheme", b"http\r\nx: y")),
    head("scheme-is-a-url", "10.3", changed(b":scheme", b"http://b.example/x?")),

    # :path.
    path("path-empty", b""),
    path("path-relative", b"~"),
    path("path-absolute-form", b"http://a.example/~"),
    path("path-query-alone", b"?x"),
    path("path-blank", b"/~ HTTP/1.1"),
    path("path-is-a-request", b"/~ HTTP/1.1" + INNER),
    path("path-line-break", b"/~\r\nx: y"),
    path("path-lf", b"/~\nx: y"),
    path("path-tab", b"/~\tx"),
    path("path-nul", b"/~\0"),
    path("path-above-ascii", b"/~\xe9", refused(400)),
    path("path-fragment", b"/~#x", refused(400)),
    path("path-asterisk", b"*"),
    path("path-encoded-slash", b"/~%2fx", refused(400)),
    path("path-broken-escape", b"/~%zz", refused(400)),
    path("path-above-root", b"/../~", refused(400)),
    path("path-of-guarded", b"/x/%2e%2e/guarded/~", forwarded(target=b"/guarded/path-of-guarded", guarded=True)),
    path("path-with-query", b"/~?a=/../b", forwarded(target=b"/path-with-query?a=/../b")),
    path("path-too-long", b"/" + b"x" * 9000, refused(414)),
    head("path-asterisk-of-options", "8.3.1", [(b":method", b"OPTIONS"), *changed(b":path", b"*")[1:]], forwarded(method=b"OPTIONS", target=b"*")),

    # :authority and Host.
    authority("authority-user-information", b"u@a.example", refused(400)),
    authority("authority-path", b"a.example/x"),
    authority("authority-line-break", b"a.example\r\nx: y"),
    authority("authority-is-a-request", b"a.example" + INNER),
    authority("authority-blank", b"a.example b.example"),
    authority("authority-list", b"a.example,b.example", refused(400)),
    authority("authority-port-odd", b"a.example:80x", refused(400)),
    authority("authority-empty", b""),
    authority("authority-above-ascii", b"\xe9.example"),
    authority("authority-with-port", b"a.example:8080", forwarded(fields={"host": b"a.example:8080"})),
    head("authority-and-host-alike", "8.3.1", [*GET, (b"host", b"A.example")], forwarded(fields={"host": b"a.example"})),
    head("authority-and-host-differ", "8.3.1", [*GET, (b"host", b"b.example")], refused(400)),
    head("authority-and-host-with-port", "8.3.1", [*GET, (b"host", b"a.example:80")], refused(400)),
    head("authority-none-but-host", "8.3.1", [*changed(b":authority"), (b"host", b"a.example")], forwarded(fields={"host": b"a.example"})),
    head("neither-authority-nor-host", "8.3.1", changed(b":authority")),
    head("hosts-two", "9110 7.2", [*GET, (b"host", b"a.example"), (b"host", b"a.example")]),
    head("host-empty", "9110 7.2", [*GET, (b"host", b"")]),

    # CONNECT (section 8.5, RFC 8441).
    head("connect", "8.5", [(b":method", b"CONNECT"), (b":authority", b"a.example:80")], refused(405)),
    head("connect-with-path", "8.5", [(b":method", b"CONNECT"), *GET[1:]]),
    head("connect-without-authority", "8.5", [(b":method", b"CONNECT")]),
    head("connect-to-unknown-protocol", "8441 4", [(b":method", b"CONNECT"), (b":protocol", b"odd"), *GET[1:]], refused(501)),
    head("connect-protocol-without-path", "8441 4", [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *GET[1:3]]),

    # Sizes (section 10.5.1).
    field("value-within", "10.5.1", b"x", b"y" * 15_000, forwarded(fields={"x": b"y" * 15_000})),
    head("fields-within", "10.5.1", [*GET, *[(b"x", b"y")] * 99], forwarded(fields={"x": b", ".join([b"y"] * 99)})),
    head("fields-beyond", "10.5.1", [*GET, *[(b"x", b"y")] * 101], refused(431)),
    field("expect-unknown", "9110 10.1.1", b"expect", b"more", refused(417)),
]

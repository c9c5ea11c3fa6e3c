"""Field lines: RFC 9112 section 5 and RFC 9110 section 5. A name that one reader knows and another does not, or a value in which
one sees a line's end, is how a field such as Transfer-Encoding or X-Forwarded-For is hidden from one of two."""
from http1_case import GET, POST, case, forwarded, refused

TOPIC = "Fields"


def field(name, lines, expected, section="5"):
    return case(name, section, GET + lines + b"\r\n", expected)


def told(name, value):
    return forwarded(fields={name: value})


# Bytes that are not of a token (RFC 9110 section 5.6.2), by the names that cases have for them.
NO_TOKEN = {
    "parenthesis-open": b"(", "parenthesis-close": b")", "comma": b",", "slash": b"/", "semicolon": b";", "less": b"<", "equals": b"=",
    "greater": b">", "question": b"?", "at": b"@", "bracket-open": b"[", "bracket-close": b"]", "backslash": b"\\", "brace-open": b"{",
    "brace-close": b"}", "quote": b'"', "blank": b" ", "tab": b"\t", "nul": b"\0", "control": b"\x01", "delete": b"\x7f",
    "vertical-tab": b"\x0b", "form-feed": b"\x0c", "above-ascii": b"\xe9", "no-break-space": b"\xa0",
}
# Bytes that are not of a value (RFC 9110 section 5.5).
NO_VALUE = {"nul": b"\0", "bell": b"\x07", "backspace": b"\x08", "vertical-tab": b"\x0b", "form-feed": b"\x0c", "escape": b"\x1b", "delete": b"\x7f"}

CASES = [field(f"name-with-{what}", b"X%sY: z\r\n" % byte, refused(400), "9110 5.6.2") for what, byte in NO_TOKEN.items()]
CASES += [field(f"value-with-{what}", b"X: y%sz\r\n" % byte, refused(400), "9110 5.5") for what, byte in NO_VALUE.items()]
CASES += [
    field("name-of-every-kind", b"!#$%&'*+-.^_`|~09Az: y\r\n", told("!#$%&'*+-.^_`|~09Az", b"y"), "9110 5.6.2"),
    field("name-empty", b": y\r\n", refused(400), "5.1"),
    field("name-blank", b" : y\r\n", refused(400), "5.1"),
    field("colon-alone", b":\r\n", refused(400), "5.1"),
    field("colon-missing", b"X\r\n", refused(400), "5.1"),
    field("colon-missing-then-lf", b"X\n: y\r\n", refused(400), "2.2"),
    field("blank-before-colon", b"X : y\r\n", refused(400), "5.1"),
    field("tab-before-colon", b"X\t: y\r\n", refused(400), "5.1"),
    field("blank-before-name", b"X: y\r\n Y: z\r\n", refused(400), "5.2"),
    field("two-colons", b"X:: y\r\n", told("x", b": y"), "5.1"),
    field("value-empty", b"X:\r\n", told("x", b""), "9110 5.5"),
    field("value-blank", b"X: \t \r\n", told("x", b""), "9110 5.5"),
    field("value-blanks-around", b"X: \t y \t \r\n", told("x", b"y"), "5.1"),
    field("value-tab-within", b"X: y\tz\r\n", told("x", b"y\tz"), "9110 5.5"),
    field("value-above-ascii", b"X: \xc3\xa9\xff\r\n", told("x", b"\xc3\xa9\xff"), "9110 5.5"),
    field("value-escaped-line-break", b"X: y%0d%0aHost: b\r\n", told("x", b"y%0d%0aHost: b"), "9110 5.5"),
    field("value-quoted-open", b'X: "y\r\n', told("x", b'"y'), "9110 5.6.4"),
    field("lines-of-one-name", b"X: 1\r\nY: a\r\nx: 2\r\nX: 3\r\n", told("x", b"1, 2, 3"), "9110 5.3"),

    # Folding (obs-fold) and line ends.
    field("fold-blank", b"X: y\r\n z\r\n", refused(400), "5.2"),
    field("fold-tab", b"X: y\r\n\tz\r\n", refused(400), "5.2"),
    field("fold-of-nothing", b"X: y\r\n \r\n", refused(400), "5.2"),
    field("fold-hides-coding", b"X: y\r\n Transfer-Encoding: chunked\r\n", refused(400), "5.2"),
    case("fold-before-first-field", "5.2", b"GET /~ HTTP/1.1\r\n X: y\r\nHost: a.example\r\n\r\n", refused(400)),
    field("line-end-lf", b"X: y\nY: z\r\n", refused(400), "2.2"),
    field("line-end-cr", b"X: y\rY: z\r\n", refused(400), "2.2"),
    field("line-end-lf-cr", b"X: y\n\rY: z\r\n", refused(400), "2.2"),
    field("line-end-cr-cr-lf", b"X: y\r\r\nY: z\r\n", refused(400), "2.2"),
    field("line-begins-with-cr", b"X: y\r\n\rY: z\r\n", refused(400), "2.2"),
    field("value-ends-with-cr", b"X: y\r \r\n", refused(400), "2.2"),
    field("line-break-nel", b"X: y\xc2\x85Y: z\r\n", told("x", b"y\xc2\x85Y: z"), "9110 5.5"),
    case("head-end-lf-lf", "2.2", GET + b"X: y\n\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n", refused(400)),
    case("head-end-crlf-lf", "2.2", GET + b"\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n", refused(400)),
    case("head-end-lf-crlf", "2.2", GET + b"X: y\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n", refused(400)),
    case("head-end-cr-cr", "2.2", GET + b"X: y\r\rGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n", refused(400)),

    # Fields of which there is one (RFC 9110 section 5.3), and what only a proxy says.
    case("content-type-twice", "9110 8.3", POST + b"Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 1\r\n\r\nx", refused(400)),
    field("forwarded-for-of-strangers", b"X-Forwarded-For: 6.6.6.6\r\n", told("x-forwarded-for", b"127.0.0.1"), "7239 8.1"),
    field("forwarded-for-underscored", b"X_Forwarded_For: 6.6.6.6\r\n", forwarded(without=["x_forwarded_for"]), "7239 8.1"),
    field("forwarded-for-half-underscored", b"X-Forwarded_For: 6.6.6.6\r\n", forwarded(without=["x-forwarded_for"]), "7239 8.1"),
    field("forwarded-of-strangers", b"Forwarded: for=6.6.6.6\r\n", told("forwarded", b'for=127.0.0.1;proto=http;host="a.example"'), "7239 8.1"),
    field("client-certificate-of-strangers", b"Client-Cert: :AAAA:\r\n", forwarded(without=["client-cert"]), "9440 2.4"),
    field("identity-of-strangers", b"X-Adit-Consumer: root\r\n", forwarded(without=["x-adit-consumer"]), "9110 16.3"),
    field("rewriting-fields-kept", b"X-Original-URL: /guarded\r\nX-Rewrite-URL: /guarded\r\n", told("x-original-url", b"/guarded"), "9110 5.1"),
]

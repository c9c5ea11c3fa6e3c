"""Answers of backends: RFC 9112 sections 4, 6.3, 7 and RFC 9110 sections 6.4, 15. A client behind us must not take one answer for two,
or a part for a whole; what a backend says without making sense becomes our own 502, and its connection is not used again."""
from http1_case import GET, answered, bad_gateway, case, torn

TOPIC = "Answers of backends"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
BAD = bad_gateway("bad-response")


def answer(name, section, told, expected, **more):
    return case(name, section, GET + b"\r\n", expected, answer=told, **more)


def head(name, lines, expected, body=b"hello", section="6.3"):
    return answer(name, section, b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + body, expected)


def status(name, line, expected):
    return answer(name, "4", line + b"\r\nContent-Length: 5\r\n\r\nhello", expected)


def of(method, name, section, told, expected, **more):
    return case(name, section, method + GET[3:] + b"\r\n", expected, answer=told, **more)


def chunks(name, body, expected, section="7.1"):
    return answer(name, section, CHUNKED + body, expected)


OK = answered(200, b"hello")

CASES = [
    # Where the body ends.
    head("answer-length", b"Content-Length: 5\r\n", OK),
    head("answer-until-close", b"", OK),
    head("answer-chunked", b"Transfer-Encoding: chunked\r\n", OK, HELLO),
    head("answer-chunked-other-case", b"transfer-encoding: CHUNKED\r\n", OK, HELLO),
    head("answer-both-lengths", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", BAD, HELLO),
    head("answer-both-other-order", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", BAD, HELLO),
    head("answer-lengths-alike", b"Content-Length: 5\r\nContent-Length: 5\r\n", BAD),
    head("answer-lengths-differ", b"Content-Length: 5\r\nContent-Length: 6\r\n", BAD),
    head("answer-length-list", b"Content-Length: 5, 5\r\n", BAD),
    head("answer-length-signed", b"Content-Length: +5\r\n", BAD),
    head("answer-length-negative", b"Content-Length: -1\r\n", BAD),
    head("answer-length-hexadecimal", b"Content-Length: 0x5\r\n", BAD),
    head("answer-length-empty", b"Content-Length:\r\n", BAD),
    head("answer-length-overflows", b"Content-Length: 18446744073709551621\r\n", BAD),
    head("answer-coding-gzip", b"Transfer-Encoding: gzip\r\n", BAD, section="6.1"),
    head("answer-coding-gzip-then-chunked", b"Transfer-Encoding: gzip, chunked\r\n", BAD, HELLO, "6.1"),
    head("answer-coding-identity", b"Transfer-Encoding: identity\r\n", BAD, section="6.1"),
    head("answer-coding-unknown", b"Transfer-Encoding: xchunked\r\n", BAD, HELLO, "6.1"),
    head("answer-codings-alike", b"Transfer-Encoding: chunked\r\n" * 2, BAD, HELLO, "6.1"),
    answer("answer-coding-of-1.0", "6.1", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO, BAD),
    answer("answer-of-1.0", "9.3", b"HTTP/1.0 200 OK\r\n\r\nhello", OK),
    answer("answer-of-1.0-with-length", "9.3", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", OK),

    # Cut off: visibly incomplete to the client as well (RFC 9112 section 8).
    head("cut-length", b"Content-Length: 10\r\n", torn(b"hello"), section="8"),
    chunks("cut-in-size", b"5\r\nhello\r\n5", torn(b"hello"), "8"),
    chunks("cut-in-data", b"5\r\nhello\r\n5\r\nhel", torn(b"hello"), "8"),
    chunks("cut-before-last", b"5\r\nhello\r\n", torn(b"hello"), "8"),
    chunks("cut-in-last", b"5\r\nhello\r\n0\r\n", torn(b"hello"), "8"),
    chunks("chunk-size-signed", b"5\r\nhello\r\n+5\r\nhello\r\n0\r\n\r\n", torn(b"hello")),
    chunks("chunk-size-0x", b"5\r\nhello\r\n0x5\r\nhello\r\n0\r\n\r\n", torn(b"hello")),
    chunks("chunk-size-overflows", b"5\r\nhello\r\n10000000000000005\r\nhello\r\n0\r\n\r\n", torn(b"hello")),
    chunks("chunk-size-lf", b"5\r\nhello\r\n5\nhello\r\n0\r\n\r\n", torn(b"hello"), "2.2"),
    chunks("chunk-longer", b"5\r\nhello\r\n3\r\nhello\r\n0\r\n\r\n", torn(b"hello")),
    chunks("chunk-trailer-lf", b"5\r\nhello\r\n0\r\nX: y\n\r\n", torn(b"hello"), "2.2"),
    chunks("chunk-extension", b"5;a=b\r\nhello\r\n0;c\r\n\r\n", OK, "7.1.1"),

    chunks("chunk-extension-none", b"5\r\nhello\r\n5;\r\nhello\r\n0\r\n\r\n", torn(b"hello"), "7.1.1"),
    chunks("chunk-extensions-of-many", b"5\r\nhello\r\n" + (b"1;" + b"x" * 200 + b"\r\ny\r\n") * 200 + b"0\r\n\r\n", torn(b"hello"), "7.1.1"),

    # Two answers where one was asked for: the second is nobody's.
    answer("second-answer", "9.2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" + EVIL, OK, keeps=True),
    answer("second-answer-behind-chunks", "9.2", CHUNKED + HELLO + EVIL, OK, keeps=True),
    answer("second-answer-behind-204", "9.2", b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL, answered(204), keeps=True),
    answer("second-answer-behind-304", "9.2", b"HTTP/1.1 304 Not Modified\r\n\r\n" + EVIL, answered(304), keeps=True),
    of(b"HEAD", "second-answer-behind-head", "9.2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + EVIL, answered(200), keeps=True),
    answer("bytes-behind-length", "9.2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", OK, keeps=True),

    # No body by rule, whatever the fields say (RFC 9112 section 6.3).
    of(b"HEAD", "head-with-length", "9110 9.3.2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", answered(200, fields={"content-length": b"5"}), keeps=True),
    of(b"HEAD", "head-chunked", "9110 9.3.2", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", answered(200), keeps=True),
    of(b"HEAD", "head-with-body", "9110 9.3.2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", answered(200), keeps=True),
    of(b"HEAD", "head-both-lengths", "9110 9.3.2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", answered(200), keeps=True),
    answer("204-with-length", "9110 8.6", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", answered(204, without=["content-length"]), keeps=True),
    answer("204-chunked", "6.1", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO, answered(204, without=["transfer-encoding"]), keeps=True),
    answer("304-with-length", "9110 15.4.5", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", answered(304), keeps=True),
    answer("304-with-body", "9110 15.4.5", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", answered(304), keeps=True),
    answer("205-with-body", "9110 15.3.6", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello", answered(205, b"hello")),

    # Interim answers (RFC 9110 section 15.2).
    answer("interim-early-hints", "8297 2", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           answered(200, b"hello", interims=[103])),
    answer("interim-several", "9110 15.2", b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           answered(200, b"hello", interims=[102, 103])),
    answer("interim-unknown", "9110 15.2", b"HTTP/1.1 199 Odd\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", answered(200, b"hello", interims=[199])),
    answer("interim-with-length", "9110 8.6", b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           answered(200, b"hello", interims=[103])),
    answer("interim-continue-unasked", "9110 15.2.1", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           answered(200, b"hello", interims=[100])),
    answer("interim-32", "9110 15.2", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 32 + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", answered(200, b"hello", interims=[103] * 32)),
    answer("interim-endless", "9110 15.2", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40 + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", BAD),
    answer("switch-unasked", "9110 15.2.2", b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + EVIL, bad_gateway("upgrade-refused")),
    case("switch-to-another", "9110 15.2.2", GET + b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", bad_gateway("upgrade-refused"), then=b"",
         answer=b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    answer("interim-alone", "9110 15.2", b"HTTP/1.1 103 Early Hints\r\n\r\n", bad_gateway("response-incomplete")),

    # Status lines.
    status("status-without-reason", b"HTTP/1.1 200 ", OK),
    status("status-without-blank", b"HTTP/1.1 200", OK),
    status("status-unknown", b"HTTP/1.1 799 Odd", answered(799, b"hello")),
    status("status-reason-above-ascii", b"HTTP/1.1 200 \xe9", OK),
    status("status-two-digits", b"HTTP/1.1 20 OK", BAD),
    status("status-four-digits", b"HTTP/1.1 2000 OK", BAD),
    status("status-leading-zero", b"HTTP/1.1 099 OK", BAD),
    status("status-letters", b"HTTP/1.1 2x0 OK", BAD),
    status("status-negative", b"HTTP/1.1 -20 OK", BAD),
    status("status-two-blanks", b"HTTP/1.1  200 OK", BAD),
    status("status-version-2", b"HTTP/2 200 OK", BAD),
    status("status-version-1.2", b"HTTP/1.2 200 OK", BAD),
    status("status-version-lower-case", b"http/1.1 200 OK", BAD),
    status("status-reason-nul", b"HTTP/1.1 200 O\0K", BAD),
    status("status-reason-cr", b"HTTP/1.1 200 O\rK", BAD),
    status("status-line-before", b"\r\nHTTP/1.1 200 OK", BAD),
    answer("status-line-lf", "2.2", b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello", BAD),
    answer("no-http", "4", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", BAD),
    answer("no-answer", "8", b"", bad_gateway("connection-terminated")),
    answer("no-whole-head", "8", b"HTTP/1.1 200 OK\r\nContent-Le", bad_gateway("response-incomplete")),

    # Fields: what a client could take for a line's end, and what was for this connection only.
    head("answer-value-nul", b"X: y\0z\r\n", BAD, section="9110 5.5"),
    head("answer-value-cr", b"X: y\rSet-Cookie: a=b\r\nContent-Length: 5\r\n", BAD, section="2.2"),
    head("answer-value-lf", b"X: y\nSet-Cookie: a=b\r\nContent-Length: 5\r\n", BAD, section="2.2"),
    head("answer-name-blank", b"X y: z\r\n", BAD, section="5.1"),
    head("answer-blank-before-colon", b"Content-Length : 5\r\n", BAD, section="5.1"),
    head("answer-no-colon", b"X\r\n", BAD, section="5.1"),
    head("answer-name-empty", b": y\r\n", BAD, section="5.1"),
    head("answer-folded", b"Content-Length: 5\r\nX: y\r\n z\r\n", answered(200, b"hello", fields={"x": b"y   z"}), section="5.2"),
    head("answer-connection-named", b"Content-Length: 5\r\nConnection: x\r\nX: y\r\n", answered(200, b"hello", without=["x", "connection"]), section="9110 7.6.1"),
    head("answer-hop-by-hop", b"Content-Length: 5\r\nKeep-Alive: 1\r\nProxy-Authenticate: x\r\nTrailer: y\r\nUpgrade: z\r\n",
         answered(200, b"hello", without=["keep-alive", "proxy-authenticate", "trailer", "upgrade"]), section="9110 7.6.1"),
    head("answer-fields-beyond", b"Content-Length: 5\r\n" + b"X: y\r\n" * 500, BAD, section="9110 5.4"),
    answer("answer-head-beyond", "9110 5.4", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", bad_gateway("response-head-too-large")),
    case("answer-trailers", "9110 6.5.1", GET + b"TE: trailers\r\nConnection: te\r\n\r\n",
         answered(200, b"hello", trailers=[(b"x-sum", b"7")]), answer=CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 7\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n"),
    chunks("answer-trailers-not-asked-for", b"5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n", answered(200, b"hello", trailers=[]), "9110 6.5.1"),

    # Request and answer cross: what is not read of the body is no request.
    case("answer-before-body", "9.3", b"POST /~ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
         answered(200, b"early"), answer=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly", keeps=True),
]

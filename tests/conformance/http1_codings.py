"""Transfer-Encoding: RFC 9112 sections 6.1 and 6.3. Exactly one field that says exactly `chunked`, and no Content-Length: of what
CL.TE, TE.CL and TE.TE desynchronisation is made, nothing is taken, and nothing that was taken is passed on as it was written."""
from http1_case import GET, POST, SMUGGLED, case, forwarded, refused

TOPIC = "Transfer-Encoding"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
NONE = b"0\r\n\r\n"
CODING = b"Transfer-Encoding: chunked\r\n"


def coding(name, lines, expected, body=HELLO, section="6.1"):
    return case(name, section, POST + lines + b"\r\n" + body, expected)


def value(name, text, expected, section="7"):
    return coding(name, b"Transfer-Encoding:" + text + b"\r\n", expected, section=section)


def both(name, lines, expected, section="6.3"):
    """The coding hidden from one reader, and a length for him: the rest is a request to the other."""
    body = NONE + SMUGGLED
    return coding(name, b"Content-Length: %d\r\n" % len(body) + lines, expected, body, section)


CHUNKED = forwarded(body=b"hello", fields={"transfer-encoding": b"chunked"}, without=["content-length"])

CASES = [
    value("coding-plain", b" chunked", CHUNKED),
    value("coding-other-case", b" cHuNkEd", CHUNKED),
    value("coding-blanks-around", b" \t chunked \t ", CHUNKED, "5.1"),
    value("coding-no-blank", b"chunked", CHUNKED, "5.1"),
    coding("coding-name-in-upper-case", b"TRANSFER-ENCODING: chunked\r\n", CHUNKED),
    coding("coding-of-get", CODING, forwarded(method=b"GET", body=b"hello")),
    coding("coding-nominated", b"Connection: transfer-encoding\r\n" + CODING, CHUNKED, section="9110 7.6.1"),
    coding("coding-of-content", b"Content-Encoding: chunked\r\nContent-Length: 5\r\n",
           forwarded(body=b"hello", fields={"content-encoding": b"chunked"}), b"hello", "9110 8.4"),

    # CL.TE, TE.CL, and both in other orders and shapes.
    coding("both-length-first", b"Content-Length: 5\r\n" + CODING, refused(400), NONE + SMUGGLED, "6.3"),
    coding("both-coding-first", CODING + b"Content-Length: 5\r\n", refused(400), NONE + SMUGGLED, "6.3"),
    coding("both-apart", CODING + b"X: y\r\nContent-Length: 5\r\n", refused(400), NONE + SMUGGLED, "6.3"),
    coding("both-length-zero", b"Content-Length: 0\r\n" + CODING, refused(400), NONE + SMUGGLED, "6.3"),
    coding("both-agree", CODING + b"Content-Length: %d\r\n" % len(HELLO), refused(400), HELLO, "6.3"),
    coding("both-length-bad", CODING + b"Content-Length: x\r\n", refused(400), NONE + SMUGGLED, "6.3"),
    coding("both-coding-identity", b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n", refused(400), b"hello", "6.3"),
    coding("both-coding-empty", b"Content-Length: 5\r\nTransfer-Encoding:\r\n", refused(400), b"hello", "6.3"),
    coding("both-coding-nominated", b"Connection: transfer-encoding\r\nContent-Length: 5\r\n" + CODING, refused(400), NONE + SMUGGLED, "6.3"),
    coding("both-length-nominated", b"Connection: content-length\r\nContent-Length: 5\r\n" + CODING, refused(400), NONE + SMUGGLED, "6.3"),
    case("both-of-get", "6.3", GET + b"Content-Length: 5\r\n" + CODING + b"\r\n" + NONE + SMUGGLED, refused(400)),

    # TE.TE: a coding that one reader knows.
    value("coding-unknown", b" xchunked", refused(501)),
    value("coding-cut", b" chunke", refused(501)),
    value("coding-longer", b" chunkedx", refused(501)),
    value("coding-empty", b"", refused(501)),
    value("coding-identity", b" identity", refused(501)),
    value("coding-gzip", b" gzip", refused(501)),
    value("coding-gzip-then-chunked", b" gzip, chunked", refused(501)),
    value("coding-chunked-then-gzip", b" chunked, gzip", refused(501)),
    value("coding-chunked-then-identity", b" chunked, identity", refused(501)),
    value("coding-chunked-twice", b" chunked, chunked", refused(501)),
    value("coding-list-begins-empty", b" , chunked", refused(501)),
    value("coding-list-ends-empty", b" chunked,", refused(501)),
    value("coding-with-parameter", b" chunked;q=1", refused(501)),
    value("coding-with-semicolon", b" chunked;", refused(501)),
    value("coding-quoted", b' "chunked"', refused(501)),
    value("coding-single-quoted", b" 'chunked'", refused(501)),
    value("coding-two-words", b" chunked foo", refused(501)),
    value("coding-no-break-space", b" \xa0chunked", refused(501)),
    value("coding-byte-order-mark", b" \xef\xbb\xbfchunked", refused(501)),
    value("coding-long-s", b" chun\xe2\x84\xaaed", refused(501)),
    value("coding-nul-before", b" \0chunked", refused(400), "9110 5.5"),
    value("coding-nul-behind", b" chunked\0", refused(400), "9110 5.5"),
    value("coding-vertical-tab", b" \x0bchunked", refused(400), "9110 5.5"),
    value("coding-form-feed", b" \x0cchunked", refused(400), "9110 5.5"),
    value("coding-backspace", b" x\x08chunked", refused(400), "9110 5.5"),
    value("coding-folded", b"\r\n chunked", refused(400), "5.2"),
    value("coding-folded-list", b" chunked,\r\n identity", refused(400), "5.2"),
    value("coding-bare-cr-before", b"\rchunked", refused(400), "2.2"),
    value("coding-bare-lf-before", b"\nchunked", refused(400), "2.2"),
    coding("codings-alike", CODING * 2, refused(501)),
    coding("codings-differ", CODING + b"Transfer-Encoding: identity\r\n", refused(501)),
    coding("codings-differ-other-order", b"Transfer-Encoding: identity\r\n" + CODING, refused(501)),
    coding("codings-one-empty", CODING + b"Transfer-Encoding:\r\n", refused(501)),
    coding("codings-one-unknown", CODING + b"Transfer-Encoding: cow\r\n", refused(501)),

    # The name hidden from one reader.
    both("coding-name-blank", b"Transfer-Encoding : chunked\r\n", refused(400), "5.1"),
    both("coding-name-tab", b"Transfer-Encoding\t: chunked\r\n", refused(400), "5.1"),
    both("coding-name-vertical-tab", b"Transfer-Encoding\x0b: chunked\r\n", refused(400), "5.1"),
    both("coding-name-nul", b"Transfer-Encoding\0: chunked\r\n", refused(400), "5.1"),
    both("coding-name-blank-before", b" Transfer-Encoding: chunked\r\n", refused(400), "5.2"),
    both("coding-name-cr-before", b"X: y\r\n\rTransfer-Encoding: chunked\r\n", refused(400), "2.2"),
    both("coding-behind-bare-lf", b"X: y\nTransfer-Encoding: chunked\r\n", refused(400), "2.2"),
    both("coding-behind-bare-cr", b"X: y\rTransfer-Encoding: chunked\r\n", refused(400), "2.2"),
    both("coding-name-folded", b"Transfer-Encoding\r\n : chunked\r\n", refused(400), "5.2"),
    both("coding-name-colonless", b"Transfer-Encoding chunked\r\n", refused(400), "5.1"),
    both("coding-name-blank-for-hyphen", b"Transfer Encoding: chunked\r\n", refused(400), "5.1"),
    both("coding-name-above-ascii", b"Transfer-Encod\xc4\xb1ng: chunked\r\n", refused(400), "5.1"),
    both("coding-name-soft-hyphen", b"Transfer\xc2\xadEncoding: chunked\r\n", refused(400), "5.1"),
    both("coding-name-underscored", b"Transfer_Encoding: chunked\r\n", forwarded(body=NONE + SMUGGLED, without=["transfer-encoding", "transfer_encoding"]), "5.1"),
    both("coding-name-other", b"X-Transfer-Encoding: chunked\r\n", forwarded(body=NONE + SMUGGLED, without=["transfer-encoding"]), "5.1"),
    both("coding-in-te", b"TE: chunked\r\n", forwarded(body=NONE + SMUGGLED, without=["transfer-encoding", "te"]), "9110 10.1.4"),
    both("coding-in-trailer", b"Trailer: transfer-encoding\r\n", forwarded(body=NONE + SMUGGLED, without=["transfer-encoding", "trailer"]), "9110 6.6.2"),

    # HTTP/1.0 knows no coding (section 6.1).
    case("coding-of-http-1.0", "6.1", b"POST /~ HTTP/1.0\r\nHost: a.example\r\n" + CODING + b"\r\n" + HELLO, refused(400)),
    case("coding-of-http-1.0-kept", "6.1", b"POST /~ HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n" + CODING + b"\r\n" + HELLO, refused(400)),
    case("both-of-http-1.0", "6.3", b"POST /~ HTTP/1.0\r\nHost: a.example\r\nContent-Length: 5\r\n" + CODING + b"\r\n" + NONE, refused(400)),
]
for one in CASES:
    if one.name == "coding-of-get":
        one.sent = one.sent.replace(b"POST", b"GET", 1)

"""Content-Length: RFC 9110 section 8.6 and RFC 9112 section 6.2. One number in decimal digits; what a lenient reader takes for
another number, or for none, moves the end of the body, and what stands there becomes a request (CL.CL, CL.0, 0.CL)."""
from http1_case import GET, POST, SMUGGLED, case, forwarded, given_up, refused

TOPIC = "Content-Length"
HOST = b"Host: a.example\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(SMUGGLED)


def length(name, value, expected, body=b"hello", section="9110 8.6"):
    return case(name, section, POST + b"Content-Length:" + value + b"\r\n\r\n" + body, expected)


def lengths(name, lines, expected, section="6.3"):
    """A second reader of these fields takes the body for another one."""
    return case(name, section, POST + lines + b"\r\n" + SMUGGLED, expected)


HELLO = forwarded(body=b"hello", fields={"content-length": b"5"})
INNER = forwarded(body=SMUGGLED)

CASES = [
    length("length-plain", b" 5", HELLO),
    length("length-no-blank", b"5", HELLO),
    length("length-blanks-around", b" \t 5 \t ", HELLO),
    length("length-leading-zeros", b" 0005", HELLO),
    length("length-zero", b" 0", forwarded(), b""),
    length("length-zeros", b" 000", forwarded(), b""),
    length("length-signed", b" +5", refused(400)),
    length("length-negative", b" -5", refused(400)),
    length("length-minus-zero", b" -0", refused(400)),
    length("length-hexadecimal", b" 0x5", refused(400)),
    length("length-hexadecimal-digits", b" A", refused(400)),
    length("length-octal", b" 0o5", refused(400)),
    length("length-underscored", b" 0_5", refused(400)),
    length("length-grouped", b" 1,000", refused(400)),
    length("length-decimal-point", b" 5.0", refused(400)),
    length("length-exponent", b" 5e0", refused(400)),
    length("length-blank-within", b" 5 0", refused(400)),
    length("length-tab-within", b" 5\t0", refused(400)),
    length("length-word-behind", b" 5 bytes", refused(400)),
    length("length-letter-behind", b" 5x", refused(400)),
    length("length-semicolon-behind", b" 5;", refused(400)),
    length("length-quoted", b' "5"', refused(400)),
    length("length-parenthesis", b" (5)", refused(400)),
    length("length-nul-behind", b" 5\0", refused(400)),
    length("length-vertical-tab-before", b" \x0b5", refused(400)),
    length("length-form-feed-behind", b" 5\x0c", refused(400)),
    length("length-no-break-space", b" \xa05", refused(400)),
    length("length-other-digits", b" \xd9\xa5", refused(400)),
    length("length-full-width-digit", b" \xef\xbc\x95", refused(400)),
    length("length-empty", b"", refused(400)),
    length("length-blank", b"  ", refused(400)),
    length("length-folded", b"\r\n 5", refused(400), section="5.2"),
    length("length-continued", b" 5\r\n 0", refused(400), section="5.2"),
    length("length-bare-cr-before", b"\r5", refused(400), section="2.2"),
    length("length-of-2-to-63", b" 9223372036854775808", refused(400)),
    length("length-of-2-to-64-and-5", b" 18446744073709551621", refused(400)),
    length("length-of-2-to-32-and-5-cut", b" 4294967301", given_up()),
    length("length-of-many-digits", b" " + b"9" * 200, refused(400)),
    length("length-of-many-zeros", b" " + b"0" * 200 + b"5", refused(400)),

    length("length-list-alike", b" 5, 5", refused(400), section="6.3"),
    length("length-list-comma-alone", b" 5,", refused(400), section="6.3"),
    length("length-list-begins-empty", b" ,5", refused(400), section="6.3"),
    length("length-list-differs", b" 5, 0", refused(400), section="6.3"),
    lengths("lengths-alike", LENGTH[:-2] * 2, refused(400)),
    lengths("lengths-differ", b"Content-Length: 0\r\n" + LENGTH[:-2], refused(400)),
    lengths("lengths-differ-other-order", LENGTH[:-2] + b"Content-Length: 0\r\n", refused(400)),
    lengths("lengths-zero-before", b"Content-Length: 0%d\r\n" % len(SMUGGLED) + LENGTH[:-2], refused(400)),
    lengths("lengths-one-empty", LENGTH[:-2] + b"Content-Length:\r\n", refused(400)),
    lengths("lengths-one-in-other-case", LENGTH[:-2] + b"content-length: 0\r\n", refused(400)),
    lengths("length-name-blank", b"Content-Length : 0\r\n", refused(400), "5.1"),
    lengths("length-name-vertical-tab", b"Content-Length\x0b: 0\r\n", refused(400), "5.1"),
    lengths("length-name-nul", b"Content-Length\0: 0\r\n", refused(400), "5.1"),
    lengths("length-behind-bare-lf", b"X: y\nContent-Length: 0\r\n" + LENGTH[:-2], refused(400), "2.2"),
    lengths("length-behind-bare-cr", b"X: y\rContent-Length: 0\r\n" + LENGTH[:-2], refused(400), "2.2"),

    # CL.0 and 0.CL: who knows no body of such a request leaves it on the connection.
    case("body-of-get", "9110 9.3.1", GET + LENGTH + SMUGGLED, INNER),
    case("body-of-head", "9110 9.3.2", b"HEAD /~ HTTP/1.1\r\n" + HOST + LENGTH + SMUGGLED, INNER),
    case("body-of-delete", "9110 9.3.5", b"DELETE /~ HTTP/1.1\r\n" + HOST + LENGTH + SMUGGLED, INNER),
    case("body-of-options", "9110 9.3.7", b"OPTIONS /~ HTTP/1.1\r\n" + HOST + LENGTH + SMUGGLED, INNER),
    case("body-of-unknown-method", "6", b"BREW /~ HTTP/1.1\r\n" + HOST + LENGTH + SMUGGLED, INNER),
    case("body-of-post", "6", POST + LENGTH + SMUGGLED, INNER),
    case("body-of-http-1.0", "6", b"POST /~ HTTP/1.0\r\n" + HOST + LENGTH + SMUGGLED, forwarded(body=SMUGGLED, closes=True)),
    case("body-of-http-1.0-kept", "9.3", b"POST /~ HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n" + LENGTH + SMUGGLED, INNER),
    case("body-of-static-file", "6", b"POST /~.css HTTP/1.1\r\n" + HOST + LENGTH + SMUGGLED, forwarded(target=b"/body-of-static-file.css", body=SMUGGLED)),
    case("length-nominated", "9110 7.6.1", POST + b"Connection: content-length\r\n" + LENGTH + SMUGGLED, INNER),
    case("length-beside-upgrade", "9110 7.8", POST + b"Connection: upgrade\r\nUpgrade: other\r\n" + LENGTH + SMUGGLED, INNER),
    case("length-underscored-name", "5.1", POST + b"Content_Length: 0\r\n" + LENGTH + SMUGGLED, INNER),
    case("length-missing", "6.3", POST + b"\r\n", forwarded(fields={"content-length": b"0"})),
    case("body-given-up", "8", POST + b"Content-Length: 10\r\n\r\nhello", given_up(), end=True),
    case("body-given-up-at-once", "8", POST + b"Content-Length: 10\r\n\r\n", given_up(), end=True),
]
for one in CASES:
    one.end = one.end or one.name.endswith("-cut")  # a length that no client will fill

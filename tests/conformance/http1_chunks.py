"""Chunks: RFC 9112 section 7.1. The size is hexadecimal digits and its line ends in CRLF; after the data stands CRLF and nothing
else. The body is on its way when a chunk turns out bad, so what a backend got must stay visibly incomplete."""
from http1_case import POST, SMUGGLED, case, cut, forwarded, given_up

TOPIC = "Chunks"
LAST = b"0\r\n\r\n"


def chunks(name, body, expected, section="7.1", **more):
    return case(name, section, POST + b"Transfer-Encoding: chunked\r\n\r\n" + body, expected, **more)


def size(name, line, expected, section="7.1"):
    """A chunk of five bytes with this size line, end included."""
    return chunks(name, line + b"hello\r\n" + LAST, expected, section)


HELLO = forwarded(body=b"hello", fields={"transfer-encoding": b"chunked"})

CASES = [
    size("size-plain", b"5\r\n", HELLO),
    size("size-leading-zeros", b"00000005\r\n", HELLO),
    chunks("size-upper-case", b"A\r\n0123456789\r\n" + LAST, forwarded(body=b"0123456789")),
    chunks("size-lower-case", b"a\r\n0123456789\r\n" + LAST, forwarded(body=b"0123456789")),
    chunks("last-of-many-zeros", b"000\r\n\r\n", forwarded()),
    chunks("several", b"2\r\nhe\r\n3\r\nllo\r\n" + LAST, HELLO),
    chunks("inner-request", b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n" + LAST, forwarded(body=SMUGGLED)),
    chunks("inner-chunks", b"a\r\n0\r\n\r\n5\r\nhe\r\n" + LAST, forwarded(body=b"0\r\n\r\n5\r\nhe")),
    size("size-empty", b"\r\n", cut(400)),
    size("size-signed", b"+5\r\n", cut(400)),
    size("size-negative", b"-5\r\n", cut(400)),
    size("size-0x", b"0x5\r\n", cut(400)),
    size("size-x", b"x5\r\n", cut(400)),
    size("size-h", b"5h\r\n", cut(400)),
    size("size-underscored", b"0_5\r\n", cut(400)),
    size("size-dotted", b"5.0\r\n", cut(400)),
    size("size-comma", b"5,5\r\n", cut(400)),
    size("size-quoted", b'"5"\r\n', cut(400)),
    size("size-word", b"five\r\n", cut(400)),
    size("size-blank-before", b" 5\r\n", cut(400)),
    size("size-tab-before", b"\t5\r\n", cut(400)),
    size("size-blank-behind", b"5 \r\n", cut(400)),
    size("size-tab-behind", b"5\t\r\n", cut(400)),
    size("size-blank-within", b"0 5\r\n", cut(400)),
    size("size-nul-behind", b"5\0\r\n", cut(400)),
    size("size-nul-before", b"\x005\r\n", cut(400)),
    size("size-vertical-tab", b"5\x0b\r\n", cut(400)),
    size("size-no-break-space", b"5\xa0\r\n", cut(400)),
    size("size-full-width-digit", b"\xef\xbc\x95\r\n", cut(400)),
    size("size-of-2-to-64-and-5", b"10000000000000005\r\n", cut(400)),
    size("size-of-2-to-63", b"8000000000000005\r\n", cut(400)),
    size("size-of-2-to-60", b"1000000000000005\r\n", cut(400)),
    size("size-of-many-digits", b"f" * 100 + b"\r\n", cut(400)),
    size("size-of-many-zeros", b"0" * 100 + b"5\r\n", cut(400)),
    chunks("size-of-2-to-32-and-5", b"100000005\r\nhello\r\n" + LAST, given_up(), end=True),

    # Line ends.
    size("size-lf", b"5\n", cut(400), "2.2"),
    size("size-cr", b"5\r", cut(400), "2.2"),
    size("size-cr-cr-lf", b"5\r\r\n", cut(400), "2.2"),
    size("size-lf-cr", b"5\n\r", cut(400), "2.2"),
    chunks("last-lf", b"5\r\nhello\r\n0\n\n", cut(400), "2.2"),
    chunks("last-lf-crlf", b"5\r\nhello\r\n0\n\r\n", cut(400), "2.2"),
    chunks("last-crlf-lf", b"5\r\nhello\r\n0\r\n\n", cut(400), "2.2"),
    chunks("last-cr-alone", b"5\r\nhello\r\n0\r\n\rGET", cut(400), "2.2"),
    chunks("last-two-bytes-behind", b"5\r\nhello\r\n0\r\nxx", cut(400)),
    chunks("data-end-lf", b"5\r\nhello\n" + LAST, cut(400), "2.2"),
    chunks("data-end-cr", b"5\r\nhello\r" + LAST, cut(400), "2.2"),
    chunks("data-end-none", b"5\r\nhello" + LAST, cut(400)),
    chunks("data-end-two-other-bytes", b"5\r\nhelloxx" + LAST, cut(400)),
    chunks("data-end-lf-lf", b"5\r\nhello\n\n" + LAST, cut(400)),
    chunks("data-longer", b"3\r\nhello\r\n" + LAST, cut(400)),
    chunks("data-shorter", b"6\r\nhello\r\n" + LAST, cut(400)),
    chunks("data-crlf-before", b"5\r\n\r\nhello\r\n" + LAST, cut(400)),
    chunks("size-crlf-before", b"\r\n5\r\nhello\r\n" + LAST, cut(400)),

    # Extensions mean nothing to us, go no further, and may neither be endless nor hide a line's end (section 7.1.1).
    size("extension", b"5;a=b\r\n", HELLO, "7.1.1"),
    size("extension-without-value", b"5;a\r\n", HELLO, "7.1.1"),
    size("extension-empty", b"5;\r\n", cut(400), "7.1.1"),
    size("extension-nameless", b"5;=b\r\n", cut(400), "7.1.1"),
    size("extension-valueless", b"5;a=\r\n", cut(400), "7.1.1"),
    size("extension-empty-behind", b"5;a;b;;\r\n", cut(400), "7.1.1"),
    size("extension-blank-behind", b"5;a \r\n", cut(400), "7.1.1"),
    size("extension-quoted", b'5;a="b;c"\r\n', HELLO, "7.1.1"),
    size("extension-quoted-pairs", b'5;a="b\\"c\\\\"\r\n', HELLO, "7.1.1"),
    size("extension-quote-open", b'5;a="\r\n', cut(400), "7.1.1"),
    size("extension-quote-within", b'5;a=b"c\r\n', cut(400), "7.1.1"),
    size("extension-quote-then-more", b'5;a="b"c\r\n', cut(400), "7.1.1"),
    size("extension-blanks-within", b"5; a =\tb ; c\r\n", HELLO, "7.1.1"),
    size("extension-several", b"5;a=b;c=d\r\n", HELLO, "7.1.1"),
    size("extension-with-size-in-it", b"5;a=b 0\r\n", cut(400), "7.1.1"),
    chunks("extension-of-last", b"5\r\nhello\r\n0;a=b\r\n\r\n", HELLO, "7.1.1"),
    size("extension-blank-before", b"5 ;a=b\r\n", cut(400), "7.1.1"),
    size("extension-lf", b"5;a\n", cut(400), "7.1.1"),
    size("extension-lf-then-size", b"5;\n0\r\n", cut(400), "7.1.1"),
    size("extension-cr", b"5;a\rb\r\n", cut(400), "7.1.1"),
    size("extension-quoted-crlf", b'5;a="\r\n"\r\n', cut(400), "7.1.1"),
    size("extension-nul", b"5;a\0b\r\n", cut(400), "7.1.1"),
    size("extension-above-ascii", b"5;a=\xe9\r\n", cut(400), "7.1.1"),
    size("extension-long", b"5;" + b"x" * 1000 + b"\r\n", cut(400), "7.1.1"),
    chunks("extensions-small", b"1;a=b\r\nx\r\n" * 2000 + LAST, forwarded(body=b"x" * 2000), "7.1.1"),
    chunks("extensions-of-many-chunks", (b"1;" + b"x" * 200 + b"\r\ny\r\n") * 200 + LAST, cut(400), "7.1.1"),
    size("extension-endless", b"5;" + b"x" * 20_000, cut(400), "7.1.1"),

    chunks("given-up-in-size", b"5\r\nhello\r\n5", given_up(), "8", end=True),
    chunks("given-up-in-data", b"5\r\nhel", given_up(), "8", end=True),
    chunks("given-up-before-last", b"5\r\nhello\r\n", given_up(), "8", end=True),
    chunks("given-up-in-last", b"5\r\nhello\r\n0\r\n", given_up(), "8", end=True),
]

"""Requests and responses that two readers could understand differently are refused."""
from harness import Case, Site, main, raw, wait_for
from servers import Origin, Scripted

HOST = b"Host: a\r\n"
REFUSED = {
    "both lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a coding before chunked": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    "an odd coding": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "a coding in 1.0": (b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a signed length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\nhello", 400),
    "a hexadecimal length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x5\r\n\r\nhello", 400),
    "an empty length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: \r\n\r\n", 400),
    "a length with a blank": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1 2\r\n\r\n", 400),
    "a length too large": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    "different lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    "a list of lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    "a bare LF": (b"GET / HTTP/1.1\n" + b"Host: a\n\r\n\r\n", 400),
    "a bare CR": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n", 400),
    "a NUL": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400),
    "white space before the colon": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length : 5\r\n\r\nhello", 400),
    "a folded line": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "a name that is no token": (b"GET / HTTP/1.1\r\n" + HOST + b"X(y): a\r\n\r\n", 400),
    "a leading blank line with a space": (b" \r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST + b"Host: b\r\n\r\n", 400),
    "a host that is none": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a target of another authority": (b"GET http://b/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "user information": (b"GET http://u@a/ HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    "a fragment": (b"GET /#x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an encoded slash": (b"GET /a%2fb HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an encoded backslash": (b"GET /a%5cb HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an encoded NUL": (b"GET /a%00b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a bad escape": (b"GET /a%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a path above the root": (b"GET /../x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "the asterisk with GET": (b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405),
    "another version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    "no version": (b"GET /\r\n\r\n", 400),
    "an unknown expectation": (b"POST / HTTP/1.1\r\n" + HOST + b"Expect: more\r\nContent-Length: 1\r\n\r\nx", 417),
    "a head too large": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 40_000 + b"\r\n\r\n", 431),
    "a target too long": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
}
BAD_CHUNKS = {
    "a chunk size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk that is too long": b"3\r\nhello\r\n0\r\n\r\n",
    "a chunk line with a bare LF": b"5\nhello\r\n0\r\n\r\n",
    "an endless extension": b"5;" + b"x" * 1000 + b"\r\nhello\r\n0\r\n\r\n",
}


class Smuggling(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"})
        self.connector, _ = self.site.up()

    def test_each_form_is_refused_and_the_connection_closed(self):
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        for what, (request, status) in REFUSED.items():
            with self.subTest(what):
                answer = raw(self.site.client_port, request + smuggled)
                self.assertEqual(answer[:12].decode(), f"HTTP/1.1 {status}")
                if b"bad-path" not in answer:  # a whole request whose path was refused: the next one is a request of its own
                    self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer)

    def test_a_bad_chunk_ends_the_request(self):
        for what, body in BAD_CHUNKS.items():
            with self.subTest(what):
                answer = raw(self.site.client_port, b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
                self.assertEqual(answer[:12], b"HTTP/1.1 400")

    def test_connection_cannot_strip_what_guards_a_request(self):
        raw(self.site.client_port, b"GET /guarded HTTP/1.1\r\nHost: a\r\nAuthorization: secret\r\nX-Drop: 1\r\n"
                                   b"Connection: close, authorization, x-forwarded-for, x-drop\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")
        wait_for(lambda: self.origin.seen, "the request at the origin")
        headers = {name.lower(): value for name, value in self.origin.seen[-1][2].items()}
        self.assertEqual((headers["authorization"], headers["x-forwarded-for"]), ("secret", "127.0.0.1"))
        self.assertNotIn("x-drop", headers)

    def test_the_path_that_was_matched_is_the_path_that_is_forwarded(self):
        self.assertEqual(self.site.get("/a/./b/%2e%2e/c?x=%2f").status, 200)
        self.assertEqual(self.origin.seen[-1][1], "/a/c?x=%2f")


class BadOrigins(Case):
    def answer_of(self, reply, then="close"):
        origin = Scripted(reply, then)
        site = Site(self, {"web": f"http://127.0.0.1:{origin.port}"})
        site.up()
        return raw(site.client_port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    def test_answers_that_cannot_be_trusted_become_502(self):
        origins = [(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", b"bad-response"),
                   (b"garbage\r\n\r\n", b"bad-response"), (b"HTTP/1.1 200 OK\r\nX y: 1\r\n\r\n", b"bad-response"),
                   (b"", b"connection-terminated"), (b"HTTP/1.1 200 OK\r\nContent-Le", b"response-incomplete")]
        servers = [Scripted(reply) for reply, _ in origins]
        site = Site(self, {f"o{i}": f"http://127.0.0.1:{server.port}" for i, server in enumerate(servers)})
        site.up()
        for i, (reply, code) in enumerate(origins):
            with self.subTest(reply):
                answer = raw(site.client_port, b"GET /o%d/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % i)
                self.assertEqual(answer[:12], b"HTTP/1.1 502")
                self.assertIn(code, answer)

    def test_a_truncated_answer_never_looks_whole(self):
        answer = self.answer_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        self.assertIn(b"hello", answer)
        self.assertNotIn(b"0\r\n\r\n", answer)

    def test_bytes_after_an_answer_poison_the_connection(self):
        origin = Scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "hold")
        site = Site(self, {"web": f"http://127.0.0.1:{origin.port}"}, workers=1)
        site.up()
        for _ in range(3):
            self.assertEqual(site.get("/").body, b"ok")


main()

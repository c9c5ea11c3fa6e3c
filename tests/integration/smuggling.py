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
    "a negative length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\nhello", 400),
    "a length with an underscore": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1_0\r\n\r\n", 400),
    "a length and an empty one": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length:\r\n\r\nhello", 400),
    "no coding named": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", 501),
    "chunked before another": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    "identity": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: identity\r\n\r\n", 501),
    "chunked with a parameter": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 501),
    "chunked behind a vertical tab": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "a coding in a folded line": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    "a coding behind a space in its name": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "a field before the first line's end": (b"GET / HTTP/1.1\r\n Host: a\r\n" + HOST + b"\r\n", 400),
    "no field name": (b"GET / HTTP/1.1\r\n" + HOST + b": a\r\n\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\n" + HOST + b"X\r\n\r\n", 400),
    "a name above ASCII": (b"GET / HTTP/1.1\r\n" + HOST + b"X\xff: a\r\n\r\n", 400),
    "two content types": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 1\r\n\r\nx", 400),
    "two blanks in the request line": (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tab in the request line": (b"GET\t/\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a blank behind the version": (b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n", 400),
    "a second target": (b"GET / /admin HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a byte above ASCII in the target": (b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a control character in the target": (b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method that is no token": (b"GE(T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a version in lower case": (b"GET / http/1.1\r\n" + HOST + b"\r\n", 400),
    "a version with more digits": (b"GET / HTTP/1.10\r\n" + HOST + b"\r\n", 505),
    "an empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "a host with user information": (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    "a host with a blank": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "two hosts in one field": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a port that is none": (b"GET / HTTP/1.1\r\nHost: a:80x\r\n\r\n", 400),
    "another scheme": (b"GET ftp://a/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target that is no path": (b"GET x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
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
    "a chunk size in decimal words": b"five\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a blank": b"5 \r\nhello\r\n0\r\n\r\n",
    "a chunk size that overflows": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "an empty chunk size": b"\r\nhello\r\n0\r\n\r\n",
    "a bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a bare LF behind the data": b"5\r\nhello\n0\r\n\r\n",
    "a trailer line with a bare LF": b"5\r\nhello\r\n0\r\nX: a\n\r\n",
    "a trailer line without a colon": b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n",
    "a trailer with a bare CR": b"5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n",
    "a folded trailer": b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n",
    "an endless extension": b"5;" + b"x" * 1000 + b"\r\nhello\r\n0\r\n\r\n",
}


class Smuggling(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, listener=", limits: { header_timeout: 2s }")
        self.site.up()

    def test_each_form_is_refused_and_the_connection_closed_and_the_origin_sees_nothing(self):
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        for what, (request, status) in REFUSED.items():
            with self.subTest(what):
                seen = len(self.origin.seen)
                answer = raw(self.site.client_port, request + smuggled)
                self.assertEqual(answer[:12].decode(), f"HTTP/1.1 {status}")
                self.assertTrue(answer.closed, "the connection stayed open")
                self.assertIn(b"content-type: application/problem+json", answer)
                if b"bad-path" not in answer:  # a whole request whose path was refused: the next one is a request of its own
                    self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer)
                    self.assertEqual(self.origin.seen[seen:], [])

    def test_a_head_of_bare_line_feeds_is_no_head(self):
        answer = raw(self.site.client_port, b"GET /lf HTTP/1.1\nHost: a\n\n")
        self.assertIn(answer[:12], (b"HTTP/1.1 400", b"HTTP/1.1 408"))
        self.assertTrue(answer.closed)
        self.assertEqual(self.origin.seen, [])

    def test_what_is_no_attack_passes(self):
        for request in (b"\r\nGET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                        b"GET http://A/ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                        b"POST /ok HTTP/1.1\r\nhOsT: a:80\r\nTRANSFER-ENCODING: \t Chunked \t\r\nConnection: close\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n",
                        b"POST /ok HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 0005\r\nX: \xff\xfe\r\nConnection: close\r\n\r\nhello",
                        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                        b"GET /ok HTTP/1.0\r\n\r\n"):
            with self.subTest(request):
                answer = raw(self.site.client_port, request)
                self.assertEqual(answer[:12], b"HTTP/1.1 200", answer)
                self.assertTrue(answer.closed)

    def test_a_body_goes_on_in_the_framing_that_was_understood(self):
        raw(self.site.client_port, b"POST /framed HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\nConnection: close\r\n\r\nhello")
        raw(self.site.client_port, b"POST /framed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nConnection: close\r\n\r\n00005;x\r\nhello\r\n0\r\n\r\n")
        heads = [{k.lower(): v for k, v in headers.items()} for _, _, headers in self.origin.seen]
        self.assertEqual([(h.get("content-length"), h.get("transfer-encoding")) for h in heads], [("5", None), (None, "chunked")])

    def test_a_request_inside_a_body_stays_a_body(self):
        inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = raw(self.site.client_port, b"GET /outer HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner
                     + b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 2)
        self.assertEqual([path for _, path, _ in self.origin.seen], ["/outer", "/next"])

    def test_a_bad_chunk_ends_the_request(self):
        for what, body in BAD_CHUNKS.items():
            with self.subTest(what):
                answer = raw(self.site.client_port, b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
                self.assertEqual(answer[:12], b"HTTP/1.1 400")
                self.assertTrue(answer.closed, "the connection stayed open")
        self.assertEqual([path for _, path, _ in self.origin.seen if path != "/x"], [])

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
    def answers_of(self, replies):
        """What a client gets from origins that send these bytes and close."""
        servers = [Scripted(reply) for reply in replies]
        site = Site(self, {f"o{i}": f"http://127.0.0.1:{server.port}" for i, server in enumerate(servers)})
        site.up()
        return [raw(site.client_port, b"GET /o%d/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % i) for i in range(len(replies))]

    def test_answers_that_cannot_be_trusted_become_502(self):
        origins = [(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", b"bad-response"),
                   (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"bad-response"), (b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", b"bad-response"), (b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.1 200 OK\nContent-Length: 0\n\r\n\r\n", b"bad-response"), (b"HTTP/1.1 2000 OK\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.1 099 OK\r\n\r\n", b"bad-response"), (b"HTTP/2 200 OK\r\n\r\n", b"bad-response"),
                   (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"upgrade-refused"),
                   (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", b"response-head-too-large"),
                   (b"garbage\r\n\r\n", b"bad-response"), (b"HTTP/1.1 200 OK\r\nX y: 1\r\n\r\n", b"bad-response"),
                   (b"", b"connection-terminated"), (b"HTTP/1.1 200 OK\r\nContent-Le", b"response-incomplete")]
        for answer, (reply, code) in zip(self.answers_of([reply for reply, _ in origins]), origins):
            with self.subTest(reply[:120]):
                self.assertEqual(answer[:12], b"HTTP/1.1 502")
                self.assertIn(code, answer)

    def test_a_truncated_answer_never_looks_whole(self):
        ends = (b"", b"5\r\nhel", b"+5\r\nhello\r\n0\r\n\r\n", b"0\n\r\n", b"zz\r\n", b"0\r\nX: a\n\r\n")
        chunked = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + end for end in ends]
        *answers, short = self.answers_of([*chunked, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"])
        for answer, end in zip(answers, ends):
            with self.subTest(end):
                self.assertNotIn(b"0\r\n\r\n", answer.split(b"\r\n\r\n", 1)[-1])
                self.assertTrue(answer.closed)
        self.assertLess(len(short.split(b"\r\n\r\n", 1)[-1]), 10)
        self.assertTrue(short.closed)

    def test_bytes_after_an_answer_poison_the_connection(self):
        origin = Scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "hold")
        site = Site(self, {"web": f"http://127.0.0.1:{origin.port}"}, workers=1)
        site.up()
        for _ in range(3):
            self.assertEqual(site.get("/").body, b"ok")


main()

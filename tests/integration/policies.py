"""What routes and backends do to fields and bodies on their way, over both versions of HTTP towards clients and origins."""
import json
import subprocess

from harness import CALM, CONNECTOR, SANITIZED, Case, Process, can_connect, free_port, main, raw, wait_for
from servers import Origin, OriginHandler, start_nginx

VERSIONS = ("--http1.1", "--http2-prior-knowledge")
TEXT = b"all work and no play makes jack a dull boy\n" * 1000


UPLOAD_SCRIPT = """
const client = require('http2').connect(`http://127.0.0.1:${process.argv[2]}`);
const request = client.request({':method': 'PUT', ':path': '/x'});
let status, text = '';
request.on('response', fields => { status = fields[':status']; });
request.on('data', part => { text += part; });
request.on('end', () => { console.log(status, JSON.parse(text).code); client.destroy(); });
request.write('a'.repeat(Number(process.argv[3])));
"""


class Speaker(OriginHandler):
    """Answers as its paths say."""

    def do(self):
        size, _ = self.read_body()
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        path = self.path.split("?")[0]
        if path.startswith("/text"):
            more = {"cache-control": "no-transform"} if path.endswith("/kept") else {}
            self.reply(TEXT, content_type="text/html; charset=utf-8", etag='"v1"', accept_ranges="bytes", **more)
        elif path.startswith("/cors"):
            self.reply(b"x", 200, access_control_allow_origin="*", access_control_allow_credentials="true", vary="Accept", x_total="3")
        elif path.startswith("/events"):
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for number in (1, 2):
                event = f"data: event {number}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                self.wfile.flush()
                self.server.release.wait(20)
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.reply(json.dumps([size, [[k.lower(), v] for k, v in self.headers.items()]]).encode(), x_internal="secret", server="origin")

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = do


class Answer:
    """What curl got: the last head (names in lower case, a list of values each) and the body."""

    def __init__(self, head, body):
        lines = head.replace("\r", "").strip().split("\n\n")[-1].split("\n")
        self.status, self.body, self.heads = int(lines[0].split()[1]), body, head
        self.fields = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            self.fields.setdefault(name.lower(), []).append(value.strip())

    def __getitem__(self, name):
        return ", ".join(self.fields.get(name, []))

    def seen(self):
        """The fields that the origin saw."""
        fields = {}
        for name, value in json.loads(self.body)[1]:
            fields.setdefault(name, []).append(value)
        return {name: ", ".join(values) for name, values in fields.items()}


class Policies(Case):
    def up(self, routes, listener="", backend="", origin=None, more=""):
        """A connector with its backend `web`, and `more` of them, before the origin."""
        self.origin = Origin()
        self.origin.RequestHandlerClass = Speaker
        self.port = free_port()
        admin = free_port()
        lines = [CALM, f'admin: {{ address: "127.0.0.1:{admin}" }}', f'listeners: [ {{ address: "127.0.0.1:{self.port}"{listener} }} ]',
                 f"backends: {{ web: {{ endpoints: [ http://127.0.0.1:{origin or self.origin.port} ]{backend} }}{more} }}", "routes:"]
        lines += [f"  - {{ {route} }}" for route in routes]
        config = self.write("adit.yaml", "\n".join(lines) + "\n")
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", config])
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the client port")

    def curl(self, version, path, *arguments, status=200):
        head = self.directory / "head"
        done = subprocess.run(["curl", "-sS", "--max-time", "20", version, "-D", head, *arguments, f"http://127.0.0.1:{self.port}{path}"],
                              capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = Answer(head.read_text(), done.stdout)
        self.assertEqual(answer.status, status, answer.body[:500])
        return answer

    def both(self, path, *arguments, **keywords):
        for version in VERSIONS:
            with self.subTest(f"{version} {path}"):
                yield self.curl(version, path, *arguments, **keywords)

    def access_line(self, path):
        return next(iter(self.access_lines(path)), None)

    def access_lines(self, path):
        whole = self.connector.log().rpartition("\n")[0]  # of the last line only a part may be there yet
        return [line for line in map(json.loads, whole.splitlines()) if line["logger"] == "access" and line["path"] == path]

    # --- who asks, and where it goes ---

    def test_strangers_are_not_believed(self):
        self.up(["match: {}, backend: web"], backend=", forwarding: { x_forwarded: append, forwarded: append }")
        for answer in self.both("/x", "-H", "X-Forwarded-For: 6.6.6.6", "-H", "Forwarded: for=6.6.6.6", "-H", "X-Real-IP: 6.6.6.6",
                                "-H", "Client-Cert: :AA:", "-H", "X-Forwarded-Client-Cert: Hash=1"):
            seen = answer.seen()
            self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-proto"]), ("127.0.0.1", "http"))
            self.assertEqual(seen["forwarded"], f'for=127.0.0.1;proto=http;host="127.0.0.1:{self.port}"')
            self.assertFalse({"x-real-ip", "client-cert", "x-forwarded-client-cert"} & set(seen))
        self.assertEqual(wait_for(lambda: self.access_line("/x"), "the access line")["client"], "127.0.0.1")

    def test_trusted_proxies_say_who_asks(self):
        self.up(["match: { path: /a/** }, backend: web, headers: { request: { set: { X-Who: '{client_ip} by {scheme}' } } }"],
                listener=", trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]", backend=", forwarding: { x_forwarded: append }")
        for answer in self.both("/a/1", "-H", "X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.1.1", "-H", "X-Forwarded-Proto: https",
                                "-H", "Forwarded: for=6.6.6.6"):
            seen = answer.seen()
            self.assertEqual(seen["x-forwarded-for"], "6.6.6.6, 203.0.113.7, 10.1.1.1, 127.0.0.1")
            self.assertEqual(seen["forwarded"], f'for=203.0.113.7;proto=https;host="127.0.0.1:{self.port}"')
            self.assertEqual((seen["x-forwarded-proto"], seen["x-who"]), ("https", "203.0.113.7 by https"))
        self.assertEqual(wait_for(lambda: self.access_line("/a/1"), "the access line")["client"], "203.0.113.7")

    def test_forwarded_counts_where_it_is_what_the_proxies_write(self):
        self.up(["match: {}, backend: web"], listener=", trusted_proxies: [127.0.0.1], client_address_from: forwarded",
                backend=", forwarding: { x_forwarded: off, forwarded: append }")
        for answer in self.both("/f", "-H", 'Forwarded: for="[2001:db8::7]";proto=https', "-H", "X-Forwarded-For: 6.6.6.6"):
            self.assertEqual(answer.seen()["forwarded"], f'for="[2001:db8::7]";proto=https, for=127.0.0.1;proto=http;host="127.0.0.1:{self.port}"')
            self.assertFalse([name for name in answer.seen() if name.startswith("x-forwarded")])
        self.assertEqual(wait_for(lambda: self.access_line("/f"), "the access line")["client"], "2001:db8::7")

    def test_the_origin_gets_the_host_that_it_is_meant_to_get(self):
        for setting, host in (("origin", None), ("preserve", "shop.example:8443"), ("inner.example", "inner.example")):
            self.up(["match: {}, backend: web"], backend=f", forwarding: {{ host: {setting}, via: false }}")
            for answer in self.both("/h", "-H", "Host: shop.example:8443", "-H", "Via: 1.1 cdn"):
                seen = answer.seen()
                self.assertEqual(seen["host"], host or f"127.0.0.1:{self.origin.port}")
                self.assertEqual((seen["via"], answer["via"], seen["x-forwarded-host"]), ("1.1 cdn", "", "shop.example:8443"))
            self.connector.stop()

    # --- fields ---

    EDITS = ("headers: { request: { remove: [X-Debug, Origin], set: { X-Tenant: '{tenant}', Authorization: 'Bearer {header.X-Key}', X-Empty: '{header.No}' }, "
             "add: { X-Tag: '{route}/{backend}/{method}{path}' } }, "
             "response: { remove: [X-Internal, Server], set: { Strict-Transport-Security: max-age=600 }, add: { X-Trace: '{request_id}' } } }")

    def test_fields_are_removed_set_and_added_both_ways(self):
        self.up([f"name: tenants, match: {{ path: '/t/{{tenant}}/**' }}, backend: web, {self.EDITS}"])
        for answer in self.both("/t/acme/a%0d%0aSet-Cookie:x", "-H", "X-Debug: 1", "-H", "x-tenant: forged", "-H", "X-Key: k1", "-H", "X-Tag: mine",
                                "-H", "X-Empty: forged", "-H", "Origin: https://a.test"):
            seen = answer.seen()
            self.assertEqual((seen["x-tenant"], seen["authorization"]), ("acme", "Bearer k1"))
            self.assertEqual(seen["x-tag"], "mine, tenants/web/GET/t/acme/a%0D%0ASet-Cookie:x")
            self.assertFalse({"x-debug", "origin", "x-empty"} & set(seen))
            self.assertEqual((answer["x-internal"], answer["server"], answer["strict-transport-security"]), ("", "", "max-age=600"))
            self.assertEqual(answer["x-trace"], seen["x-request-id"])

    def test_a_client_cannot_nominate_a_field_of_ours_away(self):
        self.up([f"match: {{ path: '/t/{{tenant}}' }}, backend: web, {self.EDITS}"])
        answer = self.curl("--http1.1", "/t/acme", "-H", "Connection: X-Tenant, Authorization, X-Mine", "-H", "X-Mine: 1", "-H", "X-Key: k1")
        self.assertEqual((answer.seen()["x-tenant"], answer.seen()["authorization"]), ("acme", "Bearer k1"))
        self.assertNotIn("x-mine", answer.seen())

    def test_answers_of_the_route_itself_and_errors_get_their_fields_too(self):
        headers = "headers: { response: { set: { Strict-Transport-Security: max-age=600, X-Route: '{route}' } } }"
        self.up([f"name: fixed, match: {{ path: /fixed }}, static: {{ body: hello }}, {headers}",
                 f"name: moved, match: {{ path: /moved }}, redirect: {{ to: /fixed }}, {headers}",
                 f"name: large, match: {{ path: /large }}, backend: web, max_body: 1, {headers}"])
        for path, status, arguments in (("/fixed", 200, ()), ("/moved", 308, ()), ("/large", 413, ("-d", "more"))):
            for answer in self.both(path, *arguments, status=status):
                self.assertEqual((answer["strict-transport-security"], answer["x-route"]), ("max-age=600", path[1:]))

    def test_an_origin_of_http2_gets_and_gives_the_same(self):
        port = free_port()
        start_nginx(self, {"page": TEXT}, lines=f"""listen 127.0.0.1:{port} http2; default_type text/html; server_tokens off;
            location /seen {{ return 200 "$http_host $http_x_tenant $http_x_forwarded_for"; }}""")
        self.up(["match: { path: /page }, backend: web, compression: {}",
                 "match: { path: '/seen/{tenant}' }, backend: web, headers: { request: { set: { X-Tenant: '{tenant}' } }, response: { set: { Server: hidden } } }"],
                backend=", protocol: h2c, forwarding: { host: preserve }", origin=port)
        for answer in self.both("/seen/acme", "-H", "Host: shop.example"):
            self.assertEqual((answer.body, answer["server"]), (b"shop.example acme 127.0.0.1", "hidden"))
        for answer in self.both("/page", "--compressed"):
            self.assertEqual((answer.body, answer["content-encoding"]), (TEXT, "br"))

    def test_each_route_on_a_requests_way_has_its_policies(self):
        second = Origin()
        second.RequestHandlerClass = Speaker
        self.up(["name: outer, match: { path: /a/** }, backend: inside, rewrite: { path: /text/x }, headers: { request: { set: { X-Outer: '{route}{path}' } },"
                 " response: { set: { X-By: '{route}', X-Last: outer } } }",
                 "name: inner, match: { path: /never }, split: [ { backend: other, weight: 1 } ], mirror: { backend: web }, max_body: 10, compression: {},"
                 " headers: { request: { set: { X-Inner: '{backend} {path} after {header.X-Outer}' } }, response: { set: { X-By: '{route}', X-Backend: '{backend}' } } }"],
                more=f", inside: {{ endpoints: [ internal://inner ] }}, other: {{ endpoints: [ http://127.0.0.1:{second.port} ] }}")
        for answer in self.both("/a/b", "--compressed"):
            self.assertEqual((answer.body, answer["content-encoding"]), (TEXT, "br"))
            self.assertEqual((answer["x-by"], answer["x-last"], answer["x-backend"]), ("outer", "outer", "other"))
            self.assertEqual({name.lower(): value for name, value in second.seen[-1][2].items()}["x-inner"], "other /text/x after outer/a/b")
        wait_for(lambda: len(self.origin.seen) == 2, "the copies")
        self.assertEqual({name.lower(): value for name, value in self.origin.seen[-1][2].items()}["x-inner"], "other /text/x after outer/a/b")
        for answer in self.both("/a/b", "-d", "more than ten", status=413):
            self.assertEqual(answer["x-by"], "outer")

    # --- bodies ---

    def test_a_body_above_the_routes_bound_is_refused_before_it_is_read(self):
        self.up(["match: { path: /small/** }, backend: web, max_body: 1KiB", "match: {}, backend: web"])
        body = self.write("body", "a" * 1025)
        for answer in self.both("/small/x", "--data-binary", f"@{body}", "-H", "Expect: 100-continue", status=413):
            self.assertEqual(json.loads(answer.body)["code"], "body-too-large")
            self.assertNotIn(" 100", answer.heads)
        self.assertEqual(self.origin.seen, [])
        for answer in self.both("/large/x", "--data-binary", f"@{body}"):
            self.assertEqual(json.loads(answer.body)[0], 1025)
        body.write_text("a" * 1024)
        for answer in self.both("/small/x", "--data-binary", f"@{body}"):
            self.assertEqual(json.loads(answer.body)[0], 1024)

    def test_a_body_of_unknown_length_is_refused_when_it_passes_the_bound(self):
        self.up(["match: {}, backend: web, max_body: 1KiB"])
        body = self.write("body", "a" * 300_000)
        answer = self.curl("--http1.1", "/x", "-T", body, "-H", "Transfer-Encoding: chunked", status=413)
        self.assertEqual(json.loads(answer.body)["code"], "body-too-large")
        # curl 7.88 drops an answer that is followed by RST_STREAM(NO_ERROR), as RFC 9113 §8.1 has it.
        told = self.run_tool("node", self.write("upload.js", UPLOAD_SCRIPT), self.port, 300_000).stdout
        self.assertEqual(told.split(), ["413", "body-too-large"])
        self.assertEqual(self.origin.seen, [])

    # --- CORS ---

    CORS = "cors: { origins: ['https://app.example', 'https://*.example.com'], methods: [GET, PUT], headers: [X-Key], expose: [X-Total], credentials: true, max_age: 10m }"

    def test_preflights_are_answered_here_also_where_the_route_takes_other_methods_only(self):
        self.up([f"match: {{ path: /cors/**, methods: [PUT] }}, backend: web, {self.CORS}", "match: { path: /cors/** }, static: { status: 404 }",
                 "match: { path: /other/** }, backend: web"])
        preflight = ("-X", "OPTIONS", "-H", "Access-Control-Request-Method: PUT", "-H")
        for origin in ("https://app.example", "https://a.b.example.com"):
            for answer in self.both("/cors/x", *preflight, f"Origin: {origin}", status=204):
                self.assertEqual({name: answer[name] for name in answer.fields if name.startswith(("access-control", "vary"))}, {
                    "vary": "Origin", "access-control-allow-origin": origin, "access-control-allow-credentials": "true",
                    "access-control-allow-methods": "GET, PUT", "access-control-allow-headers": "X-Key", "access-control-max-age": "600"})
                self.assertEqual((answer.body, answer["content-length"]), (b"", ""))
        for answer in self.both("/cors/x", *preflight, "Origin: https://evil.example", status=204):
            self.assertEqual((answer["access-control-allow-origin"], answer["vary"]), ("", "Origin"))
        self.assertEqual(self.origin.seen, [])
        for answer in self.both("/other/x", *preflight, "Origin: https://app.example"):
            self.assertEqual(self.origin.seen[-1][0], "OPTIONS")

    def test_answers_carry_our_word_on_cors_and_not_the_origins(self):
        self.up([f"match: {{ path: /cors/** }}, backend: web, max_body: 10, {self.CORS}"])
        for answer in self.both("/cors/x", "-H", "Origin: https://app.example"):
            self.assertEqual((answer.fields["access-control-allow-origin"], answer["access-control-expose-headers"], answer["vary"]),
                             (["https://app.example"], "X-Total", "Accept, Origin"))
        for answer in self.both("/cors/x", "-H", "Origin: https://evil.example"):
            self.assertEqual([name for name in answer.fields if name.startswith("access-control")], [])
        for answer in self.both("/cors/x", "-H", "Origin: https://app.example", "-d", "more than ten", status=413):
            self.assertEqual(answer["access-control-allow-origin"], "https://app.example")

    # --- compression ---

    def test_bodies_shrink_on_their_way_to_clients_that_can_read_them(self):
        self.up(["match: { path: /text/** }, backend: web, compression: {}", "match: { path: /plain/** }, backend: web",
                 f"match: {{ path: /fixed }}, static: {{ body: '{'a' * 2000}' }}, compression: {{ encodings: [gzip] }}"])
        for accept, coding in (("gzip", "gzip"), ("br;q=0.9, gzip;q=0.1", "br"), ("gzip;q=0", ""), ("deflate", "")):
            for answer in self.both("/text/x", "--compressed", "-H", f"Accept-Encoding: {accept}"):
                self.assertEqual((answer.body, answer["content-encoding"], answer["vary"]), (TEXT, coding, "Accept-Encoding"))
                self.assertEqual((answer["etag"], answer["content-length"], answer["accept-ranges"]),
                                 ('W/"v1"', "", "") if coding else ('"v1"', str(len(TEXT)), "bytes"))
        sent = wait_for(lambda: len(lines := self.access_lines("/text/x")) == 8 and lines, "the access lines")
        self.assertLess(min(line["bytes_out"] for line in sent), len(TEXT) / 20)
        for answer in self.both("/fixed", "--compressed", "-H", "Accept-Encoding: br, gzip"):
            self.assertEqual((answer.body, answer["content-encoding"]), (b"a" * 2000, "gzip"))
        for path in ("/text/kept", "/plain/x"):
            for answer in self.both(path, "-H", "Accept-Encoding: br, gzip"):
                self.assertEqual((answer["content-encoding"], answer["vary"]), ("", ""))

    def test_heads_parts_and_conditions_are_as_they_must_be(self):
        port = start_nginx(self, {"page.html": TEXT}, lines="types { text/html html; } etag on;")
        self.up(["match: {}, backend: web, compression: {}"], origin=port)
        accept = ("-H", "Accept-Encoding: gzip")
        for answer in self.both("/page.html", "-I", *accept):
            self.assertEqual((answer["content-encoding"], answer["content-length"], answer["vary"]), ("gzip", "", "Accept-Encoding"))
            etag = answer["etag"]
        self.assertTrue(etag.startswith('W/"'))
        for answer in self.both("/page.html", *accept, "-H", f"If-None-Match: {etag}", status=304):
            self.assertEqual((answer["etag"], answer["vary"], answer.body), (etag, "Accept-Encoding", b""))
        for answer in self.both("/page.html", *accept, "-r", "10-19", status=206):
            self.assertEqual((answer["content-encoding"], answer.body), ("", TEXT[10:20]))
        kept = raw(self.port, b"GET /page.html HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\nHEAD /page.html HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n"
                   b"Connection: close\r\n\r\n")
        self.assertEqual((kept.count(b"HTTP/1.1 200 OK"), kept.count(b"transfer-encoding: chunked")), (2, 1))
        old = raw(self.port, b"GET /page.html HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
        self.assertTrue(old.closed and b"content-encoding: gzip" in old and b"chunked" not in old)

    def test_events_are_not_held_back(self):
        self.up(["match: {}, backend: web, compression: {}"])
        for version in VERSIONS:
            for accept in ("gzip", "br"):
                with self.subTest(f"{version} {accept}"):
                    self.origin.release.clear()
                    out = self.directory / "events"
                    out.write_bytes(b"")
                    client = Process(self, "curl", ["curl", "-sSN", version, "--compressed", "-H", f"Accept-Encoding: {accept}", "-o", out,
                                                    f"http://127.0.0.1:{self.port}/events"])
                    wait_for(lambda: out.read_bytes() == b"data: event 1\n\n", "the first event, whole")
                    self.origin.release.set()
                    self.assertEqual(client.wait(), 0)
                    self.assertEqual(out.read_bytes(), b"data: event 1\n\ndata: event 2\n\n")

    def test_a_large_body_is_coded_as_it_comes_for_a_client_that_takes_its_time(self):
        size = 64 << 20
        self.up(["match: {}, backend: web, compression: { types: [application/octet-stream] },"
                 " headers: { response: { set: { Content-Type: application/octet-stream } } }"])
        self.origin.RequestHandlerClass = OriginHandler
        before = self.connector.rss_kib()
        for answer in self.both(f"/bytes/{size}", "--compressed", "--limit-rate", "40M", "-o", "/dev/null", "-w", "%{size_download}"):
            self.assertEqual(answer["content-encoding"], "br")
            if not SANITIZED:
                self.assertLess(self.connector.rss_kib() - before, 24 << 10)

    # --- mistakes ---

    def test_mistakes_are_named_with_their_places(self):
        def told(text, words):
            with self.subTest(text):
                config = self.write("wrong.yaml", text)
                errors = self.run_tool(CONNECTOR, "check", config, status=2).stderr
                self.assertIn(words, errors)
                self.assertRegex(errors, r"wrong.yaml:[1-9]:\d+: error")

        for route, words in (("headers: { request: { set: { Content-Length: '3' } } }", "written anew on each"),
                             ("headers: { request: { remove: [Connection] } }", "written anew on each"),
                             ("headers: { response: { add: { Transfer-Encoding: chunked } } }", "written anew on each"),
                             ("headers: { request: { set: { Host: a } } }", "forwarding.host"),
                             ("headers: { request: { set: { X-Forwarded-For: a } } }", "forwarding"),
                             ("headers: { request: { set: { X-A: '{tenant}' } } }", "{tenant} is none of client_ip"),
                             ("headers: { request: { set: { X-A: '{header.}' } } }", "{header.} is none of"),
                             ("headers: { response: { set: { X-A: 'a}' } } }", "a brace without its partner"),
                             ("headers: { response: { set: { X-A: \"a\\r\\nb\" } } }", "without control characters"),
                             ("headers: { response: { remove: ['a b'] } }", "a character that a field name cannot have"),
                             ("cors: { origins: ['*'], credentials: true }", "origins are listed"),
                             ("cors: { origins: [] }", "needs an origin"),
                             ("cors: { origins: ['https://a.test/'] }", "no path"),
                             ("cors: { origins: ['a.test'] }", "a scheme and a host"),
                             ("compression: { types: [json] }", "a media type"),
                             ("compression: { encodings: [deflate] }", "one of br, gzip"),
                             ("max_body: -1", "expected a size, found \"-1\"")):
            told(f"backends: {{ web: {{ endpoints: [ http://x ] }} }}\nroutes:\n  - {{ match: {{ path: /a }}, backend: web, {route} }}\n", words)
        for listener, words in (("trusted_proxies: [10.0.0.1/8]", "bits are set behind the prefix"), ("trusted_proxies: [lb.example]", "neither an IP address"),
                                ("client_address_from: x-real-ip", "one of x-forwarded-for, forwarded")):
            told(f'listeners: [ {{ address: "127.0.0.1:80", {listener} }} ]\n', words)
        told("backends: { web: { endpoints: [ http://x ], forwarding: { host: 'a b' } } }\n", "a host")


main()

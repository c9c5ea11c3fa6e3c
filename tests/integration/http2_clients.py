"""Clients of HTTP/2 (curl, nghttp, h2load, undici, python3-h2) and of HTTP/1.1 are served alike, whatever the origin speaks."""
import hashlib
import json
import re
import signal
import subprocess
import threading

import h2.errors
import h2.exceptions

from certificates import Authority
from h2_peers import Client, Server
from harness import SANITIZED, Case, Site, free_port, main, raw, scaled, wait_for
from node_peers import Origin, run_client
from servers import start_nginx

BLOCK = bytes(range(256)) * 256
ORIGINS = ("one", "two")  # as routes name them: of HTTP/1.1, of HTTP/2


def pattern_digest(size):
    """Of what origin.js sends."""
    digest = hashlib.sha256()
    while size > 0:
        digest.update(BLOCK[:size])
        size -= len(BLOCK)
    return digest.hexdigest()


class Http2Clients(Case):
    def up(self, more="", **services):
        """A TLS listener and one in clear text, in front of a tunnel to an origin of each version."""
        self.ca = Authority(self)
        self.ca.issue("server")
        self.origins = {"one": Origin(self, "http1"), "two": Origin(self, "h2c")}
        self.clear_port = free_port()
        urls = {**{name: origin.url for name, origin in self.origins.items()}, **services}
        backends = {name: f"endpoints: [ service://{name} ]{', protocol: h2' if name == 'two' else ''}" for name in urls}
        self.site = Site(self, urls, backends=backends, listener=f', tls: {{ certificate: server.crt, key: server.key }}{more} }}, {{ address: "127.0.0.1:{self.clear_port}"{more}')
        self.tls_port, self.site.client_port = self.site.client_port, self.clear_port  # plain requests of the harness go to the latter
        self.connector, (self.agent,) = self.site.up()
        return self.site

    def files(self, **files):
        return f"http://127.0.0.1:{start_nginx(self, files, lines='rewrite ^/files/(.*) /$1 break;')}"

    def client(self, **keywords):
        return Client(self.tls_port, self.ca.file, **keywords)

    def curl(self, *arguments, status=0):
        done = subprocess.run(["curl", "-sS", "--max-time", "60", "--cacert", self.ca.file, *map(str, arguments)], cwd=self.directory, capture_output=True)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stderr.decode()}")
        return done.stdout

    def ways(self):
        """curl's flags and the base URL for each version of HTTP."""
        clear, tls = f"http://localhost:{self.clear_port}", f"https://localhost:{self.tls_port}"
        return {"1.1": (["--http1.1"], clear), "1.1 over TLS": (["--http1.1"], tls), "2": (["--http2-prior-knowledge"], clear), "2 over TLS": (["--http2"], tls),
                "1.1 that offers h2c": (["--http2"], clear)}

    def test_curl_gets_the_same_in_every_version(self):
        self.up(files=self.files(abc=b"abcdefghijklmnopqrstuvwxyz"))
        for name, (flags, base) in self.ways().items():
            for origin in ORIGINS:
                with self.subTest(client=name, origin=origin):
                    told = self.curl(*flags, f"{base}/{origin}/unsized/300000", "-w", "%{http_version} %{http_code}")
                    self.assertEqual((len(told), told[300_000:].decode()), (300_005 if told[-5:-4] == b"2" else 300_007, f"{name[:3].split()[0]} 200"))
                    self.assertEqual(hashlib.sha256(told[:300_000]).hexdigest(), pattern_digest(300_000))
                    head = self.curl(*flags, "-I", f"{base}/{origin}/bytes/12345").decode().lower()
                    self.assertIn("content-length: 12345", head)
                    for status in (204, 304):
                        told = self.curl(*flags, f"{base}/{origin}/empty/{status}", "-w", "%{http_code} %{size_download}").decode()
                        self.assertEqual(told, f"{status} 0")
                    told = self.curl(*flags, "--data-binary", "x" * 5000, f"{base}/{origin}/digest")
                    self.assertEqual(json.loads(told)["size"], 5000)
            with self.subTest(client=name):
                self.assertEqual(self.curl(*flags, "-r", "3-5", f"{base}/files/abc", "-w", " %{http_code}"), b"def 206")

    def test_a_client_of_http_10_gets_answers_of_unknown_length(self):
        self.up()
        for origin in ORIGINS:
            told = self.curl("--http1.0", f"http://localhost:{self.clear_port}/{origin}/unsized/300000")
            self.assertEqual((len(told), hashlib.sha256(told).hexdigest()), (300_000, pattern_digest(300_000)))

    def test_large_bodies_cross_whole_and_little_of_them_is_held(self):
        self.up()
        size = scaled(200_000_000)
        body = self.directory / "body"
        with open(body, "wb") as file:
            for _ in range(size // len(BLOCK)):
                file.write(BLOCK)
        sent = body.stat().st_size
        digest = pattern_digest(sent)
        for origin in ORIGINS:
            with self.subTest(origin):
                url = f"https://localhost:{self.tls_port}/{origin}"
                self.curl("--http2", "-o", "down", f"{url}/bytes/{sent}")
                with open(self.directory / "down", "rb") as file:
                    self.assertEqual(hashlib.file_digest(file, "sha256").hexdigest(), digest)
                told = json.loads(self.curl("--http2", "-T", body, f"{url}/digest"))
                self.assertEqual((told["size"], told["sha256"]), (sent, digest))
                told = json.loads(self.curl("--http2", "-T", body, "-H", "Expect: 100-continue", f"{url}/digest"))
                self.assertEqual(told["size"], sent)
        if not SANITIZED:
            self.assertLess(self.connector.rss_kib(), 100_000)
            self.assertLess(self.agent.rss_kib(), 60_000)

    def test_trailers_cross_both_ways_between_all_versions(self):
        self.up()
        for origin in ORIGINS:
            with self.subTest(client="2", origin=origin), self.client() as client:
                stream = client.begin(f"/{origin}/digest", "POST", end=False, more=[("trailer", "x-sent")])
                client.send(stream, b"hello")
                client.send_trailers(stream, [("x-sent", "1")])
                self.assertEqual(json.loads(client.finish(stream).body)["trailers"], {"x-sent": "1"})
                stream = client.begin(f"/{origin}/trailers", "POST", end=False)
                client.send_trailers(stream, [("x-sent", "back")])
                answer = client.finish(stream)
                self.assertEqual((answer.body, answer.trailers), (b"body", {"x-checksum": "abc", "x-twice": "back"}))
            with self.subTest(client="1.1", origin=origin):
                answer = raw(self.clear_port, f"POST /{origin}/trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te, close\r\n"
                             "Transfer-Encoding: chunked\r\nTrailer: x-sent\r\n\r\n3\r\nabc\r\n0\r\nx-sent: chunky\r\n\r\n".encode())
                self.assertTrue(answer.endswith(b"0\r\nx-checksum: abc\r\nx-twice: chunky\r\n\r\n"), answer)
                answer = raw(self.clear_port, f"GET /{origin}/trailers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                self.assertTrue(answer.endswith(b"0\r\n\r\n"), answer)
            with self.subTest(client="nghttp", origin=origin):
                body = self.write("nghttp-body", "hello")
                told = subprocess.run(["nghttp", "--no-content-length", "-d", body, "--trailer=x-sent: ng", f"https://127.0.0.1:{self.tls_port}/{origin}/digest"], capture_output=True, timeout=30)
                self.assertEqual(json.loads(told.stdout)["trailers"], {"x-sent": "ng"}, told.stderr)
            with self.subTest(client="curl", origin=origin):
                self.curl("--http2", "-D", "heads", f"https://localhost:{self.tls_port}/{origin}/trailers")
                self.assertIn("x-checksum: abc", (self.directory / "heads").read_text())

    def test_interim_answers_come_in_order(self):
        self.up()
        for origin in ORIGINS:
            with self.subTest(origin), self.client() as client:
                answer = client.get(f"/{origin}/hints")
                self.assertEqual([(head[":status"], head["link"]) for head in answer.interim], [("103", "</first>; rel=preload"), ("103", "</second>; rel=preload")])
                self.assertEqual((answer.status, answer.body), (200, b"after hints"))
            for name, (flags, base) in self.ways().items():
                with self.subTest(origin=origin, client=name):
                    self.curl(*flags, "-D", "heads", f"{base}/{origin}/hints")
                    self.assertEqual(re.findall(r"HTTP/\S+ (?!101)(\d+)|</(first|second)>", (self.directory / "heads").read_text()),
                                     [("103", ""), ("", "first"), ("103", ""), ("", "second"), ("200", "")])

    def test_a_body_that_waits_for_100_is_asked_for_once(self):
        self.up()
        for origin in ORIGINS:
            with self.subTest(origin), self.client() as client:
                stream = client.begin(f"/{origin}/digest", "POST", [("expect", "100-continue"), ("content-length", "5")], end=False)
                client.until(lambda: client.answers[stream].interim, "100 Continue")
                client.send(stream, b"hello", end=True)
                answer = client.finish(stream)
                self.assertEqual(([head[":status"] for head in answer.interim], answer.status, json.loads(answer.body)["size"]), (["100"], 200, 5))

    def test_crumbs_of_a_cookie_are_put_together(self):
        origin = Server(lambda connection, stream, request: connection.reply(stream))
        self.up(three=f"http://127.0.0.1:{origin.port}")
        self.site.config.write_text(self.site.config.read_text().replace("[ service://three ]", "[ service://three ], protocol: h2"))
        self.site.tool("reload")
        crumbs = [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2; c=3")]
        with self.client() as client:
            told = json.loads(client.post("/one/digest", b"", more=crumbs).body)
            self.assertEqual(told["headers"]["cookie"], "a=1; b=2; c=3")
            self.assertEqual(client.get("/three/x", more=crumbs).status, 200)
        self.assertEqual(origin.requests[-1].headers["cookie"].replace(", ", "; "), "a=1; b=2; c=3")

    def test_host_and_authority_must_agree_and_one_must_be_there(self):
        self.up()
        with self.client(checked=False) as client:
            for host, status in (("localhost", 200), ("LOCALHOST", 200), ("other", 400)):
                with self.subTest(host):
                    self.assertEqual(client.get("/one/x", more=[("host", host)]).status, status)
            pseudo = [(":method", "GET"), (":scheme", "https"), (":path", "/one/x")]
            self.assertEqual(client.get("/", pseudo=pseudo, more=[("host", "localhost")]).status, 200)

    def test_an_answer_that_breaks_off_is_a_reset_and_no_clean_end(self):
        self.up()
        for origin in ORIGINS:
            for way in ("cut", "die"):
                with self.subTest(origin=origin, way=way), self.client() as client:
                    stream = client.begin(f"/{origin}/{way}")
                    client.until(lambda: client.answers[stream].body, "the beginning")
                    self.origins[origin].ask("/next")
                    answer = client.finish(stream)
                    self.assertEqual((answer.status, answer.body, answer.ended), (200, b"the beginning", False))
                    self.assertEqual(answer.reset, h2.errors.ErrorCodes.INTERNAL_ERROR)
                    self.assertTrue(client.settle(), "only the stream ends, not its connection")
                for (flags, base), status in zip(self.ways().values(), (18, 18, 92, 92, 18)):
                    with self.subTest(origin=origin, way=way, curl=flags):
                        self.assertEqual(self.broken_off([*flags, f"{base}/{origin}/{way}"], origin), (status, b"the beginning"))

    def broken_off(self, arguments, origin):
        """How curl ends, and what it got, when the origin breaks off after the beginning."""
        with subprocess.Popen(["curl", "-sN", "--max-time", "60", "--cacert", self.ca.file, *arguments], stdout=subprocess.PIPE) as curl:
            beginning = curl.stdout.read(13)
            self.origins[origin].ask("/next")
            rest = curl.stdout.read()
            return curl.wait(20), beginning + rest

    def test_a_client_that_gives_up_ends_the_work_at_the_origin(self):
        self.up()
        body = b"x" * 100_000
        for origin in ORIGINS:
            def aborted():
                return self.origins[origin].seen()["aborted"]
            with self.subTest(origin), self.client() as client:
                before = aborted()
                stream = client.begin(f"/{origin}/bytes/1000000000")
                client.until(lambda: client.answers[stream].size > 0, "the beginning")
                client.reset(stream)
                wait_for(lambda: aborted() == before + 1, "the download to end at the origin")
                stream = client.begin(f"/{origin}/digest", "POST", end=False)
                client.send(stream, body)
                wait_for(lambda: self.origins[origin].seen()["requests"][-1]["url"].endswith("/digest"), "the upload at the origin")
                client.reset(stream)
                wait_for(lambda: aborted() == before + 2, "the upload to end at the origin")
                waiting = client.begin(f"/{origin}/wait")
                wait_for(lambda: self.origins[origin].seen()["requests"][-1]["url"].endswith("/wait"), "the request at the origin")
                client.reset(waiting)
                wait_for(lambda: aborted() == before + 3, "the request to end at the origin")
                self.assertTrue(client.settle())

    def test_a_stream_that_nobody_reads_does_not_hold_up_the_others(self):
        self.up()
        with self.client() as client:
            stuck = [client.begin(f"/{origin}/bytes/100000000") for origin in ORIGINS for _ in range(4)]
            client.shut.update(stuck)
            for stream in stuck:
                client.until(lambda: client.answers[stream].size >= 1 << 20, "its window to fill")
            for i in range(20):
                self.assertEqual(client.get(f"/{ORIGINS[i % 2]}/bytes/200000").size, 200_000)
            self.assertEqual({client.answers[stream].size for stream in stuck}, {1 << 20})
        if not SANITIZED:
            self.assertLess(self.connector.rss_kib(), 80_000)

    def test_a_listener_can_be_without_http_2(self):
        self.up(more=", http2: false")
        url = f"https://localhost:{self.tls_port}/one/x"
        self.assertEqual(self.curl("--http2", url, "-w", " %{http_version}"), b"node 1.1 1.1")
        answer = raw(self.clear_port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 505"), answer)

    def test_undici_gets_the_same_in_both_versions(self):
        self.up()
        for h2 in (True, False):
            told = run_client(self, "undici", {"h2": h2, "ca": str(self.ca.file), "base": f"https://localhost:{self.tls_port}", "times": scaled(30, 5),
                                               "paths": ["/one/bytes/30000", "/two/bytes/30000", "/two/unsized/200000"], "sink": "/two/digest", "upload": 3_000_000})
            self.assertEqual(told["upload"], {"size": 3_000_000, "right": True})
            self.assertEqual({(answer["status"], answer["sha256"]) for answer in told["answers"]}, {(200, pattern_digest(30_000)), (200, pattern_digest(200_000))})
            protocol = "HTTP/2" if h2 else "HTTP/1.1"
            wait_for(lambda: all(line["protocol"] == protocol for line in self.site.access_lines(self.connector)[-len(told["answers"]):]), "the access log")

    def test_h2load_and_nghttp_fail_no_request(self):
        self.up(files=self.files(small=b"s" * 1024))
        for url, count in ((f"https://127.0.0.1:{self.tls_port}/files/small", scaled(6000, 300)), (f"http://127.0.0.1:{self.clear_port}/two/bytes/1000", scaled(3000, 300))):
            told = subprocess.run(["h2load", "-n", str(count), "-c", "8", "-m", "40", url], capture_output=True, text=True, timeout=90).stdout
            self.assertIn(f"{count} done, {count} succeeded, 0 failed, 0 errored, 0 timeout", told)
        told = subprocess.run(["nghttp", "-n", "-s", "-m", "100", f"https://127.0.0.1:{self.tls_port}/two/bytes/50000"], capture_output=True, text=True, timeout=60).stdout
        self.assertEqual(len(re.findall(r" 200 +48K /two/bytes/50000", told)), 100, told[-2000:])

    def test_connectors_replaced_under_load_fail_no_request(self):
        self.up()
        load = Http2Load(self)
        serving = self.connector
        for _ in range(2):
            load.go_on()
            successor = self.site.start_connector(wait=False)
            wait_for(lambda: '"listening for clients"' in successor.log(), "the successor to listen")
            serving.signal(signal.SIGTERM)
            self.assertEqual(serving.wait(40), 0)
            serving = successor
        load.finish()

    def test_a_certificate_and_routes_replaced_under_load_fail_no_request(self):
        self.up()
        load = Http2Load(self, requests_most=40)  # then another connection, which sees the certificate of the moment
        for i in range(3):
            load.go_on()
            certificate, key = self.ca.issue(f"newer{i}")
            key.replace(self.directory / "server.key")
            certificate.replace(self.directory / "server.crt")
            self.site.config.write_text(self.site.config.read_text() + f'  - {{ match: {{ path: "/r{i}" }}, backend: one }}\n')
            self.site.tool("reload")
            with self.client() as client:
                self.assertIn((("commonName", f"newer{i}"),), client.socket.getpeercert()["subject"])
                self.assertEqual(client.get(f"/r{i}").status, 200)
        load.finish()


class Http2Load:
    """Four clients that download and upload on connections which they give up when told to (GOAWAY), or after `requests_most`."""

    def __init__(self, case, requests_most=1_000_000):
        self.case, self.requests_most = case, requests_most
        self.done, self.failed = 0, []
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(ORIGINS[i % 2],), daemon=True) for i in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self, origin):
        while not self.stopping.is_set() and len(self.failed) < 20:
            try:
                with self.case.client() as client:
                    while client.goaway is None and not self.stopping.is_set() and len(client.answers) < self.requests_most:
                        self.ask(client, origin)
            except (OSError, AssertionError, h2.exceptions.ProtocolError) as error:
                self.failed.append(repr(error))

    def ask(self, client, origin):
        downloads = [client.begin(f"/{origin}/bytes/20000") for _ in range(8)]
        upload = client.begin(f"/{origin}/digest", "POST", end=False)
        client.send(upload, BLOCK, end=True)
        answers = [client.finish(stream) for stream in (*downloads, upload)]
        right = [answer.size == 20_000 for answer in answers[:-1]] + [answers[-1].status == 200]
        with self.lock:
            self.done += len(answers)
            self.failed += [(answer.status, answer.reset, answer.size) for answer, good in zip(answers, right) if not good or answer.status != 200]

    def go_on(self):
        reached = self.done
        wait_for(lambda: self.done > reached + scaled(600, 60) or self.failed, "some load", 60)

    def finish(self):
        self.go_on()
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        print(f"{self.done} requests, {len(self.failed)} failed")
        self.case.assertEqual(self.failed[:5], [])


main()

"""Answers that are kept for the next who asks: fresh, asked for anew, stale where that is allowed, and never another's."""
import concurrent.futures
import gzip
import hashlib
import json
import threading

from caching_origin import CachingOrigin
from harness import CALM, CONNECTOR, Case, Process, Site, can_connect, fetch, free_port, main, metric, raw, wait_for

CACHEABLE = {"Cache-Control": "max-age=600"}


def sha(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


class Caching(Case):
    def start(self, cache="{}", route="", extra="", backend=""):
        self.origin = CachingOrigin(self)
        self.port, self.admin = free_port(), free_port()
        self.configure(cache, route, extra, backend)
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the listener")

    listener = ""

    def configure(self, cache="{}", route="", extra="", backend=""):
        self.config = self.write("adit.yaml", f"""
listeners: [ {{ address: "127.0.0.1:{self.port}"{self.listener} }} ]
admin: {{ address: "127.0.0.1:{self.admin}" }}
workers: 2
{CALM}
log: {{ format: json }}
backends:
  web: {{ endpoints: [ "http://127.0.0.1:{self.origin.port}" ], cache: {cache}{backend} }}
  bare: {{ endpoints: [ "http://127.0.0.1:{self.origin.port}" ] }}
routes:
  - {{ match: {{ path: "/**" }}, backend: web{route} }}
  - {{ match: {{ path: /bare/** }}, backend: bare }}
{extra}
""")

    def get(self, path, method="GET", headers=None, **fields):
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        return fetch(self.port, path, method=method, headers={**fields, **(headers or {})})

    def marked(self, *arguments, **keywords):
        """The answer's Cache-Status without its times."""
        answer = self.get(*arguments, **keywords)
        parts = answer.headers.get("cache-status", "").split("; ")
        return " ".join(part for part in parts[1:] if not part.startswith("ttl=")), answer

    def tool(self, *arguments, status=0):
        done = self.run_tool(CONNECTOR, *arguments, "--config", self.config, status=status)
        return done.stdout + done.stderr

    def lines(self):
        return [json.loads(line) for line in self.connector.log().splitlines() if '"logger":"access"' in line]

    def test_fresh_answers_come_from_the_cache_and_say_so(self):
        self.start()
        self.origin.say("/a", CACHEABLE)
        mark, first = self.marked("/a")
        self.assertEqual((mark, first.status), ("fwd=uri-miss stored", 200))
        mark, second = self.marked("/a")
        self.assertEqual((mark, second.body, self.origin.calls("/a")), ("hit", first.body, 1))
        self.assertRegex(second.headers["cache-status"], r"^adit; hit; ttl=(59\d|600)$")
        self.assertLess(int(second.headers["age"]), 10)
        self.assertNotIn("warning", second.headers)
        self.assertEqual(second.headers["content-length"], str(len(first.body)))
        head = self.get("/a", method="HEAD")
        self.assertEqual((head.status, head.body, head.headers["content-length"]), (200, b"", str(len(first.body))))
        self.assertEqual(self.origin.calls("/a"), 1)
        # the query counts, the other backend keeps nothing
        self.assertEqual(self.marked("/a?x=1")[0], "fwd=uri-miss stored")
        self.assertNotIn("cache-status", self.get("/bare/a").headers)
        # what says nothing is not kept without a ttl; neither is what must not be
        for path, fields in {"/silent": {}, "/private": {"Cache-Control": "private, max-age=60"}, "/no-store": {"Cache-Control": "no-store"},
                             "/cookie": {**CACHEABLE, "Set-Cookie": "a=b"}, "/vary": {**CACHEABLE, "Vary": "*"}}.items():
            self.origin.say(path, fields)
            marks = [self.marked(path)[0] for _ in range(2)]
            self.assertTrue(all(mark.startswith("fwd=uri-miss detail=") for mark in marks), marks)
            self.assertEqual(self.origin.calls(path), 2)
        # wishes of clients
        self.assertTrue(self.marked("/a", cache_control="no-cache")[0].startswith("fwd=request"))
        self.assertEqual(self.origin.calls("/a"), 3)
        refused = self.get("/never", cache_control="only-if-cached")
        self.assertEqual((refused.status, refused.problem()["code"], self.origin.calls("/never")), (504, "not-cached", 0))
        self.assertEqual(self.marked("/a", cache_control="only-if-cached")[0], "hit")
        # ranges pass by
        self.assertEqual(self.marked("/a", range="bytes=0-1")[0], "fwd=bypass")
        line = wait_for(lambda: next((one for one in self.lines() if one.get("cache") == "hit"), None), "an access line")
        self.assertEqual((line["path"], line["attempts"]), ("/a", 0))
        self.assertGreaterEqual(metric(self.admin, "adit_cache_requests_total", result="hit", reaches=3), 3)
        self.assertGreaterEqual(metric(self.admin, "adit_cache_entries"), 2)

    def test_large_and_chunked_answers_are_whole_and_cut_ones_are_not_kept(self):
        self.start(cache="{ entry_bytes: 300KiB }")
        body = bytes(range(256)) * 1100
        for path, chunked in {"/plain": False, "/chunked": True}.items():
            self.origin.say(path, CACHEABLE, body=body, chunked=chunked)
            self.assertEqual({self.get(path).body == body for _ in range(3)}, {True})
            self.assertEqual(self.origin.calls(path), 1)
        for path, chunked in {"/large": False, "/large-chunked": True}.items():
            self.origin.say(path, CACHEABLE, body=body * 2, chunked=chunked)
            self.assertEqual([self.get(path).body == body * 2 for _ in range(2)], [True, True])
            self.assertEqual(self.origin.calls(path), 2)
        self.origin.say("/cut", CACHEABLE, body=body, cut=1000)
        for _ in range(2):
            got = raw(self.port, b"GET /cut HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertLess(len(got), len(body))
        self.assertEqual(self.origin.calls("/cut"), 2)
        self.origin.say("/empty", CACHEABLE, body=b"", status=404)
        self.assertEqual([(self.get("/empty").status, self.get("/empty").body) for _ in range(2)], [(404, b"")] * 2)
        self.assertEqual(self.origin.calls("/empty"), 1)

    def test_vary_validators_and_conditions(self):
        self.start(route=", compression: { min_size: 1 }")
        self.origin.say("/v", CACHEABLE, vary=("accept-language", "x-tenant"))
        german, french = self.get("/v", accept_language="de").body, self.get("/v", accept_language="fr").body
        self.assertNotEqual(german, french)
        self.assertEqual((self.get("/v", accept_language="de").body, self.get("/v", accept_language="fr").body), (german, french))
        self.assertEqual(self.marked("/v", accept_language="it")[0], "fwd=vary-miss stored")
        self.assertEqual(self.origin.calls("/v"), 3)
        # conditions of a client are answered here
        page = self.origin.say("/tag", {**CACHEABLE, "ETag": '"one"', "Last-Modified": "Thu, 01 Jan 2026 10:00:00 GMT", "Content-Type": "text/plain"}, body=b"x" * 500)
        self.get("/tag")
        mark, unchanged = self.marked("/tag", if_none_match='W/"zero", "one"')
        self.assertEqual((mark, unchanged.status, unchanged.body, unchanged.headers["etag"]), ("hit", 304, b"", '"one"'))
        self.assertEqual(self.get("/tag", if_modified_since="Thu, 01 Jan 2026 10:00:00 GMT").status, 304)
        self.assertEqual(self.get("/tag", if_none_match='"other"').status, 200)
        # what is stored is what the origin sent: each client gets it in the coding that it takes
        coded = self.get("/tag", accept_encoding="gzip")
        self.assertEqual((gzip.decompress(coded.body), coded.headers["content-encoding"]), (b"x" * 500, "gzip"))
        self.assertEqual(self.get("/tag").body, b"x" * 500)
        self.assertEqual(len(page.calls), 1)
        # stale: asked for anew, and confirmed
        page = self.origin.say("/stale", {"Cache-Control": "max-age=0", "ETag": '"two"'})
        first = self.get("/stale").body
        mark, again = self.marked("/stale", if_none_match='"mine"')
        self.assertEqual((mark, again.body, again.status), ("fwd=stale fwd-status=304 stored", first, 200))
        self.assertEqual(page.calls[1]["if-none-match"], '"two"')
        self.assertEqual(self.get("/stale", if_none_match='"two"').status, 304)
        page.fields["etag"] = page.fields["ETag"] = '"three"'
        page.fields.pop("ETag")
        mark, changed = self.marked("/stale")
        self.assertEqual((mark, changed.headers["etag"]), ("fwd=stale stored", '"three"'))

    def test_a_change_makes_what_was_kept_useless(self):
        self.start()
        for path in ("/item", "/list", "/else"):
            self.origin.say(path, CACHEABLE)
            self.get(path)
            self.assertEqual(self.marked(path)[0], "hit")
        self.origin.page("/item").fields["Location"] = "/list"
        mark, _ = self.marked("/item", method="PUT")
        self.assertEqual(mark, "fwd=method")
        self.assertEqual([self.marked(path)[0] for path in ("/item", "/list", "/else")], ["fwd=uri-miss stored", "fwd=uri-miss stored", "hit"])
        self.origin.page("/item").status = 500
        self.get("/item", method="DELETE")
        self.assertEqual(self.marked("/item")[0], "hit")  # nothing has changed
        self.origin.page("/item").status = 200
        # an operator's word
        self.assertEqual(json.loads(fetch(self.admin, "/cache/purge", method="POST").body)["purged"], 3)
        self.assertEqual(self.marked("/else")[0], "fwd=uri-miss stored")
        self.get("/item")
        self.assertIn("1", self.tool("cache", "purge", "--path-prefix", "/el"))
        self.assertEqual((self.marked("/item")[0], self.marked("/else")[0]), ("hit", "fwd=uri-miss stored"))
        self.tool("cache", "purge", "--route", "*/**")
        self.assertEqual(self.marked("/item")[0], "fwd=uri-miss stored")
        self.assertIn("entries", self.tool("cache", "status"))

    def test_a_crowd_costs_the_origin_one_call(self):
        self.start(cache="{ ttl: 60s }")
        with concurrent.futures.ThreadPoolExecutor(50) as crowd:
            page = self.origin.say("/crowd", gate=threading.Event())
            answers = [crowd.submit(self.get, "/crowd") for _ in range(50)]
            wait_for(lambda: metric(self.admin, "adit_connector_requests_in_progress") >= 50, "the crowd")
            page.gate.set()
            got = [answer.result() for answer in answers]
            self.assertEqual(({one.body for one in got}, len(page.calls)), ({b"/crowd 1\n"}, 1))
            self.assertEqual(sum("collapsed" in one.headers["cache-status"] for one in got), 49)
            # who is not to have another's answer waits for nobody any more
            page = self.origin.say("/alone", {"Cache-Control": "private"}, delay=0.2)
            got = [one.result() for one in [crowd.submit(self.get, "/alone") for _ in range(20)]]
            self.assertEqual((len({one.body for one in got}), len(page.calls)), (20, 20))
            # a failure is shared as what it is
            self.origin.stop()
            got = [one.result() for one in [crowd.submit(self.get, "/gone") for _ in range(20)]]
            self.assertEqual({(one.status, one.problem()["code"]) for one in got}, {(502, "connection-refused")})
            self.origin.start()
            self.assertEqual(self.get("/gone").status, 200)

    def test_what_one_request_brings_about_is_nobody_elses(self):
        self.listener = ", trusted_proxies: [ 127.0.0.1 ]"
        self.start(cache="{ ttl: 60s }", backend=", forwarding: { x_forwarded: append, deadline: X-Time-Left }")
        with concurrent.futures.ThreadPoolExecutor(10) as crowd:
            # a caller's own deadline is not that of those who wait for his answer
            page = self.origin.say("/deadline", CACHEABLE, gate=threading.Event())
            hasty = crowd.submit(self.get, "/deadline", x_time_left="2500")
            wait_for(lambda: len(page.calls) == 1, "the leader's call")
            patient = [crowd.submit(self.get, "/deadline") for _ in range(5)]
            self.assertEqual(hasty.result().status, 504)
            wait_for(lambda: len(page.calls) == 2, "the next leader's call")
            page.gate.set()
            self.assertEqual({one.result().status for one in patient}, {200})
            self.assertEqual(len(page.calls), 2)
            # nor are wishes and errors of one request reasons to let a crowd through, or to forget what is kept
            kept = self.origin.say("/kept", CACHEABLE)
            self.get("/kept")
            self.get("/kept", cache_control="no-cache, no-store")
            kept.status = 400
            self.assertEqual(self.get("/kept", cache_control="no-cache", x_odd="1").status, 400)
            self.assertEqual(self.marked("/kept")[0], "hit")
            page = self.origin.say("/one", status=400)
            self.get("/one", cookie="a=b", x_odd="1")
            self.get("/one", cache_control="no-store")
            page.status, page.gate = 200, threading.Event()
            before = len(page.calls)
            answers = [crowd.submit(self.get, "/one") for _ in range(8)]
            wait_for(lambda: metric(self.admin, "adit_connector_requests_in_progress") >= 8, "the crowd")
            page.gate.set()
            self.assertEqual({one.result().status for one in answers}, {200})
            self.assertEqual(len(page.calls), before + 1)
        # a field that Connection takes away has selected nothing
        self.origin.say("/vary", CACHEABLE, vary=("x-lang",))
        self.get("/vary", connection="x-lang", x_lang="de")
        mark, german = self.marked("/vary", x_lang="de")
        self.assertEqual((mark, german.body), ("fwd=vary-miss stored", b"/vary 2 de\n"))
        self.assertEqual(self.marked("/vary")[0], "hit")
        # what a proxy says of the host, and the origin hears, is a part of the key
        self.origin.say("/host", CACHEABLE, vary=())
        marks = [self.marked("/host", x_forwarded_host=host)[0] for host in ("a.example", "b.example", "a.example")]
        self.assertEqual(marks, ["fwd=uri-miss stored", "fwd=uri-miss stored", "hit"])

    def test_stale_answers_stand_in_and_are_renewed_beside(self):
        self.start(cache="{ ttl: 1s, stale_if_error: 60s }")
        page = self.origin.say("/swr", {"Cache-Control": "max-age=1, stale-while-revalidate=60", "ETag": '"a"'}, body=b"same")
        plain = self.origin.say("/plain")
        strict = self.origin.say("/strict", {"Cache-Control": "max-age=1, must-revalidate"})
        for path in ("/swr", "/plain", "/strict"):
            self.get(path)
        wait_for(lambda: not self.marked("/plain")[0].startswith("hit"), "the end of its freshness")
        wait_for(lambda: self.marked("/swr")[0] == "hit detail=stale-while-revalidate", "a stale answer")
        wait_for(lambda: len(page.calls) >= 2, "its renewal")
        self.assertEqual(page.calls[1].get("if-none-match"), '"a"')
        wait_for(lambda: self.marked("/swr")[0] == "hit", "the renewed one")
        # errors of the origin, and an origin that is gone
        plain.status = strict.status = 503
        strict.fields["Cache-Control"] = "no-store"  # of the error
        wait_for(lambda: "stale-if-error" in self.marked("/plain")[0], "staleness")
        mark, answer = self.marked("/plain")
        self.assertEqual((mark, answer.status), ("fwd=stale fwd-status=503 detail=stale-if-error", 200))
        self.assertIn("; ttl=-", answer.headers["cache-status"])
        wait_for(lambda: self.get("/strict").status == 503, "the strict one's end")
        self.origin.stop()
        mark, answer = self.marked("/plain")
        self.assertEqual((mark, answer.status, answer.body[:6]), ("fwd=stale detail=stale-if-error", 200, b"/plain"))
        self.assertEqual(self.get("/strict").status, 502)
        self.assertEqual(self.get("/plain", cache_control="no-cache").status, 502)
        self.assertEqual(self.get("/other").status, 502)
        line = wait_for(lambda: next((one for one in self.lines() if one.get("cache_detail") == "stale-if-error"), None), "an access line")
        self.assertEqual((line["cache"], line["status"]), ("stale", 200))
        self.origin.start()
        plain.status = 200
        wait_for(lambda: "stale" not in self.marked("/plain")[0], "the origin's own answer")

    def test_a_reload_keeps_what_was_kept_and_takes_up_new_bounds(self):
        self.start()
        self.origin.say("/a", CACHEABLE)
        self.get("/a")
        self.configure(cache="{ ttl: 5s }", extra="cache: { memory: 8MiB }")
        self.tool("reload")
        self.assertEqual((self.marked("/a")[0], self.origin.calls("/a")), ("hit", 1))
        self.configure(extra="cache: { memory: 0, entries: 0 }")
        self.tool("reload")
        self.get("/a")
        self.get("/a")
        self.assertEqual(self.origin.calls("/a"), 3)
        wait_for(lambda: metric(self.admin, "adit_cache_bytes") == 0, "an empty cache")

    def test_an_agent_that_is_gone_is_not_missed(self):
        origin = CachingOrigin(self)
        site = Site(self, {"web": f"http://127.0.0.1:{origin.port}"},
                    backends={"web": "endpoints: [ service://web ], timeouts: { connect: 1s }, cache: { stale_if_error: 60s }"})
        _, (agent,) = site.up()
        page = origin.say("/web/x", {"Cache-Control": "max-age=0", "ETag": '"a"'})
        first = site.get("/web/x")
        self.assertIn("fwd-status=304", site.get("/web/x").headers["cache-status"])
        self.assertEqual(len(page.calls), 2)
        agent.stop()
        wait_for(lambda: not site.sessions(), "its sessions to end")
        answer = site.get("/web/x")
        self.assertEqual((answer.status, answer.body), (200, first.body))
        self.assertIn("detail=stale-if-error", answer.headers["cache-status"])
        self.assertEqual(site.get("/web/other").status, 503)

    def test_consumers_never_see_each_others_answers(self):
        people = f"""consumers:
  - {{ name: one, api_keys: [ "{sha('key-1')}" ] }}
  - {{ name: two, api_keys: [ "{sha('key-2')}" ] }}
"""
        who = ', policies: [ api-key ], access: [ { consumer: "*" } ]'
        self.start(route=who, extra=people)
        for path, fields in {"/mine": CACHEABLE, "/shown": {"Cache-Control": "public, max-age=60"}}.items():
            self.origin.say(path, fields)
            bodies = {key: self.get(path, x_api_key=key).body for key in ("key-1", "key-2")}
            self.assertNotEqual(bodies["key-1"], bodies["key-2"])
            self.assertEqual({key: self.get(path, x_api_key=key).body for key in bodies}, bodies)
            self.assertEqual(self.origin.calls(path), 2)
        self.assertEqual(self.get("/mine").status, 401)
        self.assertEqual(self.get("/mine", x_api_key="wrong").status, 401)
        # a change by one concerns all
        self.get("/mine", method="POST", x_api_key="key-2")
        self.assertEqual(self.marked("/mine", x_api_key="key-1")[0], "fwd=uri-miss stored")
        # a credential that goes on to the origin speaks for somebody whom we do not know
        self.assertIn("detail=authorization", self.marked("/auth", x_api_key="key-1", authorization="Bearer x")[0].replace("no-freshness", "authorization"))
        self.origin.say("/auth", CACHEABLE)
        marks = [self.marked("/auth", x_api_key="key-1", authorization=f"Bearer {i}")[0] for i in range(2)]
        self.assertEqual(marks, ["fwd=uri-miss detail=authorization"] * 2)
        # shared among consumers where that is configured and the origin allows it
        self.configure(cache="{ per_consumer: false }", route=who, extra=people)
        self.tool("reload")
        self.origin.say("/mine", CACHEABLE)
        self.assertEqual([self.marked("/mine", x_api_key=key)[0] for key in ("key-1", "key-2")], ["fwd=uri-miss detail=authorization"] * 2)
        self.origin.say("/shown", {"Cache-Control": "public, max-age=60"})
        self.assertEqual([self.marked("/shown", x_api_key=key)[0] for key in ("key-1", "key-2")], ["fwd=uri-miss stored", "hit"])


if __name__ == "__main__":
    main()

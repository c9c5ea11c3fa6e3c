"""Requests move from one backend to another in steps: shared by weight, copied to a mirror, led on by other routes."""
import json
import subprocess

from harness import Case, Site, fetch, main, metric, raw, wait_for
from servers import Origin, Scripted

MIRRORED = "adit_connector_mirror_requests_total"


class Migration(Case):
    def up(self, routes, backends=None, **keywords):
        self.old, self.new, self.shadow = Origin("old"), Origin("new"), Origin("shadow")
        origins = {"old": self.old, "new": self.new, "shadow": self.shadow}
        self.site = Site(self, {name: f"http://127.0.0.1:{origin.port}" for name, origin in origins.items()}, **keywords)
        more = "".join(f"  {name}: {{ {text} }}\n" for name, text in (backends or {}).items())
        self.site.config.write_text(self.site.config.read_text().replace("routes:", more + "routes:"))
        self.set_routes(routes)
        self.connector, _ = self.site.up()
        return self.site

    def set_routes(self, routes):
        text = self.site.config.read_text()
        self.site.config.write_text(text[:text.index("routes:")] + "routes:\n" + "".join(f"  - {{ {route} }}\n" for route in routes))

    def reload(self, routes):
        self.set_routes(routes)
        self.assertIn("reloaded", self.site.tool("reload").stdout)

    def curl(self, *arguments, path="/x"):
        return subprocess.run(["curl", "-sS", "--max-time", "20", *arguments, f"http://127.0.0.1:{self.site.client_port}{path}"], capture_output=True, check=True).stdout

    def answered(self, count, path="/x", **keywords):
        """How often each origin answered."""
        names = [self.site.get(path, **keywords).body.split()[0].decode() for _ in range(count)]
        return {name: names.count(name) for name in set(names)}

    def mirrored(self, result="sent", **labels):
        return metric(self.site.admin_port, MIRRORED, result=result, **labels)

    def in_log(self, **members):
        return [line for line in self.site.access_lines(self.connector) if all(line.get(name) == value for name, value in members.items())]

    # --- split ---

    def test_weights_share_requests_and_a_reload_moves_them_at_once(self):
        site = self.up(["name: moving, match: {}, split: [ { backend: old, weight: 3 }, { backend: new, weight: 1 } ]"])
        shares = self.answered(200)
        self.assertEqual(sum(shares.values()), 200)
        self.assertTrue(20 <= shares["new"] <= 85, shares)
        for _ in range(20):
            self.assertIn(self.curl("--http2-prior-knowledge").split()[0], (b"old", b"new"))
        for name in ("old", "new"):
            wait_for(lambda: self.in_log(route="moving", backend=name, status=200), f"an access line of {name}")
        self.assertEqual(metric(site.admin_port, "adit_connector_split_requests_total", route="moving", reaches=220), 220)
        self.assertGreaterEqual(metric(site.admin_port, "adit_connector_split_requests_total", route="moving", backend="new"), shares["new"])
        self.reload(["name: moving, match: {}, split: [ { backend: old, weight: 0 }, { backend: new, weight: 1 } ]"])
        self.assertEqual(self.answered(30), {"new": 30})

    def test_a_client_stays_on_its_side_and_changes_it_once_while_weights_grow(self):
        rule = "match: {{}}, split: [ {{ backend: old, weight: {} }}, {{ backend: new, weight: {} }} ], split_by: {}"
        self.up([rule.format(50, 50, "header X-User")])
        sides = {}
        for user in map(str, range(30)):
            sides[user] = self.answered(2, headers={"X-User": user})
            self.assertEqual(len(sides[user]), 1)
        self.assertEqual({side for one in sides.values() for side in one}, {"old", "new"})
        self.reload([rule.format(30, 70, "header X-User")])
        for user, side in sides.items():
            if side == {"new": 2}:
                self.assertEqual(self.answered(1, headers={"X-User": user}), {"new": 1})
        self.reload([rule.format(50, 50, "cookie session")])
        for user in map(str, range(10)):
            one = self.answered(2, headers={"Cookie": f"a=b; session={user}"})
            two = {self.curl("--http2-prior-knowledge", "-H", f"Cookie: a=b; session={user}").split()[0].decode(): 2}
            self.assertEqual(one, two)
        self.reload([rule.format(50, 50, "client_ip")])
        self.assertEqual(len(self.answered(10)), 1)

    # --- mirror ---

    def test_copies_reach_the_mirror_marked_whole_and_their_answers_reach_nobody(self):
        site = self.up(["name: watched, match: { path: '/v1/{rest**}' }, backend: old, rewrite: { path: '/v2/{rest}' }, mirror: { backend: shadow }"])
        self.assertEqual(site.get("/v1/a?b=c").body[:3], b"old")
        chunked = b"POST /v1/chunked HTTP/1.1\r\nHost: a\r\nAdit-Mirror: forged\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        sent = [(site.get("/v1/up", method="POST", body=b"hello world").body, "/v2/up"),
                (raw(site.client_port, chunked).split(b"\r\n\r\n")[1], "/v2/chunked"),
                (self.curl("--http2-prior-knowledge", "--data-binary", "hello world", path="/v1/h2"), "/v2/h2"),
                (self.curl("-H", "Expect: 100-continue", "--data-binary", "hello world", path="/v1/expect"), "/v2/expect")]
        wait_for(lambda: self.mirrored(route="watched", backend="shadow") == 5, "the copies")
        self.assertIn(("GET", "/v2/a?b=c"), [(method, path) for method, path, _ in self.shadow.seen])
        digest = sent[0][0].split()[2]
        for body, path in sent:
            self.assertEqual(body.split(), [b"old", b"11", digest], path)
            (main_one,) = [headers for _, seen, headers in self.old.seen if seen == path]
            (copy,) = [headers for _, seen, headers in self.shadow.seen if seen == path]
            self.assertEqual(copy["adit-mirror"], "watched")
            self.assertNotIn("expect", {name.lower() for name in copy})
            self.assertEqual(copy["content-length"], "11")
            self.assertEqual(copy["x-request-id"], main_one["x-request-id"])
            self.assertNotEqual(main_one.get("Adit-Mirror"), "watched")

    def test_no_state_of_the_mirror_delays_fails_or_changes_an_exchange(self):
        backends = {"gone": 'endpoints: [ "http://127.0.0.1:1" ]', "silent": "endpoints: [ \"http://127.0.0.1:%d\" ], timeouts: { first_byte: 1s }",
                    "cutting": "endpoints: [ \"http://127.0.0.1:%d\" ]"}
        silent = Scripted(then="hold")
        cutting = Scripted(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nno", then="reset", last=b"\r\n\r\n1")  # with the whole request read
        backends["silent"] %= silent.port
        backends["cutting"] %= cutting.port
        self.up([f"name: to-{name}, match: {{ path: /{name} }}, backend: old, mirror: {{ backend: {name} }}" for name in backends], backends=backends)
        for name in backends:
            for _ in range(3):
                self.assertEqual(self.site.get(f"/{name}", seconds=5, method="POST", body=b"1").status, 200)
        for name, reason in (("gone", "connection-refused"), ("silent", "first-byte-timeout"), ("cutting", "cut-off")):
            wait_for(lambda: self.mirrored("failed", route=f"to-{name}") == 3, f"the failures of {name}")
            text = fetch(self.site.admin_port, "/metrics").body.decode()
            self.assertRegex(text, rf'reason="{reason}"[^\n]*route="to-{name}"[^\n]* 3')
        self.assertEqual(metric(self.site.admin_port, "adit_connector_request_failures_total"), 0)

    def test_large_bodies_and_too_many_at_once_are_not_copied_and_counted(self):
        holding = Scripted(then="hold")
        self.up(["name: small, match: { path: /small }, backend: old, mirror: { backend: shadow, body_bytes: 1KiB }",
                 "name: few, match: { path: /few }, backend: old, mirror: { backend: holding, in_flight: 2 }",
                 "name: never, match: { path: /never }, backend: old, mirror: { backend: shadow, percent: 0 }"],
                backends={"holding": f'endpoints: [ "http://127.0.0.1:{holding.port}" ]'})
        for size in (1024, 1025):
            self.assertEqual(self.site.get("/small", method="POST", body=b"x" * size).status, 200)
        self.assertEqual(self.curl("-H", "Transfer-Encoding: chunked", "--data-binary", "x" * 3000, path="/small").split()[1], b"3000")
        self.assertEqual(self.curl("--http2-prior-knowledge", "--data-binary", "x" * 3000, path="/small").split()[1], b"3000")
        wait_for(lambda: self.mirrored(route="small") == 1, "the copy of the small one")
        wait_for(lambda: self.mirrored("skipped", route="small", reason="body") == 3, "those that are too large")
        self.assertEqual(len(self.shadow.seen), 1)
        for _ in range(5):
            self.assertEqual(self.site.get("/few").status, 200)
            self.assertEqual(self.site.get("/never").status, 200)
        wait_for(lambda: self.mirrored("skipped", route="few", reason="busy") == 3, "those that were too many")
        self.assertEqual(len(self.shadow.seen), 1)

    def test_a_request_that_was_not_whole_is_not_copied(self):
        self.up(["match: {}, backend: old, mirror: { backend: shadow }"])
        raw(self.site.client_port, b"POST /cut HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello", end=True)
        wait_for(lambda: self.mirrored("skipped", reason="incomplete") == 1, "the count")
        self.assertEqual(self.shadow.seen, [])

    def test_an_endless_answer_of_the_mirror_is_left(self):
        endless = Origin("endless")
        self.addCleanup(endless.release.set)
        self.up(["match: { path: /bytes/** }, backend: old, mirror: { backend: endless }"],
                backends={"endless": f'endpoints: [ "http://127.0.0.1:{endless.port}" ]'})
        self.assertEqual(len(self.site.get("/bytes/5000000").body), 5_000_000)
        wait_for(lambda: self.mirrored() == 1, "the copy to end")

    # --- internal ---

    def test_a_route_goes_on_by_another_with_its_rewrite_split_and_counters(self):
        backends = {"by-inner": "endpoints: [ internal://inner ]", "by-door": "endpoints: [ internal://door ]"}
        routes = ["name: outer, match: { path: '/shop/{rest**}' }, backend: by-inner, rewrite: { path: '/v1/{rest}' }",
                  "name: inner, match: { path: '/v1/{rest**}', host: nobody.example }, rewrite: { path: '/v2/{rest}' }, "
                  "split: [ { backend: new, weight: 1 }, { backend: by-door, weight: 0 } ]",
                  "name: door, match: { path: '/door/{id}' }, static: { status: 403, body: closed }",
                  "name: knock, match: { path: /knock/** }, split: [ { backend: by-door, weight: 1 } ]"]
        site = self.up(routes, backends=backends)
        self.assertEqual(site.get("/shop/cart?a=b").body.split()[0], b"new")
        self.assertEqual(self.curl("--http2-prior-knowledge", path="/shop/cart?a=b").split()[0], b"new")
        self.assertEqual({path for _, path, _ in self.new.seen}, {"/v2/cart?a=b"})
        closed = site.get("/knock/x")
        self.assertEqual((closed.status, closed.body), (403, b"closed"))
        wait_for(lambda: len(self.in_log(route="outer", inner_route="inner", backend="new", path="/shop/cart")) == 2, "the access lines")
        wait_for(lambda: self.in_log(route="knock", inner_route="door", status=403), "the access line of the static answer")
        for route, code, count in (("outer", "200", 2), ("inner", "200", 2), ("knock", "403", 1), ("door", "403", 1)):
            self.assertEqual(metric(site.admin_port, "adit_connector_requests_total", route=route, code=code, reaches=count), count, route)
        told = json.loads(site.tool("explain", "--path", "/shop/cart", "--output", "json").stdout)
        self.assertEqual((told["route"], told["rewritten"], told["inner"]["route"], told["inner"]["rewritten"]), ("outer", "/v1/cart", "inner", "/v2/cart"))
        self.assertEqual([(share["backend"], share["weight"]) for share in told["inner"]["split"]], [("new", 1), ("by-door", 0)])
        self.assertIn("internal://inner", site.tool("explain", "--path", "/shop/cart").stdout)
        self.assertIn("new 1, by-door 0", site.tool("status").stdout)

    def test_what_cannot_be_is_refused_with_its_place(self):
        self.up(["match: {}, backend: old"])
        for route, words in (("match: {}, split: [ { backend: old, weight: 0 } ]", "no backend of this split has a weight above 0"),
                             ("match: {}, split: [ { backend: olds, weight: 1 } ]", "did you mean 'old'"),
                             ("match: {}, backend: old, split_by: client_ip", "split_by belongs to a route with a split"),
                             ("match: {}, backend: old, mirror: { backend: shadwo }", "did you mean 'shadow'")):
            self.set_routes([route])
            told = self.site.tool("check", status=2).stderr
            self.assertIn(words, told)
            self.assertRegex(told, r"adit\.yaml:\d+:\d+")


main()

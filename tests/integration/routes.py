"""Routes by method, header and query; paths written anew; answers of the connector's own."""
import http.client

from harness import CONNECTOR, Case, Site, main, wait_for
from servers import Origin


class Routes(Case):
    def up(self, routes):
        self.origin = Origin()
        site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"})
        text = site.config.read_text()
        site.config.write_text(text[:text.index("routes:")] + "routes:\n" + "".join(f"  - {{ {route} }}\n" for route in routes))
        self.connector, _ = site.up()
        return site

    def seen(self):
        return self.origin.seen[-1][1]

    def test_method_header_and_query_choose_among_routes_of_one_path(self):
        site = self.up(["match: { path: /a/** }, static: { body: plain }", "match: { path: /a/**, methods: [POST, PUT] }, static: { body: writes }",
                        "match: { path: /a/**, headers: { X-Canary: 'yes' } }, static: { body: canary }",
                        "match: { path: /a/**, query: { debug: '*' } }, static: { body: debug }"])
        self.assertEqual(site.get("/a/x").body, b"plain")
        self.assertEqual(site.get("/a/x", method="POST", body=b"1").body, b"writes")
        self.assertEqual(site.get("/a/x", headers={"x-canary": "yes"}).body, b"canary")
        self.assertEqual(site.get("/a/x", headers={"x-canary": "no"}).body, b"plain")
        self.assertEqual(site.get("/a/x?b=1&debug").body, b"debug")

    def test_a_route_for_some_methods_only_leaves_the_others_to_wider_routes(self):
        site = self.up(["match: { path: /a/b, methods: [GET] }, backend: web", "match: { path: /a/** }, static: { status: 405, body: no }"])
        self.assertEqual([site.get("/a/b", method=method).status for method in ("GET", "DELETE")], [200, 405])

    def test_a_path_is_written_anew_for_the_backend_and_the_log_has_the_one_asked_for(self):
        site = self.up(["match: { path: '/v1/users/{id}/orders/{rest**}' }, backend: web, rewrite: { path: '/orders/{rest}/of/{id}' }",
                        "match: { path: '/quiet/{x}' }, backend: web, rewrite: { path: '/q/{x}', keep_query: false }"])
        self.assertEqual(site.get("/v1/users/47/orders/2026/11?page=2").status, 200)
        self.assertEqual(self.seen(), "/orders/2026/11/of/47?page=2")
        self.assertEqual(site.get("/quiet/a%20b?secret=1").status, 200)
        self.assertEqual(self.seen(), "/q/a%20b")
        wait_for(lambda: [l for l in site.access_lines(self.connector) if l["path"] == "/v1/users/47/orders/2026/11"], "the access line")

    def test_redirects_and_answers_of_its_own_keep_the_connection(self):
        site = self.up(["match: { path: '/old/{rest**}' }, redirect: { to: '/new/{rest}' }",
                        "match: { path: '/old-root/{rest**}' }, redirect: { to: '/{rest}' }",
                        "match: { path: /away/** }, redirect: { to: 'https://{host}{path}', status: 301, keep_query: false }",
                        "match: { path: /robots.txt }, static: { body: \"User-agent: *\\nDisallow: /\\n\" }",
                        "match: { path: /gone }, static: { status: 410, content_type: text/html, body: '<p>gone' }",
                        "match: { path: /empty }, static: { status: 204 }"])
        client = http.client.HTTPConnection("127.0.0.1", site.client_port, timeout=10)
        client.connect()
        first = client.sock
        rows = [("/old/a/b?c=1", 308, "location", "/new/a/b?c=1", b""), ("/away/x?c=1", 301, "location", "https://shop.example/away/x", b""),
                ("/robots.txt", 200, "content-type", "text/plain; charset=utf-8", b"User-agent: *\nDisallow: /\n"),
                ("/gone", 410, "content-type", "text/html", b"<p>gone"), ("/empty", 204, "content-length", None, b"")]
        for path, status, name, value, body in rows:
            with self.subTest(path):
                client.request("GET", path, headers={"Host": "shop.example:8443"})
                answer = client.getresponse()
                self.assertEqual((answer.read(), answer.status, answer.headers[name]), (body, status, value))
                self.assertIs(client.sock, first)
        for path in ("/old-root//evil.example/x", "/old-root////evil.example"):
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            self.assertTrue(answer.headers["location"].startswith("/evil.example"), answer.headers["location"])
        client.request("HEAD", "/gone")
        answer = client.getresponse()
        self.assertEqual((answer.read(), answer.headers["content-length"]), (b"", "7"))
        client.close()
        self.assertEqual(self.origin.seen, [])
        wait_for(lambda: {l["status"] for l in site.access_lines(self.connector)} == {308, 301, 200, 410, 204}, "an access line of each")

    def test_mistakes_are_named_with_their_places(self):
        for route, words in (("match: { path: /a }, backend: web, redirect: { to: /b }", "one of backend, split, redirect and static"),
                             ("match: { path: /a }", "one of backend, split, redirect and static"),
                             ("match: { path: '/a/{id}' }, backend: web, rewrite: { path: '/b/{name}' }", "{name} is not in the route's path /a/{id}"),
                             ("match: { path: '/a/{b**}/c' }, backend: web", "can only be the last segment"),
                             ("match: { path: '/{a}/{a}' }, backend: web", "twice"),
                             ("match: { path: /a, methods: [get] }, backend: web", "in capitals"),
                             ("match: { path: /a }, redirect: { to: 'javascript:1' }", "begins with '/', https:// or http://"),
                             ("match: { path: '/a/{id}' }, backend: web }\n  - { match: { path: '/a/{other}' }, backend: web", "is used twice"),
                             ("match: { path: /a }, static: { content_type: \"a\\nb\" }", "a content type"),
                             ("match: { path: /a }, redirect: { to: /b, status: 305 }", "301, 302, 303, 307 or 308")):
            with self.subTest(route):
                config = self.write("wrong.yaml", f"backends: {{ web: {{ endpoints: [ http://x ] }} }}\nroutes:\n  - {{ {route} }}\n")
                told = self.run_tool(CONNECTOR, "check", config, status=2).stderr
                self.assertIn(words, told)
                self.assertRegex(told, r"wrong.yaml:[34]:\d+: error")


main()

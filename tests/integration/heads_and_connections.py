"""Heads cross whole up to their limits, and one client connection carries many requests to many servers."""
import http.client

from harness import Case, Site, fetch, main, metric, raw, scaled, wait_for
from servers import Origin, Scripted, start_http10, start_nginx, start_node


class HeadsAndConnections(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()

    def up(self, **more):
        site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}", **more}, routes=[(f"/{name}/**", name) for name in ["web", *more]])
        self.connector, (self.agent,) = site.up()
        return site

    def test_large_request_heads_cross_whole_up_to_the_limit(self):
        site = self.up()
        large = "".join(chr(ord("a") + i % 26) for i in range(30_000))
        self.assertEqual(site.get("/web/x", headers={"X-Large": large}).status, 200)
        self.assertEqual({k.lower(): v for k, v in self.origin.seen[-1][2].items()}["x-large"], large)
        answer = site.get("/web/x", headers={"X-Large": large + large[:4000]})
        self.assertEqual((answer.status, answer.problem()["code"]), (431, "head-too-large"))
        self.assertEqual(len(self.origin.seen), 1)

    def test_large_answer_heads_cross_whole_up_to_the_limit(self):
        def head(size):
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Large: " + b"b" * size + b"\r\n\r\nok"
        within, beyond = Scripted(head(15_000)), Scripted(head(17_000))
        site = self.up(within=f"http://127.0.0.1:{within.port}", beyond=f"http://127.0.0.1:{beyond.port}")
        self.assertEqual(site.get("/within/x").headers["x-large"], "b" * 15_000)
        answer = site.get("/beyond/x")
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "response-head-too-large"))

    def test_many_fields_keep_their_order_and_none_is_merged(self):
        told = Scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Odd: caf\xe9\r\nSet-Cookie: c=3\r\n\r\n")
        site = self.up(told=f"http://127.0.0.1:{told.port}")
        many = b"".join(b"X-N: %d\r\n" % i for i in range(50))
        answer = raw(site.client_port, b"GET /told/x HTTP/1.1\r\nHost: a\r\nX-Byte: \xe9\r\n" + many + b"Connection: close\r\n\r\n")
        cookies = [line.split(b": ")[1] for line in answer.split(b"\r\n") if line.lower().startswith(b"set-cookie")]
        self.assertEqual(cookies, [b"a=1", b"b=2", b"c=3"])
        self.assertIn(b"caf\xe9", answer)
        seen = [line for line in told.requests[0].split(b"\r\n") if line.lower().startswith(b"x-n:")]
        self.assertEqual([int(line.split(b":")[1]) for line in seen], list(range(50)))
        self.assertIn(b"\xe9", told.requests[0])

    def test_trailers_cross_both_ways_without_those_that_would_change_the_message(self):
        told = Scripted(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\n"
                        b"X-Sum: 7\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n", last=b"X-Up: 1\r\n\r\n")
        site = self.up(told=f"http://127.0.0.1:{told.port}")
        request = b"POST /told/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n%s\r\n2\r\nhi\r\n0\r\nHost: b\r\nAuthorization: c\r\nX-Up: 1\r\n\r\n"
        answer = raw(site.client_port, request % b"TE: trailers\r\n")
        self.assertTrue(answer.endswith(b"\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n"), answer)
        self.assertTrue(told.requests[0].endswith(b"\r\n2\r\nhi\r\n0\r\nX-Up: 1\r\n\r\n"), told.requests)
        answer = raw(site.client_port, request % b"")
        self.assertTrue(answer.endswith(b"\r\n2\r\nok\r\n0\r\n\r\n"), answer)  # who does not ask for trailers gets none

    def test_one_connection_serves_every_server_in_turn(self):
        site = self.up(nginx=f"http://127.0.0.1:{start_nginx(self, lines='return 200 nginx;')}", node=f"http://127.0.0.1:{start_node(self)}",
                       old=f"http://127.0.0.1:{start_http10(self, {'old': b'x'})}")
        client = http.client.HTTPConnection("127.0.0.1", site.client_port, timeout=20)
        client.connect()
        first = client.sock
        for path, status in [("/nginx/x", 200), ("/node/chunks", 200), ("/old/x", 404), ("/web/x", 200), ("/nowhere", 404)] * 5:
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            self.assertEqual(answer.status, status, path)
            self.assertIs(client.sock, first, f"{path} ended the connection")  # not even HTTP/1.0 behind us or our own 404
        self.assertEqual(metric(site.admin_port, "adit_connector_client_connections"), 1)
        client.close()
        wait_for(lambda: metric(site.admin_port, "adit_connector_client_connections") == 0, "the connection to be gone")

    def test_thousands_of_requests_on_one_connection_use_few_streams(self):
        site = self.up(nginx=f"http://127.0.0.1:{start_nginx(self, lines='return 200 nginx;')}")
        client = http.client.HTTPConnection("127.0.0.1", site.client_port, timeout=20)
        for _ in range(scaled(2000, 100)):
            client.request("GET", "/nginx/x")
            self.assertEqual(client.getresponse().read(), b"nginx")
        client.close()
        self.assertLessEqual(metric(self.agent.metrics_port, "adit_agent_streams_total"), 8)

    def test_a_body_after_a_refused_request_is_not_read_as_a_request(self):
        site = self.up()
        inner = b"GET /web/inner HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = raw(site.client_port, b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner
                     + b"GET /web/after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 404"))
        self.assertNotIn("/web/inner", [path for _, path, _ in self.origin.seen])

    def test_a_route_can_be_chosen_by_host(self):
        site = self.up()
        text = site.config.read_text()
        site.config.write_text(text.replace("routes:\n", "routes:\n  - { match: { host: '*.shop.example', path: '/only' }, backend: web }\n"))
        self.connector.stop()
        site.start_connector()
        site.wait_sessions(count=4)
        statuses = {host: fetch(site.client_port, "/only", headers={"Host": host}).status for host in
                    ("a.shop.example", "A.Shop.Example:80", "shop.example", "other.example", "a.shop.example.evil")}
        self.assertEqual(statuses, {"a.shop.example": 200, "A.Shop.Example:80": 200, "shop.example": 404, "other.example": 404, "a.shop.example.evil": 404})


main()

"""What a forward proxy lets through and to whom: absolute-form requests, credentials, the rules of services."""
import base64
import hashlib
import http.client
import json
import re
import signal
import time

from h2_peers import Client
from harness import main, metric, raw, wait_for
from providers_jose import Key
from proxy_site import BASIC, KEY, OTHER, PASSWORD, Proxied, connect, dial, hashed


class AbsoluteForm(Proxied):
    def test_a_request_goes_the_way_of_forwarded_requests(self):
        told = self.curl("-d", "hello", "-H", "X-Hop: 1", "-H", "Connection: X-Hop", "-H", "Authorization: Bearer of-the-origin", self.web("/x?y=z")).decode()
        self.assertEqual(told, f"origin 5 {hashlib.sha256(b'hello').hexdigest()}")
        method, path, headers = self.origin.seen[-1]
        self.assertEqual((method, path), ("POST", "/x?y=z"))
        named = {name.lower(): value for name, value in headers.items()}
        self.assertEqual(named["host"], f"127.0.0.1:{self.origin.port}")
        self.assertEqual(named["authorization"], "Bearer of-the-origin")
        self.assertIn("1.1 ", named["via"])
        for name in ("proxy-authorization", "proxy-connection", "x-hop"):
            self.assertNotIn(name, named)
        line = self.line(path="/x", status=200)
        self.assertEqual((line["endpoint"], line["tunnel"], line["consumer"]), ("service://web", "t1", "storefront"))

    def test_connections_are_kept_on_both_sides(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        for number in range(20):
            connection.request("GET", self.web(f"/{number}"), headers={"Proxy-Authorization": BASIC})
            response = connection.getresponse()
            self.assertEqual((response.status, response.read()[:6]), (200, b"origin"))
        connection.close()
        self.assertEqual(self.line(path="/19")["reused"], True)
        self.assertEqual(metric(self.site.admin_port, "adit_connector_requests_total", route="forward-proxy", code="200", reaches=20), 20)

    def test_a_name_below_adit_internal_means_a_service(self):
        self.assertTrue(self.curl("http://web.adit.internal/x").startswith(b"origin"))
        self.assertTrue(self.curl("http://WEB.adit.internal:443/x").startswith(b"origin"))
        self.assertIn(b"access-denied", self.curl("http://web.adit.internal:8080/x"))
        self.assertIn(b"access-denied", self.curl("http://web/x"))

    def test_what_a_proxy_does_not_do_is_refused_in_words(self):
        for request, code in ((b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "not-a-proxy-request"), (b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n", "not-a-proxy-request"),
                              (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "not-a-proxy-request"), (b"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "use-connect")):
            with self.subTest(request):
                head, problem = self.problem(raw(self.port, request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))
                self.assertTrue(head.startswith(b"HTTP/1.1 400"), head)
                self.assertEqual(problem["code"], code)

    def test_a_question_to_the_proxy_itself_goes_no_further(self):
        host = f"Host: 127.0.0.1:{self.origin.port}\r\nProxy-Authorization: {BASIC}\r\nConnection: close\r\n"

        def ask(line, more=""):
            return raw(self.port, f"{line} HTTP/1.1\r\n{host}{more}\r\n".encode()).split(b"\r\n")[0]
        self.assertEqual(ask(f"OPTIONS {self.web('/x')}", "Max-Forwards: 0\r\n"), b"HTTP/1.1 200 OK")
        self.assertEqual(ask(f"TRACE {self.web('/x')}", "Max-Forwards: 0\r\n"), b"HTTP/1.1 405 Method Not Allowed")
        self.assertEqual(ask(f"TRACE {self.web('/x')}", "Max-Forwards: 3\r\n"), b"HTTP/1.1 405 Method Not Allowed")
        self.assertEqual(ask(f"GET http://other/x"), b"HTTP/1.1 400 Bad Request")
        self.assertEqual(self.origin.seen, [])
        ask(f"OPTIONS {self.web('/x')}", "Max-Forwards: 3\r\n")
        method, _, headers = self.origin.seen[-1]
        self.assertEqual((method, {name.lower(): value for name, value in headers.items()}["max-forwards"]), ("OPTIONS", "2"))

    def test_ways_that_lead_back_end(self):
        self.set_services({"web": self.web(), "loop": f"http://127.0.0.1:{self.port}"})
        self.agent.stop()
        self.site.start_agent(allow=[f"127.0.0.1:{self.port}"])
        self.site.wait_sessions(count=4)
        answer = wait_for(lambda: (answer := self.curl("-i", "http://loop.adit.internal/x")).count(b"not-a-proxy-request") and answer, "the refusal of ourselves")
        name = re.search(rb"proxy-status: ([^;]+);", answer)[1].decode()
        self.assertTrue(raw(self.port, connect(self.echo_target(), f"Via: 1.1 {name}")).startswith(b"HTTP/1.1 508"))

    def test_http2_with_prior_knowledge(self):
        with Client(self.port) as client:
            stream = client.begin("/two", authority=f"127.0.0.1:{self.origin.port}", more=[("proxy-authorization", BASIC)])
            answer = client.finish(stream)
            self.assertEqual((answer.status, answer.body[:6]), (200, b"origin"))


class Trust(Proxied):
    def test_nobody_passes_without_a_good_credential(self):
        for authorization in (None, "Basic " + base64.b64encode(b"shop:sesame close").decode(), "Basic !", "Bearer x"):
            with self.subTest(authorization):
                answer = raw(self.port, connect(self.echo_target(), authorization=authorization) + b"GET http://web.adit.internal/ HTTP/1.1\r\nHost: a\r\n\r\n")
                head, problem = self.problem(answer)
                self.assertTrue(head.startswith(b"HTTP/1.1 407 Proxy Authentication Required\r\n"), head)
                self.assertIn(b'proxy-authenticate: basic realm="adit"', head.lower())
                self.assertNotIn(b"www-authenticate", head.lower())
                self.assertEqual(problem["code"], "unauthenticated")
                self.assertEqual(answer.count(b"HTTP/1.1"), 1)  # bytes behind a refused CONNECT are no request
                self.assertTrue(answer.closed)
        self.assertEqual(self.echo.open, 0)
        self.assertNotIn("sesame", self.connector.log())

    def test_authorization_is_for_the_origin_and_does_not_count_here(self):
        request = f"GET {self.web('/')} HTTP/1.1\r\nHost: 127.0.0.1:{self.origin.port}\r\nAuthorization: {BASIC}\r\nConnection: close\r\n\r\n".encode()
        self.assertTrue(raw(self.port, request).startswith(b"HTTP/1.1 407"))
        self.assertEqual(self.origin.seen, [])

    def test_an_api_key_is_the_password_or_the_user(self):
        self.assertTrue(self.curl(self.web("/k"), user=f"anything:{KEY}").startswith(b"origin"))
        self.assertTrue(self.curl(self.web("/k"), user=f"{KEY}:").startswith(b"origin"))
        self.assertIn(b"unauthenticated", self.curl(self.web("/k"), user="anything:other"))

    def test_unknown_and_forbidden_look_alike(self):
        targets = [f"127.0.0.1:{self.echo.port}", "127.0.0.1:1", "169.254.169.254:80", "[fd00:ec2::254]:80", f"127.0.0.1:{self.port}", f"localhost:{self.site.client_port}",
                   f"127.0.0.1:{self.site.admin_port}", "example.com:443"]
        shapes = set()
        for target in targets:
            head, problem = self.problem(raw(self.port, connect(target)))
            problem.pop("trace", None)
            shapes.add((re.sub(rb"(?m)^(date|x-request-id|content-length|proxy-status):.*$", b"", head), json.dumps({**problem, "detail": problem["detail"].replace(target, "X"), "instance": ""})))
        self.assertEqual(len(shapes), 1, shapes)
        self.assertIn(b"403", shapes.pop()[0])
        self.assertIn("no tunnel exposes", self.line(host="169.254.169.254:80")["reason"])
        self.assertIn("service forbidden", self.line(host=f"127.0.0.1:{self.echo.port}")["reason"])
        self.assertEqual(metric(self.site.admin_port, "adit_connector_request_failures_total", route="forward-proxy", reason="access-denied", reaches=len(targets)), len(targets))

    def test_the_rules_of_services_hold(self):
        client, head = dial(self.port, self.echo_target(), authorization=OTHER)
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        client.close()
        self.assertIn(b"access-denied", self.curl(self.web("/"), user="guest:visit"))
        self.assertEqual(self.origin.seen, [])

    def test_access_ends_with_the_next_request_when_it_is_taken_back(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

        def status():
            connection.request("GET", self.web("/"), headers={"Proxy-Authorization": BASIC})
            response = connection.getresponse()
            response.read()
            return response.status
        self.assertEqual(status(), 200)
        self.site.config.write_text(self.site.config.read_text().replace(hashed(PASSWORD), hashed("another")))
        self.connector.signal(signal.SIGHUP)
        wait_for(lambda: status() == 407, "the old password to be refused")
        connection.close()


class SignedTokens(Proxied):
    more = ', tokens: [ { issuer: "https://idp.example.com", claims: { azp: shop } } ]'

    def test_a_signed_token_stands_in_proxy_authorization(self):
        key = Key("ES256")
        keys = self.write("keys.json", json.dumps({"keys": [key.jwk]}))
        text = self.site.config.read_text().replace(self.policies, "[ staff, basic ]")
        self.site.config.write_text(text + f'policies: {{ staff: {{ jwt: {{ issuer: "https://idp.example.com", audiences: [ proxy ], jwks_file: "{keys}", environment: production }} }} }}\n')
        self.site.tool("reload")
        claims = {"iss": "https://idp.example.com", "aud": "proxy", "azp": "shop", "sub": "1", "exp": int(time.time()) + 60}

        def answer(claims, scheme="Bearer"):
            return raw(self.port, f"GET {self.web('/t')} HTTP/1.1\r\nHost: 127.0.0.1:{self.origin.port}\r\nProxy-Authorization: {scheme} {key.sign(claims)}\r\nConnection: close\r\n\r\n".encode())
        self.assertTrue(answer(claims).startswith(b"HTTP/1.1 200"))
        self.assertNotIn("proxy-authorization", {name.lower() for name in self.origin.seen[-1][2]})
        self.assertEqual(self.line(path="/t", status=200)["consumer"], "storefront")
        refused = answer({**claims, "aud": "another"})
        self.assertTrue(refused.startswith(b"HTTP/1.1 407"), refused)
        self.assertIn(b"proxy-authenticate: bearer", refused.lower())
        self.assertTrue(answer(claims, scheme="Token").startswith(b"HTTP/1.1 407"))
        client, head = dial(self.port, f"127.0.0.1:{self.origin.port}", authorization=f"Bearer {key.sign(claims)}")
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        client.close()


if __name__ == "__main__":
    main()

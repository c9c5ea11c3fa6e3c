"""Requests that are signed for AWS, to origins that verify them as AWS does; where the keys come from is in aws_keys.py."""
import hashlib
import json
import random
import socket
import subprocess
import time

from certificates import Authority
from harness import CONNECTOR, Case, Process, Site, can_connect, fetch, free_port, main, raw, wait_for
from providers_aws import Aws, Role, SignedOrigin

REGION = "eu-central-1"
BOUND = 256 << 10
PATHS = ("/", "/a/b", "/a/b/", "/a//b", "//a", "/a%20b/c", "/%E1%88%B4/x", "/a+b", "/a%2Bb", "/a:b,c;d=e@f", "/~user/!$&'()*", "/a%25b", "/a%3Fb",
         "/?a", "/?a=", "/?b=2&a=1&a=0", "/x?q=a+b%20c%2B&empty&=x", "/x?a=%7e&b=%c3%bc", "/x?list=1,2;3:4/5", "/x?A=1&a=2&a1=3", "/x?a=b=c&&d")


def payload(size):
    return random.Random(size).randbytes(size)


class Signed(Case):
    def setUp(self):
        super().setUp()
        self.role = Role()
        self.aws = self.use(Aws([self.role]))
        self.user = self.aws.user()

    def use(self, provider):
        self.addCleanup(provider.stop)
        return provider

    def origin(self, service="execute-api", **more):
        return self.use(SignedOrigin(self.aws, service, REGION, **more))

    def fixed(self, identity=None):
        identity = identity or self.user
        token = f', session_token: "{identity.token}"' if identity.token else ""
        return f'{{ access_key_id: {identity.access_key}, secret_access_key: "{identity.secret}"{token} }}'

    def up(self, endpoints, keys=None, service="execute-api", more="", backend="", environment=None, extra="", listener=None):
        """A connector whose one backend signs. Keys come from `keys`, as configured, or from the environment."""
        self.port, self.admin = listener or free_port(), free_port()
        keys = f", keys: {keys}" if keys else ""
        self.config = self.write("adit.yaml", f"""
workers: 2
admin: {{ address: "127.0.0.1:{self.admin}" }}
listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]
backends:
  signed: {{ endpoints: [{", ".join(endpoints)}], credential: {{ aws_sigv4: {{ region: {REGION}, service: {service}, body_bytes: {BOUND}{keys}{more} }} }}{backend} }}
routes: [ {{ match: {{ path: "/**" }}, backend: signed }} ]
{extra}""")
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config], {"AWS_EC2_METADATA_DISABLED": "true", **(environment or {})})
        wait_for(lambda: can_connect(self.port) or not self.connector.alive(), "the client port")
        return self.connector

    def good(self, answer, identity=None, body=None):
        """The origin has believed the signature, and got this body."""
        self.assertEqual(answer.status, 200, answer.body)
        seen = answer.problem()
        if identity:
            self.assertEqual(seen["arn"], identity.arn)
        if body is not None:
            self.assertEqual((seen["size"], seen["sha256"]), (len(body), hashlib.sha256(body).hexdigest()))
        return seen

    def curl(self, *arguments, stdin=None):
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "-o", "-", "-w", "\n%{http_code}", *arguments], cwd=self.directory, input=stdin, capture_output=True, timeout=30)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body


class Requests(Signed):
    def test_odd_targets_arrive_and_are_believed(self):
        for service in ("execute-api", "s3"):
            origin = self.origin(service)
            self.up([origin.url], self.fixed(), service)
            for path in PATHS if service != "s3" else [path for path in PATHS if path != "/a+b"]:  # which S3 takes for a blank, as few others do
                with self.subTest(service=service, path=path):
                    seen = self.good(fetch(self.port, path), self.user)
                    self.assertEqual(seen["target"], path)
            for method in ("DELETE", "OPTIONS", "PATCH", "POST", "PUT"):
                self.good(fetch(self.port, "/a b".replace(" ", "%20"), method), self.user, b"")
            self.connector.stop()

    def test_a_path_of_the_endpoint_and_the_host_that_is_asked_for_are_signed(self):
        origin = self.origin()
        self.up([f"{origin.url}/prod/v1"], self.fixed(), backend=", forwarding: { host: preserve }")
        seen = self.good(fetch(self.port, "/x?y", headers={"host": "api.example.com"}))
        self.assertEqual(seen["target"], "/prod/v1/x?y")
        self.assertIn(["host", "api.example.com"], seen["headers"])

    def test_what_the_caller_signed_with_is_replaced_and_the_rest_is_signed(self):
        origin = self.origin()
        self.up([origin.url], self.fixed(self.aws.session(self.role, "s", 900)))
        forged = {"Authorization": "AWS4-HMAC-SHA256 Credential=x", "X-Amz-Date": "20000101T000000Z", "X-Amz-Security-Token": "forged", "X-Amz-Content-Sha256": "0",
                  "X-Amz-Target": "Do.This", "X-Amz-Meta-Odd": "  a   b  ", "Content-Type": "application/json; charset=utf-8"}
        seen = self.good(fetch(self.port, "/", "POST", b"{}", forged), body=b"{}")
        self.assertEqual(seen["signed"], ["content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-meta-odd", "x-amz-security-token", "x-amz-target"])
        self.assertFalse([value for _, value in seen["headers"] if "forged" in value or "20000101" in value])
        nominated = {"Connection": "x-amz-target", "X-Amz-Target": "Do.This"}
        self.assertNotIn("x-amz-target", self.good(fetch(self.port, "/", headers=nominated))["signed"])

    def test_bodies_up_to_the_bound_in_every_framing(self):
        origin = self.origin()
        self.up([origin.url], self.fixed())
        for size in (0, 1, 64 << 10, BOUND):
            body = payload(size)
            self.write("body", "").write_bytes(body)
            with self.subTest(size=size):
                self.good(fetch(self.port, "/length", "PUT", body), self.user, body)
                pieces = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[at:at + 10_000] for at in range(0, size, 10_000))]
                answer = raw(self.port, b"POST /chunked HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + b"0\r\nLate: x\r\n\r\n")
                self.assertIn(hashlib.sha256(body).hexdigest().encode(), answer)
                for version in ("--http1.1", "--http2-prior-knowledge"):
                    for upload in ("body", "-"):  # with its length, and without
                        status, answer = self.curl(version, "-T", upload, f"http://127.0.0.1:{self.port}/x", "-H", "Expect: 100-continue" if size else "Expect:", stdin=body)
                        self.assertEqual((status, json.loads(answer)["sha256"]), (200, hashlib.sha256(body).hexdigest()))
        requests = len(origin.requests)
        large = payload(BOUND + 1)
        self.write("body", "").write_bytes(large)
        answer = fetch(self.port, "/length", "PUT", large)
        self.assertEqual((answer.status, answer.problem()["code"]), (413, "body-too-large"))
        for version in ("--http1.1", "--http2-prior-knowledge"):
            status, answer = self.curl(version, "-T", "-", f"http://127.0.0.1:{self.port}/x", stdin=large)
            self.assertEqual((status, json.loads(answer)["code"]), (413, "body-too-large"))
        self.assertEqual(len(origin.requests), requests)

    def test_a_client_that_waits_to_be_asked_is_asked_only_for_what_is_taken(self):
        origin = self.origin()
        self.up([origin.url], self.fixed())
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
            self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 100 "))
            self.assertFalse(origin.requests)
            client.sendall(b"hello")
            self.assertIn(b" 200 ", client.recv(100))
        self.assertNotIn("expect", [name.lower() for name in origin.requests[0].headers])
        answer = raw(self.port, b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n" % (BOUND + 1))
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)

    def test_a_client_that_stalls_or_leaves_costs_the_origin_nothing(self):
        origin = self.origin()
        self.up([origin.url], self.fixed(), backend=", timeouts: { first_byte: 300ms }")
        stalled = raw(self.port, b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
        self.assertTrue(stalled.startswith(b"HTTP/1.1 408 "), stalled)
        raw(self.port, b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel", end=True)
        raw(self.port, b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
        self.good(fetch(self.port, "/after"))
        self.assertEqual([request.target for request in origin.requests], ["/after"])

    def test_a_body_that_is_held_goes_to_the_endpoint_that_can_be_reached(self):
        origin, body = self.origin(), payload(100_000)
        self.up([f"http://127.0.0.1:{free_port()}", origin.url], self.fixed())
        for _ in range(4):
            self.good(fetch(self.port, "/", "POST", body), self.user, body)

    def test_a_clock_that_is_wrong_is_told_by_the_service(self):
        origin = self.origin()
        origin.verifier.now = lambda: time.time() + 3600
        self.up([origin.url], self.fixed())
        answer = fetch(self.port, "/")
        self.assertEqual(answer.status, 403)
        self.assertIn("Signature expired", answer.problem()["message"])

    def test_an_unsigned_payload_is_streamed_and_only_over_tls(self):
        self.port = free_port()
        path = self.write("adit.yaml", f"""
listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]
backends: {{ b: {{ endpoints: ["http://127.0.0.1:1"], credential: {{ aws_sigv4: {{ region: {REGION}, service: s3, payload: unsigned }} }} }} }}
routes: [ {{ match: {{}}, backend: b }} ]
""")
        self.assertIn("an unsigned payload needs TLS", self.run_tool(CONNECTOR, "check", "--config", path, status=2).stderr)

    def test_an_unsigned_payload_streams_over_tls(self):
        authority = Authority(self)
        origin, body = self.origin("s3", tls=authority.issue("origin")), payload(2 * BOUND)
        self.up([origin.url], self.fixed(), "s3", ", payload: unsigned", f', tls: {{ ca: "{authority.file}" }}')
        seen = self.good(fetch(self.port, "/key", "PUT", body), self.user, body)
        self.assertIn(["x-amz-content-sha256", "UNSIGNED-PAYLOAD"], seen["headers"])


class Tunnelled(Signed):
    def test_a_service_behind_a_tunnel_gets_signed_requests_too(self):
        origin, body = self.origin("lambda"), payload(BOUND)
        credential = f"credential: {{ aws_sigv4: {{ region: {REGION}, service: lambda, keys: {self.fixed()} }} }}"
        site = Site(self, {"fn": origin.url}, backends={"fn": f"endpoints: [ service://fn ], {credential}"})
        site.up()
        for _ in range(3):
            seen = self.good(fetch(site.client_port, "/x%20y?b=1&a=2", "POST", body), self.user, body)
            self.assertIn(["host", origin.address], seen["headers"])

    def test_an_unsigned_payload_does_not_leave_in_clear_text(self):
        origin = self.origin("s3")
        credential = f"credential: {{ aws_sigv4: {{ region: {REGION}, service: s3, payload: unsigned, keys: {self.fixed()} }} }}"
        site = Site(self, {"s3": origin.url}, backends={"s3": f"endpoints: [ service://s3 ], {credential}"})
        site.up()
        answer = fetch(site.client_port, "/x", "PUT", b"body")
        self.assertEqual(answer.status, 502, answer.body)
        self.assertIn("an unsigned payload needs TLS", answer.problem()["detail"])
        self.assertFalse(origin.requests)


if __name__ == "__main__":
    main()

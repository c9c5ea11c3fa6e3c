"""Clients that were told of a proxy: curl, undici, Python and HTTP/2, over TLS to the proxy and TLS of their own inside it."""
import hashlib
import http.client
import ssl

from certificates import Authority
from h2_peers import Client
from harness import main, scaled, wait_for
from node_peers import run_client
from proxy_site import BASIC, BYTES, Proxied, connect, read_head
from servers import Origin


class TlsOnBothSides(Proxied):
    """TLS to the proxy, and TLS of the client's own inside it, to the origin."""
    size = scaled(20 << 20)
    digest = hashlib.sha256((BYTES * (size // len(BYTES) + 1))[:size]).hexdigest()

    def prepare(self):
        self.authority = Authority(self)
        self.certificate = self.authority.issue("localhost")
        client = self.authority.issue("gateway")
        self.tls = f", tls: {{ certificate: {self.certificate[0]}, key: {self.certificate[1]}, client_ca: {self.authority.file} }}"
        self.policies = "[ basic, api-key, mtls ]"
        self.more = ", certificates: [ { subject: CN=gateway } ]"
        self.client = ["--proxy-cert", client[0], "--proxy-key", client[1]]

    def services(self):
        self.secure = Origin("secure")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        self.secure.socket = context.wrap_socket(self.secure.socket, server_side=True)
        return {"secure": f"https://localhost:{self.secure.port}"}

    def trusting(self, *arguments, **keywords):
        return self.curl("--proxy-cacert", self.authority.file, "--cacert", self.authority.file, *arguments, **keywords)

    def url(self, path):
        return f"https://localhost:{self.secure.port}{path}"

    def test_curl_moves_megabytes_both_ways(self):
        got = self.trusting(self.url(f"/bytes/{self.size}"))
        self.assertEqual((len(got), hashlib.sha256(got).hexdigest()), (self.size, self.digest))
        (self.directory / "upload").write_bytes(got)
        told = self.trusting("-T", "upload", self.url("/sink")).decode()
        self.assertEqual(told, f"secure {self.size} {self.digest}")
        for count in ("bytes_in", "bytes_out"):
            wait_for(lambda: any(line[count] > self.size for line in self.site.access_lines(self.connector)), f"a line with all the {count}")

    def test_undici_moves_megabytes_both_ways(self):
        told = run_client(self, "proxy_client", {"proxy": f"https://localhost:{self.port}", "token": BASIC, "ca": str(self.authority.file), "base": self.url(""), "size": self.size})
        self.assertEqual(told, {"up": 200, "whole": True, "down": 200, "size": self.size, "sha256": self.digest})
        told = run_client(self, "proxy_client", {"proxy": f"https://localhost:{self.port}", "ca": str(self.authority.file), "base": self.url(""), "refused": True})
        self.assertIn("407", told["error"])

    def test_a_client_certificate_is_a_credential(self):
        self.assertEqual(self.trusting(*self.client, self.url("/x"), user=None)[:6], b"secure")
        self.assertEqual(self.line(method="CONNECT")["consumer"], "storefront")
        self.trusting(self.url("/x"), user=None, status=56)  # what curl makes of a 407 to CONNECT

    def test_python_sets_up_a_tunnel_over_tls(self):
        context = ssl.create_default_context(cafile=self.authority.file)
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=20)
        connection.connect()
        connection.sock.sendall(connect(f"localhost:{self.secure.port}"))
        self.assertTrue(read_head(connection.sock).startswith(b"HTTP/1.1 200"))
        inner = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(*inner, server_hostname="localhost")
        self.assertEqual(talk(connection.sock, tls, inner, b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")[:15], b"HTTP/1.1 200 OK")
        connection.close()

    def test_https_services_are_for_connect(self):
        answer = self.trusting(f"http://localhost:{self.secure.port}/x")
        self.assertIn(b"use-connect", answer)

    def test_connect_of_http2(self):
        with Client(self.port, self.authority.file, checked=False) as client:
            target = f"localhost:{self.echo.port}"
            pipe = client.begin(method="CONNECT", pseudo=[(":method", "CONNECT"), (":authority", target)], more=[("proxy-authorization", BASIC)], end=False)
            client.until(lambda: client.answers[pipe].headers, "the answer")
            self.assertEqual(client.answers[pipe].status, 200)
            client.send(pipe, b"over two", end=True)
            self.assertEqual(client.finish(pipe).body, b"over two")
            refused = client.begin(method="CONNECT", pseudo=[(":method", "CONNECT"), (":authority", "169.254.169.254:80")], more=[("proxy-authorization", BASIC)], end=False)
            self.assertEqual(client.finish(refused).status, 403)
            unknown = client.begin(method="CONNECT", pseudo=[(":method", "CONNECT"), (":authority", target)], end=False)
            self.assertEqual(client.finish(unknown).status, 407)


def talk(plain, tls, inner, request):
    """Carries a TLS conversation by hand over a socket that is of TLS itself; answers all that came back."""
    received, sent = b"", False
    while True:
        try:
            if not sent:
                tls.do_handshake()
                tls.write(request)
                sent = True
            part = tls.read(65536)
            if not part:
                return received
            received += part
            continue
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return received
        if out := inner[1].read():
            plain.sendall(out)
        part = plain.recv(65536)
        inner[0].write(part) if part else inner[0].write_eof()

if __name__ == "__main__":
    main()

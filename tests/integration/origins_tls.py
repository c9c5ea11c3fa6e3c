"""Origins that speak TLS, in front of a tunnel and behind one: who they are is checked, and who we are is shown."""
import ssl
import subprocess

from harness import Case, Site, free_port, main, metric
from servers import Origin, start_nginx

SAN = "DNS:origin.internal,IP:127.0.0.1"


class OriginsTls(Case):
    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=self.directory, check=True, capture_output=True)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def certificate(self, name, authority, san=None):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        extensions = self.write(f"{name}.ext", f"subjectAltName={san}\n" if san else "")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2",
                     "-extfile", extensions, "-out", f"{name}.crt")

    def setUp(self):
        super().setUp()
        for authority in ("ca", "other-ca"):
            self.authority(authority)
        self.certificate("server", "ca", SAN)
        self.certificate("client", "ca")
        self.port = self.nginx()

    def nginx(self, lines=""):
        port = free_port()
        start_nginx(self, lines=f"listen 127.0.0.1:{port} ssl; ssl_certificate {self.directory}/server.crt; ssl_certificate_key {self.directory}/server.key;"
                    f"{lines} location / {{ return 200 '$scheme $host $ssl_server_name $ssl_client_s_dn'; }}")
        return port

    def up(self, services, backends):
        site = Site(self, services, backends=backends, routes=[(f"/{name}/**", name) for name in backends])
        site.up()
        return site

    def test_an_https_origin_is_reached_directly_and_through_a_tunnel(self):
        url = f"https://127.0.0.1:{self.port}"
        site = self.up({"private": url}, {"direct": f'endpoints: [ "{url}" ], tls: {{ ca: ca.crt }}', "private": "endpoints: [ service://private ], tls: { ca: ca.crt }"})
        for name in ("direct", "private"):
            for _ in range(10):
                answer = site.get(f"/{name}/x")
                self.assertEqual((answer.status, answer.body.split()[:2]), (200, [b"https", b"127.0.0.1"]), answer.body)
            self.assertGreaterEqual(metric(site.admin_port, "adit_connector_pool_reuse_total", backend=name, reaches=7), 7)

    def test_an_origin_that_cannot_prove_its_name_gets_no_request(self):
        site = self.up({"private": f"https://127.0.0.1:{self.port}", "named": f"https://localhost:{self.port}"}, {
            "stranger": "endpoints: [ service://private ], tls: { ca: other-ca.crt }, forwarding: { disclose_attempts: true }",
            "system": "endpoints: [ service://private ], forwarding: { disclose_attempts: true }",
            "misnamed": "endpoints: [ service://named ], tls: { ca: ca.crt }, forwarding: { disclose_attempts: true }",
            "renamed": "endpoints: [ service://named ], tls: { ca: ca.crt, server_name: origin.internal }"})
        for name, words in (("stranger", "unable to get local issuer certificate"), ("system", "certificate"), ("misnamed", "hostname mismatch")):
            with self.subTest(name):
                answer = site.get(f"/{name}/x")
                self.assertEqual((answer.status, answer.problem()["code"]), (502, "tls-failed"), answer.body)
                self.assertIn(words, answer.problem()["detail"])
                self.assertIn("error=tls_protocol_error", answer.headers["proxy-status"])
        self.assertIn(b"origin.internal", site.get("/renamed/x").body)

    def test_a_common_name_is_no_name_of_an_origin(self):
        """RFC 9110 §4.3.4: the certificate's subjectAltName counts alone, there or not."""
        ports = {}
        for name, san in (("alone", None), ("beside", "DNS:other.internal"), ("address", "DNS:localhost")):
            self.certificate("localhost", "ca", san)
            for ending in ("crt", "key"):
                (self.directory / f"localhost.{ending}").rename(self.directory / f"{name}.{ending}")
            ports[name] = free_port()
            start_nginx(self, lines=f"listen 127.0.0.1:{ports[name]} ssl; ssl_certificate {self.directory}/{name}.crt;"
                        f"ssl_certificate_key {self.directory}/{name}.key; location / {{ return 200; }}")
        site = self.up({}, {name: f'endpoints: [ "https://{"127.0.0.1" if name == "address" else "localhost"}:{port}" ], tls: {{ ca: ca.crt }},'
                            " forwarding: { disclose_attempts: true }" for name, port in ports.items()})
        for name in ports:
            with self.subTest(name):
                answer = site.get(f"/{name}/x")
                self.assertEqual((answer.status, answer.problem()["code"]), (502, "tls-failed"), answer.body)
                self.assertIn("no such subjectAltName", answer.problem()["detail"])

    def test_a_client_certificate_is_shown_to_origins_that_ask(self):
        port = self.nginx(f"ssl_client_certificate {self.directory}/ca.crt; ssl_verify_client on;")
        site = self.up({"private": f"https://127.0.0.1:{port}"}, {
            "without": "endpoints: [ service://private ], tls: { ca: ca.crt }",
            "with": "endpoints: [ service://private ], tls: { ca: ca.crt, certificate: client.crt, key: client.key }"})
        self.assertEqual(site.get("/without/x").status, 400)  # nginx's own, passed on
        self.assertIn(b"CN=client", site.get("/with/x").body)

    def test_what_is_no_tls_server_is_named(self):
        plain = Origin()
        closed = free_port()
        site = self.up({"plain": f"https://127.0.0.1:{plain.port}", "closed": f"https://127.0.0.1:{closed}"}, {
            "plain": "endpoints: [ service://plain ]", "closed": "endpoints: [ service://closed ]", "direct": f'endpoints: [ "https://127.0.0.1:{closed}" ]'})
        self.assertEqual(site.get("/plain/x").problem()["code"], "tls-failed")
        for name in ("closed", "direct"):
            self.assertEqual(site.get(f"/{name}/x").problem()["code"], "connection-refused")

    def test_large_bodies_cross_both_ways(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "server.crt", self.directory / "server.key")
        origin = Origin()
        origin.socket = context.wrap_socket(origin.socket, server_side=True)
        site = self.up({"private": f"https://127.0.0.1:{origin.port}"}, {"private": "endpoints: [ service://private ], tls: { ca: ca.crt }"})
        self.assertEqual(len(site.get("/private/bytes/5000000").body), 5_000_000)
        self.assertEqual(site.get("/private/up", method="POST", body=b"u" * 5_000_000).body.split()[1], b"5000000")


main()

"""TLS towards clients: certificates by name, versions, resumption."""
import subprocess
import time

from harness import CONNECTOR, Case, Site, main, metric, raw
from servers import Origin


class ListenersTls(Case):
    def certificate(self, name, san):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-addext", f"subjectAltName={san}", "-keyout", self.directory / f"{name}.key", "-out", self.directory / f"{name}.crt"],
                       check=True, capture_output=True)

    def up(self, tls):
        for name, san in (("first", "DNS:first.example"), ("second", "DNS:second.example,DNS:*.many.example")):
            self.certificate(name, san)
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, listener=f", tls: {{ {tls} }}")
        self.site.up()

    def client(self, *flags, request=b""):
        """What openssl says of a connection."""
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.site.client_port}", *map(str, flags)], input=request,
                              capture_output=True, timeout=20).stdout.decode(errors="replace")

    def shown(self, *flags):
        return next((line.split("CN = ")[1] for line in self.client(*flags).splitlines() if line.startswith("subject=")), None)

    def test_the_certificate_that_has_the_name_is_shown_and_else_the_first(self):
        self.up("certificate: first.crt, key: first.key, certificates: [ { certificate: second.crt, key: second.key } ]")
        for name, wanted in (("first.example", "first"), ("second.example", "second"), ("a.many.example", "second"), ("SECOND.example", "second"),
                             ("a.b.many.example", "first"), ("stranger.example", "first")):
            with self.subTest(name):
                self.assertEqual(self.shown("-servername", name), wanted)
        self.assertEqual(self.shown("-noservername"), "first")
        for subject in ("first", "second"):
            self.assertGreater(metric(self.site.admin_port, "adit_connector_certificate_expires_timestamp_seconds", subject=subject), time.time())
        told = subprocess.run(["curl", "-sS", "--cacert", self.directory / "second.crt", "--resolve", f"second.example:{self.site.client_port}:127.0.0.1",
                               f"https://second.example:{self.site.client_port}/web/x"], capture_output=True, check=True).stdout
        self.assertTrue(told.startswith(b"origin"))

    def test_the_oldest_version_is_configured(self):
        self.up('certificate: first.crt, key: first.key, min_version: "1.3"')
        self.assertIn("TLSv1.3", self.client("-tls1_3"))
        self.assertIsNone(self.shown("-tls1_2"))
        self.assertEqual(metric(self.site.admin_port, "adit_connector_client_ended_total", reason="handshake", reaches=1), 1)  # and not who only looked whether the port is open

    def test_sessions_are_resumed_in_both_versions_whichever_worker_answers(self):
        self.up("certificate: first.crt, key: first.key")
        request = b"GET /web/x HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n\r\n"
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                saved = self.directory / f"session{version}"
                self.client(version, "-ign_eof", "-sess_out", saved, request=request)
                told = [self.client(version, "-ign_eof", "-sess_in", saved, request=request) for _ in range(6)]
                self.assertEqual([" Reused, " in one or "Reused, TLS" in one for one in told], [True] * 6, told[0][-500:])

    def test_a_clear_text_listener_can_send_everybody_to_https(self):
        self.origin = Origin()
        site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, listener=", https_redirect_port: 8443")
        site.up()
        answer = site.get("/web/x?a=%20b", method="POST", body=b"1", headers={"Host": "shop.example:8080"})
        self.assertEqual((answer.status, answer.headers["location"]), (308, "https://shop.example:8443/web/x?a=%20b"))
        self.assertTrue(raw(site.client_port, b"GET /x HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 400"))
        self.assertEqual(self.origin.seen, [])

    def test_a_pair_that_does_not_belong_together_is_named(self):
        for name in ("one", "other"):
            self.certificate(name, "DNS:x")
        config = self.write("wrong.yaml", 'listeners: [ { address: "127.0.0.1:0", tls: { certificate: one.crt, key: other.key } } ]\n')
        told = self.run_tool(CONNECTOR, "run", "--config", config, status=2)
        self.assertIn("it does not belong to the certificate in", told.stderr)

    def test_a_certificate_that_was_replaced_before_its_key_is_refused_and_the_old_pair_serves(self):
        """Of another type, too: such a pair once ended the connector that read it."""
        self.up("certificate: first.crt, key: first.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=renewed", "-keyout", self.directory / "renewed.key",
                        "-out", self.directory / "first.crt"], check=True, capture_output=True)
        self.assertIn("does not belong to the certificate", self.site.tool("reload", status=1).stderr)
        self.assertEqual(self.shown(), "first")
        (self.directory / "renewed.key").rename(self.directory / "first.key")
        self.site.tool("reload")
        self.assertEqual(self.shown(), "renewed")


main()

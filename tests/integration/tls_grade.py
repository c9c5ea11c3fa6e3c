"""What testssl.sh, sslscan and OpenSSL say of the ports of a connector: versions, ciphers, keys and tickets, with a certificate of
each kind. Certificates by name and resumption are in listeners_tls.py, client certificates in authentication.py."""
import json
import pathlib
import re
import subprocess
import unittest
import xml.etree.ElementTree

from certificates import openssl
from harness import CONNECTOR, SANITIZED, Case, Process, Site, can_connect, main, wait_for
from servers import Origin
from tunnel_peers import LyingAgent, agent_identity

CURVES = {"X25519", "prime256v1", "secp384r1", "x25519", "secp256r1", "X25519MLKEM768"}
AEAD = re.compile(r"GCM|CHACHA20")
HALF_A_DAY = 12 * 3600  # how long one key of tickets may be in use, at most


class TlsGrade(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        for name, key in (("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("rsa", ["rsa:2048"])):
            openssl(self, "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", f"/CN={name}.example", "-addext", f"subjectAltName=DNS:{name}.example",
                    "-keyout", f"{name}.key", "-out", f"{name}.crt")
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, workers=1,
                         listener=", tls: { certificate: rsa.crt, key: rsa.key, certificates: [ { certificate: ec.crt, key: ec.key } ] }")
        self.ports = {"clients": self.site.client_port, "tunnel": self.site.tunnel_port}

    def start(self):
        self.site.start_connector()
        for port in self.ports.values():
            wait_for(lambda: can_connect(port), "a port")

    def scan(self, port, name):
        """sslscan's findings."""
        out = self.directory / f"{name}-{port}.xml"
        subprocess.run(["sslscan", f"--xml={out}", f"--sni-name={name}", f"127.0.0.1:{port}"], check=True, capture_output=True, timeout=60)
        return xml.etree.ElementTree.parse(out).getroot().find("ssltest")

    def findings(self, port, *checks):
        """testssl.sh's, by their name."""
        out = self.directory / f"testssl-{port}.json"
        subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--jsonfile", out, *checks, f"https://127.0.0.1:{port}"],
                       capture_output=True, stdin=subprocess.DEVNULL, timeout=180)
        return {each["id"]: (each["severity"], each["finding"]) for each in json.loads(out.read_text())}

    def s_client(self, port, *flags, request=b"Q\n"):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *flags], input=request, capture_output=True, timeout=20).stdout.decode(errors="replace")

    def ciphers(self, found):
        return {(each.get("sslversion"), each.get("cipher")) for each in found.findall("cipher")}

    def test_versions_curves_and_keys_as_sslscan_finds_them(self):
        self.start()
        for port, name, versions in ((self.ports["clients"], "rsa.example", {"1.2", "1.3"}), (self.ports["clients"], "ec.example", {"1.2", "1.3"}), (self.ports["tunnel"], "x", {"1.3"})):
            with self.subTest(name):
                found = self.scan(port, name)
                self.assertEqual({each.get("version") for each in found.findall("protocol") if each.get("enabled") == "1" and each.get("type") == "tls"}, versions)
                self.assertEqual([each.get("version") for each in found.findall("protocol") if each.get("enabled") == "1" and each.get("type") == "ssl"], [])
                self.assertEqual({each.get("sslversion") for each in found.findall("cipher")}, {f"TLSv{version}" for version in versions})
                self.assertLessEqual({each.get("name").split(" ")[0] for each in found.findall("group")}, CURVES)
                self.assertEqual(found.find("renegotiation").get("supported"), "0")
                self.assertEqual([each.get("vulnerable") for each in found.findall("heartbleed") if each.get("vulnerable") != "0"], [])
                self.assertTrue(all(AEAD.search(cipher) for version, cipher in self.ciphers(found) if version == "TLSv1.3"))

    def test_with_tls_1_2_there_is_forward_secrecy_and_authenticated_encryption_only(self):
        self.start()
        for name in ("rsa.example", "ec.example"):
            weak = {cipher for version, cipher in self.ciphers(self.scan(self.ports["clients"], name)) if version == "TLSv1.2" and not (AEAD.search(cipher) and cipher.startswith("ECDHE"))}
            self.assertEqual(weak, set())

    def test_a_client_that_would_rather_have_chacha_gets_it_and_else_ours_comes_first(self):
        self.start()
        aes, chacha = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"
        for offered, chosen in ((f"{aes}:{chacha}", "ECDHE-RSA-AES256-GCM-SHA384"), (f"{chacha}:{aes}", chacha)):
            told = self.s_client(self.ports["clients"], "-tls1_2", "-cipher", offered, "-noservername")
            self.assertIn(f"Cipher is {chosen}", told)

    def test_what_testssl_holds_against_the_port_of_clients(self):
        self.start()
        found = self.findings(self.ports["clients"], "-I", "-T", "-R", "-C")  # what sslscan does not look at; a whole run takes minutes
        bad = {name: told for name, told in found.items() if told[0] in ("MEDIUM", "HIGH", "CRITICAL")}
        self.assertEqual(bad, {})
        for name in ("CCS", "ticketbleed", "secure_renego", "secure_client_renego", "CRIME_TLS"):
            self.assertEqual(found[name][0], "OK", (name, found[name]))

    def test_no_data_is_taken_before_the_handshake_has_ended(self):
        self.start()
        saved = self.directory / "session"
        request = b"GET /web/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        told = self.s_client(self.ports["clients"], "-tls1_3", "-ign_eof", "-sess_out", str(saved), request=request)
        self.assertIn("Max Early Data: 0", told)
        early = self.write("early", request.decode())
        told = self.s_client(self.ports["clients"], "-tls1_3", "-sess_in", str(saved), "-early_data", str(early))
        self.assertNotIn("Early data was accepted", told)

    def test_a_handshake_cannot_be_made_anew(self):
        self.start()
        with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports['clients']}", "-tls1_2", "-state"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as client:
            client.stdin.write("R\n")
            told = client.communicate(timeout=20)[0]
        self.assertIn("RENEGOTIATING", told)
        self.assertRegex(told, "no renegotiation|handshake failure")

    def test_an_agent_gets_no_ticket_and_proves_its_key_each_time(self):
        self.start()
        agent = LyingAgent(self.ports["tunnel"], agent_identity(self, self.site.token))
        self.addCleanup(agent.close)
        wait_for(agent.greeted.is_set, "the greeting")
        self.assertFalse(agent.socket.session.has_ticket)
        self.assertEqual((agent.socket.version(), agent.socket.selected_alpn_protocol()), ("TLSv1.3", "rh2"))

    def ticket_key(self, port):
        """The name of the key that a ticket of TLS 1.2 is encrypted with: its first 16 bytes (RFC 5077 section 4)."""
        told = self.s_client(port, "-tls1_2")
        lines = re.findall(r"^\s+00[0-9a-f]0 - ((?:[0-9a-f]{2}[ -]){16})", told, re.M)
        return lines[0], int(re.search(r"lifetime hint: (\d+)", told)[1])

    def test_tickets_live_for_two_hours_at_most(self):
        self.start()
        key, lifetime = self.ticket_key(self.ports["clients"])
        print(f"tickets are good for {lifetime} s")
        self.assertLessEqual(lifetime, 7_200)
        self.assertEqual(self.ticket_key(self.ports["clients"])[0], key)

    def is_resumed(self, saved, *flags):
        told = self.s_client(self.ports["clients"], "-sess_in", str(saved), *flags)
        self.assertRegex(told, "(New|Reused), TLS")
        return "Reused, TLS" in told

    def save_session(self, *flags):
        saved = self.directory / f"session{len(list(self.directory.glob('session*')))}"
        request = b"GET /web/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        self.s_client(self.ports["clients"], "-ign_eof", "-sess_out", str(saved), *flags, request=request)
        return saved

    def test_tickets_outlive_reloads_and_new_certificates(self):
        self.start()
        saved = {version: self.save_session(version) for version in ("-tls1_2", "-tls1_3")}
        key, _ = self.ticket_key(self.ports["clients"])
        for name, curve in (("rsa", ["rsa:2048"]), ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            openssl(self, "req", "-x509", "-newkey", *curve, "-nodes", "-days", "3", "-subj", f"/CN={name}.example", "-keyout", f"{name}.key.new", "-out", f"{name}.crt.new")
        for name in ("rsa.key", "rsa.crt", "ec.key", "ec.crt"):
            (self.directory / f"{name}.new").rename(self.directory / name)
        self.site.tool("reload")
        self.assertEqual(self.ticket_key(self.ports["clients"])[0], key)
        for version, of in saved.items():
            self.assertTrue(self.is_resumed(of, version), version)

    def test_without_tickets_nothing_is_resumed(self):
        self.site.config.write_text(self.site.config.read_text().replace("rsa.key, cert", "rsa.key, session_tickets: 0s, cert"))
        self.start()
        for version in ("-tls1_2", "-tls1_3"):
            saved = self.save_session(version)
            self.assertFalse(saved.exists() and self.is_resumed(saved, version), version)

    @unittest.skipIf(SANITIZED, "libfaketime and sanitizers do not go together")
    def test_keys_of_tickets_are_replaced(self):
        clock = self.write("clock", "+0s")
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        Process(self, "connector", [CONNECTOR, "run", "--config", self.site.config],
                {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"})
        wait_for(lambda: can_connect(self.ports["clients"]), "the connector")
        before, _ = self.ticket_key(self.ports["clients"])
        saved = self.save_session("-tls1_3")
        clock.write_text("+3601s")  # the interval is over: another key seals, this one opens
        wait_for(lambda: self.ticket_key(self.ports["clients"])[0] != before, "another key")
        clock.write_text(f"+{HALF_A_DAY}s")
        self.assertFalse(self.is_resumed(saved, "-tls1_3"))
        wait_for(lambda: self.ticket_key(self.ports["clients"])[0] != before, "another key")


if __name__ == "__main__":
    main()

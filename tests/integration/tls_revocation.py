"""What CAs have taken back: revocation lists for the certificates of clients, whole chains of them, and OCSP responses that
are stapled to our own; the CA and the responder are OpenSSL's."""
import json
import pathlib
import re
import socket
import ssl
import subprocess
import time
import unittest

from harness import CONNECTOR, Case, Process, Site, can_connect, fetch, main, metric, wait_for
from servers import Origin

FAKETIME = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
DAY = 86_400


def stamp(days):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * DAY))


class Pki(Case):
    def openssl(self, *arguments, **keywords):
        return subprocess.run(["openssl", *map(str, arguments)], cwd=self.directory, check=True, capture_output=True, **keywords).stdout

    def make_ca(self, name, by=None):
        """A root, or one that `by` has issued, with its own index of what it issues."""
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key"]
        (self.directory / f"{name}.index").write_text("")
        self.write(f"{name}.cnf", f"[ca]\ndefault_ca=d\n[d]\ndatabase={name}.index\ndefault_md=sha256\nunique_subject=no\ncertificate={name}.crt\nprivate_key={name}.key\n"
                                  "new_certs_dir=.\nrand_serial=yes\npolicy=p\ndefault_crl_days=2\ndefault_days=2\n[p]\nCN=supplied\n"
                                  "[ca_ext]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        if by:
            self.openssl("req", *key, "-out", f"{name}.csr")
            self.openssl("ca", "-batch", "-notext", "-config", f"{by}.cnf", "-extfile", f"{name}.cnf", "-extensions", "ca_ext", "-in", f"{name}.csr", "-out", f"{name}.crt")
        else:
            self.openssl("req", "-x509", *key, "-days", "2", "-out", f"{name}.crt")

    def issue(self, name, by, extensions="basicConstraints=CA:FALSE"):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.write(f"{name}.ext", extensions + "\n")
        self.openssl("ca", "-batch", "-notext", "-config", f"{by}.cnf", "-extfile", f"{name}.ext", "-in", f"{name}.csr", "-out", f"{name}.crt")

    def revoke(self, by, *names):
        for name in names:
            self.openssl("ca", "-config", f"{by}.cnf", "-revoke", f"{name}.crt")

    def list_of(self, by, end=2):
        return self.openssl("ca", "-config", f"{by}.cnf", "-gencrl", "-crl_lastupdate", stamp(-3), "-crl_nextupdate", stamp(end))

    def replace(self, name, content):
        (self.directory / f"{name}.new").write_bytes(content)
        (self.directory / f"{name}.new").rename(self.directory / name)

    def start(self, tls):
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, backends={"web": f"endpoints: [ \"http://127.0.0.1:{self.origin.port}\" ]"},
                         workers=1, listener=f", name: door, tls: {{ {tls} }}")
        self.start_connector()

    def start_connector(self):
        self.connector = self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port) or not self.connector.alive(), "the listener")

    def start_again(self, was="", now=""):
        """With another word in the configuration."""
        self.connector.stop()
        self.site.config.write_text(self.site.config.read_text().replace(was, now))
        self.start_connector()

    def problems(self):
        return json.loads(fetch(self.site.admin_port, "/status").body)["problems"]

    def s_client(self, *flags, request=b""):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.site.client_port}", *map(str, flags)], input=request, cwd=self.directory,
                              capture_output=True, timeout=20).stdout.decode(errors="replace")


class HeldHandshake:
    """A client that has verified the server, and keeps what it has to say itself until it is told to go on."""

    def __init__(self, case, name, version):
        context = ssl.create_default_context(cafile=case.directory / "cas.crt")
        context.load_cert_chain(case.directory / f"{name}.crt", case.directory / f"{name}.key")
        context.minimum_version = context.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
        self.socket = socket.create_connection(("127.0.0.1", case.site.client_port), timeout=20)
        case.addCleanup(self.socket.close)
        self.shakes()
        self.socket.sendall(self.outgoing.read())
        while not self.outgoing.pending:
            self.incoming.write(self.socket.recv(65536))
            self.shakes()

    def shakes(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return True
        return False

    def answer(self, request):
        """What the server says once it has had the rest of the handshake and a request: nothing where it hangs up."""
        said = b""
        try:
            self.socket.sendall(self.outgoing.read())
            while self.shakes():
                if not (data := self.socket.recv(65536)):
                    return said
                self.incoming.write(data)
            self.tls.write(request)
            self.socket.sendall(self.outgoing.read())
            while data := self.socket.recv(65536):
                self.incoming.write(data)
                try:
                    while part := self.tls.read(65536):
                        said += part
                except ssl.SSLWantReadError:
                    pass
        except (ssl.SSLError, OSError):
            pass
        return said


class ListsOfClients(Pki):
    """A root, an intermediate CA that issues the clients' certificates, and the lists of either."""
    REQUEST = b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    def setUp(self):
        super().setUp()
        self.make_ca("root")
        self.make_ca("between", by="root")
        for name in ("good", "bad"):
            self.issue(name, by="between")
        self.issue("server", by="root", extensions="subjectAltName=IP:127.0.0.1")
        both = (self.directory / "between.crt").read_bytes() + (self.directory / "root.crt").read_bytes()
        (self.directory / "cas.crt").write_bytes(both)
        self.revoke("between", "bad")

    def up(self, *lists):
        (self.directory / "lists").write_bytes(b"".join(lists))
        self.start(f"certificate: server.crt, key: server.key, client_ca: cas.crt, client_crl: lists, client_certificates: required")

    def reload(self, *lists):
        self.replace("lists", b"".join(lists))
        self.site.tool("reload")

    def answer(self, name, *flags):
        return self.s_client("-ign_eof", "-cert", f"{name}.crt", "-key", f"{name}.key", "-cert_chain", "cas.crt", *flags, request=self.REQUEST)

    def serves(self, name):
        return "HTTP/1.1 200" in self.answer(name)

    def refused(self, name, words):
        self.assertFalse(self.serves(name))
        wait_for(lambda: words in self.connector.log(), words)

    def test_the_list_of_the_ca_that_issues_is_enough_and_counts(self):
        self.up(self.list_of("between"))
        self.assertTrue(self.serves("good"))
        self.refused("bad", "certificate revoked")

    def test_a_ca_that_was_taken_back_takes_its_clients_along(self):
        self.up(self.list_of("between"), self.list_of("root"))
        self.assertTrue(self.serves("good"))
        self.revoke("root", "between")
        self.reload(self.list_of("between"), self.list_of("root"))
        self.refused("good", "certificate revoked")

    def test_clients_of_a_ca_without_a_list_are_refused(self):
        self.up(self.list_of("root"))
        self.refused("good", "unable to get certificate CRL")

    def test_with_chain_each_ca_needs_a_list_and_the_one_that_lacks_is_named(self):
        (self.directory / "lists").write_bytes(self.list_of("between"))
        self.start("certificate: server.crt, key: server.key, client_ca: cas.crt, client_crl: lists, client_crl_of: chain")
        self.assertEqual(self.connector.wait(), 2)
        self.assertIn("there is no revocation list of the CA 'root' in it", self.connector.log())
        self.replace("lists", self.list_of("between") + self.list_of("root"))
        self.start_again()
        self.assertTrue(self.serves("good"))

    def test_a_large_list_counts_as_soon_as_it_is_there(self):
        remarks = b"# what the CA has to say about it\n" * (5 * 1024 * 1024 // 34)
        self.up(self.list_of("between") + remarks)
        self.assertTrue(self.serves("good"))
        self.revoke("between", "good")
        self.reload(self.list_of("between") + remarks)
        self.refused("good", "certificate revoked")

    def test_after_its_time_a_list_lets_nobody_in_and_is_told_of(self):
        self.up(self.list_of("between", end=1))
        self.assertTrue(self.serves("good"))
        end = metric(self.site.admin_port, "adit_connector_revocation_list_expires_timestamp_seconds", listener="door", issuer="between")
        self.assertAlmostEqual(end, time.time() + DAY, delta=120)
        self.reload(self.list_of("between", end=-1))
        self.refused("good", "CRL has expired")
        wait_for(lambda: "the time of the revocation list of 'between' is over" in self.connector.log(), "the warning")
        self.assertIn("listener 'door': the time of the revocation list of 'between' is over: clients with certificates of this CA are refused", self.problems())

    def test_a_handshake_that_was_under_way_is_no_way_around_a_new_list(self):
        self.up(self.list_of("between"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                held = HeldHandshake(self, "good", version)
                self.site.tool("reload")  # of the same
                self.assertIn(b"HTTP/1.1 200", held.answer(self.REQUEST))
        held = {version: HeldHandshake(self, "good", version) for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)}
        self.revoke("between", "good")
        self.reload(self.list_of("between"))
        for version, one in held.items():
            with self.subTest(version):
                self.assertEqual(one.answer(self.REQUEST), b"")

    def test_a_ticket_is_no_way_around_a_list_nor_around_being_asked(self):
        asking = "client_ca: cas.crt, client_crl: lists, client_certificates: required"
        (self.directory / "lists").write_bytes(self.list_of("between"))
        self.start("certificate: server.crt, key: server.key, session_tickets: 1h")
        versions = ("-tls1_2", "-tls1_3")
        for version in versions:
            self.assertIn("HTTP/1.1 200", self.answer("good", version, "-sess_out", f"session{version}"))
            self.assertIn("Reused, TLS", self.answer("good", version, "-sess_in", f"session{version}"))
        self.site.config.write_text(self.site.config.read_text().replace("session_tickets: 1h", f"session_tickets: 1h, {asking}"))
        self.site.tool("reload")
        for version in versions:  # the key of the tickets is still there
            told = self.answer("good", version, "-sess_in", f"session{version}", "-sess_out", f"later{version}")
            self.assertNotIn("Reused, TLS", told)
            self.assertIn("HTTP/1.1 200", told)
            self.assertNotIn("TLS session ticket:", told)
        later = [version for version in versions if (self.directory / f"later{version}").exists()]
        for version in later:
            self.assertNotIn("Reused, TLS", self.answer("good", version, "-sess_in", f"later{version}"))
        self.revoke("between", "good")
        self.reload(self.list_of("between"))
        for version in versions:
            told = self.answer("good", version, "-sess_in", f"session{version}")
            self.assertNotIn("Reused, TLS", told)
            self.assertNotIn("HTTP/1.1 200", told)


class Staples(Pki):
    def setUp(self):
        super().setUp()
        self.make_ca("root")
        for name, feature in (("server", ""), ("wanting", "\ntlsfeature=status_request"), ("other", "")):
            self.issue(name, by="root", extensions="subjectAltName=DNS:server.example" + feature)
            chain = (self.directory / f"{name}.crt").read_bytes() + (self.directory / "root.crt").read_bytes()
            (self.directory / f"{name}.chain").write_bytes(chain)

    def ask(self, name, *flags):
        """What a responder of the CA says of the certificate, as a file."""
        responder = Process(self, "ocsp", ["openssl", "ocsp", "-index", "root.index", "-rsigner", "root.crt", "-rkey", "root.key", "-CA", "root.crt", "-port", "0", "-ndays", "1", *flags])
        port = wait_for(lambda: re.search(r"ACCEPT \S*?(\d+)\s", responder.log()), "the responder")[1]
        out = self.directory / f"{name}.ocsp.new"
        self.openssl("ocsp", "-issuer", "root.crt", "-cert", f"{name}.crt", "-url", f"http://127.0.0.1:{port}", "-no_nonce", "-noverify", "-respout", out)
        responder.stop()
        out.rename(self.directory / f"{name}.ocsp")

    def up(self, name="server"):
        self.start(f"certificate: {name}.chain, key: {name}.key, ocsp_response: {name}.ocsp")

    def stapled(self, *flags):
        """What a client is told of the certificate: good, revoked; nothing."""
        told = self.s_client("-status", "-CAfile", "root.crt", *flags)
        found = re.search(r"Cert Status: (\w+)", told)
        self.assertTrue(found or "no response sent" in told, told[:2000])
        return found and found[1]

    def test_a_response_is_stapled_in_both_versions_until_another_one_says_otherwise(self):
        self.ask("server")
        self.up()
        for version in ("-tls1_2", "-tls1_3"):
            self.assertEqual(self.stapled(version), "good")
        end = metric(self.site.admin_port, "adit_connector_ocsp_response_expires_timestamp_seconds", listener="door", subject="server")
        self.assertAlmostEqual(end, time.time() + DAY, delta=120)
        self.revoke("root", "server")
        self.ask("server")
        wait_for(lambda: "its CA says that the certificate is revoked" in self.connector.log(), "the file to be read again")
        wait_for(lambda: self.stapled() is None, "each handshake without it")
        self.assertIn("listener 'door', certificate 'server': its CA says that the certificate is revoked: the OCSP response is not stapled", self.problems())

    def test_a_response_of_a_responder_that_the_ca_has_named_counts_too(self):
        self.issue("responder", by="root", extensions="extendedKeyUsage=OCSPSigning")
        self.ask("server", "-rsigner", "responder.crt", "-rkey", "responder.key")
        self.up()
        self.assertEqual(self.stapled(), "good")

    @unittest.skipIf(FAKETIME is None, "an old response needs libfaketime")
    def test_a_response_after_its_time_is_not_stapled(self):
        self.openssl("ocsp", "-issuer", "root.crt", "-cert", "server.crt", "-no_nonce", "-reqout", "request")
        self.openssl("ocsp", "-index", "root.index", "-rsigner", "root.crt", "-rkey", "root.key", "-CA", "root.crt", "-reqin", "request", "-respout", "server.ocsp", "-nmin", "1",
                     env={"LD_PRELOAD": str(FAKETIME), "FAKETIME": "-1h", "PATH": "/usr/bin"})
        self.up()
        self.assertIsNone(self.stapled())
        wait_for(lambda: "the time of the OCSP response is over" in self.connector.log(), "the warning")

    def test_a_certificate_that_wants_a_staple_and_has_none_is_told_of(self):
        self.start("certificate: wanting.chain, key: wanting.key")
        wait_for(lambda: "asks clients to insist on an OCSP response" in self.connector.log(), "the warning")
        self.ask("wanting")
        self.start_again("key: wanting.key", "key: wanting.key, ocsp_response: wanting.ocsp")
        self.assertEqual(self.stapled(), "good")
        self.assertNotIn("asks clients to insist", self.connector.log())

    def test_what_is_no_response_for_this_certificate_is_an_error_that_says_why(self):
        self.ask("other")
        self.make_ca("stranger")
        config = lambda file: self.write("bad.yaml", f'listeners: [ {{ address: "127.0.0.1:0", tls: {{ certificate: server.chain, key: server.key, ocsp_response: {file} }} }} ]\n')  # noqa: E731
        self.write("garbage", "garbage")
        self.openssl("ocsp", "-issuer", "root.crt", "-cert", "server.crt", "-no_nonce", "-reqout", "request")
        (self.directory / "strange.index").write_text((self.directory / "root.index").read_text())
        self.openssl("ocsp", "-index", "strange.index", "-rsigner", "stranger.crt", "-rkey", "stranger.key", "-CA", "root.crt", "-reqin", "request", "-respout", "forged", "-ndays", "1")
        for file, words in (("other.ocsp", "about another certificate"), ("garbage", "no OCSP response"), ("forged", "its issuer has not signed it"), ("nowhere", "cannot read the OCSP response")):
            with self.subTest(file):
                self.assertIn(words, self.run_tool(CONNECTOR, "run", "--config", config(file), status=2).stderr)


main()

"""A configuration that is wrong is refused with every error in one run, each with its place and what would be right."""
import json
import re

from certificates import Authority, openssl
from harness import CONNECTOR, Case, main

WRONG = [  # a line, and what is said about it: (column, words)
    ("workers: 0", [(10, "a number from 1 to 256")]),
    ("log: { level: loud, format: xml }", [(15, "one of trace, debug, info"), (29, "one of auto, json, text")]),
    ("admin: { address: 127.0.0.1 }", [(19, "the port is missing")]),
    ("listeners:", []),
    ("  - address: 127.0.0.1:99999", [(14, "from 1 to 65535")]),
    ("    limits: { header_bytes: 32KB, header_timeout: 10, idle_timeout: forever, body_bytes: -1 }",
     [(29, "as in 64KiB"), (51, "as in 500ms, 5s, 24h"), (69, "duration"), (90, "size")]),
    ("  - address: 127.0.0.1:8082", []),
    ("    limits: { connections_per_client: -1, min_rate: 1GiB, min_rate_after: 0s }", [(39, "a number from 0 to 1000000"), (53, "64MiB"), (75, "1ms")]),
    ("  - address: 127.0.0.1:8080", []),
    ("    proxy_protocol: v2", [(5, "not available in this version")]),
    ("    tls: { certificate: missing.crt }", [(10, "'key' is missing"), (25, "No such file")]),
    ("tunnels: { directory: d, wireguard: { network: 10.0.0.1/8, device: tun }, tls: { address: 127.0.0.1:7443, key: k } }",
     [(37, "'address' is missing"), (48, "bits are set behind the prefix"), (68, "one of auto, user-space, kernel, existing")]),
    ("backends:", []),
    ("  web: { endpoints: [ ftp://x, service:// ], timeouts: { conect: 5s }, retry: { atempts: 3 } }",
     [(23, "service://NAME, http://host:port/base, https://"), (32, "name of a service"), (58, "did you mean 'connect'"), (81, "did you mean 'attempts'")]),
    ("  other: { endpoint: [ http://127.0.0.1:1 ] }", [(10, "'endpoints' is missing"), (12, "did you mean 'endpoints'")]),
    ("  other: { endpoints: [ http://127.0.0.1:1 ] }", [(3, "given twice; first at")]),
    ("routes:", []),
    ("  - { match: { host: '*.*.example.com', path: v1 }, backend: wbe }", [(22, "host pattern"), (47, "begins with '/'"), (62, "no backend 'wbe'")]),
    ("  - { match: { path: /x/**/y }, backend: web }", [(22, "'**' can only be the last segment")]),
    ("  - { match: { path: '${NOWHERE}' }, backend: web }", [(22, "NOWHERE is not set")]),
    ("routs: []", [(1, "did you mean 'routes'")]),
]
GOOD = """listeners: [ { address: "127.0.0.1:8080" } ]
routes: [ { match: { path: "/**" }, backend: web } ]
"""


class Configuration(Case):
    def check(self, path, status=2, **keywords):
        return self.run_tool(CONNECTOR, "check", "--config", path, status=status, **keywords)

    def test_all_errors_are_found_in_one_run_at_their_places(self):
        path = self.write("wrong.yaml", "\n".join(line for line, _ in WRONG) + "\n")
        lines = [line for line in self.check(path).stderr.splitlines() if ": error: " in line]
        for number, (text, errors) in enumerate(WRONG, start=1):
            for column, words in errors:
                with self.subTest(f"{text} column {column}"):
                    self.assertTrue([l for l in lines if l.startswith(f"{path}:{number}:{column}: error:") and words in l],
                                    "\n".join(l for l in lines if f":{number}:" in l))

    def test_errors_come_as_json_too(self):
        path = self.write("wrong.yaml", GOOD + "backends: { web: { endpoints: [ 'http://h:1' ] } }\nrouts: []\n")
        told = json.loads(self.check_json(path))
        self.assertEqual((told["ok"], len(told["errors"])), (False, 1))
        self.assertEqual(told["errors"][0]["line"], 4)

    def check_json(self, path):
        return self.run_tool(CONNECTOR, "check", "--config", path, "--output", "json", status=2).stdout

    def test_an_included_file_is_part_of_the_whole_and_named_in_its_errors(self):
        self.write("more.yaml", "backends:\n  web: { endpoints: [ 'http://127.0.0.1:1' ] }\n")
        path = self.write("main.yaml", GOOD + "include: [ more.yaml ]\n")
        self.assertIn("ok", self.check(path, status=0).stdout)
        self.write("more.yaml", "backends:\n  web:\n    endpoint: [ 'http://127.0.0.1:1' ]\n")
        self.assertIn("more.yaml:3:5: error: unknown key 'endpoint'", self.check(path).stderr)
        self.write("more.yaml", "include: [ main.yaml ]\n")
        self.assertIn("include each other", self.check(path).stderr)
        (self.directory / "more.yaml").unlink()
        self.assertIn(f"{path}:3:12: error: cannot read", self.check(path).stderr)

    def test_files_that_are_none_are_refused(self):
        for name, text, words in (("empty", "", "empty"), ("list", "- a\n", "error"), ("open", "a: [\n", "not valid YAML"), ("tab", "a:\n\tb: c\n", "not valid YAML")):
            with self.subTest(name):
                self.assertIn(words, self.check(self.write(f"{name}.yaml", text)).stderr)
        self.assertIn("No such file", self.check(self.directory / "gone.yaml").stderr)
        self.assertIn("directory", self.check(self.directory).stderr)

    def test_values_come_from_the_environment_from_files_and_from_defaults(self):
        self.write("host", "127.0.0.1\n")
        path = self.write("a.yaml", GOOD + 'backends: { web: { endpoints: [ "http://${file:host}:${PORT}${BASE:-/base}" ] } }\n')
        self.check(path, status=0, environment={"PORT": "80"})
        self.assertIn(f"{path}:3:33: error:", self.check(path, environment={"PORT": "many"}).stderr)
        self.assertIn("PORT is not set", self.check(path).stderr)

    def test_a_secret_from_a_file_is_not_shown_in_an_error(self):
        self.write("secret", "hunter2 is no host\n")
        path = self.write("a.yaml", GOOD + 'backends: { web: { endpoints: [ "http://${file:secret}:80" ] } }\n')
        self.assertNotIn("hunter2", self.check(path).stderr)

    def test_files_that_a_connector_could_not_use_are_errors_of_their_values(self):
        """`check` says what `run` would say, and where; what is made at the first start need not be there."""
        authority = Authority(self)
        crt, key = authority.issue("gateway")
        authority.issue("other")
        self.write("chain.pem", crt.read_text() + authority.file.read_text())
        self.write("garbage", "nonsense\n")
        for curve in ("secp224r1", "P-521"):
            openssl(self, "req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes", "-days", "2", "-subj", "/CN=x", "-keyout", f"{curve}.key",
                    "-out", f"{curve}.crt")
        openssl(self, "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "2", "-subj", "/CN=x", "-keyout", "weak.key", "-out", "weak.crt")
        rest = 'routes: [ {{ match: {{ path: "/**" }}, static: {{ status: 200 }} }} ]\n'
        listener = "listeners: [ {{ address: '127.0.0.1:0', tls: {{ {} }} }} ]\n" + rest
        pair = "certificate: gateway.crt, key: gateway.key"
        tunnels = "tunnels: {{ directory: t.d, tls: {{ address: '127.0.0.1:0', key: {} }} }}\n"
        admin = "admin: {{ address: '127.0.0.1:0', tls: {{ certificate: gateway.crt, key: gateway.key, client_ca: {} }} }}\n"
        for text, words, value in (
                (listener.format("certificate: garbage, key: gateway.key"), "cannot use this certificate chain", "garbage"),
                (listener.format("certificate: gateway.crt, key: garbage"), "cannot use this private key", "garbage"),
                (listener.format("certificate: gateway.crt, key: other.key"), "does not belong to the certificate", "other.key"),
                (listener.format("certificate: gateway.crt, key: weak.key"), "does not belong to the certificate", "weak.key"),  # of another type
                (listener.format("certificate: secp224r1.crt, key: secp224r1.key"), "the curve secp224r1: use P-256", "secp224r1.key"),
                (listener.format("certificate: weak.crt, key: weak.key"), "key too small", "weak.crt"),
                (listener.format(pair + ", certificates: [ { certificate: other.crt, key: gateway.key } ]"), "does not belong", "gateway.key"),
                (listener.format(pair + ", client_ca: garbage"), "garbage", "garbage"),
                (listener.format(pair + ", client_ca: ca.crt, client_crl: garbage"), "garbage", "garbage"),
                (listener.format("certificate: chain.pem, key: gateway.key, ocsp_response: garbage"), "no OCSP response", "garbage"),
                ("backends: { web: { endpoints: [ 'https://h:1' ], tls: { ca: garbage } } }\n", "CA certificates", "garbage"),
                (admin.format("garbage"), "garbage", "garbage"),
                (tunnels.format("garbage"), "not a private key", "garbage"),
                (tunnels.format("secp224r1.key"), "the curve secp224r1", "secp224r1.key"),
                ("log: { sinks: [ { http: { url: 'https://h:1', shape: loki, ca: garbage } } ] }\n", "CA certificates", "garbage")):
            with self.subTest(text):
                path = self.write("a.yaml", text)
                self.assertRegex(self.check(path).stderr, rf"a\.yaml:1:{text.index(value) + 1}: error: .*{words}")
                self.assertIn(words, self.run_tool(CONNECTOR, "run", "--config", path, status=2).stderr)
        self.assertEqual(json.loads(self.check_json(path))["errors"][0]["line"], 1)
        both = self.write("b.yaml", tunnels.format("garbage") + admin.format("garbage") + listener.format("certificate: P-521.crt, key: weak.key"))
        self.assertEqual(len(re.findall(r"b\.yaml:\d+:\d+: error:", self.check(both).stderr)), 3)
        good = self.write("c.yaml", tunnels.format("made.key") + "issuers: { us: { url: 'https://us.example', directory: keys } }\n"
                          + listener.format("certificate: P-521.crt, key: P-521.key"))
        before = sorted(self.directory.iterdir())
        self.assertIn("ok: ", self.check(good, status=0).stdout)
        self.assertEqual(sorted(self.directory.iterdir()), before)

    def test_the_configuration_is_found_by_flag_variable_and_place(self):
        text = GOOD + "backends: { web: { endpoints: [ 'http://h:1' ] } }\n"
        named = self.write("named.yaml", text)
        self.run_tool(CONNECTOR, "check", environment={"ADIT_CONFIG": str(named)})
        self.write("adit.yaml", text)
        self.run_tool(CONNECTOR, "check")
        self.write("adit.yaml", "routs: []\n")
        self.run_tool(CONNECTOR, "check", status=2)
        self.run_tool(CONNECTOR, "run", status=2)


main()

"""Who calls: the ways to tell, in the order of a route, and what of it reaches an origin."""
import base64
import hashlib
import http.client
import json
import ssl
import subprocess
import time

from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, raw, wait_for
from servers import Accepting, Origin, OriginHandler


def sha(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def sha64(text):
    return "sha256:" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Mirror(OriginHandler):
    """Tells what it was asked."""

    def do(self):
        self.read_body()
        self.reply(json.dumps({"target": self.path, "fields": [[name.lower(), value] for name, value in self.headers.items()]}).encode(),
                   200, content_type="application/json")

    do_GET = do_POST = do_OPTIONS = do


def seen(answer):
    """What the origin got: its target, and its fields by name."""
    told = json.loads(answer.body)
    fields = {}
    for name, value in told["fields"]:
        fields.setdefault(name, []).append(value)
    return told["target"], fields


class Door(Case):
    """A connector before an origin that tells what it was asked."""

    def up(self, text, listener="", backend=""):
        self.origin = Origin()
        self.origin.RequestHandlerClass = Mirror
        self.port, self.admin = free_port(), free_port()
        self.config = self.write("adit.yaml", f"""
admin: {{ address: "127.0.0.1:{self.admin}" }}
listeners: [ {{ address: "127.0.0.1:{self.port}"{listener} }} ]
backends: {{ web: {{ endpoints: [ "http://127.0.0.1:{self.origin.port}" ]{backend} }} }}
""" + text)
        self.connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: (can_connect(self.admin) and can_connect(self.port)) or not self.connector.alive(), "the connector")

    def ask(self, path="/", **fields):
        return fetch(self.port, path, headers={name.replace("_", "-"): value for name, value in fields.items()})

    def reload(self, text):
        before = metric(self.admin, "adit_connector_reloads_total")
        text()
        wait_for(lambda: metric(self.admin, "adit_connector_reloads_total") > before, "a reload")
        self.assertEqual(fetch(self.admin, "/reload", "POST").status, 200)  # which waits for every worker

    def consumer(self, answer):
        self.assertEqual(answer.status, 200, answer.body)
        return seen(answer)[1].get("x-adit-consumer", [None])[0]


ANY = 'access: [ { consumer: "*" } ]'


class ApiKeys(Door):
    def test_keys_in_header_and_query_are_recognised_and_stay_here(self):
        self.up(f"""
consumers:
  - {{ name: shop, environment: production, api_keys: [ "{sha('one')}", {{ sha256: "{sha64('two')}", id: second }} ] }}
policies: {{ in-query: {{ api_key: {{ query: key }} }}, own-name: {{ api_key: {{ header: X-Token }} }} }}
routes:
  - {{ match: {{ path: "/q/**" }}, policies: [ in-query ], backend: web, {ANY} }}
  - {{ match: {{ path: "/own/**" }}, policies: [ own-name ], backend: web, {ANY} }}
  - {{ match: {{ path: "/**" }}, policies: [ api-key ], backend: web, {ANY} }}
""")
        for key in ("one", "two"):
            target, fields = seen(self.ask("/x?a=1", X_API_KEY=key, X_Other="y"))
            self.assertEqual((target, fields["x-adit-consumer"], fields["x-adit-environment"], fields["x-other"]), ("/x?a=1", ["shop"], ["production"], ["y"]))
            self.assertNotIn("x-api-key", fields)
        self.assertNotIn("x-token", seen(self.ask("/own/x", x_token="one"))[1])
        for query, left in (("?key=one", ""), ("?a=1&key=one&b=%20", "?a=1&b=%20"), ("?k%65y=%6fne&key=again", ""), ("?key=one&&c", "?&c")):
            with self.subTest(query):
                self.assertEqual(seen(self.ask("/q/x" + query))[0], "/q/x" + left)
        refused = self.ask("/x", X_API_KEY="three")
        self.assertEqual((refused.status, refused.problem()["code"]), (401, "unauthenticated"))
        self.assertIn("the key is not known", refused.problem()["detail"])
        self.assertNotIn("three", refused.body.decode() + self.connector.log())
        self.assertEqual(self.ask("/x").status, 401)
        self.assertEqual(self.ask("/q/x?key=").status, 401)
        self.assertEqual(metric(self.admin, "adit_authentications_total", policy="api-key", result="good", reaches=2), 2)
        self.assertEqual(metric(self.admin, "adit_authentications_total", policy="api-key", result="refused", reaches=1), 1)
        lines = wait_for(lambda: [json.loads(line) for line in self.connector.log().splitlines() if '"logger":"access"' in line][9:] and
                         [json.loads(line) for line in self.connector.log().splitlines() if '"logger":"access"' in line], "the access lines")
        self.assertEqual((lines[0]["consumer"], lines[0]["environment"]), ("shop", "production"))
        self.assertNotIn("consumer", lines[-1])

    def test_a_key_replaces_another_by_an_included_file_while_both_count(self):
        def write(*keys):
            self.write("consumers.yaml", "consumers:\n  - { name: shop, api_keys: [ " + ", ".join(keys) + " ] }\n")
        past, future = "2020-01-01T00:00:00Z", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
        write(f'"{sha("old")}"')
        self.up(f"include: [ consumers.yaml ]\nroutes: [ {{ match: {{}}, policies: [ api-key ], backend: web, {ANY} }} ]\n")
        asked = lambda: [self.ask(x_api_key=key).status for key in ("old", "new")]  # noqa: E731
        self.assertEqual(asked(), [200, 401])
        self.reload(lambda: write(f'{{ sha256: "{sha("old")}", expires: "{future}" }}', f'"{sha("new")}"'))
        self.assertEqual(asked()[1], 200)
        wait_for(lambda: asked() == [401, 200], "the old key's end")
        self.reload(lambda: write(f'{{ sha256: "{sha("old")}", expires: "{past}" }}', f'"{sha("new")}"'))
        self.assertIn("has expired", self.ask(x_api_key="old").problem()["detail"])

    def test_the_backend_gets_the_credential_only_where_it_says_so(self):
        self.up(f"""
consumers: [ {{ name: shop, api_keys: [ "{sha('one')}" ], logins: [ {{ user: u, password: "{sha('p')}" }} ] }} ]
policies: {{ in-query: {{ api_key: {{ query: key }} }} }}
routes: [ {{ match: {{}}, policies: [ in-query, basic ], backend: web, {ANY} }} ]
""", backend=", credential: { forward: true }")
        self.assertEqual(seen(self.ask("/x?key=one&b=2"))[0], "/x?key=one&b=2")
        self.assertEqual(seen(self.ask("/x", authorization=basic("u", "p")))[1]["authorization"], [basic("u", "p")])


class Order(Door):
    ROUTES = f"""
consumers:
  - {{ name: by-key, project: shop, environment: production, attributes: {{ tier: gold }}, api_keys: [ "{sha('one')}" ] }}
  - {{ name: by-password, logins: [ {{ user: "älice", password: "{sha('pass:word')}" }} ] }}
routes:
  - {{ match: {{ path: "/both/**" }}, policies: [ api-key, basic ], backend: web, {ANY} }}
  - {{ match: {{ path: "/turned/**" }}, policies: [ basic, api-key ], backend: web, {ANY} }}
  - {{ match: {{ path: "/open/**" }}, policies: [ api-key, anonymous ], backend: web, access: [ {{ consumer: "*" }}, {{ consumer: anonymous }} ] }}
  - {{ match: {{ path: "/cors/**" }}, policies: [ api-key ], backend: web, {ANY}, cors: {{ origins: [ "https://app.example" ] }}, headers: {{ response: {{ set: {{ x-who: "{{consumer}}" }} }} }} }}
  - {{ match: {{ path: "/named/**" }}, policies: [ api-key, basic ], backend: web, {ANY}, headers: {{ request: {{ remove: [ x-adit-environment ], set: {{ x-caller: "{{consumer}}/{{consumer.project}}/{{consumer.environment}}/{{attribute.tier}}" }} }} }} }}
  - {{ match: {{ path: "/none/**" }}, backend: web }}
  - {{ match: {{ path: "/static/**" }}, policies: [ api-key, anonymous ], static: {{ body: open }} }}
  - {{ match: {{ path: "/closed/**" }}, policies: [ api-key ], static: {{ body: closed }} }}
"""

    def test_the_first_policy_that_knows_the_caller_decides_and_bad_ones_are_passed_over(self):
        self.up(self.ROUTES)
        good, bad = {"x_api_key": "one"}, {"x_api_key": "bad"}
        login, wrong = {"authorization": basic("älice", "pass:word")}, {"authorization": basic("älice", "word")}
        for path, shown, who in (("/both/x", {**good, **login}, "by-key"), ("/turned/x", {**good, **login}, "by-password"), ("/both/x", {**bad, **login}, "by-password"),
                                 ("/turned/x", {**good, **wrong}, "by-key"), ("/both/x", login, "by-password"), ("/open/x", good, "by-key"), ("/open/x", {}, None)):
            with self.subTest(path=path, shown=shown):
                answer = self.ask(path, **shown)
                self.assertEqual(self.consumer(answer), who)
                self.assertFalse({"authorization", "x-api-key"} & set(seen(answer)[1]))
        for path, shown, words in (("/both/x", {**bad, **wrong}, ("api-key: the key is not known", "basic: user or password is wrong")), ("/open/x", bad, ("api-key",)),
                                   ("/both/x", {}, ("no credential was shown; this route takes api-key, basic",)), ("/none/x", good, ("has no policies",)),
                                   ("/both/x", {"authorization": "Basic !!!"}, ("not in base64",)), ("/both/x", {"authorization": "Basic YQ=="}, ("no colon",)),
                                   ("/both/x", {"authorization": "Bearer abc"}, ("no credential",))):
            with self.subTest(path=path, refused=shown):
                answer = self.ask(path, **shown)
                self.assertEqual(answer.status, 401)
                for word in words:
                    self.assertIn(word, answer.problem()["detail"])
        self.assertEqual(self.ask("/both/x").headers["www-authenticate"], 'Basic realm="adit", charset="UTF-8"')
        self.assertEqual(self.ask("/open/x", **bad).headers["www-authenticate"], 'Adit realm="adit"')
        self.assertEqual(self.ask("/static/x").body, b"open")
        self.assertEqual(self.ask("/static/x", **good).status, 403)  # a rule is missing: only who shows nothing may
        self.assertEqual(self.ask("/closed/x", **good).status, 403)

    def test_preflights_come_before_authentication_and_refusals_can_be_read_by_pages(self):
        self.up(self.ROUTES)
        preflight = subprocess.run(["curl", "-sS", "-i", "-X", "OPTIONS", "-H", "Origin: https://app.example", "-H", "Access-Control-Request-Method: GET",
                                    f"http://127.0.0.1:{self.port}/cors/x"], capture_output=True, check=True, text=True).stdout.lower()
        self.assertTrue(preflight.startswith("http/1.1 204"), preflight)
        self.assertIn("access-control-allow-origin: https://app.example", preflight)
        refused = self.ask("/cors/x", origin="https://app.example")
        self.assertEqual((refused.status, refused.headers["access-control-allow-origin"]), (401, "https://app.example"))
        self.assertEqual(self.ask("/cors/x", x_api_key="one").headers["x-who"], "by-key")

    def test_the_origin_is_told_who_calls_and_nobody_can_forge_it(self):
        self.up(self.ROUTES)
        self.assertEqual(seen(self.ask("/named/x", x_api_key="one"))[1]["x-caller"], ["by-key/shop/production/gold"])
        self.assertNotIn("x-adit-environment", seen(self.ask("/named/x", x_api_key="one"))[1])
        forged = ["X-Adit-Consumer: admin", "x-adit-consumer: admin", "X_Adit_Consumer: admin", "x-adit_consumer: admin", "X-ADIT-ENVIRONMENT: production",
                  "X-Adit-Attribute-Tier: gold"]
        for versions in ("--http1.1", "--http2-prior-knowledge"):
            for path, more, who in (("/open/x", [], []), ("/both/x", ["X-Api-Key: one"], ["by-key"])):
                with self.subTest(versions=versions, path=path):
                    told = subprocess.run(["curl", "-sS", versions, *(flag for field in forged + more for flag in ("-H", field)), f"http://127.0.0.1:{self.port}{path}"],
                                          capture_output=True, check=True).stdout
                    fields = {name: value for name, value in json.loads(told)["fields"] if "adit" in name and name not in ("via",)}
                    self.assertEqual([value for name, value in sorted(fields.items()) if name == "x-adit-consumer"], who)
                    self.assertLessEqual(set(fields), {"x-adit-consumer", "x-adit-environment"})
        # Connection cannot nominate ours away, and trailers do not carry any.
        answer = raw(self.port, b"POST /both/x HTTP/1.1\r\nHost: x\r\nX-Api-Key: one\r\nConnection: close, x-adit-consumer\r\nTransfer-Encoding: chunked\r\n\r\n"
                                b"1\r\na\r\n0\r\nX-Adit-Consumer: admin\r\n\r\n")
        fields = json.loads(answer.split(b"\r\n\r\n", 1)[1])["fields"]
        self.assertEqual([value for name, value in fields if name == "x-adit-consumer"], ["by-key"])

    def test_a_configuration_that_asks_nobody_says_so_and_lets_nobody_write_the_fields(self):
        self.up("routes: [ { match: {}, backend: web } ]\n")
        fields = seen(self.ask("/x", x_adit_consumer="admin", x_api_key="kept", authorization="Bearer kept"))[1]
        self.assertNotIn("x-adit-consumer", fields)
        self.assertEqual((fields["x-api-key"], fields["authorization"]), (["kept"], ["Bearer kept"]))
        wait_for(lambda: "no consumers, policies or access" in self.connector.log(), "the notice")
        self.assertIn("no consumers, policies or access", self.run_tool(CONNECTOR, "check", self.config).stdout)


class Recorder(Accepting):
    """An origin that keeps what it got, byte by byte."""

    def serve(self, connection):
        got = b""
        while not got.endswith(b"\r\n\r\n") or (b"chunked" in got.lower() and b"\r\n0\r\n" not in got):
            got += connection.recv(65536)
        self.requests.append(got)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.close()


class Disguises(Door):
    """What looks otherwise to us than to an origin."""
    TEXT = f"""
consumers: [ {{ name: shop, api_keys: [ "{sha('one')}" ], logins: [ {{ user: u, password: "{sha('p')}" }} ] }} ]
routes:
  - {{ match: {{ path: "/site/{{rest**}}" }}, policies: [ anonymous ], backend: web, rewrite: {{ path: "/sites/{{host}}/{{rest}}" }}, access: [ {{ consumer: anonymous }} ] }}
  - match: {{ path: "/**" }}
    policies: [ api-key, basic, anonymous ]
    backend: web
    access: [ {{ consumer: "*" }}, {{ consumer: anonymous }} ]
    headers: {{ request: {{ set: {{ X-User: "{{consumer}}" }}, remove: [ X-Debug ] }} }}
"""

    def lines(self, *fields, body=b"", path="/x", host="a"):
        return raw(self.port, (f"POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n").encode() + body)

    def test_authorization_counts_once_and_whatever_blank_is_in_it(self):
        self.up(self.TEXT)
        good = f"Authorization: {basic('u', 'p')}"
        self.assertTrue(self.lines(good).startswith(b"HTTP/1.1 200"))
        for fields in ((good, good), ("Authorization: X y", good), ("Authorization:", good), (good, "Authorization: Bearer forged"), (good, "authorization_: x".replace("_:", ":"))):
            with self.subTest(fields):
                answer = self.lines(*fields)
                self.assertTrue(answer.startswith(b"HTTP/1.1 401"), answer)
                self.assertIn(b"more than once", answer)
        self.assertTrue(self.lines("Authorization: Basic\tZm9yZ2Vk").startswith(b"HTTP/1.1 401"))

    def test_what_failed_does_not_go_on_beside_what_was_good(self):
        self.up(self.TEXT, backend=", credential: { forward: true }")
        fields = seen(self.ask("/x", x_api_key="one", authorization=basic("admin", "x")))[1]
        self.assertEqual(fields["x-api-key"], ["one"])
        self.assertNotIn("authorization", fields)

    def test_underscores_make_no_other_field(self):
        self.up(self.TEXT)
        told = self.lines("X-Api-Key: one", "X_User: admin", "X_Debug: 1", "Client_Cert: :x:", "X_Forwarded_For: 1.1.1.1", "X_Real_IP: 9.9.9.9", "My_Own: kept")
        names = {name: value for name, value in json.loads(told.split(b"\r\n\r\n", 1)[1])["fields"] if "_" in name}
        self.assertEqual(names, {"my_own": "kept"})

    def test_trailers_bring_nothing_back(self):
        self.up(self.TEXT)
        recorder = Recorder()
        self.reload(lambda: self.config.write_text(self.config.read_text().replace(f":{self.origin.port}", f":{recorder.port}")))
        self.lines("X-Api-Key: one", "Transfer-Encoding: chunked", "TE: trailers", body=b"1\r\na\r\n0\r\nX-User: admin\r\nX_User: admin\r\nX-Debug: 1\r\nX-Api-Key: one\r\nChecksum: 7\r\n\r\n")
        trailers = recorder.requests[-1].split(b"\r\n0\r\n", 1)[1]
        self.assertEqual(trailers, b"Checksum: 7\r\n\r\n")

    def test_a_host_is_no_step_in_a_path(self):
        self.up(self.TEXT)
        self.assertIn(b"/sites/a.example/etc", self.lines(path="/site/etc", host="a.example"))
        for host in ("..", ".", "a..b", ".a"):
            with self.subTest(host):
                self.assertTrue(self.lines(path="/site/etc", host=host).startswith(b"HTTP/1.1 400"))


class Addresses(Door):
    def test_the_address_counts_that_a_trusted_proxy_tells(self):
        self.up(f"""
consumers: [ {{ name: office, addresses: [ "10.1.0.0/16" ] }}, {{ name: desk, addresses: [ 10.1.2.3 ] }}, {{ name: partner }} ]
policies: {{ known: {{ ip: {{}} }}, partner: {{ ip: {{ from: [ "192.0.2.0/24", "2001:db8::/32" ], consumer: partner }} }} }}
routes: [ {{ match: {{}}, policies: [ partner, known ], backend: web, {ANY} }} ]
""", listener=', trusted_proxies: [ "127.0.0.1" ]')
        for address, who in (("10.1.9.9", "office"), ("10.1.2.3", "desk"), ("192.0.2.77", "partner"), ("2001:db8::1", "partner"), ("6.6.6.6, 10.1.2.3", "desk")):
            with self.subTest(address):
                self.assertEqual(self.consumer(self.ask(x_forwarded_for=address)), who)
        for address in ("10.2.0.1", "10.1.2.3, 6.6.6.6", ""):
            with self.subTest(address):
                self.assertEqual(self.ask(x_forwarded_for=address).status, 401)

    def test_without_a_trusted_proxy_the_field_counts_for_nothing(self):
        self.up(f"consumers: [ {{ name: office, addresses: [ 10.0.0.0/8 ] }} ]\npolicies: {{ known: {{ ip: {{}} }} }}\n"
                f"routes: [ {{ match: {{}}, policies: [ known ], backend: web, {ANY} }} ]\n")
        self.assertEqual(self.ask(x_forwarded_for="10.1.2.3").status, 401)


class Certificates(Door):
    CONSUMERS = """
consumers:
  - { name: by-san, certificates: [ { san: "dns:Gateway.example" }, { san: "uri:spiffe://example/gw" }, { san: "ip:10.0.0.1" } ] }
  - { name: by-subject, certificates: [ { subject: "CN=named,O=Example" } ] }
  - { name: by-cn, certificates: [ { subject: CN=plain } ] }
  - { name: by-key, certificates: [ { spki: "%s" } ] }
"""

    def openssl(self, *arguments, **keywords):
        return subprocess.run(["openssl", *map(str, arguments)], cwd=self.directory, check=True, capture_output=True, **keywords).stdout

    def make_ca(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.crt")
        (self.directory / f"{name}.index").write_text("")
        self.write(f"{name}.cnf", f"[ca]\ndefault_ca=d\n[d]\ndatabase={name}.index\ndefault_md=sha256\nunique_subject=no\ncertificate={name}.crt\nprivate_key={name}.key\n"
                                  "new_certs_dir=.\nrand_serial=yes\npolicy=p\ndefault_crl_days=2\n[p]\nCN=supplied\nO=optional\n")

    def issue(self, name, subject, san=None, ca="ca", days=2):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.write(f"{name}.ext", f"subjectAltName={san}\n" if san else "basicConstraints=CA:FALSE\n")
        start, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + at)) for at in (-4 * 86400, days * 86400))
        self.openssl("ca", "-batch", "-preserveDN", "-notext", "-config", f"{ca}.cnf", "-extfile", f"{name}.ext", "-startdate", start, "-enddate", end,
                     "-in", f"{name}.csr", "-out", f"{name}.crt")

    def revoke(self, *names):
        for name in names:
            self.openssl("ca", "-config", "ca.cnf", "-revoke", f"{name}.crt")
        (self.directory / "ca.crl.new").write_bytes(self.openssl("ca", "-config", "ca.cnf", "-gencrl"))
        (self.directory / "ca.crl.new").rename(self.directory / "ca.crl")

    def up_tls(self, text, required="optional"):
        self.make_ca("ca")
        self.make_ca("stranger")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                     "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out", "server.crt")
        for name, subject, san, ca, days in (("san", "/CN=x", "DNS:other.example,DNS:gateway.EXAMPLE", "ca", 2), ("uri", "/CN=x", "URI:spiffe://example/gw", "ca", 2),
                                             ("ip", "/CN=x", "IP:10.0.0.1", "ca", 2), ("subject", "/O=Example/CN=named", None, "ca", 2), ("plain", "/O=Else/CN=plain", None, "ca", 2),
                                             ("key", "/CN=nobody", None, "ca", 2), ("unlisted", "/CN=nobody", "DNS:first.example", "ca", 2),
                                             ("revoked", "/CN=plain", None, "ca", 2), ("expired", "/CN=plain", None, "ca", -1), ("foreign", "/CN=plain", None, "stranger", 2), ("spelt", "/CN=named,O=Example", None, "ca", 2)):
            self.issue(name, subject, san, ca, days)
        self.revoke("revoked")
        public = self.openssl("x509", "-in", "key.crt", "-pubkey", "-noout")
        der = self.openssl("pkey", "-pubin", "-outform", "DER", input=public)
        spki = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        self.up(self.CONSUMERS % spki + text, f", tls: {{ certificate: server.crt, key: server.key, client_ca: ca.crt, client_crl: ca.crl, client_certificates: {required} }}")

    def curl(self, name, path="/x", version="--http1.1"):
        shown = ["--cert", f"{name}.crt", "--key", f"{name}.key"] if name else []
        return subprocess.run(["curl", "-sS", version, "--cacert", "server.crt", *shown, "-w", "\n%{http_code}", f"https://127.0.0.1:{self.port}{path}"],
                              cwd=self.directory, capture_output=True, timeout=20)


    def status(self, *arguments, **keywords):
        done = self.curl(*arguments, **keywords)
        return int(done.stdout.rsplit(b"\n", 1)[1]) if done.returncode == 0 else None

    def who(self, *arguments, **keywords):
        body, status = self.curl(*arguments, **keywords).stdout.rsplit(b"\n", 1)
        self.assertEqual(status, b"200", body)
        return dict(json.loads(body)["fields"]).get("x-adit-consumer")

    ROUTES = f"""
policies: {{ cn: {{ mtls: {{ unlisted: common-name }} }}, first: {{ mtls: {{ unlisted: first-san }} }} }}
routes:
  - {{ match: {{ path: "/cn/**" }}, policies: [ cn ], backend: web, access: [ {{ consumer: nobody }} ] }}
  - {{ match: {{ path: "/first/**" }}, policies: [ first ], backend: web, {ANY} }}
  - {{ match: {{ path: "/**" }}, policies: [ mtls, anonymous ], backend: web, access: [ {{ consumer: "*" }}, {{ consumer: anonymous }} ] }}
"""

    def test_certificates_stand_for_consumers_in_both_versions_of_http(self):
        self.up_tls(self.ROUTES)
        for version in ("--http1.1", "--http2"):
            for name, who in (("san", "by-san"), ("uri", "by-san"), ("ip", "by-san"), ("subject", "by-subject"), ("plain", "by-cn"), ("key", "by-key"), (None, None)):
                with self.subTest(f"{version} {name}"):
                    self.assertEqual(self.who(name, version=version), who)
        self.assertEqual(self.status("spelt"), 401)  # a common name with a comma is no subject of two parts
        self.assertEqual(self.status("unlisted"), 401)  # shown and unknown: anonymous does not count
        self.assertEqual(self.who("unlisted", "/cn/x"), "nobody")
        self.assertEqual(self.status("plain", "/cn/x"), 403)
        self.assertEqual(self.who("unlisted", "/first/x"), "first.example")
        for name, words in (("revoked", "certificate revoked"), ("expired", "certificate has expired"), ("foreign", "unable to get local issuer certificate")):
            with self.subTest(name):
                self.assertIsNone(self.status(name))
                wait_for(lambda: words in self.connector.log(), words)  # noqa: B023

    def test_a_certificate_that_is_taken_back_ends_with_the_next_request(self):
        self.up_tls(self.ROUTES, required="required")
        self.assertIsNone(self.status(None))
        context = ssl.create_default_context(cafile=self.directory / "server.crt")
        context.load_cert_chain(self.directory / "plain.crt", self.directory / "plain.key")
        kept = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
        kept.request("GET", "/x")
        answer = kept.getresponse()
        self.assertEqual((answer.status, answer.read()[:1]), (200, b"{"))
        self.reload(lambda: self.revoke("plain"))
        self.assertIsNone(self.status("plain"))
        self.assertEqual(self.who("san"), "by-san")

        def gone():
            try:
                kept.request("GET", "/x")
                kept.getresponse().read()
                return kept.sock is None
            except (OSError, http.client.HTTPException):
                return True
        kept.auto_open = False
        wait_for(gone, "the end of the connection")

    def test_a_certificate_is_shown_anew_by_each_connection(self):
        self.up_tls(self.ROUTES)
        request = b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        flags = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-ign_eof", "-cert", "plain.crt", "-key", "plain.key"]
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                run = lambda *more: subprocess.run([*flags, version, *more], input=request, cwd=self.directory, capture_output=True, timeout=20).stdout  # noqa: B023,E731
                self.assertIn(b"by-cn", run("-sess_out", f"session{version}"))
                if (self.directory / f"session{version}").exists():  # with TLS 1.3 it comes with a ticket
                    again = run("-sess_in", f"session{version}")
                    self.assertNotIn(b"Reused", again)
                    self.assertIn(b"by-cn", again)


main()

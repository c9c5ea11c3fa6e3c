"""We as an OpenID issuer: documents, keys as files, and what operators are shown."""
import json
import os
import stat

from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, wait_for

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/.well-known/jwks.json"


def issuer_lines(**issuers):
    """YAML of `issuers`, by name."""
    return "issuers:\n" + "".join(f"  {name}: {{ {text} }}\n" for name, text in issuers.items())


class Alone:
    """A connector without tunnels, for documents and keys."""

    def __init__(self, case, issuers, name="alone.yaml", prefix=(), start=True, extra=""):
        self.case, self.port, self.admin, self.prefix = case, free_port(), free_port(), prefix
        lines = issuer_lines(**{name: text.replace("PORT", str(self.port)) for name, text in issuers.items()})
        self.config = case.write(name, f"""
workers: 2
admin: {{ address: "127.0.0.1:{self.admin}" }}
listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]
routes: [ {{ match: {{ path: /** }}, static: {{ status: 418, body: "a route" }} }} ]
{lines}{extra}""")
        if start:
            self.start()

    def start(self, wait=True):
        self.process = Process(self.case, "connector", [CONNECTOR, "run", "--config", self.config], prefix=self.prefix)
        if wait:
            self.wait()

    def wait(self):
        wait_for(lambda: can_connect(self.port) or not self.process.alive(), "the client port")

    def get(self, path, **keywords):
        return fetch(self.port, path, **keywords)

    def kids(self, base=""):
        return sorted(key["kid"] for key in json.loads(self.get(base + KEYS).body)["keys"])


class Documents(Case):
    def test_documents_are_served_below_the_issuers_url(self):
        site = Alone(self, {"main": 'url: "http://127.0.0.1:PORT/tenants/a", directory: keys, algorithms: [ES256, EdDSA, RS256]'})
        discovery = site.get("/tenants/a" + DISCOVERY)
        self.assertEqual((discovery.status, discovery.headers["content-type"]), (200, "application/json"))
        told = json.loads(discovery.body)
        self.assertEqual(told["issuer"], f"http://127.0.0.1:{site.port}/tenants/a")
        self.assertEqual(told["jwks_uri"], told["issuer"] + KEYS)
        self.assertEqual(told["id_token_signing_alg_values_supported"], ["ES256", "EdDSA", "RS256"])
        keys = site.get("/tenants/a" + KEYS)
        self.assertEqual(keys.headers["cache-control"], "public, max-age=3600")
        self.assertEqual(keys.headers["access-control-allow-origin"], "*")
        for key in json.loads(keys.body)["keys"]:
            self.assertEqual(key["use"], "sig")
            self.assertFalse({"d", "p", "q", "dp", "dq", "qi"} & set(key), "no private part is published")
        with self.subTest("conditional and HEAD requests"):
            etag = keys.headers["etag"]
            unchanged = site.get("/tenants/a" + KEYS, headers={"If-None-Match": f'"other", W/{etag}'})
            self.assertEqual((unchanged.status, unchanged.body, unchanged.headers["etag"]), (304, b"", etag))
            head = site.get("/tenants/a" + KEYS, method="HEAD")
            self.assertEqual((head.status, head.body, int(head.headers["content-length"])), (200, b"", len(keys.body)))
        with self.subTest("other methods"):
            refused = site.get("/tenants/a" + KEYS, method="POST", body=b"{}")
            self.assertEqual((refused.status, refused.headers["allow"]), (405, "GET, HEAD, OPTIONS"))
            self.assertEqual(site.get("/tenants/a" + KEYS, method="OPTIONS").status, 204)
        with self.subTest("everything else is the routes'"):
            for path in (KEYS, DISCOVERY, "/tenants" + KEYS, "/tenants/a/x" + KEYS, "/tenants/a/.well-known/", "/tenants/a"):
                self.assertEqual(site.get(path).status, 418, path)
        wait_for(lambda: '"route":"issuer main"' in site.process.log(), "access lines")

    def test_tenants_are_told_apart_by_path_and_by_host(self):
        site = Alone(self, {
            "a": 'url: "http://127.0.0.1:PORT/a", directory: keys/a, algorithms: [ES256]',
            "b": 'url: "https://b.example.com", directory: keys/b, algorithms: [ES256]',
            "c": 'url: "https://c.example.com", directory: keys/c, algorithms: [ES256]'})
        issuer = lambda path, host: json.loads(site.get(path + DISCOVERY, headers={"Host": host}).body)["issuer"]
        self.assertEqual(issuer("/a", "whoever.example.com"), f"http://127.0.0.1:{site.port}/a")
        self.assertEqual(issuer("", "b.example.com"), "https://b.example.com")
        self.assertEqual(issuer("", "C.example.com:443"), "https://c.example.com")
        self.assertEqual(site.get(DISCOVERY, headers={"Host": "d.example.com"}).status, 418)  # may be an origin's own
        kids = [{key["kid"] for key in json.loads(site.get(path + KEYS, headers={"Host": host}).body)["keys"]}
                for path, host in (("/a", "x"), ("", "b.example.com"), ("", "c.example.com"))]
        self.assertEqual(len(set.union(*kids)), 3, "no tenant has another's key")

    def test_what_is_wrong_with_a_configuration_is_said_with_its_place(self):
        good = 'url: "https://i.example.com", directory: keys'
        jwt = lambda text: f"backends: {{ b: {{ endpoints: [http://127.0.0.1:1], credential: {{ signed_jwt: {{ {text} }} }} }} }}\n"
        for issuers, extra, expected in (
                ({"i": 'url: "http://i.example.com", directory: k'}, "", "it must be https"),
                ({"i": 'url: "https://i.example.com/", directory: k'}, "", "write it as https://i.example.com"),
                ({"i": 'url: "https://I.example.com:443", directory: k'}, "", "write it as https://i.example.com"),
                ({"i": good + ", rotate: 1d, publish_ahead: 2d"}, "", "must be shorter than rotate"),
                ({"i": good + ", algorithms: [HS256]"}, "", "HS256"),
                ({"i": good + ", algorithms: [none]"}, "", "none"),
                ({"i": good, "j": good.replace("keys", "other")}, "", "has this URL already"),
                ({"i": good, "j": good.replace("i.ex", "j.ex")}, "", "has its keys in this directory already"),
                ({"main": good}, jwt("issuer: mains, audience: x"), "did you mean 'main'?"),
                ({"i": good}, jwt("issuer: i, audience: x, algorithm: EdDSA"), "has no keys for EdDSA"),
                ({"i": good + ", keep_after: 60s"}, jwt("issuer: i, audience: x"), "the token lives for 5m"),
                ({"i": good}, jwt('issuer: i, audience: x, claims: { iss: "https://evil" }'), "'iss' is a claim that this connector writes"),
                ({"i": good}, jwt('issuer: i, audience: x, claims: { exp: "9999999999" }'), "'exp' is a claim that this connector writes"),
                ({"i": good}, jwt('issuer: i, audience: x, claims: { consumer: "x" }'), "'consumer' is a claim"),
                ({"i": good}, jwt('issuer: i, audience: x, claims: { a: "{claim.x}" }'), "there is no '{claim.x}'"),
                ({"i": good}, jwt("issuer: i, audience: x, header: content-length"), "means something else")):
            with self.subTest(expected):
                config = Alone(self, issuers, start=False, extra=extra).config
                done = self.run_tool(CONNECTOR, "check", config, status=2)
                self.assertIn(expected, done.stderr)
                self.assertRegex(done.stderr, r"alone.yaml:\d+:\d+: ")


class Keys(Case):
    def test_keys_are_the_owners_alone_and_live_through_restarts(self):
        site = Alone(self, {"main": 'url: "http://127.0.0.1:PORT", directory: keys'})
        directory = self.directory / "keys"
        self.assertEqual(stat.S_IMODE(directory.stat().st_mode), 0o700)
        files = list(directory.glob("*.pem"))
        self.assertEqual(len(files), 2)
        for file in files:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        before = site.kids()
        site.process.stop()
        site.start()
        self.assertEqual(site.kids(), before)
        self.assertNotIn("PRIVATE KEY", site.process.log())

    def test_connectors_that_share_a_directory_make_one_key_and_publish_the_same(self):
        settings = {"main": 'url: "http://127.0.0.1:PORT", directory: keys, algorithms: [RS256, ES256]'}
        sites = [Alone(self, settings, f"{name}.yaml", start=False) for name in "abc"]
        for site in sites:  # all at once
            site.start(wait=False)
        for site in sites:
            site.wait()
        self.assertEqual(len(sites[0].kids()), 2)
        for site in sites[1:]:
            self.assertEqual(site.kids(), sites[0].kids())

    def test_a_directory_that_is_read_only_is_used_as_it_is(self):
        settings = 'url: "http://127.0.0.1:PORT", directory: keys, algorithms: [ES256], rotate: 8s, publish_ahead: 7s, keep_after: 5m'
        writer = Alone(self, {"main": settings}, "writer.yaml")
        before = writer.kids()
        writer.process.stop()
        directory = self.directory / "keys"
        (directory / "garbage.pem").write_text("no key")
        directory.chmod(0o500)
        self.addCleanup(directory.chmod, 0o700)
        files = sorted(os.listdir(directory))
        # Root may write anywhere, unless it gives that up.
        reader = Alone(self, {"main": settings}, "reader.yaml", prefix=("setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"))
        wait_for(lambda: "is read-only and has no next key for ES256" in reader.process.log(), "a warning ahead of time")
        self.assertIn("garbage.pem", reader.process.log())
        known = reader.kids()  # the writer may have made the next one at last
        self.assertTrue(set(before) <= set(known))
        self.assertEqual(sorted(os.listdir(directory)), files)
        with self.subTest("a key that its owner brings is taken up"):
            new = self.run_tool("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").stdout
            (directory / "ES256.20260101T000000Z.pem").write_text(new)
            wait_for(lambda: len(reader.kids()) == len(known) + 1, "the new key in the key set")

    def test_an_issuer_without_keys_does_not_start(self):
        (self.directory / "keys").write_text("a file")
        site = Alone(self, {"main": 'url: "http://127.0.0.1:PORT", directory: keys'}, start=False)
        done = self.run_tool(CONNECTOR, "run", "--config", site.config, status=2)
        self.assertIn("issuer main", done.stderr)

    def test_a_reload_keeps_issuers_and_takes_up_new_ones(self):
        site = Alone(self, {"main": 'url: "http://127.0.0.1:PORT", directory: keys/main, algorithms: [ES256]'})
        before = site.kids()
        text = site.config.read_text().replace("a route", "another route")
        site.config.write_text(text + f'  more: {{ url: "http://127.0.0.1:{site.port}/more", directory: keys/more, algorithms: [EdDSA] }}\n')
        self.run_tool(CONNECTOR, "reload", "--config", site.config)
        self.assertEqual(site.kids(), before)
        self.assertEqual(len(site.kids("/more")), 1)


class Words(Case):
    def setUp(self):
        super().setUp()
        self.site = Alone(self, {"main": 'url: "https://issuer.example.com/t/a", directory: keys'}, start=False)

    def tool(self, *arguments, status=0):
        return self.run_tool(CONNECTOR, "issuer", *arguments, "--config", self.site.config, status=status)

    def test_show_tells_the_life_of_each_key(self):
        self.site.start()
        shown = json.loads(self.tool("show", "--output", "json").stdout)["issuers"][0]
        self.assertEqual([key["algorithm"] for key in shown["keys"]], ["RS256", "ES256"])
        self.assertEqual({key["state"] for key in shown["keys"]}, {"signing"})
        self.assertEqual(len(shown["next"]), 2)
        text = self.tool("show", "--issuer", "main").stdout
        self.assertIn("signing", text)
        self.assertIn("next is made at", text)
        self.assertNotIn("PRIVATE", text)
        self.assertIn("there is no issuer 'mains'; did you mean 'main'?", self.tool("show", "--issuer", "mains", status=2).stderr)

    def test_explain_pins_issuer_subject_and_audience_for_each_cloud(self):
        explain = lambda cloud: json.loads(self.tool("explain", cloud, "--subject", "it's me", "--output", "json").stdout)["trusts"][0]
        gcp = explain("gcp")
        self.assertEqual(gcp["provider"]["attributeCondition"], r"assertion.sub == 'it\'s me'")
        self.assertEqual(gcp["provider"]["oidc"]["issuerUri"], "https://issuer.example.com/t/a")
        self.assertEqual(gcp["provider"]["attributeMapping"], {"google.subject": "assertion.sub"})
        self.assertTrue(gcp["binding"]["member"].endswith("/subject/it's me"))
        azure = explain("azure")["federated_credential"]
        self.assertEqual((azure["issuer"], azure["subject"], azure["audiences"]),
                         ("https://issuer.example.com/t/a", "it's me", ["api://AzureADTokenExchange"]))
        aws = explain("aws")
        statement = aws["trust_policy"]["Statement"][0]
        self.assertEqual(statement["Condition"]["StringEquals"],
                         {"issuer.example.com/t/a:aud": "sts.amazonaws.com", "issuer.example.com/t/a:sub": "it's me"})
        self.assertEqual(statement["Principal"]["Federated"], "arn:aws:iam::ACCOUNT_ID:oidc-provider/issuer.example.com/t/a")
        self.assertIn("give --subject", self.tool("explain", "gcp", status=2).stderr)

    def test_explain_takes_subjects_and_parties_from_the_backends_that_name_the_issuer(self):
        provider = "projects/12/locations/global/workloadIdentityPools/pool/providers/adit"
        credentials = {
            "run": f"gcp_federated: {{ provider: {provider}, service_account: s@p.iam.gserviceaccount.com, federated: {{ issuer: main, subject: gw-prod }} }}",
            "graph": "azure_ad: { tenant: t, client_id: 1234, scope: api://x/.default, federated: { issuer: main } }",
            "lambda": "aws_sigv4: { region: eu-central-1, service: lambda, keys: { role_arn: 'arn:aws:iam::42:role/gw', "
                      "federated: { issuer: main, subject: gw-prod } } }"}
        self.site.config.write_text(self.site.config.read_text() + "backends:\n" + "".join(
            f"  {name}: {{ endpoints: [https://{name}.example.com], credential: {{ {text} }} }}\n" for name, text in credentials.items()))
        explain = lambda cloud: json.loads(self.tool("explain", cloud, "--output", "json").stdout)["trusts"]
        gcp, = explain("gcp")
        self.assertEqual((gcp["backend"], gcp["subject"], gcp["audience"]), ("run", "gw-prod", "https://iam.googleapis.com/" + provider))
        self.assertEqual(gcp["binding"]["member"],
                         "principal://iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/subject/gw-prod")
        azure, = explain("azure")
        self.assertEqual(azure["federated_credential"]["subject"], "1234")
        aws, = explain("aws")
        self.assertEqual(aws["trust_policy"]["Statement"][0]["Principal"]["Federated"], "arn:aws:iam::42:oidc-provider/issuer.example.com/t/a")
        self.assertEqual(aws["warnings"], [])
        self.site.config.write_text(self.site.config.read_text().replace("keys: { role_arn", "keys: { duration: 1h, role_arn").replace(
            "federated: { issuer: main, subject: gw-prod } } }", "federated: { issuer: nobody, subject: x } } }"))
        self.assertRegex(self.run_tool(CONNECTOR, "check", self.site.config, status=2).stderr, r"alone.yaml:\d+:\d+: error: there is no issuer 'nobody'")

    def test_what_is_printed_can_be_pasted_into_a_shell(self):
        for cloud, tool in (("gcp", "gcloud"), ("azure", "az"), ("aws", "aws")):
            lines = [line for line in self.tool("explain", cloud, "--subject", "it's $me").stdout.splitlines() if not line.startswith("#")]
            script = f"{tool}() {{ printf '%s\\n' \"$@\"; }}\n" + "\n".join(lines)
            told = self.run_tool("sh", "-eu", "-c", script).stdout
            self.assertIn("it's $me" if cloud != "gcp" else r"assertion.sub == 'it\'s $me'", told)


if __name__ == "__main__":
    main()

"""Tokens without a shared secret: assertions by keys in files and by our own issuer, at OAuth 2.0 servers, Entra ID and Google."""
import json

from certificates import Authority, openssl
from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, wait_for
from providers import Echo, Provider, json_reply
from providers_entra import EXCHANGE_AUDIENCE, Application, Entra
from providers_google import Google, Pool, ServiceAccount
from providers_issuer import Issuer
from providers_jose import Key
from providers_oauth2 import Client, OAuth2

NAME, SECRET = "a client:1", "s3cret %+&:=/ü"
RUN = "https://run.example"


class Giver(Provider):
    """Gives the token of an issuer to whoever shows the right header, as CI systems do."""

    def __init__(self, issuer, audience, **more):
        self.issuer, self.audience = issuer, audience
        super().__init__(**more)

    def answer(self, request):
        good = request.headers.get("x-job") == "17"
        return json_reply({"value": self.issuer.token("job", self.audience) if good else None})


class Kinds(Case):
    def use(self, provider):
        self.addCleanup(provider.stop)
        return provider

    def up(self, **backends):
        self.origin = self.use(Echo())
        lines = [f'listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]', "workers: 2", f'issuers: {{ main: {{ url: "{self.issuer}", directory: keys }} }}', "backends:"]
        lines += [f'  {name}: {{ endpoints: [ "{self.origin.url}" ], credential: {{ {credential} }} }}' for name, credential in backends.items()]
        lines += ["routes:"] + [f"  - {{ match: {{ path: /{name}/** }}, backend: {name} }}" for name in backends]
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.write("adit.yaml", "\n".join(lines) + "\n")])
        wait_for(lambda: can_connect(self.port) or not connector.alive(), "the listener", 30)

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"

    def token(self, backend):
        answer = fetch(self.port, f"/{backend}/x")
        self.assertEqual(answer.status, 200, (backend, answer.body))
        return dict(json.loads(answer.body)["headers"])["authorization"].removeprefix("Bearer ")

    def refused(self, backend, status, words):
        answer = fetch(self.port, f"/{backend}/x")
        self.assertEqual(answer.status, status, (backend, answer.body))
        self.assertIn(words, answer.problem()["detail"])

    def test_oauth2_servers(self):
        key, ca = Key("ES256"), Authority(self)
        self.write("signer.pem", key.pem)
        self.write("secret", SECRET)
        clients = [Client(NAME, SECRET, scopes=["read", "write"]), Client("signer", methods=["private_key_jwt"], jwks=[key.jwk])]
        plain, secure = self.use(OAuth2(clients)), self.use(OAuth2(clients, tls=ca.issue("idp")))

        def oauth2(text, provider=plain, more="", client=NAME):
            return f'oauth2_client_credentials: {{ endpoint: {{ url: "{provider.token_url}"{more} }}, client_id: "{client}", {text} }}'
        asked = 'scopes: [ read, write ], audience: "https://api.example", resource: "https://r.example/a b", parameters: { tenant: "t 1" }'
        by_secret = 'client_secret: "${file:secret}"'
        self.up(basic=oauth2(f"{by_secret}, {asked}"), post=oauth2(f"{by_secret}, authentication: post, {asked}"),
                signed=oauth2("authentication: private_key_jwt, assertion: { key: signer.pem }", client="signer"),
                secure=oauth2(by_secret, secure, f', ca: {ca.file}'), stranger=oauth2(by_secret, secure, ', timeout: 4s'),
                scope=oauth2(f"{by_secret}, scopes: [ admin ]"))
        for backend in ("basic", "post", "signed"):
            plain.check(self.token(backend))
        secure.check(self.token("secure"))
        grant = {"client": NAME, "scope": ["read", "write"], "audience": ["https://api.example"], "resource": ["https://r.example/a b"], "parameters": {"tenant": "t 1"}}
        self.assertEqual(plain.grants[:2], [grant, grant])
        self.refused("stranger", 503, "certificate")
        self.refused("scope", 502, "invalid_scope")

    def test_a_client_certificate_by_its_other_spelling(self):
        ca = Authority(self)
        ca.issue("gateway")
        origin = self.use(Echo(tls=ca.issue("origin"), client_ca=ca.file))
        text = (f'listeners: [ {{ address: "127.0.0.1:{self.port}" }} ]\nworkers: 1\nbackends:\n'
                f'  web: {{ endpoints: [ "https://localhost:{origin.port}" ], tls: {{ ca: "{ca.file}" }}, credential: {{ mtls: {{ certificate: gateway.crt, key: gateway.key }} }} }}\n'
                "routes: [ { match: { path: /** }, backend: web } ]\n")
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.write("adit.yaml", text)])
        wait_for(lambda: can_connect(self.port) or not connector.alive(), "the listener")
        self.assertIn("gateway", json.loads(fetch(self.port, "/x").body)["peer"])
        self.assertIn("mtls: good", self.run_tool(CONNECTOR, "credential", "test", "web", "--config", self.directory / "adit.yaml").stdout)
        twice = self.write("twice.yaml", text.replace("tls: { ca:", "tls: { certificate: gateway.crt, key: gateway.key, ca:"))
        done = self.run_tool(CONNECTOR, "check", "--config", twice, status=2)
        self.assertIn("says the same", done.stdout + done.stderr)

    def test_entra_id(self):
        openssl(self, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=app", "-keyout", "app.key", "-out", "app.crt")
        application = Application(certificates=[self.directory / "app.crt"], federated=[(self.issuer, "gateway", EXCHANGE_AUDIENCE)])
        entra = self.use(Entra([application]))

        def azure(proof):
            return f'azure_ad: {{ endpoint: {{ url: "{entra.url}" }}, tenant: "{entra.tenant}", client_id: "{application.client_id}", scope: "api://pay/.default", {proof} }}'
        self.up(certificate=azure("certificate: { key: app.key, certificate: app.crt }"), federated=azure("federated: { issuer: main, subject: gateway }"),
                stranger=azure("federated: { issuer: main, subject: somebody }"))
        for backend in ("certificate", "federated"):
            self.assertEqual(entra.check(self.token(backend))["aud"], "api://pay")
        self.assertEqual([grant["how"] for grant in entra.grants], ["certificate", "federated"])
        self.refused("stranger", 502, "AADSTS700213")

    def test_google_by_federation(self):
        other = self.use(Issuer())
        account = ServiceAccount()
        ours, theirs = Pool(issuer=self.issuer, condition=lambda claims: claims["sub"] == "gateway"), Pool(issuer=other.issuer, pool="ci")
        google = self.use(Google([account], [ours, theirs]))
        giver = self.use(Giver(other, theirs.audiences[0]))
        self.write("token.json", json.dumps({"token": other.token("file", theirs.audiences[0])}))

        def gcp(pool, text):
            provider = pool.audience.removeprefix("//iam.googleapis.com/")
            return f'gcp_federated: {{ provider: "{provider}", sts: {{ url: "{google.url}" }}, iam: {{ url: "{google.url}" }}, {text} }}'
        by_url = f'subject_token_url: {{ url: "{giver.url}/token" }}, subject_token_headers: {{ x-job: "17" }}, subject_token_field: value'
        as_account = f'service_account: "{account.email}"'
        self.up(id=gcp(ours, f'federated: {{ issuer: main, subject: gateway }}, {as_account}, audience: "{RUN}"'),
                access=gcp(ours, f"federated: {{ issuer: main, subject: gateway }}, {as_account}, lifetime: 10m"),
                direct=gcp(ours, "federated: { issuer: main, subject: gateway }"),
                file=gcp(theirs, f"subject_token_file: token.json, subject_token_field: token, {as_account}"),
                url=gcp(theirs, f"{by_url}, {as_account}"),
                stranger=gcp(ours, "federated: { issuer: main, subject: somebody }"))
        self.assertEqual(google.check_id_token(self.token("id"), RUN)["email"], account.email)
        for backend in ("access", "file", "url"):
            self.assertEqual(google.tokens.check(self.token(backend))["email"], account.email)
        google.federated.check(self.token("direct"))
        self.refused("stranger", 502, "unauthorized_client")


if __name__ == "__main__":
    main()

"""The fakes of Google Cloud, proved: its own library gets tokens with keys of service accounts, by federation, and from the metadata server;
what is wrong is refused in the real shapes."""
import json
import urllib.parse

import harness
from certificates import Authority
from fakes_proved import Fakes
from harness import fetch
from providers import Echo, Reply
from providers_google import CLOUD_PLATFORM, TOKEN_URL, Google, Pool, ServiceAccount
from providers_issuer import Issuer
from providers_jose import parse, verify
from providers_metadata import Metadata


class GoogleCloud(Fakes):
    def setUp(self):
        super().setUp()
        self.account = ServiceAccount()
        self.issuer = self.use(Issuer(base="/tenants/shop"))
        self.pool = Pool(self.issuer.issuer, condition=lambda claims: claims["sub"] == "gateway" and claims.get("account") == "shop")
        self.google = self.use(Google([self.account], [self.pool]))
        self.audience = "https:" + self.pool.audience

    def test_a_key_of_a_service_account(self):
        redirect = {TOKEN_URL: self.google.token_url}
        stranger = ServiceAccount("nobody@shop.iam.gserviceaccount.com")
        forged = {**self.account.key_file(), "private_key": stranger.key.pem}
        key = self.account.key_file()
        answers = self.ask({"use": "google_key", "key": key, "scopes": [CLOUD_PLATFORM, "https://x.example/y"], "redirect": redirect},
                           {"use": "google_key", "key": key, "audience": "https://app.run.app", "redirect": redirect},
                           {"use": "google_self_signed", "key": key, "audience": "https://pubsub.googleapis.com/"},
                           {"use": "google_key", "key": stranger.key_file(), "scopes": [CLOUD_PLATFORM], "redirect": redirect},
                           {"use": "google_key", "key": forged, "scopes": [CLOUD_PLATFORM], "redirect": redirect},
                           {"use": "google_key", "key": key, "redirect": redirect})
        about = self.google.check(answers[0].get("token"))
        self.assertEqual((about["email"], about["scope"]), (self.account.email, [CLOUD_PLATFORM, "https://x.example/y"]))
        self.assertEqual(self.google.check_id_token(answers[1].get("token"), "https://app.run.app")["email"], self.account.email)
        claims = verify(answers[2].get("token"), [self.account.key.jwk], ("RS256",))[1]
        self.assertEqual((claims["iss"], claims["sub"], claims["aud"]), (self.account.email, self.account.email, "https://pubsub.googleapis.com/"))
        self.assertEqual([answer["error"].removeprefix("invalid_grant: ").removeprefix("invalid_scope: ") for answer in answers[3:]],
                         ["Invalid grant: account not found", "Invalid JWT Signature.", "Invalid OAuth scope or ID token audience provided."])
        header = parse(self.google.seen("/token")[0].form["assertion"])[0]
        self.assertEqual(header["alg"], "RS256")

    def configuration(self, source, impersonated=True, **more):
        about = {"service_account_impersonation_url": self.google.impersonation_url(self.account)} if impersonated else {}
        return {"type": "external_account", "audience": self.pool.audience, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": self.google.sts_url, "credential_source": source, **about, **more}

    def step(self, token, **more):
        path = self.write(f"subject-{len(list(self.directory.iterdir()))}", token)
        return {"use": "google_external", "configuration": self.configuration({"file": str(path)}), "scopes": ["https://x.example/y"], **more}

    def test_federation_with_and_without_impersonation(self):
        def token(subject="gateway", audience=self.audience, **more):
            return self.issuer.token(subject, audience, account="shop", **more)
        source = self.use(Echo())
        source.answer = lambda request: type(self).reply_with(json.dumps({"id": {"t": 1}, "id_token": token()}))
        url = {"url": source.url + "/subject", "headers": {"x-test": "1"}, "format": {"type": "json", "subject_token_field_name": "id_token"}}
        plain = {"use": "google_external", "configuration": self.configuration(url, impersonated=False), "scopes": [CLOUD_PLATFORM]}
        other = self.use(Issuer())
        good = token()
        answers = self.ask(
            self.step(token()), plain, {**plain, "audience": "https://app.run.app", "email": self.account.email, "endpoint": self.google.url},
            self.step(token(), configuration=self.configuration(url, subject_token_type="urn:ietf:params:oauth:token-type:id_token")),
            self.step(token(audience="https://elsewhere.example")), self.step(token(subject="other")), self.step(token(seconds=-600)),
            self.step(good[:-6] + "AAAAAA"), self.step(other.token("gateway", self.audience, account="shop")), self.step(token(key=other.key)),
            {**plain, "configuration": {**plain["configuration"], "audience": self.pool.audience + "x"}},
            {**plain, "configuration": {**plain["configuration"], "audience": "//iam.googleapis.com/elsewhere"}})
        about = self.google.check(answers[0].get("token"))
        self.assertEqual((about["email"], about["scope"]), (self.account.email, ["https://x.example/y"]))
        self.assertEqual(self.google.check(answers[1].get("token"))["principal"], self.pool.principal("gateway"))
        self.assertEqual(self.google.check_id_token(answers[2].get("token"), "https://app.run.app")["email"], self.account.email)
        self.assertEqual(self.google.check(answers[3].get("token"))["email"], self.account.email)
        self.assertEqual([answer["error"].split(":")[0] for answer in answers[4:]],
                         [f"Error code {code}" for code in ("invalid_grant", "unauthorized_client", *["invalid_grant"] * 4, "invalid_target", "invalid_request")])
        exchange = self.google.seen("/v1/token")[0].form
        self.assertEqual((exchange["scope"], exchange["grant_type"]), (CLOUD_PLATFORM, "urn:ietf:params:oauth:grant-type:token-exchange"))
        self.issuer.rotate()
        self.issuer.rotate()
        self.assertEqual(len(self.issuer.keys), 3)
        self.assertIn("token", self.ask(self.step(token()))[0])

    @staticmethod
    def reply_with(text):
        return Reply(text, content_type="application/json")

    def test_impersonation_is_refused_as_google_rpc(self):
        self.account.impersonators = []
        answer = self.ask(self.step(self.issuer.token("gateway", self.audience, account="shop")))[0]
        self.assertEqual(answer["status"], 403, answer)
        self.assertIn("iam.serviceAccounts.getAccessToken", answer["error"])
        path = self.google.impersonation_url(self.account)[len(self.google.url):]
        nobody = fetch(self.google.port, path, "POST", "{}", {"content-type": "application/json", "authorization": "Bearer x"})
        self.assertEqual((nobody.status, nobody.problem()["error"]["status"]), (401, "UNAUTHENTICATED"))

    def test_an_issuer_that_cannot_be_asked_and_failures_that_are_ordered(self):
        ca = Authority(self)
        issuer = self.use(Issuer(tls=ca.issue("issuer")))
        pool = Pool(issuer.issuer)
        google = self.use(Google([self.account], [pool], ca=ca.file))

        def exchange():
            form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": pool.audience, "scope": CLOUD_PLATFORM,
                    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token", "subject_token": issuer.token("a", "https:" + pool.audience),
                    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}
            return self.post(google, "/v1/token", urllib.parse.urlencode(form)).problem()
        token = exchange()["access_token"]
        issuer.next(path="jwks", status=503)
        refused = exchange()
        self.assertEqual((refused["error"], "Error connecting to the given credential's issuer" in refused["error_description"]), ("invalid_grant", True))
        google.next(refuse="PERMISSION_DENIED", status=403)
        path = google.impersonation_url(self.account, "generateIdToken")[len(google.url):]

        def generate():
            return fetch(google.port, path, "POST", json.dumps({"audience": "a"}), {"content-type": "application/json", "authorization": f"Bearer {token}"})
        denied = generate()
        self.assertEqual((denied.status, denied.problem()["error"]["status"]), (403, "PERMISSION_DENIED"))
        google.next(expires_in=7)
        claims = google.check_id_token(generate().problem()["token"], "a")
        self.assertEqual((claims["exp"] - claims["iat"], "email" in claims), (7, False))

    def test_the_metadata_server(self):
        metadata = self.use(Metadata(self.google, self.account))
        environment = {"GCE_METADATA_HOST": metadata.address, "METADATA_SERVER_DETECTION": "assume-present"}
        answers = self.ask({"use": "google_metadata", "environment": environment, "scopes": ["https://x.example/y", CLOUD_PLATFORM]},
                           {"use": "google_metadata", "environment": environment, "audience": "https://app.run.app"})
        self.assertEqual(self.google.check(answers[0].get("token"))["scope"], ["https://x.example/y", CLOUD_PLATFORM])
        self.assertEqual(self.google.check_id_token(answers[1].get("token"), "https://app.run.app")["sub"], self.account.unique_id)
        path = "/computeMetadata/v1/instance/service-accounts/default/token"
        flavored = {"metadata-flavor": "Google"}
        good = fetch(metadata.port, path, headers=flavored)
        self.assertEqual((good.status, good.headers["metadata-flavor"]), (200, "Google"))
        self.assertEqual(fetch(metadata.port, path).status, 403)
        self.assertEqual(fetch(metadata.port, path, headers={**flavored, "x-forwarded-for": "10.0.0.1"}).status, 403)
        self.assertEqual(fetch(metadata.port, path.replace("token", "identity"), headers=flavored).status, 400)
        self.assertEqual(fetch(metadata.port, path.replace("default", "other"), headers=flavored).status, 404)


if __name__ == "__main__":
    harness.main()

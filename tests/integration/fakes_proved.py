"""The fake providers, proved before ours uses them: the official clients get their tokens from them, and what is wrong is refused in the
real shapes. Here OAuth 2.0 in general and Microsoft Entra ID; beside it fakes_proved_google.py and fakes_proved_aws.py."""
import json
import threading
import time

import harness
from certificates import Authority, openssl
from harness import Case, fetch
from node_peers import run_client
from providers import Echo
from providers_entra import EXCHANGE_AUDIENCE, Application, Entra
from providers_issuer import Issuer, trusting
from providers_jose import Key, verify
from providers_oauth2 import Client, OAuth2


class Fakes(Case):
    def use(self, provider):
        self.addCleanup(provider.stop)
        return provider

    def ask(self, *steps, ca=None):
        """What the clients of token_clients.js answer to the steps."""
        return run_client(self, "token_clients", steps, environment={"NODE_EXTRA_CA_CERTS": str(ca)} if ca else None)

    def post(self, provider, path, body, **headers):
        fields = {"content-type": "application/x-www-form-urlencoded", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return fetch(provider.port, path, "POST", body, fields)


class GenericOAuth2(Fakes):
    def test_a_client_gets_tokens_with_each_way_to_authenticate(self):
        key, other = Key("ES256"), Key("ES256")
        rsa = Key("PS256")
        name, secret = "a client:1", "s3cret %+&:=/ü"
        provider = self.use(OAuth2([Client(name, secret, scopes=["read", "write"]), Client("signer", methods=["private_key_jwt"], jwks=[key.jwk, rsa.jwk])]))
        provider_jwt = self.use(OAuth2([Client("c", "s")], jwt=True))

        def step(client, parameters=None, jwks=None, issuer=provider, **more):
            return {"use": "oauth2", "issuer": issuer.url, "client": client, "parameters": parameters or {}, "jwks": jwks, **more}
        signer = {"client_id": "signer", "token_endpoint_auth_method": "private_key_jwt"}
        asked = {"scope": "read write", "audience": "https://api.example", "resource": "https://r.example/a b", "tenant": "t 1"}
        answers = self.ask(
            step({"client_id": name, "client_secret": secret}, asked),
            step({"client_id": name, "client_secret": secret, "token_endpoint_auth_method": "client_secret_post"}, asked),
            step({**signer, "token_endpoint_auth_signing_alg": "ES256"}, {}, {"keys": [key.private_jwk]}),
            step({**signer, "token_endpoint_auth_signing_alg": "PS256"}, {}, {"keys": [rsa.private_jwk]}, audience=provider.token_url),
            step({"client_id": "c", "client_secret": "s"}, {"audience": "a"}, issuer=provider_jwt),
            step({"client_id": name, "client_secret": "wrong"}),
            step({**signer, "token_endpoint_auth_signing_alg": "ES256"}, {}, {"keys": [other.private_jwk]}),
            step({**signer, "token_endpoint_auth_signing_alg": "ES256"}, {}, {"keys": [key.private_jwk]}, audience="https://elsewhere.example"),
            step({"client_id": name, "client_secret": secret}, {"scope": "admin"}))
        for answer in answers[:4]:
            self.assertGreater(provider.check(answer.get("access_token", answer))["exp"], time.time() + 3000)
        grants = [{**grant, "client": None} for grant in provider.grants[:2]]
        self.assertEqual(grants, [{"client": None, "scope": ["read", "write"], "audience": ["https://api.example"], "resource": ["https://r.example/a b"],
                                   "parameters": {"tenant": "t 1"}}] * 2)
        self.assertEqual([grant["client"] for grant in provider.grants], [name, name, "signer", "signer"])
        self.assertEqual(verify(answers[4]["access_token"], [provider_jwt.key.jwk], ("ES256",))[1]["aud"], ["a"])
        self.assertEqual([answer["code"] for answer in answers[5:]], ["invalid_client"] * 3 + ["invalid_scope"])
        self.assertEqual(provider.seen("/token")[-1].status, 400)

    def test_an_assertion_serves_once_and_a_certificate_proves_a_client(self):
        key = Key("RS256")
        provider = self.use(OAuth2([Client("signer", methods=["private_key_jwt"], jwks=[key.jwk])]))
        now = int(time.time())
        claims = {"iss": "signer", "sub": "signer", "aud": provider.token_url, "iat": now, "exp": now + 60, "jti": "1"}

        def post(**change):
            token = key.sign({k: v for k, v in {**claims, **change}.items() if v is not None})
            return self.post(provider, "/token", "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
                             f"jwt-bearer&client_assertion={token}")
        self.assertEqual(post().status, 200)
        again = post()
        self.assertEqual((again.status, again.problem()["error"], again.headers["cache-control"]), (401, "invalid_client", "no-store"))
        for change in ({"exp": now - 120}, {"iss": "other"}, {"aud": "x"}, {"jti": None}, {"exp": None}, {"nbf": now + 600}):
            self.assertEqual(post(**{"jti": "n", **change}).status, 401, change)

        ca = Authority(self)
        secured = self.use(OAuth2([Client("tls", methods=["tls_client_auth"], subject="tls")], tls=ca.issue("server"), client_ca=ca.file))
        certificate, private = ca.issue("tls")

        def curl(*more):
            return json.loads(self.run_tool("curl", "-sS", "--noproxy", "*", "--cacert", ca.file, *more, "-d", "grant_type=client_credentials&client_id=tls",
                                            secured.token_url).stdout)
        self.assertIn("access_token", curl("--cert", certificate, "--key", private))
        self.assertEqual(curl()["error"], "invalid_client")

    def test_what_is_malformed_is_an_invalid_request(self):
        provider = self.use(OAuth2([Client("c", "s")]))
        good = "grant_type=client_credentials&client_id=c&client_secret=s"
        self.assertEqual(self.post(provider, "/token", good).status, 200)
        for body, headers, error in ((good + "&client_id=c", {}, "invalid_request"), (good, {"content_type": "application/json"}, "invalid_request"),
                                     (good, {"authorization": "Basic Yzpz"}, "invalid_request"), ("client_id=c", {}, "invalid_request"),
                                     (good.replace("client_cred", "cred"), {}, "unsupported_grant_type")):
            self.assertEqual(self.post(provider, "/token", body, **headers).problem()["error"], error, body)

    def test_it_misbehaves_when_told_for_as_long_as_told(self):
        provider = self.use(OAuth2([Client("c", "s")]))

        def post():
            return self.post(provider, "/token", "grant_type=client_credentials&client_id=c&client_secret=s")
        provider.next(status=500)
        provider.next(status=429, retry_after=3)
        provider.next(body=b'{"access_token": "a')
        provider.next(body=b"")
        provider.next(expires_in=5)
        provider.next(expires_in="3600")
        provider.next(refuse="invalid_client")
        provider.next(content_type="text/html")
        provider.next(close=True)
        self.assertEqual(post().status, 500)
        limited = post()
        self.assertEqual((limited.status, limited.headers["retry-after"]), (429, "3"))
        self.assertEqual((post().body, post().body), (b'{"access_token": "a', b""))
        self.assertEqual([post().problem()["expires_in"] for _ in range(2)], [5, "3600"])
        refused = post()
        self.assertEqual((refused.status, refused.problem()["error"]), (401, "invalid_client"))
        self.assertEqual(post().headers["content-type"], "text/html")
        with self.assertRaises(ConnectionError):
            post()
        self.assertEqual((post().status, len(provider.requests)), (200, 10))
        provider.next(times=None, status=503, path="/token")
        self.assertEqual([post().status for _ in range(3)], [503] * 3)
        provider.behave()
        held = threading.Event()
        provider.next(hold=held)
        waiting = threading.Thread(target=post)
        waiting.start()
        harness.wait_for(lambda: len(provider.requests) == 14, "the held request")
        self.assertIsNone(provider.requests[-1].status)
        held.set()
        waiting.join()
        self.assertEqual((provider.requests[-1].status, post().status), (200, 200))

    def test_an_origin_believes_good_tokens_only(self):
        provider = self.use(OAuth2([Client("c", "s")]))
        origin = self.use(Echo(provider.check))
        token = self.post(provider, "/token", "grant_type=client_credentials&client_id=c&client_secret=s").problem()["access_token"]
        good = fetch(origin.port, "/a%20b?x=1", headers={"authorization": f"Bearer {token}", "x-a": "1"}).problem()
        self.assertEqual((good["target"], good["claims"]["client"]), ("/a%20b?x=1", "c"))
        self.assertIn(["x-a", "1"], good["headers"])
        provider.tokens.revoke(token)
        bad = fetch(origin.port, "/", headers={"authorization": f"Bearer {token}"})
        self.assertEqual((bad.status, 'error="invalid_token"' in bad.headers["www-authenticate"]), (401, True))
        none = fetch(origin.port, "/")
        self.assertEqual((none.status, "invalid_token" in none.headers["www-authenticate"]), (401, False))

    def test_an_origin_believes_an_issuer_by_what_it_publishes(self):
        ca = Authority(self)
        issuer = self.use(Issuer("EdDSA", base="/tenants/shop", tls=ca.issue("issuer")))
        origin = self.use(Echo(trusting(issuer.issuer, "shop", ca.file), header="x-service-token", scheme=""))

        def status(token):
            return fetch(origin.port, "/", headers={"x-service-token": token}).status
        old = issuer.token("a", "shop")
        self.assertEqual((status(old), status(issuer.token("a", "other")), status(issuer.token("a", "shop", -600)), status(old[:-4] + "AAAA")), (200, 401, 401, 401))
        issuer.rotate()
        self.assertEqual((status(old), status(issuer.token("a", "shop"))), (200, 200))
        issuer.rotate(keep_old=False, algorithm="ES256")
        self.assertEqual((status(old), status(issuer.token("a", "shop"))), (401, 200))
        issuer.next(status=500)
        self.assertEqual(status(issuer.token("a", "shop")), 401)


class MicrosoftEntra(Fakes):
    def test_msal_gets_tokens_with_secret_certificate_and_federation(self):
        ca = Authority(self)
        paths = {}
        for name in ("registered", "stranger"):
            openssl(self, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
            sha1, sha256 = (self.run_tool("openssl", "x509", "-in", f"{name}.crt", "-noout", "-fingerprint", f"-{how}").stdout.strip().split("=")[1].replace(":", "")
                            for how in ("sha1", "sha256"))
            paths[name] = {"privateKey": (self.directory / f"{name}.key").read_text()}, sha1, sha256
        issuer, other = self.use(Issuer()), self.use(Issuer())
        elliptic = self.use(Issuer("ES256"))
        application = Application(secrets=["old", "s3cret~+/&ü"], certificates=[self.directory / "registered.crt"], resources=["https://api.example"],
                                  federated=[(source.issuer, "gateway", EXCHANGE_AUDIENCE) for source in (issuer, elliptic)])
        entra = self.use(Entra([application], tls=ca.issue("server")))
        scope = ["https://api.example/.default"]

        def step(proof, scopes=None, client=application.client_id, authority=entra.authority):
            return {"use": "entra", "client": client, "authority": authority, "proof": proof, "scopes": scopes or scope}

        def certificate(name, new=True):
            key, sha1, sha256 = paths[name]
            return {"clientCertificate": {**key, **({"thumbprintSha256": sha256} if new else {"thumbprint": sha1})}}
        good = issuer.token("gateway", EXCHANGE_AUDIENCE)
        answers = self.ask(
            step({"clientSecret": "s3cret~+/&ü"}), step(certificate("registered")), step(certificate("registered", new=False)), step({"clientAssertion": good}),
            step({"clientSecret": "wrong"}), step(certificate("stranger")),
            step({"clientAssertion": other.token("gateway", EXCHANGE_AUDIENCE)}), step({"clientAssertion": issuer.token("other", EXCHANGE_AUDIENCE)}),
            step({"clientAssertion": issuer.token("gateway", "elsewhere")}), step({"clientAssertion": issuer.token("gateway", EXCHANGE_AUDIENCE, -600)}),
            step({"clientAssertion": good[:-6] + "AAAAAA"}), step({"clientAssertion": issuer.token("gateway", EXCHANGE_AUDIENCE, key=other.key)}),
            step({"clientAssertion": elliptic.token("gateway", EXCHANGE_AUDIENCE)}),
            step({"clientSecret": "old"}, ["https://other.example/.default"]), step({"clientSecret": "old"}, ["https://api.example/read"]),
            step({"clientSecret": "old"}, client="nobody"), ca=ca.file)
        for answer in answers[:4]:
            claims = entra.check(answer.get("token"), "https://api.example")
            self.assertEqual((claims["azp"], claims["tid"]), (application.client_id, entra.tenant))
        self.assertEqual([grant["how"] for grant in entra.grants], ["secret", "certificate", "certificate", "federated"])
        told = [(answer["code"], *[word.rstrip(":") for word in answer["error"].split() if word.startswith("AADSTS")][:1]) for answer in answers[4:]]
        self.assertEqual(told, [("invalid_client", f"AADSTS{number}") for number in (7000215, 700027, 700211, 700213, 700212, 700024, 700027, 700027, 5002738)] +
                         [("invalid_resource", "AADSTS500011"), ("invalid_scope", "AADSTS1002012"), ("unauthorized_client", "AADSTS700016")])

    def test_a_refusal_has_the_fields_that_are_documented(self):
        entra = self.use(Entra())
        refused = self.post(entra, f"/{entra.tenant}/oauth2/v2.0/token", "grant_type=client_credentials&client_id=a").problem()
        self.assertEqual((refused["error"], refused["error_codes"]), ("invalid_request", [900144]))
        self.assertLessEqual({"error_description", "timestamp", "trace_id", "correlation_id"}, set(refused))
        self.assertIn("AADSTS90002", self.post(entra, "/elsewhere/oauth2/v2.0/token", "").problem()["error_description"])


if __name__ == "__main__":
    harness.main()

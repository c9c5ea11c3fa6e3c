"""signed_jwt as an origin behind an agent sees it, which verifies by npm's jose and our published keys; rotation under load."""
import concurrent.futures
import hashlib
import json
import threading

import jwt  # PyJWT, of Debian

from harness import Case, Process, Site, can_connect, fetch, free_port, main, wait_for
from issuer import KEYS, Alone, issuer_lines
from node_peers import ENVIRONMENT, SCRIPTS


class Tokens(Case):
    def verified_site(self, credential="", issuer="algorithms: [ES256, EdDSA, RS256]"):
        """A site whose origin verifies what it gets, behind an agent."""
        port = free_port()
        site = Site(self, {"orders": f"http://127.0.0.1:{port}"}, backends={
            "orders": f"endpoints: [ service://orders ], credential: {{ signed_jwt: {{ issuer: main, audience: orders, {credential} }} }}"},
            extra=issuer_lines(main=f'url: "http://127.0.0.1:1/issuers/main", directory: keys, {issuer}'))
        self.issuer = f"http://127.0.0.1:{site.client_port}/issuers/main"
        site.config.write_text(site.config.read_text().replace("http://127.0.0.1:1/issuers/main", self.issuer))
        Process(self, "jwks_origin", ["node", SCRIPTS / "jwks_origin.js", port, self.issuer, "orders"], ENVIRONMENT)
        wait_for(lambda: can_connect(port), "jwks_origin.js")
        self.connector, _ = site.up()
        self.origin_port = port
        return site

    def counts(self):
        return json.loads(fetch(self.origin_port, "/counts").body)

    def test_an_origin_verifies_who_called_by_our_published_keys(self):
        site = self.verified_site('claims: { tenant: "{request.header.x-tenant}", op: "{method} {path}", who: "{consumer}" }')
        answer = site.get("/orders/1?secret=1", headers={"X-Tenant": "acme", "Authorization": "Bearer forged"})
        self.assertEqual(answer.status, 200, answer.body)
        told = json.loads(answer.body)
        claims = told["claims"]
        self.assertEqual((claims["iss"], claims["aud"], claims["sub"]), (self.issuer, "orders", "anonymous"))
        self.assertEqual((claims["tenant"], claims["op"]), ("acme", "GET /orders/1"))
        self.assertEqual(claims["exp"] - claims["iat"], 300)
        self.assertTrue(claims["gateway"] and claims["route"])
        self.assertNotIn("who", claims)
        self.assertNotIn("secret", json.dumps(claims))
        self.assertEqual((told["header"]["alg"], told["header"]["typ"]), ("ES256", "JWT"))
        with self.subTest("PyJWT finds the key and verifies, too"):
            token = told["fields"]["authorization"].removeprefix("Bearer ")
            key = jwt.PyJWKClient(self.issuer + KEYS).get_signing_key_from_jwt(token).key
            self.assertEqual(jwt.decode(token, key, ["ES256"], audience="orders", issuer=self.issuer)["jti"], claims["jti"])
        with self.subTest("so does the key set of another connector with the same directory"):
            other = Alone(self, {"main": 'url: "http://127.0.0.1:PORT", directory: keys, algorithms: [ES256, EdDSA, RS256]'})
            key = jwt.PyJWKClient(f"http://127.0.0.1:{other.port}{KEYS}").get_signing_key_from_jwt(token).key
            jwt.decode(token, key, ["ES256"], audience="orders")
        other = json.loads(site.get("/orders/2").body)["claims"]
        self.assertNotEqual(other["jti"], claims["jti"])
        self.assertNotIn("eyJ", self.connector.log(), "no token in the log")

    def test_the_token_says_which_consumer_called_and_from_where(self):
        site = self.verified_site()
        digest = hashlib.sha256(b"the key of the shop").hexdigest()
        text = site.config.read_text().replace('{ match: { path: "/orders/**" }', '{ name: orders, policies: [api-key], match: { path: "/orders/**" }')
        site.config.write_text(text + f'consumers: [ {{ name: storefront, project: shop, environment: production, api_keys: ["sha256:{digest}"] }} ]\n')
        site.tool("reload")
        self.assertEqual(site.get("/orders/1").status, 401)
        told = json.loads(site.get("/orders/1", headers={"X-Api-Key": "the key of the shop"}).body)
        claims = told["claims"]
        self.assertEqual((claims["sub"], claims["consumer"], claims["environment"], claims["route"]), ("storefront", "storefront", "production", "orders"))
        self.assertNotIn("x-api-key", told["fields"])

    def test_each_algorithm_and_another_field(self):
        site = self.verified_site("algorithm: EdDSA, header: X-Gateway-Token, prefix: '', lifetime: 60s")
        answer = site.get("/orders/1", headers={"X-Gateway-Token": "forged"})
        told = json.loads(answer.body)
        self.assertEqual((answer.status, told["header"]["alg"]), (200, "EdDSA"), told)
        site.config.write_text(site.config.read_text().replace("algorithm: EdDSA", "algorithm: RS256"))
        site.tool("reload")
        told = json.loads(site.get("/orders/1").body)
        self.assertEqual(told["header"]["alg"], "RS256", told)
        self.assertNotEqual(told["fields"]["x-gateway-token"], "forged")

    def test_rotation_under_load_fails_no_verification(self):
        site = self.verified_site("lifetime: 5s", "algorithms: [ES256], rotate: 4s, publish_ahead: 2s, keep_after: 6s")
        ends = threading.Event()

        def call():
            bad = []
            while not ends.is_set():
                answer = site.get("/orders/1")
                if answer.status != 200:
                    bad.append(answer.body)
                ends.wait(0.01)
            return bad
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(call) for _ in range(4)]
            try:
                wait_for(lambda: len(self.counts()["kids"]) >= 4, "three rotations", 40)
            finally:
                ends.set()
            self.assertEqual([bad for one in calls for bad in one.result()], [])
        counts = self.counts()
        self.assertEqual(counts["failures"], [])
        self.assertGreater(counts["late"], 0)
        self.assertGreater(counts["fetches"], 5)
        wait_for(lambda: len(json.loads(site.get("/issuers/main" + KEYS).body)["keys"]) <= 4, "keys whose time is over not to be published any more")
        print(f"{counts['good']} tokens by {len(counts['kids'])} keys, {counts['late']} verified again before their end, "
              f"{counts['fetches']} fetches of the key set")


if __name__ == "__main__":
    main()

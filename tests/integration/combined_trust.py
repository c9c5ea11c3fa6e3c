"""All of trust on one request: an API key, rules, a tunnel, a client certificate and a signed token."""
import hashlib
import json

from certificates import Authority
from harness import Case, Site, main
from issuer import issuer_lines
from providers import Echo
from providers_issuer import trusting

KEY = "the key of the shop"


class Combined(Case):
    def test_a_certificate_and_a_token_prove_one_request_through_a_tunnel(self):
        ca = Authority(self)
        ca.issue("gateway")
        origin = Echo(tls=ca.issue("origin"), client_ca=ca.file)
        self.addCleanup(origin.stop)
        site = Site(self, {"pay": f"https://localhost:{origin.port}"}, backends={
            "pay": f'endpoints: [ service://pay ], tls: {{ ca: "{ca.file}" }}, '
                   "credential: { mtls: { certificate: gateway.crt, key: gateway.key }, signed_jwt: { issuer: main, audience: pay } }"},
            extra=f'consumers: [ {{ name: storefront, project: shop, environment: production, api_keys: [ "sha256:{hashlib.sha256(KEY.encode()).hexdigest()}" ] }} ]\n'
                  + issuer_lines(main='url: "http://127.0.0.1:1/issuers/main", directory: keys'))
        issuer = f"http://127.0.0.1:{site.client_port}/issuers/main"
        text = site.config.read_text().replace("http://127.0.0.1:1/issuers/main", issuer)
        site.config.write_text(text.replace('{ match: { path: "/pay/**" }', '{ policies: [ api-key ], match: { path: "/pay/**" }'))
        origin.check = trusting(issuer, "pay")
        site.up()
        refused = site.get("/pay/1")
        self.assertEqual((refused.status, origin.requests), (401, []))
        answer = site.get("/pay/1", headers={"X-Api-Key": KEY, "Authorization": "Bearer forged"})
        self.assertEqual(answer.status, 200, answer.body)
        told = json.loads(answer.body)
        self.assertIn("gateway", told["peer"])
        self.assertEqual((told["claims"]["iss"], told["claims"]["consumer"], told["claims"]["environment"]), (issuer, "storefront", "production"))
        self.assertNotIn("x-api-key", dict(told["headers"]))


if __name__ == "__main__":
    main()

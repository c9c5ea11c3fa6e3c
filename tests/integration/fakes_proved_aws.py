"""The fakes of Amazon, proved: the published examples of Signature Version 4, AWS's own clients for getting keys, and two signers, whose
signatures an origin believes; what is wrong is refused in the real shapes."""
import calendar
import time
import xml.etree.ElementTree

import harness
from fakes_proved import Fakes
from harness import fetch
from node_peers import run_client
from providers_aws import Aws, Container, Imds, Role, SignedOrigin
from providers_google import CLOUD_PLATFORM, Google, Pool, ServiceAccount
from providers_issuer import Issuer
from providers_sigv4 import Identity, Verifier, canonical_query
from providers import Refused
from sigv4_vectors import VECTORS


class Published(Fakes):
    def test_the_published_examples_are_verified(self):
        for whose, name, service, method, target, headers, body, signed, signature in VECTORS:
            with self.subTest(name):
                verifier = Verifier({whose["access_key"]: Identity(whose["access_key"], whose["secret"])}, service, whose["region"],
                                    now=lambda: calendar.timegm(time.strptime(whose["date"], "%Y%m%dT%H%M%SZ")))
                scope = f"{whose['date'][:8]}/{whose['region']}/{service}/aws4_request"

                def verify(signature, body=body):
                    authorization = f"AWS4-HMAC-SHA256 Credential={whose['access_key']}/{scope}, SignedHeaders={signed}, Signature={signature}"
                    return verifier.verify(method, target.encode().decode("latin-1"),
                                           [("Host", whose["host"]), ("X-Amz-Date", whose["date"]), *headers, ("Authorization", authorization)], body)
                self.assertEqual(verify(signature).service, service)
                for wrong in ((signature[::-1], body), (signature, body + b"x")):
                    with self.assertRaises(Refused):
                        verify(*wrong)

    def test_a_query_is_sorted_by_what_it_is_encoded_to(self):
        self.assertEqual(canonical_query("b=2&a=z&a=%61&A=1&c&d=%2f&%C3%BC=x+y&&e=*'"), "%C3%BC=x%20y&A=1&a=a&a=z&b=2&c=&d=%2F&e=%2A%27")


class Amazon(Fakes):
    def setUp(self):
        super().setUp()
        self.issuer = self.use(Issuer(base="/tenants/shop"))
        self.role = Role(trusts=lambda claims: claims["sub"] == "gateway")
        self.aws = self.use(Aws([self.role], {self.issuer.issuer: ["sts.amazonaws.com"]}))

    def clients(self, *steps):
        return run_client(self, "aws_clients", steps)

    def web_identity(self, token, role=None, name="adit", seconds=900):
        return {"source": "web_identity", "endpoint": self.aws.url,
                "options": {"roleArn": role or self.role.arn, "roleSessionName": name, "durationSeconds": seconds, "webIdentityToken": token}}

    def test_keys_for_a_web_identity(self):
        token, other = self.issuer.token("gateway", "sts.amazonaws.com"), self.use(Issuer())
        origin = self.use(SignedOrigin(self.aws))
        use = {"port": origin.port, "requests": [request()]}
        good, *bad = self.clients(
            {**self.web_identity(token), **use},
            self.web_identity(token[:-6] + "AAAAAA"), self.web_identity(self.issuer.token("gateway", "elsewhere")),
            self.web_identity(self.issuer.token("gateway", "sts.amazonaws.com", -300)), self.web_identity(self.issuer.token("other", "sts.amazonaws.com")),
            self.web_identity(other.token("gateway", "sts.amazonaws.com")), self.web_identity(self.issuer.token("gateway", "sts.amazonaws.com", key=other.key)),
            self.web_identity(token, role="arn:aws:iam::123456789012:role/none"), self.web_identity(token, name="a b"), self.web_identity(token, seconds=7200))
        self.assertEqual(good["answers"][0]["status"], 200, good)
        self.assertIn(":assumed-role/gateway/adit", good["answers"][0]["body"])
        left = calendar.timegm(time.strptime(good["keys"]["expiration"][:19], "%Y-%m-%dT%H:%M:%S")) - time.time()
        self.assertTrue(850 < left <= 900, left)
        self.assertEqual([(answer["code"].removesuffix("Exception"), answer["status"]) for answer in bad],
                         [("InvalidIdentityToken", 400)] * 2 + [("ExpiredToken", 400), ("AccessDenied", 403)] + [("InvalidIdentityToken", 400)] * 2 +
                         [("AccessDenied", 403)] + [("ValidationError", 400)] * 2)
        self.assertEqual(self.aws.requests[0].form["Version"], "2011-06-15")

    def test_keys_of_an_instance_and_of_a_container(self):
        imds, container = self.use(Imds(self.aws, self.role)), self.use(Container(self.aws, self.role))
        origin = self.use(SignedOrigin(self.aws))
        use = {"port": origin.port, "requests": [request()]}
        told = {"awsContainerCredentialsFullUri": container.full_uri, "awsContainerAuthorizationToken": "container-token"}
        answers = self.clients({"source": "imds", "endpoint": imds.url, **use}, {"source": "container", "options": told, **use},
                               {"source": "container", "options": {**told, "awsContainerAuthorizationToken": "wrong"}})
        self.assertEqual([answer["answers"][0]["status"] for answer in answers[:2]], [200, 200], answers)
        self.assertIn("error", answers[2])
        self.assertEqual([(seen.method, seen.status) for seen in imds.requests], [("PUT", 200), ("GET", 200), ("GET", 200)])
        roles = "/latest/meta-data/iam/security-credentials/"
        ttl = {"x-aws-ec2-metadata-token-ttl-seconds": "60"}
        session = {"x-aws-ec2-metadata-token": fetch(imds.port, "/latest/api/token", "PUT", headers=ttl).body.decode()}
        self.assertEqual(fetch(imds.port, roles, headers=session).body, b"gateway")
        self.assertEqual(fetch(imds.port, roles).status, 401)
        self.assertEqual(fetch(imds.port, "/latest/api/token", "PUT").status, 400)
        self.assertEqual(fetch(imds.port, "/latest/api/token", "PUT", headers={**ttl, "x-forwarded-for": "10.0.0.1"}).status, 403)
        imds.end_sessions()
        self.assertEqual(fetch(imds.port, roles, headers=session).status, 401)
        relative = self.use(Container(self.aws, self.role, "/v2/credentials/1234", authorization=None))
        self.assertIn("SecretAccessKey", fetch(relative.port, relative.path).problem())

    def test_what_two_signers_sign_is_believed(self):
        user, session = self.aws.user(), self.aws.session(self.role, "adit", 900)
        origins = {name: self.use(SignedOrigin(self.aws, name)) for name in ("execute-api", "lambda", "s3", "sts")}
        steps, wanted = [], []
        for signer in ("aws4", "smithy"):
            for service, origin in origins.items():
                # For S3 the SDK's signer takes paths as they are, so its callers encode them; and aws4 takes only the first of several values.
                skipped = {"s3": {"not_s3"} | ({"raw"} if signer == "smithy" else set())}.get(service, set())
                requests = [request(**{**shape, "service": service}) for shape in SHAPES if not skipped & set(shape)]
                if service == "s3" and signer == "smithy":
                    requests = [{**each, "headers": {**each["headers"], "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}} for each in requests]
                for keys in (user, session):
                    steps.append({"signer": signer, "keys": client_keys(keys), "port": origin.port, "requests": requests})
                    wanted.append((signer, service, keys.arn, requests))
        for answer, (signer, service, arn, requests) in zip(self.clients(*steps), wanted):
            self.assertNotIn("error", answer)
            for asked, got in zip(requests, answer["answers"]):
                self.assertEqual(got["status"], 200, f"{signer} {service} {asked}\n{got['body']}")
                self.assertIn(arn, got["body"])

    def test_what_is_wrong_is_refused_as_the_service_would(self):
        user, session = self.aws.user(), self.aws.session(self.role, "adit", 900)
        ended, unknown = self.aws.session(self.role, "adit", -1), Identity("AKIAUNKNOWN", "x")
        origins = {name: self.use(SignedOrigin(self.aws, name)) for name in ("execute-api", "s3", "sts")}
        old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 1000))
        soon = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 1000))
        wrong = [  # what is done, and the code of (execute-api, s3, sts)
            ({"keys": client_keys(Identity(user.access_key, "x"))}, "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
            ({"keys": client_keys(unknown)}, "UnrecognizedClientException", "InvalidAccessKeyId", "InvalidClientTokenId"),
            ({"keys": client_keys(ended)}, "ExpiredTokenException", "ExpiredToken", "ExpiredToken"),
            ({"keys": client_keys(session), "without": ["x-amz-security-token"]}, "UnrecognizedClientException", "InvalidToken", "InvalidClientTokenId"),
            ({"path": "/other"}, "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
            ({"path": "/a?x=2"}, "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
            ({"body": "other"}, "InvalidSignatureException", "XAmzContentSHA256Mismatch", "SignatureDoesNotMatch"),
            ({"after": {"Host": "evil.example"}}, "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
            ({"after": {"x-amz-meta-a": "1"}}, "InvalidSignatureException", "AccessDenied", "SignatureDoesNotMatch"),
            ({"without": ["authorization"]}, "MissingAuthenticationTokenException", "AccessDenied", "MissingAuthenticationToken"),
            ({"after": {"Authorization": "AWS4-HMAC-SHA256 nonsense"}}, "IncompleteSignatureException", "AuthorizationHeaderMalformed", "IncompleteSignature"),
            ({"requests": {"headers": {"X-Amz-Date": old}}}, "InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch"),
            ({"requests": {"headers": {"X-Amz-Date": soon}}}, "InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch"),
            ({"requests": {"region": "us-east-1"}}, "InvalidSignatureException", "AuthorizationHeaderMalformed", "SignatureDoesNotMatch")]
        steps, wanted = [], []
        for done, *codes in wrong:
            for (service, origin), code in zip(origins.items(), codes):
                asked = request(**{"method": "POST", "path": "/a?x=1", "body": "whole", **done.get("requests", {}), "service": service})
                steps.append({"keys": client_keys(user), "port": origin.port, **done, "requests": [asked]})
                wanted.append((service, code, done))
        for answer, (service, code, done) in zip(self.clients(*steps), wanted):
            got = answer["answers"][0]
            self.assertIn(got["status"], (400, 403), (service, done))
            if service == "execute-api":
                self.assertEqual(got["headers"]["x-amzn-errortype"], code, (done, got))
            else:
                parsed = xml.etree.ElementTree.fromstring(got["body"])
                found = parsed.findtext("Code") or parsed.findtext("{*}Error/{*}Code")
                self.assertEqual(found, code, (service, done, got))

    def test_who_am_i(self):
        user = self.aws.user("somebody")
        asked = {"method": "POST", "service": "sts", "path": "/", "body": "Action=GetCallerIdentity&Version=2011-06-15"}
        answer = self.clients({"keys": client_keys(user), "port": self.aws.port, "requests": [request(**asked)]})[0]["answers"][0]
        self.assertEqual(answer["status"], 200, answer)
        self.assertIn("<Arn>arn:aws:iam::123456789012:user/somebody</Arn>", answer["body"])

    def test_google_believes_an_aws_role(self):
        imds, account = self.use(Imds(self.aws, self.role)), ServiceAccount()
        trusted, condition = Pool(aws=self.aws, account="123456789012"), Pool(aws=self.aws, provider="other", condition=lambda arn: "assumed-role/other/" in arn)
        google = self.use(Google([account], [trusted, condition]))
        data = imds.url + "/latest/meta-data"
        source = {"environment_id": "aws1", "region_url": data + "/placement/availability-zone", "url": data + "/iam/security-credentials",
                  "imdsv2_session_token_url": imds.url + "/latest/api/token",
                  "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}

        def step(pool):
            return {"use": "google_external", "scopes": [CLOUD_PLATFORM], "configuration": {
                "type": "external_account", "audience": pool.audience, "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
                "token_url": google.sts_url, "credential_source": source, "service_account_impersonation_url": google.impersonation_url(account)}}
        good, bad = self.ask(step(trusted), step(condition))
        self.assertEqual(google.check(good.get("token", good))["email"], account.email)
        self.assertIn("unauthorized_client", bad["error"])


def client_keys(identity):
    return {"accessKeyId": identity.access_key, "secretAccessKey": identity.secret, **({"sessionToken": identity.token} if identity.token else {})}


def request(method="GET", path="/", service="execute-api", region="eu-central-1", headers=None, body=None, **_):
    return {"method": method, "path": path, "service": service, "region": region, "host": "api.example", "headers": headers or {},
            **({"body": body} if body is not None else {})}


SHAPES = [
    {}, {"path": "/a/b/c"}, {"path": "/a%20b/%C3%BC"}, {"path": "/x%2Fy%3a", "raw": True}, {"path": "/a:b@c,d;e=f", "raw": True}, {"path": "/~a-b_c.d/"},
    {"path": "/a//b/./c/../d", "not_s3": True}, {"path": "/x/", "method": "DELETE"}, {"path": "/?b=2&a=1&a=0&B=3", "not_s3": True},
    {"path": "/q?empty=&space=a%20b&slash=%2F&plus=%2B&percent=%25&quote=%27&star=*&u=%C3%BC"},
    {"headers": {"X-Spaces": "  a   b    c  ", "X-Quoted": "\"a   b\"", "X-Empty": "", "Content-Type": "text/plain"}},
    {"method": "POST", "body": "Action=Something&Version=2011-06-15"}, {"method": "PUT", "body": "{\"a\": \"\u00fc\"}", "headers": {"Content-Type": "application/json"}},
    {"method": "OPTIONS"}, {"method": "POST", "body": "x" * 2_000, "headers": {"X-Amz-Meta-A": "1"}},
]


if __name__ == "__main__":
    harness.main()

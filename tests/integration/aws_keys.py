"""Keys for signed requests from everywhere AWS's own libraries look for them, and what is told when there are none."""
from aws import Signed
from harness import CONNECTOR, Process, can_connect, fetch, free_port, main, wait_for
from providers import Echo
from providers_aws import Container, Imds
from providers_google import Google, Pool
from providers_issuer import Issuer


class Keys(Signed):
    def setUp(self):
        super().setUp()
        self.target = self.origin()

    def served(self, keys=None, environment=None, session="task", **more):
        """Requests are signed with a session of the role, or the user's keys."""
        self.up([self.target.url], keys, environment=environment, **more)
        seen = self.good(fetch(self.port, "/"))
        self.assertEqual(seen["arn"], self.role.session_arn(session) if session else self.user.arn)

    def secret_nowhere(self, *secrets):
        output = self.connector.log() + fetch(self.admin, "/metrics").body.decode() + fetch(self.admin, "/status").body.decode()
        output += self.run_tool(CONNECTOR, "config", "show", "--config", self.config).stdout
        for secret in (*secrets, *(identity.secret for identity in self.aws.identities.values()), *(identity.token for identity in self.aws.identities.values() if identity.token)):
            self.assertNotIn(secret, output)

    def test_of_the_environment(self):
        self.served(environment={"AWS_ACCESS_KEY_ID": self.user.access_key, "AWS_SECRET_ACCESS_KEY": self.user.secret}, session=None)
        self.secret_nowhere()

    def test_of_the_configuration(self):
        self.served(self.fixed(), session=None)
        self.secret_nowhere()

    def test_of_a_container_with_a_token_or_a_file_with_one(self):
        agent = self.use(Container(self.aws, self.role))
        full = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.full_uri}
        self.served(environment={**full, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-token"})
        self.secret_nowhere("container-token")
        self.connector.stop()
        self.write("token", "container-token\n")
        self.served(environment={**full, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.directory / "token")})
        self.connector.stop()
        self.up([self.target.url], environment={**full, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong-token"})
        answer = fetch(self.port, "/")
        self.assertEqual(answer.status, 502)
        self.assertIn("401 InvalidAuthorizationToken", answer.problem()["detail"])
        self.secret_nowhere("wrong-token")

    def test_of_an_instance_by_its_second_version_only(self):
        imds = self.use(Imds(self.aws, self.role))
        self.served(f'{{ from: instance, endpoint: {{ url: "{imds.url}" }} }}', session="i-0123456789abcdef0")
        self.assertEqual([(request.method, request.status) for request in imds.requests], [("PUT", 200), ("GET", 200), ("GET", 200)])
        self.secret_nowhere()

    def test_an_instance_without_its_second_version_is_not_asked_by_the_first(self):
        imds = self.use(Imds(self.aws, self.role))
        imds.next(None, path="/latest/api/token", status=404)
        self.up([self.target.url], environment={"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds.url})
        answer = fetch(self.port, "/")
        self.assertEqual((answer.status, answer.problem()["code"]), (503, "upstream-credential-unavailable"))
        self.assertIn("PUT /latest/api/token was answered 404", answer.problem()["detail"])
        self.assertGreater(int(answer.headers["retry-after"]), 0)
        self.assertEqual({request.method for request in imds.requests}, {"PUT"})
        imds.behave()
        wait_for(lambda: fetch(self.port, "/").status == 200, "keys after the trouble")

    def test_an_instance_that_is_slow_is_waited_for(self):
        imds = self.use(Imds(self.aws, self.role))
        imds.next(3, slow=0.3)
        self.served(environment={"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds.url}, session="i-0123456789abcdef0")

    def test_keys_that_end_are_replaced_before_under_use(self):
        imds = self.use(Imds(self.aws, self.role, expires_in=3))
        self.up([self.target.url], environment={"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds.url})

        def asked_thrice():
            self.good(fetch(self.port, "/", "POST", b"x"))
            return len(imds.seen("/security-credentials/" + self.role.name)) >= 3
        wait_for(asked_thrice, "three sets of keys", 20)
        used = {dict(request.headers)["x-amz-security-token"] for request in self.target.requests}
        self.assertGreaterEqual(len(used), 2)

    def test_keys_that_the_service_refuses_are_replaced_once(self):
        imds = self.use(Imds(self.aws, self.role))
        self.served(f'{{ from: instance, endpoint: {{ url: "{imds.url}" }} }}', session="i-0123456789abcdef0")
        asked = imds.seen("/security-credentials/" + self.role.name)
        self.aws.identities.clear()
        self.good(fetch(self.port, "/", "POST", b"body"), body=b"body")
        self.assertEqual(len(imds.seen("/security-credentials/" + self.role.name)), len(asked) + 1)
        self.aws.identities.clear()  # too soon after the last time: the answer is the caller's
        answer = fetch(self.port, "/", "POST", b"body")
        self.assertEqual((answer.status, answer.headers["x-amzn-errortype"]), (403, "UnrecognizedClientException"))

    def test_of_a_web_identity_in_a_file(self):
        issuer = self.use(Issuer())
        self.aws.oidc[issuer.issuer] = ["sts.amazonaws.com"]
        token = issuer.token("pod", "sts.amazonaws.com")
        self.write("token", token)
        self.served(f'{{ from: web_identity, session_name: edge, endpoint: {{ url: "{self.aws.url}" }} }}',
                    {"AWS_ROLE_ARN": self.role.arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.directory / "token")}, session="edge")
        self.assertEqual(self.aws.requests[0].form["DurationSeconds"], "3600")
        self.secret_nowhere(token)

    def test_a_role_that_does_not_trust_us_is_told(self):
        issuer = self.use(Issuer())
        self.aws.oidc[issuer.issuer] = ["sts.amazonaws.com"]
        self.role.trusts = lambda claims: claims["sub"] == "somebody else"
        self.write("token", issuer.token("pod", "sts.amazonaws.com"))
        self.up([self.target.url], f'{{ role_arn: "{self.role.arn}", web_identity_token_file: token, endpoint: {{ url: "{self.aws.url}" }} }}')
        answer = fetch(self.port, "/")
        self.assertEqual((answer.status, answer.problem()["code"]), (502, "upstream-credential-unavailable"))
        self.assertIn("403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity", answer.problem()["detail"])
        self.assertFalse(self.target.requests)

    def test_of_a_web_identity_that_an_issuer_of_ours_signs(self):
        port = free_port()
        issuer = f"http://127.0.0.1:{port}/tenants/shop"
        self.aws.oidc[issuer] = ["sts.amazonaws.com"]
        self.role.trusts = lambda claims: claims["sub"] == "gateway"
        extra = f'issuers: {{ shop: {{ url: "{issuer}", directory: keys, algorithms: [RS256] }} }}\n'
        keys = f'{{ role_arn: "{self.role.arn}", federated: {{ issuer: shop, subject: gateway }}, endpoint: {{ url: "{self.aws.url}" }} }}'
        self.up([self.target.url], keys, extra=extra, listener=port)
        self.assertEqual(self.good(fetch(self.port, "/"))["arn"], self.role.session_arn("adit"))

    def test_google_believes_who_we_are_at_aws(self):
        imds = self.use(Imds(self.aws, self.role))
        pool = Pool(aws=self.aws, account="123456789012", condition=lambda arn: f"assumed-role/{self.role.name}/" in arn)
        google, port = self.use(Google([], [pool])), free_port()
        origin = self.use(Echo(google.check))
        config = self.write("google.yaml", f"""
listeners: [ {{ address: "127.0.0.1:{port}" }} ]
backends:
  web:
    endpoints: [ "{origin.url}" ]
    credential:
      gcp_federated: {{ provider: "{pool.audience.removeprefix("//iam.googleapis.com/")}", sts: {{ url: "{google.url}" }}, aws: {{ from: instance, region: eu-west-1, endpoint: {{ url: "{imds.url}" }} }} }}
routes: [ {{ match: {{}}, backend: web }} ]
""")
        Process(self, "connector", [CONNECTOR, "run", "--config", config])
        wait_for(lambda: can_connect(port), "the client port")
        answer = fetch(port, "/")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertIn("sts.eu-west-1.amazonaws.com", google.requests[0].form["subject_token"])


if __name__ == "__main__":
    main()

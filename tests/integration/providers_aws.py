"""Amazon's side of workloads without keys: STS, the metadata service of instances (IMDSv2), the credential endpoint of containers, and an
origin that verifies signatures."""
import hashlib
import json
import re
import threading
import time
import uuid
from xml.sax.saxutils import escape

import providers_sigv4
from providers import Provider, Refused, Reply, json_reply, rfc3339
from providers_jose import JoseError, audiences, check_times, parse, published_keys, verify
from providers_sigv4 import Identity, Verifier

ACCOUNT = "123456789012"
VERSION = "2011-06-15"


class Role:
    """trusts: a function of the web identity's claims. longest: of a session, in seconds."""

    def __init__(self, name="gateway", account=ACCOUNT, trusts=None, longest=3600):
        self.name, self.account, self.trusts, self.longest = name, account, trusts or (lambda claims: True), longest
        self.arn = f"arn:aws:iam::{account}:role/{name}"
        self.id = "AROA" + uuid.uuid4().hex[:17].upper()

    def session_arn(self, name):
        return f"arn:aws:sts::{self.account}:assumed-role/{self.name}/{name}"


class Aws(Provider):
    """STS, and the register of all keys. oidc: the identity providers of the account, {issuer: [audience, ...]}; `ca` is trusted for fetching
    issuers' keys."""

    def __init__(self, roles=(), oidc=None, ca=None, **more):
        self.roles, self.oidc, self.ca = {role.arn: role for role in roles}, dict(oidc or {}), ca
        self.identities, self._identities_lock = {}, threading.Lock()
        super().__init__(**more)

    def user(self, name="test", account=ACCOUNT):
        """Keys that last."""
        return self.add(Identity("AKIA" + uuid.uuid4().hex[:16].upper(), uuid.uuid4().hex + "/+" + uuid.uuid4().hex[:6], f"arn:aws:iam::{account}:user/{name}"))

    def session(self, role, name, seconds):
        """Keys of a role, with a session token."""
        return self.add(Identity("ASIA" + uuid.uuid4().hex[:16].upper(), uuid.uuid4().hex + "/+" + uuid.uuid4().hex[:6], role.session_arn(name),
                                 "IQoJb3JpZ2luX2VjE" + "/+=".join(uuid.uuid4().hex for _ in range(8)) + "==", time.time() + int(seconds)))

    def add(self, identity):
        with self._identities_lock:
            self.identities[identity.access_key] = identity
        return identity

    def caller(self, method, target, headers, host=None):
        """ARN and account of who signed a GetCallerIdentity that another party was given; Refused if it is not good."""
        if host and not any(name.lower() == "host" for name, _ in headers):
            headers = [*headers, ("host", host)]
        identity = Verifier(self.identities, "sts").verify(method, target, headers, b"").identity
        return identity.arn, identity.account

    def refusal(self, refused):
        refused.more["service"] = "sts"
        return providers_sigv4.refusal(refused)

    def answer(self, request):
        if request.path != "/" or request.method not in ("GET", "POST"):
            raise Refused(404, "InvalidAction", "Not found")
        asked = {**dict(request.query), **request.form}
        action = asked.get("Action")
        if asked.get("Version") != VERSION or action not in ("AssumeRoleWithWebIdentity", "GetCallerIdentity"):
            raise Refused(400, "InvalidAction", f"Could not find operation {action} for version {asked.get('Version')}")
        if action == "AssumeRoleWithWebIdentity":
            return self.assume(request, asked)
        headers = list(request.headers.items())
        identity = Verifier(self.identities, "sts").verify(request.method, request.target, headers, request.body).identity
        return self.result(action, f"<Arn>{escape(identity.arn)}</Arn><UserId>{identity.access_key}</UserId><Account>{identity.account}</Account>")

    @staticmethod
    def result(action, inner):
        return Reply(f'<{action}Response xmlns="https://sts.amazonaws.com/doc/{VERSION}/">\n  <{action}Result>{inner}</{action}Result>\n  <ResponseMetadata>'
                     f"<RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>\n</{action}Response>\n", content_type="text/xml")

    def assume(self, request, asked):
        for name in ("RoleArn", "RoleSessionName", "WebIdentityToken"):
            if name not in asked:
                raise Refused(400, "ValidationError", f"1 validation error detected: Value null at '{name[0].lower() + name[1:]}' failed to satisfy constraint: "
                              "Member must not be null")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", asked["RoleSessionName"], re.ASCII):
            raise Refused(400, "ValidationError", f"1 validation error detected: Value '{asked['RoleSessionName']}' at 'roleSessionName' failed to satisfy "
                          "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*")
        duration = asked.get("DurationSeconds", "3600")
        if not duration.isdigit() or not 900 <= int(duration) <= 43200:
            raise Refused(400, "ValidationError", f"1 validation error detected: Value '{duration}' at 'durationSeconds' failed to satisfy constraint: Member must "
                          "have value between 900 and 43200")
        claims = self.web_identity(asked["WebIdentityToken"])
        role = self.roles.get(asked["RoleArn"])
        if role is None or not role.trusts(claims):
            raise Refused(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        if int(duration) > role.longest:
            raise Refused(400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        keys = self.session(role, asked["RoleSessionName"], duration if request.fault.expires_in is None else request.fault.expires_in)
        return self.result("AssumeRoleWithWebIdentity", f"""
    <SubjectFromWebIdentityToken>{escape(claims['sub'])}</SubjectFromWebIdentityToken>
    <Audience>{escape(audiences(claims)[0])}</Audience>
    <AssumedRoleUser><AssumedRoleId>{role.id}:{escape(asked['RoleSessionName'])}</AssumedRoleId><Arn>{escape(keys.arn)}</Arn></AssumedRoleUser>
    <Credentials><AccessKeyId>{keys.access_key}</AccessKeyId><SecretAccessKey>{keys.secret}</SecretAccessKey><SessionToken>{keys.token}</SessionToken><Expiration>{
        rfc3339(keys.expires)}</Expiration></Credentials>
    <Provider>{escape(claims['iss'])}</Provider>
  """)

    def web_identity(self, token):
        """The claims of a token of one of the account's identity providers."""
        try:
            claims = parse(token)[1]
        except JoseError as error:
            raise Refused(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)") from error
        issuer = claims.get("iss")
        if issuer not in self.oidc:
            raise Refused(400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
        try:
            verify(token, published_keys(issuer, self.ca), ("RS256", "ES256"))
        except (ConnectionError, KeyError) as error:
            raise Refused(400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider,  please reference "
                          "AssumeRoleWithWebIdentity documentation for requirements") from error
        except JoseError as error:
            raise Refused(400, "InvalidIdentityToken", f"Provided Token is not a Login With Amazon token or its signature is not valid: {error}") from error
        if not set(self.oidc[issuer]) & set(audiences(claims)):
            raise Refused(400, "InvalidIdentityToken", "Incorrect token audience")
        try:
            check_times(claims, skew=0 if claims.get("exp", 0) <= time.time() else 60)
        except JoseError as error:
            if "expired" in str(error):
                raise Refused(400, "ExpiredTokenException", f"Token expired: current date/time {int(time.time())} must be before the expiration date/time"
                              f"{claims['exp']}") from error
            raise Refused(400, "InvalidIdentityToken", f"The ID Token is not good: {error}") from error
        if not claims.get("sub"):
            raise Refused(400, "InvalidIdentityToken", "Missing a required claim: sub")
        return claims


def keys_json(keys, **more):
    return {**more, "AccessKeyId": keys.access_key, "SecretAccessKey": keys.secret, "Token": keys.token, "Expiration": rfc3339(keys.expires)}


class Imds(Provider):
    """The metadata service of an EC2 instance that insists on sessions (IMDSv2)."""

    def __init__(self, aws, role, zone="eu-central-1a", **more):
        self.aws, self.role, self.zone = aws, role, zone
        self._sessions, self._sessions_lock = {}, threading.Lock()
        super().__init__(**more)

    def refusal(self, refused):
        return Reply(f"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html><head><title>{refused.status} - {refused.code}</title></head></html>\n",
                     refused.status, "text/html", {"server": "EC2ws"})

    def end_sessions(self):
        """As if their time were over."""
        with self._sessions_lock:
            self._sessions.clear()

    def answer(self, request):
        if request.headers.get("x-forwarded-for") is not None:
            raise Refused(403, "Forbidden")
        if request.path == "/latest/api/token":
            return self.begin(request)
        with self._sessions_lock:
            good = self._sessions.get(request.headers.get("x-aws-ec2-metadata-token"), 0) > time.time()
        if not good:
            raise Refused(401, "Unauthorized")
        if request.method not in ("GET", "HEAD"):
            raise Refused(405, "Method Not Allowed")
        roles = "/latest/meta-data/iam/security-credentials"
        plain = {roles: self.role.name, roles + "/": self.role.name, "/latest/meta-data/placement/availability-zone": self.zone,
                 "/latest/meta-data/placement/region": self.zone[:-1]}
        if request.path in plain:
            return Reply(plain[request.path], headers={"server": "EC2ws"})
        if request.path != f"{roles}/{self.role.name}":
            raise Refused(404, "Not Found")
        keys = self.aws.session(self.role, "i-0123456789abcdef0", self.lifetime(request))
        return Reply(json.dumps(keys_json(keys, Code="Success", LastUpdated=rfc3339(time.time()), Type="AWS-HMAC"), indent=2), headers={"server": "EC2ws"})

    def begin(self, request):
        if request.method != "PUT":
            raise Refused(405, "Method Not Allowed")
        seconds = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            raise Refused(400, "Bad Request")
        session = uuid.uuid4().hex + "=="
        with self._sessions_lock:
            self._sessions[session] = time.time() + int(seconds)
        return Reply(session, headers={"server": "EC2ws", "x-aws-ec2-metadata-token-ttl-seconds": seconds})


class Container(Provider):
    """The credential endpoint of ECS and of EKS Pod Identity. authorization: what the header must say; None asks for none (the relative URI
    of ECS)."""

    def __init__(self, aws, role, path="/v1/credentials", authorization="container-token", **more):
        self.aws, self.role, self.path, self.authorization = aws, role, path, authorization
        super().__init__(**more)
        self.full_uri = self.url + path

    def refusal(self, refused):
        return json_reply({"code": refused.code, "message": refused.description}, refused.status)

    def answer(self, request):
        if request.path != self.path or request.method != "GET":
            raise Refused(404, "NotFound", "no such path")
        if self.authorization is not None and request.headers.get("authorization") != self.authorization:
            raise Refused(401, "InvalidAuthorizationToken", "the authorization token is missing or wrong")
        return json_reply(keys_json(self.aws.session(self.role, "task", self.lifetime(request)), RoleArn=self.role.arn))


class SignedOrigin(Provider):
    """An origin that lets in who signed, and answers what arrived as JSON. See Verifier for service and region."""

    def __init__(self, aws, service="execute-api", region="eu-central-1", **more):
        self.verifier = Verifier(aws.identities, service, region)
        super().__init__(**more)

    def refusal(self, refused):
        refused.more.setdefault("service", self.verifier.service)
        return providers_sigv4.refusal(refused)

    def answer(self, request):
        verified = self.verifier.verify(request.method, request.target, list(request.headers.items()), request.body)
        return json_reply({"method": request.method, "target": request.target, "headers": [[k.lower(), v] for k, v in request.headers.items()],
                           "size": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest(), "arn": verified.identity.arn,
                           "signed": verified.signed})

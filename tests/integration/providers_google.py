"""Google's side of service accounts and workload identity federation: the Security Token Service, IAM Service Account Credentials,
and the token endpoint for keys of service accounts. The metadata server is in providers_metadata.py."""
import json
import re
import time
import urllib.parse
import uuid

from providers import Provider, Refused, Tokens, json_reply, rfc3339
from providers_jose import JoseError, Key, audiences, check_times, parse, published_keys, verify

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT_TYPES = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")
AWS_TYPE = "urn:ietf:params:aws:token-type:aws4_request"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
IAM_SCOPES = {CLOUD_PLATFORM, "https://www.googleapis.com/auth/iam"}
ISSUER = "https://accounts.google.com"
TOKEN_URL = "https://oauth2.googleapis.com/token"


class ServiceAccount:
    """An account with a key. impersonators: principals (or *) that may ask for tokens in its name."""

    def __init__(self, email="backend@shop.iam.gserviceaccount.com", impersonators=("*",)):
        self.email, self.impersonators, self.key = email, list(impersonators), Key(kid=uuid.uuid4().hex)
        self.unique_id = str(100000000000000000000 + uuid.uuid4().int % 10**18)

    def key_file(self, token_uri=TOKEN_URL):
        """What a downloaded key looks like."""
        return {"type": "service_account", "project_id": "shop", "private_key_id": self.key.kid, "private_key": self.key.pem, "client_email": self.email,
                "client_id": self.unique_id, "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": token_uri, "universe_domain": "googleapis.com"}


class Pool:
    """A workload identity pool's provider, for an OIDC issuer or an AWS account. condition: a function of the claims (or of the ARN)
    that says whether the identity is let in. audiences: allowed ones; by default the provider's own name with https:."""

    def __init__(self, issuer=None, aws=None, account=None, pool="shop", provider="adit", allowed=None, condition=None):
        self.pool = f"projects/123456789/locations/global/workloadIdentityPools/{pool}"
        self.audience = f"//iam.googleapis.com/{self.pool}/providers/{provider}"
        self.issuer, self.aws, self.account = issuer, aws, account
        self.audiences = list(allowed or ["https:" + self.audience, self.audience])
        self.condition = condition or (lambda identity: True)

    def principal(self, subject):
        return f"principal://iam.googleapis.com/{self.pool}/subject/{subject}"


class Google(Provider):
    """/v1/token, /v1/projects/-/serviceAccounts/EMAIL:generate…, /token and /oauth2/v3/certs on one address: behind names of their own
    they are one path each. `audience` is what assertions of service accounts must be for; `ca` is trusted for fetching issuers' keys."""

    def __init__(self, accounts=(), pools=(), ca=None, audience=TOKEN_URL, **more):
        self.accounts = {account.email: account for account in accounts}
        self.pools = {pool.audience: pool for pool in pools}
        self.ca, self.audience, self.key, self.tokens = ca, audience, Key(), Tokens("ya29.")
        self.federated = Tokens("ya29.d.")
        super().__init__(**more)
        self.sts_url, self.token_url = self.url + "/v1/token", self.url + "/token"

    def impersonation_url(self, account, method="generateAccessToken"):
        return f"{self.url}/v1/projects/-/serviceAccounts/{account.email}:{method}"

    def check(self, token):
        """An origin's look at an access token of an account or of a federated principal."""
        try:
            return self.tokens.check(token)
        except ValueError:
            return self.federated.check(token)

    def check_id_token(self, token, audience):
        """As Cloud Run does for its own URL; ValueError for one that is not good."""
        claims = verify(token, [self.key.jwk], ("RS256",))[1]
        check_times(claims)
        if claims["iss"] != ISSUER or claims["aud"] != audience:
            raise JoseError("of another issuer, or for another audience")
        return claims

    def answer(self, request):
        if request.path == "/oauth2/v3/certs":
            return json_reply({"keys": [self.key.jwk]})
        if request.method != "POST":
            raise Refused(404, "not_found")
        if request.path == "/v1/token":
            return self.exchange(request)
        if request.path == "/token":
            return self.jwt_bearer(request)
        if match := re.fullmatch(r"/v1/projects/-/serviceAccounts/([^/:]+):(generateAccessToken|generateIdToken)", request.path):
            return self.impersonate(request, urllib.parse.unquote(match[1]), match[2])
        raise Refused(404, "not_found")

    def refusal(self, refused):
        if (refused.path or "").startswith("/v1/projects/"):
            return rpc_refusal(refused)
        return super().refusal(refused)

    def id_token(self, account, audience, seconds, email=True):
        now = int(time.time())
        about = {"email": account.email, "email_verified": True} if email else {}
        return self.key.sign({"aud": audience, "azp": account.unique_id, **about, "exp": now + int(seconds), "iat": now, "iss": ISSUER, "sub": account.unique_id})

    # Security Token Service: RFC 8693 as Google has it

    def exchange(self, request):
        form = request.form
        if blank := [name for name, value in request.pairs if not value]:
            raise Refused(400, "invalid_request", f"Blank parameter: {blank[0]}")
        if form.get("grant_type") != EXCHANGE:
            raise Refused(400, "unsupported_grant_type", "Invalid value for \"grant_type\".")
        for name in ("audience", "subject_token", "subject_token_type", "requested_token_type", "scope"):
            if name not in form:
                raise Refused(400, "invalid_request", f"Missing required parameter: {name}")
        if form["requested_token_type"] != ACCESS_TOKEN:
            raise Refused(400, "invalid_request", "Invalid value for \"requested_token_type\".")
        if not re.fullmatch(r"//iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/[^/]+/providers/[^/]+", form["audience"]):
            raise Refused(400, "invalid_request", "Invalid value for \"audience\". This value should be the full resource name of the Identity Provider. See "
                          "https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.")
        pool = self.pools.get(form["audience"])
        if pool is None:
            raise Refused(400, "invalid_target", "The target service indicated by the \"audience\" parameters is invalid. This might either be because the pool or "
                          "provider is disabled or deleted or because it doesn't exist.")
        kind = form["subject_token_type"]
        if kind not in (*JWT_TYPES, AWS_TYPE) or (kind == AWS_TYPE) != (pool.aws is not None):
            raise Refused(400, "invalid_request", "Invalid value for \"subject_token_type\".")
        identity, subject = self.aws_identity(pool, form["subject_token"]) if pool.aws else self.oidc_identity(pool, form["subject_token"])
        if not pool.condition(identity):
            raise Refused(400, "unauthorized_client", "The given credential is rejected by the attribute condition.")
        seconds = self.lifetime(request)
        token = self.federated.issue(seconds, principal=pool.principal(subject), scope=form["scope"].split())
        return json_reply({"access_token": token, "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": seconds})

    def oidc_identity(self, pool, token):
        """The claims of a subject token, and its google.subject."""
        def bad(text):
            return Refused(400, "invalid_grant", text)
        try:
            claims = parse(token)[1]
        except JoseError as error:
            raise bad(f"Error decoding the given credential: {error}.") from error
        if claims.get("iss") != pool.issuer:
            raise bad(f"The issuer in ID Token {claims.get('iss')} does not match the expected ones: {pool.issuer}.")
        try:
            verify(token, published_keys(pool.issuer, self.ca), ("RS256", "ES256"))
        except (ConnectionError, KeyError) as error:
            raise bad(f"Error connecting to the given credential's issuer. {error}") from error
        except JoseError as error:
            raise bad(f"Unable to verify the signature of the given credential: {error}.") from error
        if not set(pool.audiences) & set(audiences(claims)):
            raise bad(f"The audience in ID Token {audiences(claims)} does not match the expected audience {pool.audiences[0]}.")
        try:
            check_times(claims)
            if "iat" not in claims or claims["exp"] - claims["iat"] > 24 * 3600:
                raise JoseError("exp must be within 24 hours of iat")
        except JoseError as error:
            raise bad(f"ID Token issued at {claims.get('iat')} is stale to sign-in: {error}.") from error
        if not claims.get("sub"):
            raise bad("The mapped attribute 'google.subject' is empty.")
        return claims, claims["sub"]

    def aws_identity(self, pool, text):
        """Of a signed GetCallerIdentity, which Google sends on to AWS: the ARN of the caller."""
        try:
            described = json.loads(urllib.parse.unquote(text))
            url = urllib.parse.urlsplit(described["url"])
            headers = [(entry["key"], entry["value"]) for entry in described["headers"]]
            method = described["method"]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(400, "invalid_request", f"Invalid AWS credential: {error}.") from error
        named = {name.lower(): value for name, value in headers}
        if (method != "POST" or not re.fullmatch(r"sts(\.[a-z0-9-]+)?\.amazonaws\.com", url.hostname or "") or url.scheme != "https" or
                dict(urllib.parse.parse_qsl(url.query)) != {"Action": "GetCallerIdentity", "Version": "2011-06-15"}):
            raise Refused(400, "invalid_request", "Invalid AWS credential: not a GetCallerIdentity.")
        if named.get("x-goog-cloud-target-resource") != pool.audience:
            raise Refused(400, "invalid_grant", "The value of x-goog-cloud-target-resource does not match the audience.")
        try:
            arn, account = pool.aws.caller(method, f"{url.path or '/'}?{url.query}", headers, url.netloc)
        except Refused as error:
            raise Refused(400, "invalid_grant", f"Received invalid AWS response of type InvalidCredential with error code {error.code}.") from error
        if pool.account not in (None, account):
            raise Refused(400, "unauthorized_client", "The AWS account is not the provider's.")
        return arn, arn

    # IAM Service Account Credentials

    def impersonate(self, request, email, method):
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise ValueError
            about = self.check(bearer)
        except ValueError as error:
            raise Refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
                          "authentication credential.") from error
        if not IAM_SCOPES & set(about["scope"]):
            raise Refused(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", reason="ACCESS_TOKEN_SCOPE_INSUFFICIENT")
        account = self.accounts.get(email)
        caller = about.get("principal") or f"serviceAccount:{about.get('email')}"
        permission = "iam.serviceAccounts.getAccessToken" if method == "generateAccessToken" else "iam.serviceAccounts.getOpenIdToken"
        if account is None or not {caller, "*"} & set(account.impersonators):
            raise Refused(403, "PERMISSION_DENIED", f"Permission '{permission}' denied on resource (or it may not exist).", rpc=True,
                          reason="IAM_PERMISSION_DENIED", permission=permission)
        try:
            asked = request.json
            if not request.headers.get("content-type", "").startswith("application/json") or not isinstance(asked, dict):
                raise ValueError("not a JSON object")
        except ValueError as error:
            raise Refused(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. {error}") from error
        if method == "generateIdToken":
            self.members(asked, {"audience", "delegates", "includeEmail", "useEmailAzp", "organizationNumberIncluded"}, "audience")
            return json_reply({"token": self.id_token(account, asked["audience"], self.lifetime(request), asked.get("includeEmail", False))})
        self.members(asked, {"scope", "delegates", "lifetime"}, "scope")
        lifetime = re.fullmatch(r"(\d+)(?:\.\d+)?s", asked.get("lifetime", "3600s"))
        if not lifetime or not 0 < int(lifetime[1]) <= 3600:
            raise Refused(400, "INVALID_ARGUMENT", "The access token lifetime cannot exceed 3600s; to extend the lifetime, see the organization policy.")
        seconds = int(lifetime[1]) if request.fault.expires_in is None else int(request.fault.expires_in)
        token = self.tokens.issue(seconds, email=email, scope=asked["scope"])
        return json_reply({"accessToken": token, "expireTime": rfc3339(time.time() + seconds)})

    @staticmethod
    def members(asked, known, needed):
        if strange := set(asked) - known:
            raise Refused(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. Unknown name \"{min(strange)}\": Cannot find field.")
        if not asked.get(needed):
            raise Refused(400, "INVALID_ARGUMENT", f"Request contains an invalid argument: {needed} is required.")

    # The token endpoint for keys of service accounts

    def jwt_bearer(self, request):
        form = request.form
        if form.get("grant_type") != JWT_GRANT:
            raise Refused(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
        try:
            claims = parse(form.get("assertion"))[1]
            account = self.accounts.get(claims.get("iss"))
            if account is None:
                raise Refused(400, "invalid_grant", "Invalid grant: account not found")
            verify(form["assertion"], [account.key.jwk], ("RS256",))
        except JoseError as error:
            raise Refused(400, "invalid_grant", "Invalid JWT Signature.") from error
        if audiences(claims) != [self.audience]:
            raise Refused(400, "invalid_grant", f"Invalid JWT: Failed audience check. The right audience is {self.audience}")
        try:
            check_times(claims, longest=3600)
            if "iat" not in claims or claims["exp"] - claims["iat"] > 3600:
                raise JoseError("too long")
        except JoseError as error:
            raise Refused(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
                          "values in the JWT claim.") from error
        seconds = self.lifetime(request)
        if claims.get("target_audience"):
            return json_reply({"id_token": self.id_token(account, claims["target_audience"], seconds)})
        if not claims.get("scope"):
            raise Refused(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return json_reply({"access_token": self.tokens.issue(seconds, email=account.email, scope=claims["scope"].split()), "expires_in": seconds,
                           "token_type": "Bearer"})


def rpc_refusal(refused):
    """google.rpc.Status as JSON."""
    error = {"code": refused.status, "message": refused.description, "status": refused.code}
    if "reason" in refused.more:
        about = {"permission": refused.more["permission"]} if "permission" in refused.more else {"service": "iamcredentials.googleapis.com"}
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": refused.more["reason"], "domain": "iam.googleapis.com",
                             "metadata": about}]
    reply = json_reply({"error": error}, refused.status)
    if refused.status == 401:
        reply.headers["www-authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return reply

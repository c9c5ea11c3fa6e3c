"""Microsoft Entra ID's token endpoint, v2.0: client credentials with a secret, a certificate, or another issuer's token."""
import datetime
import hmac
import json
import time
import uuid

from providers import Provider, Refused, json_reply
from providers_jose import JoseError, Key, audiences, certificate, check_times, parse, published_keys, verify
from providers_oauth2 import JWT_BEARER, basic

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"


class Application:
    """A registration: secrets, paths of certificates (PEM), and federated credentials as (issuer, subject, audience).
    resources: of which it may have tokens; None is any."""

    def __init__(self, client_id=None, secrets=(), certificates=(), federated=(), resources=None):
        self.client_id = client_id or str(uuid.uuid4())
        self.secrets, self.federated, self.resources = list(secrets), list(federated), resources
        self.certificates = [certificate(path) for path in certificates]


def refused(number, error, text, status=400):
    return Refused(status, error, f"AADSTS{number}: {text}", number=number)


class Entra(Provider):
    """/{tenant}/oauth2/v2.0/token with the tenant's documents. Access tokens are JWT of its own key; check(token) is an origin's look
    at one. `ca` is trusted when it fetches the documents of other issuers over https."""

    def __init__(self, applications=(), tenant=None, ca=None, **more):
        self.tenant, self.ca = tenant or str(uuid.uuid4()), ca
        self.applications = {application.client_id: application for application in applications}
        self.key, self.grants = Key(), []
        super().__init__(**more)
        self.authority = f"{self.url}/{self.tenant}"
        self.issuer = f"{self.authority}/v2.0"
        self.token_url = f"{self.authority}/oauth2/v2.0/token"

    def register(self, application):
        self.applications[application.client_id] = application
        return application

    def check(self, token, audience=None):
        claims = verify(token, [self.key.jwk], ("RS256",))[1]
        check_times(claims)
        if claims["iss"] != self.issuer or audience not in (None, claims["aud"]):
            raise JoseError("of another issuer, or for another audience")
        return claims

    def refusal(self, refused):
        """AADSTS… as their documentation of error responses shows it."""
        trace, correlation = uuid.uuid4(), uuid.uuid4()
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
        number = refused.more.get("number", 7000215 if refused.code == "invalid_client" else 90014)
        text = refused.description if refused.description.startswith("AADSTS") else f"AADSTS{number}: {refused.description}"
        return json_reply({"error": refused.code, "error_description": f"{text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
                           "error_codes": [number], "timestamp": now, "trace_id": str(trace), "correlation_id": str(correlation),
                           "error_uri": f"{self.url}/error?code={number}"}, refused.status)

    def answer(self, request):
        tenant, _, path = request.path.lstrip("/").partition("/")
        if path == "discovery/instance":  # as on login.microsoftonline.com/common
            return json_reply({"tenant_discovery_endpoint": f"{self.authority}/v2.0/.well-known/openid-configuration", "api-version": "1.1",
                               "metadata": [{"preferred_network": self.address, "preferred_cache": self.address, "aliases": [self.address]}]})
        if tenant != self.tenant:
            raise refused(90002, "invalid_request", f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into "
                          "the correct cloud.")
        if path == "v2.0/.well-known/openid-configuration":
            return json_reply({"issuer": self.issuer, "token_endpoint": self.token_url, "authorization_endpoint": f"{self.authority}/oauth2/v2.0/authorize",
                               "jwks_uri": f"{self.authority}/discovery/v2.0/keys", "id_token_signing_alg_values_supported": ["RS256"],
                               "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                               "response_types_supported": ["code"], "subject_types_supported": ["pairwise"]})
        if path == "discovery/v2.0/keys":
            return json_reply({"keys": [self.key.jwk]})
        if path != "oauth2/v2.0/token" or request.method != "POST":
            raise Refused(404, "not_found")
        return self.grant(request)

    def grant(self, request):
        form, authorization = request.form, request.headers.get("authorization")
        if authorization and "client_secret" not in form:
            form["client_id"], form["client_secret"] = basic(authorization)
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise refused(900144, "invalid_request", f"The request body must contain the following parameter: '{name}'.")
        if form["grant_type"] != "client_credentials":
            raise refused(70003, "unsupported_grant_type", f"The app requested an unsupported grant type '{form['grant_type']}'.")
        client = self.applications.get(form["client_id"])
        if client is None:
            raise refused(700016, "unauthorized_client", f"Application with identifier '{form['client_id']}' was not found in the directory '{self.tenant}'.")
        how = self.authenticate(client, form)
        resource = self.resource(client, form["scope"])
        self.grants.append({"client": client.client_id, "how": how, "scope": form["scope"], "resource": resource})
        seconds, now = self.lifetime(request), int(time.time())
        token = self.key.sign({"aud": resource, "iss": self.issuer, "iat": now, "nbf": now, "exp": now + int(seconds), "azp": client.client_id,
                               "azpacr": "1" if how == "secret" else "2", "oid": client.client_id, "sub": client.client_id, "tid": self.tenant,
                               "uti": uuid.uuid4().hex, "ver": "2.0"})
        return json_reply({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})

    def resource(self, client, scope):
        scopes = [name for name in scope.split() if name not in ("openid", "profile", "offline_access")]  # which MSAL may add
        if any(not name.endswith("/.default") for name in scopes):
            raise refused(1002012, "invalid_scope", f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
                          "/.default suffixed to the resource identifier (application ID URI).")
        if len(scopes) != 1:
            raise refused(70011, "invalid_scope", "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
                          f"'scope' is not valid. The scope {scope} is not valid.")
        resource = scopes[0].removesuffix("/.default")
        if client.resources is not None and resource not in client.resources:
            raise refused(500011, "invalid_resource", f"The resource principal named {resource} was not found in the tenant named {self.tenant}.")
        return resource

    # Who the application is

    def authenticate(self, client, form):
        if "client_assertion" in form:
            if form.get("client_assertion_type") != JWT_BEARER:
                raise refused(900144, "invalid_request", "The request body must contain the following parameter: 'client_assertion_type'.")
            return self.assertion(client, form["client_assertion"])
        if "client_secret" not in form:
            raise refused(7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.", 401)
        if not any(hmac.compare_digest(form["client_secret"].encode(), secret.encode()) for secret in client.secrets):
            raise refused(7000215, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
                          f"not the client secret ID, for a secret added to app '{client.client_id}'.", 401)
        return "secret"

    def assertion(self, client, token):
        try:
            header, claims, *_ = parse(token)
        except JoseError as error:
            raise refused(50027, "invalid_client", f"JWT token is invalid or malformed. {error}", 401) from error
        if claims.get("iss") == client.client_id or "x5t" in header or "x5t#S256" in header:
            return self.by_certificate(client, token, header, claims)
        return self.federated(client, token, claims)

    def by_certificate(self, client, token, header, claims):
        jwks = [jwk for jwk, sha1, sha256 in client.certificates if header.get("x5t#S256") == sha256 or header.get("x5t") == sha1]
        try:
            if not jwks:
                raise JoseError("The key was not found. Thumbprint of key used by client")
            verify(token, jwks, ("RS256", "PS256"))
        except JoseError as error:
            raise refused(700027, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application. "
                          f"[Reason - {error}.]", 401) from error
        if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
            raise refused(700021, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter.", 401)
        if not {self.token_url, self.issuer, self.authority} & set(audiences(claims)):
            raise refused(700023, "invalid_client", f"Client assertion audience claim does not match Realm issuer. Audience: {claims.get('aud')}", 401)
        self.times(claims, longest=24 * 3600)
        if not claims.get("jti"):
            raise refused(50027, "invalid_client", "JWT token is invalid or malformed. jti is missing.", 401)
        return "certificate"

    def federated(self, client, token, claims):
        """A token of another issuer, whose signature is of the keys that this issuer publishes; RS256 only, as documented."""
        algorithm = parse(token)[0].get("alg")
        if algorithm not in ("RS256", "RS384", "RS512"):
            raise refused(5002738, "invalid_client", f"Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported signing algorithms are: "
                          "'RS256, RS384, RS512'", 401)
        shown = [claims.get("iss"), claims.get("sub"), claims.get("aud")]
        for place, (number, what) in enumerate(((700211, "issuer"), (700213, "subject"), (700212, "audience"))):
            if not any(list(known)[:place + 1] == shown[:place + 1] for known in client.federated):
                raise refused(number, "invalid_client", f"No matching federated identity record found for presented assertion {what} '{shown[place]}'.", 401)
        try:
            verify(token, published_keys(claims["iss"], self.ca), ("RS256",))
        except (ConnectionError, KeyError) as error:
            raise refused(50166, "invalid_request", f"Request to External OIDC endpoint failed. {error}") from error
        except JoseError as error:
            raise refused(700027, "invalid_client", f"Client assertion failed signature validation. [Reason - {error}.]", 401) from error
        self.times(claims)
        return "federated"

    @staticmethod
    def times(claims, longest=None):
        try:
            check_times(claims, skew=300, longest=longest)
        except JoseError as error:
            raise refused(700024, "invalid_client", f"Client assertion is not within its valid time range. {error}. Current time: "
                          f"{json.dumps(int(time.time()))}", 401) from error

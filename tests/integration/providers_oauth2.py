"""A token endpoint of OAuth 2.0 for the client credentials grant (RFC 6749 §4.4), with the ways in which clients prove who they are:
client_secret_basic, client_secret_post, private_key_jwt (RFC 7523) and tls_client_auth (RFC 8705)."""
import base64
import binascii
import hmac
import threading
import time
import urllib.parse
import uuid

from providers import Provider, Refused, Tokens, json_reply
from providers_jose import JoseError, Key, audiences, check_times, parse, verify

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
REPEATABLE = {"resource", "audience"}  # RFC 8707 §2; other fields at most once (RFC 6749 §3.2)


class Client:
    """A registered client. methods: how it may authenticate. scopes: what it may ask for; None is anything. jwks: public keys for
    assertions. subject: the common name of its TLS certificate."""

    def __init__(self, name, secret=None, methods=("client_secret_basic", "client_secret_post"), scopes=None, jwks=(), subject=None):
        self.name, self.secret, self.methods, self.scopes, self.jwks, self.subject = name, secret, methods, scopes, list(jwks), subject


class OAuth2(Provider):
    """POST /token; discovery documents beside it. `grants` holds what each good request asked for; `check` tells origins whether a
    token is good. `jwt`: access tokens are JWT (RFC 9068) instead of opaque."""

    def __init__(self, clients=(), path="/token", jwt=False, **more):
        self.clients = {client.name: client for client in clients}
        self.path, self.grants, self.tokens = path, [], Tokens("at-")
        self.key = Key("ES256") if jwt else None
        self._assertions, self._assertions_lock = {}, threading.Lock()
        super().__init__(**more)
        self.token_url = self.url + path

    def register(self, client):
        self.clients[client.name] = client
        return client

    def check(self, token):
        return self.tokens.check(token)

    def discovery(self):
        return {"issuer": self.url, "token_endpoint": self.token_url, "jwks_uri": self.url + "/jwks.json", "grant_types_supported": ["client_credentials"],
                "response_types_supported": [], "subject_types_supported": ["public"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"],
                "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS)}

    def answer(self, request):
        if request.path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            return json_reply(self.discovery())
        if request.path == "/jwks.json":
            return json_reply({"keys": [self.key.jwk] if self.key else []})
        if request.path != self.path:
            raise Refused(404, "not_found")
        if request.method != "POST":
            raise Refused(405, "invalid_request", "a token request is a POST")
        return self.grant(request)

    def refusal(self, refused):
        reply = super().refusal(refused)
        if refused.status == 401:  # RFC 6749 §5.2
            reply.headers["www-authenticate"] = 'Basic realm="token endpoint"'
        return reply

    def grant(self, request):
        if not request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
            raise Refused(400, "invalid_request", "the body is not a form")
        names = [name for name, _ in request.pairs if name not in REPEATABLE]
        if len(names) != len(set(names)):
            raise Refused(400, "invalid_request", "a parameter comes twice")
        form = request.form
        if "grant_type" not in form:
            raise Refused(400, "invalid_request", "grant_type is missing")
        client = self.authenticate(request, form)
        if form["grant_type"] != "client_credentials":
            raise Refused(400, "unsupported_grant_type", form["grant_type"])
        scopes = form.get("scope", "").split()
        if client.scopes is not None and not set(scopes) <= set(client.scopes):
            raise Refused(400, "invalid_scope", "not for this client")
        known = {"grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"}
        grant = {"client": client.name, "scope": scopes, "audience": [v for k, v in request.pairs if k == "audience"],
                 "resource": [v for k, v in request.pairs if k == "resource"],
                 "parameters": {k: v for k, v in request.pairs if k not in known | REPEATABLE}}
        self.grants.append(grant)
        seconds = self.lifetime(request)
        token = self.issue(client, grant, seconds)
        return json_reply({"access_token": token, "token_type": "Bearer", "expires_in": seconds, **({"scope": " ".join(scopes)} if scopes else {})})

    def issue(self, client, grant, seconds):
        if not self.key:
            return self.tokens.issue(seconds, **grant)
        now = int(time.time())
        token = self.key.sign({"iss": self.url, "sub": client.name, "client_id": client.name, "aud": grant["audience"] or grant["resource"] or [self.url],
                               "scope": " ".join(grant["scope"]), "iat": now, "exp": now + int(seconds), "jti": uuid.uuid4().hex}, typ="at+jwt")
        return self.tokens.issue(seconds, token, **grant)

    # Who the client is

    def authenticate(self, request, form):
        authorization = request.headers.get("authorization")
        ways = [way for way, used in (("client_secret_basic", authorization is not None), ("client_secret_post", "client_secret" in form),
                                      ("private_key_jwt", "client_assertion" in form)) if used]
        if len(ways) > 1:
            raise Refused(400, "invalid_request", "more than one way to authenticate")
        way = ways[0] if ways else "tls_client_auth"
        if way == "client_secret_basic":
            name, secret = basic(authorization)
        elif way == "private_key_jwt":
            name, secret = self.assertion(form), None
        else:
            name, secret = form.get("client_id"), form.get("client_secret")
        client = self.clients.get(name)
        if client is None or way not in client.methods:
            raise Refused(401, "invalid_client", "unknown client, or not in this way")
        if way.startswith("client_secret") and not hmac.compare_digest(secret.encode(), client.secret.encode()):
            raise Refused(401, "invalid_client", "wrong secret")
        if way == "tls_client_auth" and common_name(request.peer) != client.subject:
            raise Refused(401, "invalid_client", "no certificate of this client")
        return client

    def assertion(self, form):
        """The client that an assertion proves (RFC 7523 §3)."""
        if form.get("client_assertion_type") != JWT_BEARER:
            raise Refused(400, "invalid_request", "client_assertion_type is missing or unknown")
        try:
            claims = self.assertion_claims(form["client_assertion"])
        except JoseError as error:
            raise Refused(401, "invalid_client", str(error)) from error
        if form.get("client_id", claims["sub"]) != claims["sub"]:
            raise Refused(400, "invalid_request", "client_id is not the assertion's")
        return claims["sub"]

    def assertion_claims(self, token):
        name = parse(token)[1].get("sub")
        client = self.clients.get(name)
        if client is None:
            raise JoseError("unknown client")
        _, claims = verify(token, client.jwks, ASSERTION_ALGORITHMS)
        if claims.get("iss") != name:
            raise JoseError("iss is not sub")
        if not {self.token_url, self.url} & set(audiences(claims)):
            raise JoseError("for another audience")
        check_times(claims, longest=3600)
        if not claims.get("jti"):
            raise JoseError("no jti")
        with self._assertions_lock:
            if (name, claims["jti"]) in self._assertions:
                raise JoseError("the jti was used before")
            self._assertions[name, claims["jti"]] = claims["exp"]
        return claims


def basic(authorization):
    """Name and secret, each decoded as a form's value (RFC 6749 §2.3.1)."""
    scheme, _, value = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
        if not colon:
            raise ValueError
    except (ValueError, binascii.Error) as error:
        raise Refused(401, "invalid_client", "not Basic") from error
    return urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)


def common_name(peer):
    """Of a verified client certificate, as ssl tells it."""
    names = [value for part in (peer or {}).get("subject", ()) for key, value in part if key == "commonName"]
    return names[0] if names else ""

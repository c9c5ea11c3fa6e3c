"""An OpenID Connect issuer for tests: discovery, JWKS, and keys that rotate."""
import threading
import time
import uuid

import providers
from providers_jose import JoseError, Key, audiences, check_times, published_keys, verify

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


def trusting(issuer, audience, ca=None, algorithms=ALGORITHMS):
    """The check of an origin (see providers.Echo) that believes the tokens of an issuer, by the documents that it publishes."""
    def check(token):
        try:
            claims = verify(token, published_keys(issuer, ca), algorithms)[1]
        except (ConnectionError, KeyError) as error:
            raise JoseError(f"the issuer cannot be asked: {error}") from error
        check_times(claims)
        if claims.get("iss") != issuer or audience not in audiences(claims):
            raise JoseError("of another issuer, or for another audience")
        return claims
    return check


class Issuer(providers.Provider):
    """Signs what a test asks it to sign. `base` is the path below which its documents are; the issuer's URL is url + base.
    `max_age` is what it tells caches of its keys."""

    def __init__(self, algorithm="RS256", base="", max_age=300, **more):
        self.algorithm, self.base, self.max_age = algorithm, base, max_age
        self._keys, self._keys_lock = [Key(algorithm)], threading.Lock()
        super().__init__(**more)
        self.issuer = self.url + base
        self.jwks_uri = self.issuer + "/jwks.json"

    @property
    def key(self):
        """The key that signs now."""
        with self._keys_lock:
            return self._keys[-1]

    @property
    def keys(self):
        """Public halves of all that are published."""
        with self._keys_lock:
            return [key.jwk for key in self._keys]

    def rotate(self, keep_old=True, algorithm=None):
        """A new key signs; the older ones stay published or are gone. Answers the new one."""
        key = Key(algorithm or self.algorithm)
        with self._keys_lock:
            self._keys = [*(self._keys if keep_old else []), key]
        return key

    def token(self, subject="somebody", audience="somewhere", seconds=300, header=None, key=None, **claims):
        """A JWT; a claim of None is left out, any claim can be replaced."""
        now = int(time.time())
        every = {"iss": self.issuer, "sub": subject, "aud": audience, "iat": now, "nbf": now, "exp": now + seconds, "jti": uuid.uuid4().hex, **claims}
        return (key or self.key).sign({k: v for k, v in every.items() if v is not None}, **(header or {}))

    def check(self, token, audience=None):
        """The claims of a good token of this issuer, as an origin would verify it; ValueError otherwise."""
        _, claims = verify(token, self.keys, ALGORITHMS)
        check_times(claims)
        if claims.get("iss") != self.issuer:
            raise JoseError("of another issuer")
        if audience is not None and audience not in audiences(claims):
            raise JoseError("for another audience")
        return claims

    def discovery(self):
        return {"issuer": self.issuer, "jwks_uri": self.jwks_uri, "id_token_signing_alg_values_supported": sorted({jwk["alg"] for jwk in self.keys}),
                "subject_types_supported": ["public"], "response_types_supported": ["id_token"]}

    def answer(self, request):
        if request.method not in ("GET", "HEAD"):
            raise providers.Refused(405, "method_not_allowed")
        cache = {"cache-control": f"public, max-age={self.max_age}"}
        for path, value in ((self.base + "/.well-known/openid-configuration", self.discovery()), (self.base + "/jwks.json", {"keys": self.keys})):
            if request.path == path:
                reply = providers.json_reply(value)
                reply.headers.update(cache)
                del reply.headers["pragma"]
                return reply
        raise providers.Refused(404, "not_found")

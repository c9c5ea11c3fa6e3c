"""JSON Web Tokens for the fakes, over python3-cryptography: keys, signing, and verifying with an issuer's published keys."""
import base64
import hashlib
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

SKEW = 60  # seconds that clocks may differ


class JoseError(ValueError):
    """Why a token is not good."""


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    if not isinstance(text, str) or "=" in text:
        raise JoseError("not base64url")
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise JoseError("not base64url") from error


def number(value, size=None):
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A private key that signs with one algorithm: RS256, PS256, ES256 or EdDSA. Made when it is first needed: RSA takes a while."""

    def __init__(self, algorithm="RS256", kid=None, private=None):
        self.algorithm, self.kid = algorithm, kid or uuid.uuid4().hex[:16]
        self._private, self._making = private, threading.Lock()

    @property
    def private(self):
        with self._making:
            if self._private is None:
                self._private = {"ES256": lambda: ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate}.get(
                    self.algorithm, lambda: rsa.generate_private_key(65537, 2048))()
            return self._private

    @classmethod
    def load(cls, path, algorithm="RS256", kid=None):
        with open(path, "rb") as file:
            return cls(algorithm, kid, serialization.load_pem_private_key(file.read(), None))

    @property
    def pem(self):
        """PKCS #8, as keys of service accounts are."""
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    @property
    def jwk(self):
        """The public half."""
        return {**public_jwk(self.private.public_key()), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    @property
    def private_jwk(self):
        """Both halves, for clients that are configured with JWK."""
        jwk = self.jwk
        if self.algorithm == "EdDSA":
            raw = self.private.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
            return {**jwk, "d": encode(raw)}
        numbers = self.private.private_numbers()
        if self.algorithm == "ES256":
            return {**jwk, "d": number(numbers.private_value, 32)}
        return {**jwk, "d": number(numbers.d), "p": number(numbers.p), "q": number(numbers.q), "dp": number(numbers.dmp1), "dq": number(numbers.dmq1),
                "qi": number(numbers.iqmp)}

    def sign(self, claims, **header):
        """A compact JWS; what `header` says replaces alg, kid and typ, and None leaves a field out."""
        fields = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid, **header}
        text = ".".join(encode(json.dumps(part).encode()) for part in ({k: v for k, v in fields.items() if v is not None}, claims))
        return f"{text}.{encode(self.signature(text.encode()))}"

    def signature(self, data):
        if self.algorithm == "EdDSA":
            return self.private.sign(data)
        if self.algorithm == "ES256":
            r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.private.sign(data, rsa_padding(self.algorithm), hashes.SHA256())


def rsa_padding(algorithm):
    return padding.PSS(padding.MGF1(hashes.SHA256()), 32) if algorithm == "PS256" else padding.PKCS1v15()


def public_jwk(key):
    if isinstance(key, rsa.RSAPublicKey):
        return {"kty": "RSA", "n": number(key.public_numbers().n), "e": number(key.public_numbers().e)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"kty": "EC", "crv": "P-256", "x": number(key.public_numbers().x, 32), "y": number(key.public_numbers().y, 32)}
    return {"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))}


def public_key(jwk):
    def integer(name):
        return int.from_bytes(decode(jwk[name]), "big")
    try:
        if jwk["kty"] == "RSA":
            return rsa.RSAPublicNumbers(integer("e"), integer("n")).public_key()
        if jwk["kty"] == "EC" and jwk["crv"] == "P-256":
            return ec.EllipticCurvePublicNumbers(integer("x"), integer("y"), ec.SECP256R1()).public_key()
        if jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(decode(jwk["x"]))
    except (KeyError, ValueError) as error:
        raise JoseError("a broken key") from error
    raise JoseError("a key of an unknown kind")


def verify_signature(key, algorithm, data, signature):
    """With a public key that must be of the algorithm's kind."""
    try:
        if algorithm in ("RS256", "PS256") and isinstance(key, rsa.RSAPublicKey):
            return key.verify(signature, data, rsa_padding(algorithm), hashes.SHA256())
        if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 64:
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            return key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey):
            return key.verify(signature, data)
    except InvalidSignature as error:
        raise JoseError("the signature is not of this key") from error
    raise JoseError(f"no key for {algorithm}")


def parse(token):
    """Header, claims, signed text, signature; nothing is verified."""
    parts = (token or "").split(".")
    if len(parts) != 3:
        raise JoseError("not a JWT")
    try:
        header, claims = (json.loads(decode(part)) for part in parts[:2])
    except ValueError as error:
        raise JoseError("not a JWT") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise JoseError("not a JWT")
    return header, claims, f"{parts[0]}.{parts[1]}".encode(), decode(parts[2])


def verify(token, jwks, algorithms):
    """Header and claims of a token that one of the keys has signed; its times are for check_times()."""
    header, claims, text, signature = parse(token)
    algorithm = header.get("alg")
    if algorithm not in algorithms:
        raise JoseError(f"algorithm {algorithm} is not one of {', '.join(algorithms)}")
    keys = [jwk for jwk in jwks if jwk.get("use", "sig") == "sig" and jwk.get("alg", algorithm) == algorithm]
    if "kid" in header:
        keys = [jwk for jwk in keys if jwk.get("kid", header["kid"]) == header["kid"]]
    if not keys:
        raise JoseError("no key with this kid")
    for jwk in keys:
        try:
            verify_signature(public_key(jwk), algorithm, text, signature)
            return header, claims
        except JoseError as error:
            last = error
    raise last


def audiences(claims):
    value = claims.get("aud", [])
    return value if isinstance(value, list) else [value]


def check_times(claims, skew=SKEW, longest=None):
    """exp must be there and in the future; nbf and iat must not be in the future; `longest` bounds exp - now."""
    now = time.time()
    if not isinstance(claims.get("exp"), (int, float)):
        raise JoseError("no exp")
    if claims["exp"] <= now - skew:
        raise JoseError("expired")
    if longest is not None and claims["exp"] > now + longest + skew:
        raise JoseError("exp is too far away")
    for name in ("nbf", "iat"):
        if name in claims and (not isinstance(claims[name], (int, float)) or claims[name] > now + skew):
            raise JoseError(f"{name} is in the future")


def fetch_json(url, ca=None):
    context = ssl.create_default_context(cafile=str(ca)) if ca and url.startswith("https:") else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=context)] if context else []))
    try:
        with opener.open(urllib.request.Request(url, headers={"accept": "application/json"}), timeout=10) as response:
            return json.loads(response.read())
    except (OSError, ValueError) as error:
        raise ConnectionError(f"{url}: {error}") from error


def published_keys(issuer, ca=None):
    """The keys of an issuer by its discovery document, which must name exactly this issuer (OpenID Connect Discovery §4.3).
    ConnectionError when it cannot be had."""
    document = fetch_json(issuer.rstrip("/") + "/.well-known/openid-configuration", ca)
    if document.get("issuer") != issuer:
        raise JoseError(f"the discovery document is of {document.get('issuer')}")
    return fetch_json(document["jwks_uri"], ca)["keys"]


def certificate(path):
    """Of a PEM file: its public JWK, and its thumbprints x5t and x5t#S256 (RFC 7515 §4.1.7, §4.1.8)."""
    with open(path, "rb") as file:
        loaded = x509.load_pem_x509_certificate(file.read())
    der = loaded.public_bytes(serialization.Encoding.DER)
    return public_jwk(loaded.public_key()), encode(hashlib.sha1(der).digest()), encode(hashlib.sha256(der).digest())

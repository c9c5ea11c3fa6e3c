"""AWS Signature Version 4 as AWS verifies it: from what arrived, never from what the client says it signed. Refuses in the words and
shapes of the three kinds of services: XML of the query protocol (STS), S3's XML, and JSON (API Gateway and most others)."""
import calendar
import dataclasses
import email.utils
import hashlib
import hmac
import re
import time
import urllib.parse
from xml.sax.saxutils import escape

from providers import Refused, Reply, json_reply

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,\s*SignedHeaders=([^,\s]+),\s*"
                           r"Signature=([0-9a-f]{64})")
UNRESERVED = "-_.~"
# What happened: status, code for the query protocol; for S3; for JSON.
REFUSALS = {
    "missing": ((403, "MissingAuthenticationToken"), (403, "AccessDenied"), (403, "MissingAuthenticationTokenException")),
    "malformed": ((400, "IncompleteSignature"), (400, "AuthorizationHeaderMalformed"), (403, "IncompleteSignatureException")),
    "unknown": ((403, "InvalidClientTokenId"), (403, "InvalidAccessKeyId"), (403, "UnrecognizedClientException")),
    "token": ((403, "InvalidClientTokenId"), (400, "InvalidToken"), (403, "UnrecognizedClientException")),
    "expired": ((403, "ExpiredToken"), (400, "ExpiredToken"), (403, "ExpiredTokenException")),
    "skewed": ((403, "SignatureDoesNotMatch"), (403, "RequestTimeTooSkewed"), (403, "InvalidSignatureException")),
    "scope": ((403, "SignatureDoesNotMatch"), (400, "AuthorizationHeaderMalformed"), (403, "InvalidSignatureException")),
    "unsigned": ((403, "SignatureDoesNotMatch"), (403, "AccessDenied"), (403, "InvalidSignatureException")),
    "signature": ((403, "SignatureDoesNotMatch"), (403, "SignatureDoesNotMatch"), (403, "InvalidSignatureException")),
    "payload": ((403, "SignatureDoesNotMatch"), (400, "XAmzContentSHA256Mismatch"), (403, "InvalidSignatureException")),
    "no-payload-hash": ((403, "SignatureDoesNotMatch"), (400, "InvalidRequest"), (403, "InvalidSignatureException")),
}


@dataclasses.dataclass
class Identity:
    """Keys and who they are; `expires` in seconds of the epoch, None for keys of a user."""
    access_key: str
    secret: str
    arn: str = "arn:aws:iam::123456789012:user/test"
    token: str | None = None
    expires: float | None = None

    @property
    def account(self):
        return self.arn.split(":")[4]


@dataclasses.dataclass
class Verified:
    identity: Identity
    region: str
    service: str
    signed: list


def style(service):
    return {"sts": 0, "iam": 0, "s3": 1}.get(service, 2)


def refused(service, what, text, **more):
    status, code = REFUSALS[what][style(service)]
    return Refused(status, code, text, service=service, **more)


def refusal(refused):
    """The shape of a refusal for the service that it happened at."""
    kind, identifier = style(refused.more.get("service")), "11111111-2222-3333-4444-555555555555"
    code, text = escape(refused.code), escape(refused.description)
    if kind == 0:
        fault = "Receiver" if refused.status >= 500 else "Sender"
        return Reply(f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>{fault}</Type>\n    <Code>{code}</Code>\n'
                     f"    <Message>{text}</Message>\n  </Error>\n  <RequestId>{identifier}</RequestId>\n</ErrorResponse>\n", refused.status, "text/xml")
    if kind == 1:
        return Reply(f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{text}</Message><RequestId>{identifier}</RequestId></Error>',
                     refused.status, "application/xml")
    return json_reply({"message": refused.description}, refused.status, x_amzn_errortype=refused.code, x_amzn_requestid=identifier)


def canonical_path(path, service):
    """S3 takes a path as it is, encoded once; everybody else's is normalised and each octet of what was sent encoded again."""
    raw = path.encode("latin-1") or b"/"
    if service == "s3":
        return urllib.parse.quote(urllib.parse.unquote_to_bytes(raw), safe=UNRESERVED + "/")
    kept = []
    for segment in raw.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(urllib.parse.quote(segment, safe=UNRESERVED))
    return "/" + "/".join(kept) + ("/" if kept and raw.endswith(b"/") else "")


def canonical_query(raw):
    def again(text):
        return urllib.parse.quote(urllib.parse.unquote_to_bytes(text.replace("+", " ").encode("latin-1")), safe=UNRESERVED)
    pairs = [part.partition("=") for part in raw.split("&") if part]
    return "&".join(f"{name}={value}" for name, value in sorted((again(name), again(value)) for name, _, value in pairs))


def canonical_header(values):
    return ",".join(re.sub(r"[ \t]+", " ", value).strip() for value in values)


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret, date, region, service):
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = mac(key, part)
    return key


def canonical_request(method, target, headers, signed, payload, service):
    """headers: a list of (name, value) as they arrived; signed: names."""
    path, _, query = target.partition("?")
    lines = [f"{name}:{canonical_header([v for k, v in headers if k.lower() == name])}" for name in signed]
    return "\n".join([method, canonical_path(path, service), canonical_query(query), *lines, "", ";".join(signed), payload])


def string_to_sign(date, region, service, canonical):
    return "\n".join(["AWS4-HMAC-SHA256", date, f"{date[:8]}/{region}/{service}/aws4_request", hashlib.sha256(canonical.encode()).hexdigest()])


class Verifier:
    """Knows identities by their access key. `service` and `region` are those of the endpoint; None is whatever was signed."""

    def __init__(self, identities, service=None, region=None, now=time.time):
        self.identities, self.service, self.region, self.now = identities, service, region, now

    def verify(self, method, target, headers, body):
        named = {}
        for name, value in headers:
            named.setdefault(name.lower(), []).append(value)
        expected = self.service
        if "authorization" not in named:
            raise refused(expected, "missing", "Access Denied" if expected == "s3" else "Missing Authentication Token")
        match = AUTHORIZATION.fullmatch(named["authorization"][0].strip())
        if not match or len(named["authorization"]) > 1:
            raise refused(expected, "malformed", "Authorization header requires 'Credential' parameter, 'SignedHeaders' parameter and 'Signature' parameter.")
        access_key, day, region, service, signed, signature = match.groups()
        signed, endpoint = signed.split(";"), expected or service
        self.check_scope(endpoint, service, region)
        self.check_signed(endpoint, signed, named)
        identity = self.identify(endpoint, access_key, named)
        date = self.check_date(endpoint, day, named)
        payload = self.payload(endpoint, named, body)
        canonical = canonical_request(method, target, headers, signed, payload, service)
        text = string_to_sign(date, region, service, canonical)
        good = mac(signing_key(identity.secret, day, region, service), text).hex()
        if not hmac.compare_digest(good, signature):
            raise refused(endpoint, "signature", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
                          "and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n"
                          f"'{canonical}'\n\nThe String-to-Sign should have been\n'{text}'\n")
        return Verified(identity, region, service, signed)

    def check_scope(self, endpoint, service, region):
        if service != endpoint:
            raise refused(endpoint, "scope", f"Credential should be scoped to correct service: '{endpoint}'. ")
        if self.region not in (None, region):
            raise refused(endpoint, "scope", f"Credential should be scoped to a valid region, not '{region}'. ")

    @staticmethod
    def check_signed(endpoint, signed, named):
        """host, and whatever AWS gives a meaning to, must be signed; what is signed must be there."""
        if signed != sorted(set(signed)) or any(name != name.lower() for name in signed):
            raise refused(endpoint, "signature", "SignedHeaders are not sorted, lower case and single.")
        if missing := [name for name in named if (name == "host" or name.startswith("x-amz-")) and name not in signed]:
            raise refused(endpoint, "unsigned", f"There were headers present in the request which were not signed: {', '.join(missing)}")
        if "host" not in signed:
            raise refused(endpoint, "unsigned", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")

    def identify(self, endpoint, access_key, named):
        identity = self.identities.get(access_key)
        if identity is None:
            raise refused(endpoint, "unknown", "The AWS Access Key Id you provided does not exist in our records." if endpoint == "s3" else
                          "The security token included in the request is invalid.")
        if named.get("x-amz-security-token", [None]) != [identity.token]:
            raise refused(endpoint, "token", "The security token included in the request is invalid.")
        if identity.expires is not None and identity.expires <= self.now():
            raise refused(endpoint, "expired", "The provided token has expired." if endpoint == "s3" else "The security token included in the request is expired")
        return identity

    def check_date(self, endpoint, day, named):
        """The request's time as YYYYMMDDTHHMMSSZ: within five minutes of ours, S3: fifteen."""
        shown = (named.get("x-amz-date") or named.get("date") or [""])[0].strip()
        if not re.fullmatch(r"\d{8}T\d{6}Z", shown) and (parsed := email.utils.parsedate_tz(shown)):
            shown = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(email.utils.mktime_tz(parsed)))
        try:
            at = calendar.timegm(time.strptime(shown, "%Y%m%dT%H%M%SZ"))
        except ValueError as error:
            raise refused(endpoint, "malformed", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.") from error
        if shown[:8] != day:
            raise refused(endpoint, "scope", f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{shown[:8]}', "
                          f"from '{shown}'.")
        minutes, now = 15 if endpoint == "s3" else 5, self.now()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        if endpoint == "s3" and abs(now - at) > minutes * 60:
            raise refused(endpoint, "skewed", "The difference between the request time and the current time is too large.")
        if now - at > minutes * 60:
            edge = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now - minutes * 60))
            raise refused(endpoint, "skewed", f"Signature expired: {shown} is now earlier than {edge} ({stamp} - {minutes} min.)")
        if at - now > minutes * 60:
            edge = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + minutes * 60))
            raise refused(endpoint, "skewed", f"Signature not yet current: {shown} is still later than {edge} ({stamp} + {minutes} min.)")
        return shown

    @staticmethod
    def payload(endpoint, named, body):
        """The hash that belongs into the canonical request: the body's, and what the client says must be that; S3 only takes
        UNSIGNED-PAYLOAD instead."""
        told, real = named.get("x-amz-content-sha256", [None])[0], hashlib.sha256(body).hexdigest()
        if endpoint == "s3" and told is None:
            raise refused(endpoint, "no-payload-hash", "Missing required header for this request: x-amz-content-sha256")
        if endpoint == "s3" and told == "UNSIGNED-PAYLOAD":
            return told
        if told not in (None, real):
            raise refused(endpoint, "payload", "The provided 'x-amz-content-sha256' header does not match what was computed.")
        return real

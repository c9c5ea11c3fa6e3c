"""The metadata server of Google Compute Engine: tokens of the machine's service account for whoever shows the right header."""
import re

from providers import Provider, Refused, Reply, json_reply

BASE = "/computeMetadata/v1"
FLAVOR = {"metadata-flavor": "Google", "server": "Metadata Server for VM", "x-xss-protection": "0", "x-frame-options": "SAMEORIGIN"}


class Metadata(Provider):
    """`google` is the fake that knows the tokens, `account` the machine's. Requests without `Metadata-Flavor: Google` and those that came
    through a proxy are refused, so that nobody is tricked into asking."""

    def __init__(self, google, account, **more):
        self.google, self.account = google, account
        super().__init__(**more)

    def respond(self, request):
        reply = super().respond(request)
        if reply:
            reply.headers = {**FLAVOR, **reply.headers}
        return reply

    def refusal(self, refused):
        return Reply(f"<!DOCTYPE html>\n<html><p><b>{refused.status}.</b> {refused.description}</html>\n", refused.status, "text/html; charset=UTF-8")

    def answer(self, request):
        if request.headers.get("x-forwarded-for") is not None:
            raise Refused(403, "forbidden", "Requests with X-Forwarded-For are not served.")
        if request.path == "/":
            return Reply("computeMetadata/\n", content_type="application/text")
        if request.headers.get("metadata-flavor") != "Google":
            raise Refused(403, "forbidden", "Missing Metadata-Flavor:Google header.")
        if request.method != "GET":
            raise Refused(405, "method", "Only GET is served here.")
        if request.path.rstrip("/") == BASE + "/instance":
            return Reply("service-accounts/\n", content_type="application/text")
        if request.path == BASE + "/universe/universe-domain":
            return Reply("googleapis.com", content_type="application/text")
        if request.path == BASE + "/project/project-id":
            return Reply("shop", content_type="application/text")
        match = re.fullmatch(BASE + "/instance/service-accounts/([^/]+)/(token|identity|email)", request.path)
        if not match or match[1] not in ("default", self.account.email):
            raise Refused(404, "not_found", "The requested URL was not found on this server.")
        return getattr(self, match[2])(request)

    def email(self, _):
        return Reply(self.account.email, content_type="application/text")

    def token(self, request):
        scopes = request.parameter("scopes", "https://www.googleapis.com/auth/cloud-platform").split(",")
        seconds = self.lifetime(request)
        return json_reply({"access_token": self.google.tokens.issue(seconds, email=self.account.email, scope=scopes), "expires_in": seconds, "token_type": "Bearer"})

    def identity(self, request):
        audience = request.parameter("audience")
        if not audience:
            raise Refused(400, "invalid", "non-empty audience parameter required")
        token = self.google.id_token(self.account, audience, self.lifetime(request), email=request.parameter("format") == "full")
        return Reply(token, content_type="text/html")

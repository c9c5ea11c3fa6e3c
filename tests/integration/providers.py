"""What every fake provider of tokens and credentials is made of: an HTTP(S) server on a thread that remembers its requests, verifies
them, and misbehaves when told to. See providers_*.py for the families, and fakes_proved.py, where the official clients prove them."""
import datetime
import functools
import hashlib
import http.server
import json
import ssl
import threading
import time
import urllib.parse
import uuid

LIMIT = 4 << 20  # of a request's body


class Refused(Exception):
    """A request that the real provider would refuse as well. Each family turns it into its own shape."""

    def __init__(self, status, code, description="", **more):
        super().__init__(f"{status} {code}: {description}")
        self.path = None  # of the request
        self.status, self.code, self.description, self.more = status, code, description, more


class Request:
    """One request as it arrived. `target` is untouched, `query` is decoded; header names compare without case. `client` is its address and
    port, the same for requests of one connection; `peer` its certificate, where it showed one."""

    def __init__(self, method, target, headers, body, peer=None, client=None):
        self.method, self.target, self.headers, self.body, self.peer, self.client = method, target, headers, body, peer, client
        self.path, _, self.raw_query = target.partition("?")
        self.query = urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True)
        self.at = time.monotonic()
        self.fault = Fault()
        self.status = None  # of the answer; None while there is none, or when the connection was closed instead

    @functools.cached_property
    def pairs(self):
        """The fields of a form in their order."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return []
        return urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def form(self):
        return dict(self.pairs)

    @property
    def json(self):
        return json.loads(self.body)

    def parameter(self, name, default=None):
        return dict(self.query).get(name, default)


class Fault:
    """How one answer goes wrong. What is None goes right."""

    def __init__(self, path=None, slow=0.0, hold=None, status=None, retry_after=None, body=None, content_type=None, close=False,
                 expires_in=None, refuse=None, headers=None):
        self.path, self.slow, self.hold, self.status, self.retry_after = path, slow, hold, status, retry_after
        self.body, self.content_type, self.close, self.expires_in, self.refuse = body, content_type, close, expires_in, refuse
        self.headers = headers or {}


class Reply:
    def __init__(self, body=b"", status=200, content_type="text/plain", headers=None):
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.headers = {"content-type": content_type, **(headers or {})}


def json_reply(value, status=200, **headers):
    """JSON as token endpoints send it: not to be stored (RFC 6749 §5.1)."""
    fields = {"cache-control": "no-store", "pragma": "no-cache", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return Reply(json.dumps(value), status, "application/json", fields)


class Provider(http.server.ThreadingHTTPServer):
    """The base of all fakes; a family implements answer(request) and refusal(refused).

    tls: paths of (certificate, key), else plain HTTP. client_ca: path of a CA whose client certificates are read, when shown.
    expires_in: the lifetime in seconds of what it issues; a string is sent as a string."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, tls=None, client_ca=None, expires_in=3600, host="127.0.0.1"):
        self.requests, self.expires_in = [], expires_in
        self._faults, self._lock, self._stopped = [], threading.Lock(), threading.Event()
        self._context = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*map(str, tls))
            if client_ca:
                self._context.load_verify_locations(str(client_ca))
                self._context.verify_mode = ssl.CERT_OPTIONAL
        super().__init__((host, 0), Handler)
        self.port = self.server_address[1]
        self.address = f"{host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def get_request(self):
        connection, address = super().get_request()
        if self._context:  # the handshake then happens on the connection's own thread
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        pass  # a client that hung up is its own business

    def stop(self):
        self._stopped.set()
        self.shutdown()
        self.server_close()

    # Misbehaviour

    def next(self, times=1, **fault):
        """The next `times` requests (None: all until behave()) go wrong; see Fault. `path` limits it to targets that contain it.

        slow=2.0 | hold=threading.Event() | status=500 | status=429, retry_after=3 | body=b'{"acc' (malformed) | body=b"" | close=True |
        expires_in=5 | expires_in="3600" | refuse="invalid_client"[, status=403] (in the family's shape) | content_type="text/html" | headers={"date": …}"""
        with self._lock:
            self._faults.append([times, Fault(**fault)])

    def behave(self):
        with self._lock:
            self._faults.clear()

    def take_fault(self, request):
        with self._lock:
            for entry in self._faults:
                if entry[1].path is None or entry[1].path in request.target:
                    if entry[0] is not None:
                        entry[0] -= 1
                        if entry[0] <= 0:
                            self._faults.remove(entry)
                    return entry[1]
        return Fault()

    def lifetime(self, request):
        """In seconds as it is to be told, perhaps a string."""
        return self.expires_in if request.fault.expires_in is None else request.fault.expires_in

    # What families implement

    def answer(self, request):
        raise NotImplementedError

    def refusal(self, refused):
        return json_reply({"error": refused.code, "error_description": refused.description}, refused.status)

    def respond(self, request):
        """The reply to a request, or None to close the connection without one."""
        fault = request.fault = self.take_fault(request)
        with self._lock:
            self.requests.append(request)
        if fault.hold:
            fault.hold.wait(30)
        if fault.slow:
            self._stopped.wait(fault.slow)
        if fault.close:
            return None
        if fault.refuse is None and (fault.status is not None or fault.body is not None):
            body = b"told to fail" if fault.body is None else fault.body
            reply = Reply(body, fault.status or 200, "application/json" if fault.body is not None else "text/plain")
            if fault.retry_after is not None:
                reply.headers["retry-after"] = str(fault.retry_after)
        else:
            try:
                if fault.refuse:
                    raise Refused(fault.status or (401 if fault.refuse == "invalid_client" else 400), fault.refuse, "told to refuse")
                reply = self.answer(request)
            except Refused as refused:
                refused.path = request.path
                reply = self.refusal(refused)
        if fault.content_type:
            reply.headers["content-type"] = fault.content_type
        reply.headers.update(fault.headers)
        request.status = reply.status
        return reply

    def seen(self, part=""):
        """Requests whose target contains a text."""
        with self._lock:
            return [request for request in self.requests if part in request.target]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "fake", ""
    timeout = 60

    def log_message(self, *_):
        pass

    def read_body(self):
        if "chunked" in self.headers.get("transfer-encoding", ""):
            body = b""
            while length := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(min(LIMIT, int(self.headers.get("content-length", 0))))

    def do(self):
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        target = self.requestline.split(" ")[1]  # self.path has lost leading slashes
        request = Request(self.command, target, self.headers, self.read_body(), peer, self.client_address)
        reply = self.server.respond(request)
        if reply is None:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        if "date" not in map(str.lower, reply.headers):
            self.send_header("date", self.date_time_string())
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = do


class Tokens:
    """Opaque tokens that a provider has issued, so that an origin can ask whether one is good."""

    def __init__(self, prefix):
        self.prefix, self._known, self._lock = prefix, {}, threading.Lock()

    def issue(self, seconds, token=None, **about):
        token = token or self.prefix + uuid.uuid4().hex + uuid.uuid4().hex
        with self._lock:
            self._known[token] = {**about, "exp": time.time() + int(seconds)}
        return token

    def revoke(self, token):
        with self._lock:
            self._known.pop(token, None)

    def check(self, token):
        """What is known about a good token; raises ValueError otherwise."""
        with self._lock:
            about = self._known.get(str(token))
        if about is None:
            raise ValueError("unknown token")
        if about["exp"] <= time.time():
            raise ValueError("the token has expired")
        return about

    @property
    def issued(self):
        with self._lock:
            return dict(self._known)


class Echo(Provider):
    """An origin: answers what arrived as JSON. With `check` (a function of a bearer token that answers its claims or raises
    ValueError) it wants a good token in the header, and says 401 with a challenge otherwise (RFC 6750 §3)."""

    def __init__(self, check=None, header="authorization", scheme="Bearer", realm="echo", **more):
        self.check, self.header, self.scheme, self.realm = check, header, scheme, realm
        super().__init__(**more)

    def answer(self, request):
        claims = None
        if self.check:
            shown = request.headers.get_all(self.header) or []
            challenge = f'{self.scheme or "Bearer"} realm="{self.realm}"'
            if not shown:
                return json_reply({"error": "no token"}, 401, www_authenticate=challenge)
            scheme, _, token = shown[0].partition(" ") if self.scheme else ("", "", shown[0])
            try:
                if len(shown) > 1 or scheme.lower() != self.scheme.lower():
                    raise ValueError("not one token of the scheme")
                claims = self.check(token.strip())
            except ValueError as error:
                return json_reply({"error": str(error)}, 401, www_authenticate=f'{challenge}, error="invalid_token", error_description="{error}"')
        return json_reply({"method": request.method, "target": request.target, "headers": [[k.lower(), v] for k, v in request.headers.items()],
                           "size": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest(), "claims": claims,
                           "peer": request.peer and str(request.peer.get("subject"))})


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

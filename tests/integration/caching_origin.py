"""An origin that says how its answers may be kept, answers conditional requests, and counts who asks."""
import http.server
import socketserver
import threading
import time

from harness import free_port


class Page:
    def __init__(self, fields=(), body=None, status=200, delay=0.0, gate=None, chunked=False, vary=(), cut=None):
        self.fields, self.body, self.status, self.delay, self.gate = dict(fields), body, status, delay, gate
        self.chunked, self.vary, self.cut = chunked, vary, cut
        self.calls = []  # the fields of each request, names in lower case


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 256

    def __init__(self, port, origin):
        self.origin, self.connections = origin, set()
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request, client_address):
        """Who leaves in the middle is a part of the stories."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def log_message(self, *_):
        pass

    def do_GET(self):
        page = self.server.origin.page(self.path.split("?")[0])
        asked = {name.lower(): value for name, value in self.headers.items()}
        asked[":method"], asked[":path"] = self.command, self.path
        asked[":body"] = self.rfile.read(int(asked.get("content-length", 0)))
        with self.server.origin.lock:
            page.calls.append(asked)
            number = len(page.calls)
        if page.gate:
            page.gate.wait(20)
        time.sleep(page.delay)
        varied = "".join(f" {asked.get(name, '')}" for name in page.vary)
        body = page.body if page.body is not None else f"{self.path} {number}{varied}\n".encode()
        fields = {name.lower(): value for name, value in page.fields.items()}
        if page.vary:
            fields["vary"] = ", ".join(page.vary)
        tag, since = fields.get("etag"), fields.get("last-modified")
        same = (tag and asked.get("if-none-match") == tag) or (since and not tag and asked.get("if-modified-since") == since)
        self.send_response(304 if same and page.status == 200 else page.status)
        for name, value in fields.items():
            self.send_header(name, value)
        if same and page.status == 200:
            return self.end_headers()
        if page.chunked:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            if self.command != "HEAD":
                for at in range(0, len(body), 4096):
                    piece = body[at:at + 4096]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
            return None
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        self.wfile.write(body if page.cut is None else body[:page.cut])
        if page.cut is not None:
            self.close_connection = True
        return None

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET


class CachingOrigin:
    """pages[path] says how; a path that is not there answers without a word about caches."""

    def __init__(self, case):
        self.pages, self.lock = {}, threading.Lock()
        self.port, self.server = free_port(), None  # to which it comes back
        self.start()
        case.addCleanup(self.stop)

    def start(self):
        self.server = Server(self.port, self)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        """As a crash: its port refuses, its connections end."""
        if self.server:
            server, self.server = self.server, None
            server.shutdown()
            server.server_close()
            for connection in list(server.connections):
                try:
                    connection.shutdown(2)
                except OSError:
                    pass

    def page(self, path):
        with self.lock:
            return self.pages.setdefault(path, Page())

    def say(self, path, *arguments, **keywords):
        with self.lock:
            page = self.pages[path] = Page(*arguments, **keywords)
        return page

    def calls(self, path):
        return len(self.page(path).calls)

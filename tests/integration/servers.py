"""Private servers for tests: nginx, Python in both HTTP versions, Node, and sockets that misbehave on purpose."""
import hashlib
import http.server
import shutil
import socket
import threading

from harness import Process, can_connect, free_port, wait_for

NODE_SCRIPT = """
const http = require('http');
http.createServer((request, response) => {
  let size = 0;
  request.on('data', part => size += part.length);
  request.on('end', () => {
    response.setHeader('x-server', 'node');
    if (request.url.endsWith('/chunks')) { for (let i = 0; i < 5; i++) response.write('part' + i + ';'); response.end(); }
    else response.end(JSON.stringify({method: request.method, url: request.url, size, headers: request.headers}));
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
"""


def start_nginx(case, files=None, lines="", port=None):
    port = port or free_port()
    root = case.directory / f"www-{port}"
    root.mkdir()
    for name, content in (files or {"index.html": b"hello from nginx\n"}).items():
        (root / name).write_bytes(content)
    temporary = "".join(f"{kind}_temp_path {root}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = case.write(f"nginx-{port}.conf", f"""
daemon off; master_process off; pid {root}.pid; error_log {root}.err; events {{ worker_connections 4096; }}
http {{ access_log off; client_max_body_size 0; {temporary} keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; root {root}; {lines} }} }}""")
    Process(case, "nginx", [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", config, "-p", case.directory])
    wait_for(lambda: can_connect(port), "nginx")
    return port


def start_node(case):
    port = free_port()
    Process(case, "node", ["node", case.write("server.js", NODE_SCRIPT), port])
    wait_for(lambda: can_connect(port), "node")
    return port


def start_http10(case, files):
    port = free_port()
    root = case.directory / f"http10-{port}"
    root.mkdir()
    for name, content in files.items():
        (root / name).write_bytes(content)
    Process(case, "http10", ["/usr/bin/python3", "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", root])
    wait_for(lambda: can_connect(port), "python3 -m http.server")
    return port


class Origin(http.server.ThreadingHTTPServer):
    """An HTTP/1.1 server in this process; remembers what it was asked."""
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, name="origin"):
        self.name = name
        self.seen = []
        self.release = threading.Event()
        super().__init__(("127.0.0.1", 0), OriginHandler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass


class OriginHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for an acknowledgement

    def log_message(self, *_):
        pass

    def reply(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def read_body(self):
        digest, size = hashlib.sha256(), 0
        if self.headers.get("transfer-encoding", "") == "chunked":
            while length := int(self.rfile.readline().split(b";")[0], 16):
                part = self.rfile.read(length)
                self.rfile.readline()
                digest.update(part)
                size += len(part)
            self.rfile.readline()
        else:
            left = int(self.headers.get("content-length", 0))
            while left > 0 and (part := self.rfile.read(min(left, 1 << 20))):
                digest.update(part)
                size += len(part)
                left -= len(part)
            if left > 0:
                raise ConnectionResetError("a part of a body is no request")
        return size, digest.hexdigest()

    def do(self):
        size, digest = self.read_body()
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        parts = self.path.split("?")[0].strip("/").split("/")
        if "status" in parts:
            self.reply(b"from the backend", int(parts[-1]), x_backend="yes")
        elif "bytes" in parts:
            self.send_response(200)
            self.send_header("content-length", parts[-1])
            self.end_headers()
            left, block = 0 if self.command == "HEAD" else int(parts[-1]), bytes(range(256)) * 256
            while left > 0:
                self.wfile.write(block[:left])
                left -= len(block)
        elif "held" in parts:
            self.server.release.wait(20)
            self.reply(b"held " + self.server.name.encode())
        elif "stream" in parts:
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            while not self.server.release.wait(0.02):
                self.wfile.write(b"5\r\ntick\n\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif "nap" in parts:
            threading.Event().wait(float(parts[-1]))
            self.reply(self.server.name.encode())
        else:
            self.reply(f"{self.server.name} {size} {digest}".encode())

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = do


def pump(source, sink):
    """Copies bytes until the source ends, and then ends the sink."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Accepting:
    """Listens on a port of its own and serves each connection on a thread."""

    def __init__(self):
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()


class Scripted(Accepting):
    """Accepts connections and answers each request, which has ended with `last`, with fixed bytes, then does as told."""

    def __init__(self, answer=b"", then="close", last=b"\r\n\r\n"):
        self.answer, self.then, self.last = answer, then, last
        super().__init__()

    def serve(self, connection):
        head = b""
        while self.last not in head:
            part = connection.recv(65536)
            if not part:
                return
            head += part
        self.requests.append(head)
        connection.sendall(self.answer)
        if self.then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if self.then == "hold":
            threading.Event().wait(30)
        connection.close()

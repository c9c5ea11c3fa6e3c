"""A connector with a forward proxy before a tunnel, its servers, and clients that speak to a proxy by hand."""
import base64
import hashlib
import json
import socket
import subprocess

from harness import Case, Site, can_connect, free_port, wait_for
from servers import Accepting, Origin

KEY, PASSWORD = "key-of-storefront", "open sesame"
BASIC = "Basic " + base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
OTHER = "Basic " + base64.b64encode(b"guest:visit").decode()
BYTES = bytes(range(256)) * 256


def hashed(secret):
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def connect(target, *fields, authorization=BASIC):
    fields = [f"Host: {target}", *fields] + ([f"Proxy-Authorization: {authorization}"] if authorization else [])
    return (f"CONNECT {target} HTTP/1.1\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n").encode()


def dial(port, target, more=b"", **keywords):
    """A socket behind an answered CONNECT, and the head of the answer."""
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(connect(target, **keywords) + more)
    return client, read_head(client)


def read_head(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (part := client.recv(1)):
            break
        head += part
    return head


def read_all(client):
    """What comes until the other side ends, and how it does."""
    received = b""
    with client:
        try:
            while part := client.recv(65536):
                received += part
        except ConnectionResetError:
            return received, "reset"
    return received, "end"


class Echo(Accepting):
    """Gives back what it gets, and what it was greeted with; ends when its client ends."""

    def __init__(self):
        self.open = 0
        super().__init__()

    def serve(self, connection):
        self.open += 1
        try:
            while part := connection.recv(65536):
                connection.sendall(part)
        except OSError:
            pass
        self.open -= 1
        connection.close()


class Proxied(Case):
    """A connector with a listener of routes and one that is a forward proxy, and a tunnel to servers of this process."""
    tls = ""
    policies = "[ basic, api-key ]"
    more = ""
    idle = "60s"

    def setUp(self):
        super().setUp()
        self.prepare()
        self.origin, self.echo = Origin(), Echo()
        self.port = free_port()
        services = {"web": f"http://127.0.0.1:{self.origin.port}", "echo": f"http://localhost:{self.echo.port}", "closed": f"http://127.0.0.1:{free_port()}",
                    "forbidden": f"http://127.0.0.1:{self.echo.port}", **self.services()}
        proxy = f'forward_proxy: {{ policies: {self.policies}, idle_timeout: {self.idle}, timeouts: {{ connect: 3s }} }}'
        self.site = Site(self, services, workers=2, listener=f' }}, {{ name: proxy, address: "127.0.0.1:{self.port}", {proxy}{self.tls}',
                         extra=f"""
consumers:
  - {{ name: storefront, environment: production, project: shop, logins: [ {{ user: shop, password: "{hashed(PASSWORD)}" }} ], api_keys: [ "{hashed(KEY)}" ]{self.more} }}
  - {{ name: guest, environment: production, logins: [ {{ user: guest, password: "{hashed('visit')}" }} ] }}
access:
  services:
    echo: [ {{ consumer: guest, environments: [ production ] }} ]
""")
        self.set_services(services)
        self.connector, (self.agent,) = self.site.up()
        wait_for(lambda: can_connect(self.port), "the proxy's port")

    def prepare(self):
        pass

    def services(self):
        return {}

    def set_services(self, services):
        """All may be used by the project shop, but for the one that nobody may use."""
        document = {"version": 1, "services": [{"name": n, "endpoint": u, "configurations": [
            {"project": "shop", "accessibleBy": [] if n == "forbidden" else ["production"]}]} for n, u in services.items()]}
        self.site.tool("tunnel", "services", "update", "t1", "--configuration-file", self.write("services.json", json.dumps(document)))

    def web(self, path=""):
        return f"http://127.0.0.1:{self.origin.port}{path}"

    def echo_target(self):
        return f"localhost:{self.echo.port}"

    def curl(self, *arguments, user=f"shop:{PASSWORD}", status=0):
        proxy = ["-x", f"{'https' if self.tls else 'http'}://localhost:{self.port}"] + (["--proxy-user", user] if user else [])
        done = subprocess.run(["curl", "-sS", "--noproxy", "", "-m", "30", *proxy, *map(str, arguments)], cwd=self.directory, capture_output=True, timeout=40)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout

    def line(self, **wanted):
        """The access line of the proxy that has these members."""
        def found():
            for line in self.site.access_lines(self.connector):
                if line["route"] == "forward-proxy" and all(line.get(name) == value for name, value in wanted.items()):
                    return line
            return None
        return wait_for(found, f"an access line with {wanted}")

    def problem(self, answer):
        head, _, body = bytes(answer).partition(b"\r\n\r\n")
        return head, json.loads(body)

"""The systems that are compared: each a pair of proxies between a client port and the same private nginx."""
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROXY_CORE, LOAD_CORE = "0", "1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_ns(pid):
    """CPU time of a process and its children that still live, from the scheduler's own accounting."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
        for child in (task / "children").read_text().split():
            total += cpu_ns(child)
    return total


def rss_kib(pid):
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            total += int(line.split()[1])
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            total += rss_kib(child)
    return total


class System:
    """`gateway` and `remote` are the two processes whose cost is counted. `speaks`: what clients may use besides HTTP/1.1."""
    name = ""
    speaks = ()
    fields = ()  # that its clients send with every request

    def __init__(self, directory, backend, certificates):
        self.directory = directory / self.name
        self.directory.mkdir()
        self.backend, self.certificates = backend, certificates
        self.port, self.middle, self.tls_port = free_port(), free_port(), free_port()
        self.processes = {}

    def spawn(self, role, arguments, environment=None, core=PROXY_CORE):
        log = open(self.directory / f"{role}.log", "wb")
        self.processes[role] = subprocess.Popen(["taskset", "-c", core, *map(str, arguments)], cwd=self.directory, stdin=subprocess.DEVNULL,
                                                stdout=log, stderr=log, env={**os.environ, **(environment or {})})

    def write(self, name, text):
        (self.directory / name).write_text(text)
        return self.directory / name

    def start(self):
        pass

    def wait(self):
        end = time.monotonic() + 15
        while True:
            try:
                request = urllib.request.Request(f"http://127.0.0.1:{self.port}/1k", headers=dict(field.split(": ", 1) for field in self.fields))
                if urllib.request.urlopen(request, timeout=2).status == 200:
                    return
            except OSError:
                if time.monotonic() > end:
                    raise SystemExit(f"{self.name} did not come up; see {self.directory}")
                time.sleep(0.05)

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def cpu(self):
        return {role: cpu_ns(process.pid) for role, process in self.processes.items()}

    def rss(self):
        return {role: rss_kib(process.pid) for role, process in self.processes.items()}


class Direct(System):
    name = "direct"
    speaks = ()

    def start(self):
        self.port = self.backend


class Adit(System):
    name = "adit"
    speaks = ("h2", "grpc", "tls")

    around_backend = ""  # settings of the backend and of the route, and of the file
    around_route = ""
    around_all = ""

    def tunnels(self):
        """The door for agents, in the configuration."""
        return f'tls: {{ address: "127.0.0.1:{self.middle}", key: connector.key }}'

    def start(self):
        build = ROOT / "build/release"
        config = self.write("adit.yaml", f"""
workers: 1
log: {{ level: warn }}
listeners:
  - {{ address: "127.0.0.1:{self.port}" }}
  - {{ address: "127.0.0.1:{self.tls_port}", tls: {{ certificate: {self.certificates}/server.pem, key: {self.certificates}/server.key }} }}
tunnels: {{ directory: tunnels.d, {self.tunnels()} }}
backends: {{ web: {{ endpoints: [ service://web ]{self.around_backend} }}, grpc: {{ endpoints: [ service://grpc ], protocol: h2 }} }}
routes:
  - {{ match: {{ path: /grpc/** }}, backend: grpc }}
  - {{ match: {{ path: /** }}, backend: web{self.around_route} }}
{self.around_all}""")
        connector = build / "connector/adit-connector"
        token = subprocess.run([connector, "tunnel", "create", "bench", "--config", config], cwd=self.directory, capture_output=True, text=True, check=True).stdout
        (self.directory / "token").touch(0o600)
        self.write("token", token)
        services = self.write("services.json", json.dumps({"version": 1, "services": [
            {"name": name, "endpoint": f"http://127.0.0.1:{port}", "configurations": [{"project": "shop", "accessibleBy": ["production"]}]}
            for name, port in (("web", self.backend), ("grpc", self.backend + 1))]}))
        subprocess.run([connector, "tunnel", "services", "update", "bench", "--configuration-file", services, "--config", config], cwd=self.directory, capture_output=True, check=True)
        self.spawn("gateway", [connector, "run", "--config", config])
        self.spawn("remote", [build / "agent/adit-agent", "run", "--token-file", "token", "--allow", f"127.0.0.1:{self.backend}", "--allow", f"127.0.0.1:{self.backend + 1}", "--metrics", "127.0.0.1:0"],
                   {"TUNNEL_LOGLEVEL": "warn"})


class AditPolicies(Adit):
    """Every policy on: authentication by key, access, rate limit, bulkheads of consumer and backend, circuit, retries, time-outs.
    None of them refuses anything here; what they cost is the difference to `adit`."""
    name = "adit-policies"
    speaks = ("h2",)
    key = "the key of the benchmark"
    fields = (f"X-Api-Key: {key}",)
    around_backend = (", timeouts: { connect: 5s, first_byte: 30s, per_try: 10s, total: 60s }, retry: { attempts: 3, on: [ connect-failure, reset, 502, 503, 504 ] }, "
                      "circuit: { slow_rate: 50 }, bulkhead: { concurrent: 4096 }")
    around_route = ', policies: [ api-key, standard, crowd ], access: [ { consumer: shop, environments: [ "*" ] } ]'
    around_all = f"""consumers: [ {{ name: shop, project: shop, environment: production, api_keys: [ "sha256:{hashlib.sha256(key.encode()).hexdigest()}" ] }} ]
policies:
  standard: {{ rate_limit: {{ limits: [ {{ requests: 1000000, per: 1s }}, {{ requests: 50000000, per: 1m }} ] }} }}
  crowd: {{ bulkhead: {{ concurrent: 4096 }} }}
"""


class Nghttpx(System):
    name = "nghttpx"
    speaks = ("h2", "grpc", "tls")

    def start(self):
        c = self.certificates
        common = ["--workers=1", "--no-ocsp", "--errorlog-file=/dev/null", "--accesslog-file=/dev/null", "--conf=/dev/null"]
        self.spawn("remote", ["nghttpx", *common, f"--frontend=127.0.0.1,{self.middle}", f"--backend=127.0.0.1,{self.backend}", f"--backend=127.0.0.1,{self.backend + 1};/grpc/;proto=h2", "--verify-client",
                              f"--verify-client-cacert={c}/ca.pem", "--tls-min-proto-version=TLSv1.3", f"{c}/server.key", f"{c}/server.pem"])
        self.spawn("gateway", ["nghttpx", *common, f"--frontend=127.0.0.1,{self.port};no-tls", f"--frontend=127.0.0.1,{self.tls_port}", f"--backend=127.0.0.1,{self.middle};;proto=h2;tls;sni=localhost",
                               f"--cacert={c}/ca.pem", f"--client-cert-file={c}/client.pem", f"--client-private-key-file={c}/client.key", f"{c}/server.key", f"{c}/server.pem"])


class Nginx(System):
    name = "nginx"
    speaks = ("tls",)

    def config(self, role, body):
        temporary = "".join(f"{kind}_temp_path {self.directory}/{role}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return self.write(f"{role}.conf", f"""daemon off; master_process off; pid {self.directory}/{role}.pid; error_log /dev/null;
events {{ worker_connections 12000; }} http {{ access_log off; {temporary} client_max_body_size 0; keepalive_requests 100000000;
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering on; proxy_request_buffering off; {body} }}""")

    def start(self):
        c = self.certificates
        remote = self.config("remote", f"""upstream b {{ server 127.0.0.1:{self.backend}; keepalive 1024; }}
server {{ listen 127.0.0.1:{self.middle} ssl; ssl_protocols TLSv1.3; ssl_certificate {c}/server.pem; ssl_certificate_key {c}/server.key;
ssl_client_certificate {c}/ca.pem; ssl_verify_client on; location / {{ proxy_pass http://b; }} }}""")
        gateway = self.config("gateway", f"""upstream b {{ server 127.0.0.1:{self.middle}; keepalive 1024; }}
server {{ listen 127.0.0.1:{self.port}; listen 127.0.0.1:{self.tls_port} ssl; ssl_certificate {c}/server.pem; ssl_certificate_key {c}/server.key; location / {{ proxy_pass https://b; proxy_ssl_certificate {c}/client.pem; proxy_ssl_certificate_key {c}/client.key;
proxy_ssl_trusted_certificate {c}/ca.pem; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_protocols TLSv1.3; }} }}""")
        for role, config in (("remote", remote), ("gateway", gateway)):
            self.spawn(role, [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", config, "-p", self.directory])


class Haproxy(System):
    name = "haproxy"

    def start(self):
        c = self.certificates
        common = "global\n nbthread 1\n maxconn 9000\ndefaults\n mode http\n timeout connect 5s\n timeout client 300s\n timeout server 60s\n http-reuse always\n"
        remote = self.write("remote.cfg", common + f"""frontend f
 bind 127.0.0.1:{self.middle} ssl crt {c}/server-all.pem ca-file {c}/ca.pem verify required ssl-min-ver TLSv1.3
 default_backend b
backend b
 server s 127.0.0.1:{self.backend}
""")
        gateway = self.write("gateway.cfg", common + f"""frontend f
 bind 127.0.0.1:{self.port}
 default_backend b
backend b
 server s 127.0.0.1:{self.middle} ssl crt {c}/client-all.pem ca-file {c}/ca.pem verify required verifyhost localhost
""")
        for role, config in (("remote", remote), ("gateway", gateway)):
            self.spawn(role, [shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "-db", "-f", config])


class Ssh(System):
    name = "ssh"

    def start(self):
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.directory / key], check=True)
        keys = self.write("authorized", (self.directory / "user.pub").read_text())
        keys.chmod(0o600)
        config = self.write("sshd.conf", f"""Port {self.middle}
ListenAddress 127.0.0.1
HostKey {self.directory}/host
AuthorizedKeysFile {keys}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
MaxStartups 100
""")
        os.makedirs("/run/sshd", exist_ok=True)
        self.spawn("gateway", ["/usr/sbin/sshd", "-D", "-e", "-f", config])
        time.sleep(0.5)
        self.spawn("remote", ["ssh", "-N", "-i", self.directory / "user", "-p", self.middle, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                              "-o", "ExitOnForwardFailure=yes", "-R", f"127.0.0.1:{self.port}:127.0.0.1:{self.backend}", "127.0.0.1"])


ALL = {system.name: system for system in (Direct, Adit, AditPolicies, Nghttpx, Nginx, Haproxy, Ssh)}


def make_certificates(directory):
    """A CA, and a server's and a client's certificate."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=directory, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=bench CA", "-keyout", "ca.key", "-out", "ca.pem")
    (directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "names", "-out", f"{name}.pem")
        (directory / f"{name}-all.pem").write_text((directory / f"{name}.pem").read_text() + (directory / f"{name}.key").read_text())


def start_backend(directory):
    """An nginx for HTTP/1.1, and on the next port one that answers over HTTP/2 as a gRPC server does to a small call."""
    port = free_port()
    www = directory / "www"
    www.mkdir()
    (www / "1k").write_bytes(b"x" * 1024)
    (www / "grpc").mkdir()
    (www / "grpc/call").write_bytes(b"\0\0\0\0\x20" + b"m" * 32)
    (directory / "call").write_bytes(b"\0\0\0\0\x20" + b"m" * 32)
    (www / "100m").write_bytes(bytes(range(256)) * 409600)
    temporary = "".join(f"{kind}_temp_path {directory}/b-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (directory / "backend.conf").write_text(f"""daemon off; master_process off; pid {directory}/b.pid; error_log /dev/null;
events {{ worker_connections 12000; }} http {{ access_log off; {temporary} client_max_body_size 0; sendfile on; keepalive_requests 100000000;
server {{ listen 127.0.0.1:{port}; root {www}; location = /sink {{ proxy_pass http://127.0.0.1:{port}/ok; proxy_request_buffering on; proxy_pass_request_body off; proxy_set_header Content-Length ""; client_body_buffer_size 1m; }}
location = /ok {{ return 200 "ok"; }} }}
server {{ listen 127.0.0.1:{port + 1} http2; http2_max_requests 100000000; root {www}; error_page 405 =200 $uri; add_trailer grpc-status 0; types {{ }} default_type application/grpc; }} }}""")
    process = subprocess.Popen(["taskset", "-c", LOAD_CORE, shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", directory / "backend.conf", "-p", directory],
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return port, process

"""The programs that the tables are put to, each before the same two recording backends: an open one, and one that stands for what
only requests below /guarded may reach. Adit is the whole pair, connector and agent; nginx and HAProxy are set up as their manuals
tell, and nothing is turned off that they check by themselves."""
import shutil
import subprocess

from harness import Process, Site, can_connect, free_port, wait_for
from recorder import Recorder

NGINX = """
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx.err; events {{ worker_connections 512; }}
http {{ access_log off; client_max_body_size 0; client_header_timeout 2s; client_body_timeout 2s; keepalive_timeout 5s; {temporary}
  proxy_connect_timeout 2s; proxy_read_timeout 3s; proxy_send_timeout 3s; proxy_next_upstream off;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_request_buffering off; proxy_buffering off;
  upstream open {{ server 127.0.0.1:{open}; keepalive 8; }}
  upstream guarded {{ server 127.0.0.1:{guarded}; keepalive 8; }}
  server {{ listen 127.0.0.1:{port}; listen 127.0.0.1:{h2_port} http2;
    location / {{ proxy_pass http://open; }}
    location = /guarded {{ proxy_pass http://guarded; }}
    location /guarded/ {{ proxy_pass http://guarded; }} }} }}
"""
HAPROXY = """
global
  maxconn 500
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 3s
  timeout http-request 2s
  http-reuse always
  retries 0
frontend both
  bind 127.0.0.1:{port}
  bind 127.0.0.1:{h2_port} proto h2
  use_backend guarded if {{ path /guarded }} || {{ path -m beg /guarded/ }}
  default_backend open
backend open
  server one 127.0.0.1:{open}
backend guarded
  server one 127.0.0.1:{guarded}
"""


class Adit:
    name, command = "Adit", None

    def __init__(self, case):
        self.open, self.guarded, self.late = Recorder(), Recorder(), set()
        backends = {name: f"endpoints: [ service://{name} ], forwarding: {{ host: preserve }}, timeouts: {{ first_byte: 3s, idle: 2s }}"
                    for name in ("open", "guarded")}
        site = Site(case, {"open": f"http://127.0.0.1:{self.open.port}", "guarded": f"http://127.0.0.1:{self.guarded.port}"}, backends,
                    routes=[("/guarded/**", "guarded"), ("/**", "open")], workers=1,
                    listener=", limits: { header_timeout: 2s, idle_timeout: 5s }")
        self.connector, _ = site.up()
        self.port = self.h2_port = site.client_port


class Peer:
    """A program of others, with a configuration file of its own."""

    def __init__(self, case):
        self.open, self.guarded, self.late = Recorder(), Recorder(), set()
        self.port, self.h2_port = free_port(), free_port()
        temporary = "".join(f"{kind}_temp_path {case.directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = case.write(f"{self.command}.conf", self.template.format(
            directory=case.directory, temporary=temporary, open=self.open.port, guarded=self.guarded.port, port=self.port, h2_port=self.h2_port))
        self.process = Process(case, self.command, [self.program(), *self.flags, path])
        wait_for(lambda: can_connect(self.h2_port) and can_connect(self.port), self.name)

    @classmethod
    def program(cls):
        return shutil.which(cls.command, path="/usr/sbin:/usr/bin")

    @classmethod
    def version(cls):
        told = subprocess.run([cls.program(), "-v"], capture_output=True, text=True, check=True)
        return (told.stdout + told.stderr).splitlines()[0]


class Nginx(Peer):
    name, command, flags, template = "nginx", "nginx", ["-c"], NGINX


class Haproxy(Peer):
    name, command, flags, template = "HAProxy", "haproxy", ["-db", "-f"], HAPROXY


def peers():
    """Those that are installed."""
    return [peer for peer in (Nginx, Haproxy) if peer.program()]

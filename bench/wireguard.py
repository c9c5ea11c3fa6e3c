"""Systems that carry requests over WireGuard: Adit in user space, and the wireguard-go daemon on TUN with nginx before it."""
import os
import shutil
import subprocess
import time

import systems

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")


class AditWireGuard(systems.Adit):
    name = "adit-wireguard"
    mtu = 1420

    def tunnels(self):
        return f'wireguard: {{ address: "127.0.0.1:{self.middle}", network: 10.77.0.0/16, device: user-space, mtu: {self.mtu} }}'


class AditWireGuardLarge(AditWireGuard):
    name = "adit-wireguard-8920"
    mtu = 8920


class Daemon(systems.System):
    """nginx | wireguard-go on TUN | wireguard-go on TUN in a network namespace with the backend. Both daemons exchange
    datagrams over loopback: a TUN device can be moved to a namespace while its daemon's UDP socket stays behind."""
    name = "wireguard-go"
    mtu = 1420

    def run(self, *command, **keywords):
        return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **keywords).stdout.strip()

    def start_daemon(self, role, interface):
        self.spawn(role, ["wireguard-go", "-f", interface], {"LOG_LEVEL": "error"})
        end = time.monotonic() + 10
        while not os.path.exists(f"/var/run/wireguard/{interface}.sock"):
            if time.monotonic() > end:
                raise SystemExit(f"{self.name} did not come up; see {self.directory}")
            time.sleep(0.02)

    def start(self):
        self.namespace = f"adit-bench-{os.getpid()}"
        here, there = f"wgb{os.getpid() % 100000}a", f"wgb{os.getpid() % 100000}b"
        keys, ports, addresses = {}, {here: systems.free_port(), there: systems.free_port()}, {here: "10.213.77.1", there: "10.213.77.2"}
        self.run("ip", "netns", "add", self.namespace)
        for role, interface in (("gateway-daemon", here), ("remote", there)):
            self.start_daemon(role, interface)
            keys[interface] = self.run("wg", "genkey")
            self.write(interface, keys[interface]).chmod(0o600)
        for interface, other in ((here, there), (there, here)):
            self.run("wg", "set", interface, "private-key", self.directory / interface, "listen-port", ports[interface], "peer", self.run("wg", "pubkey", input=keys[other]),
                     "endpoint", f"127.0.0.1:{ports[other]}", "allowed-ips", f"{addresses[other]}/32")
        self.run("ip", "link", "set", there, "netns", self.namespace)
        for interface, prefix in ((here, []), (there, ["-n", self.namespace])):
            self.run("ip", *prefix, "address", "add", f"{addresses[interface]}/30", "dev", interface)
            self.run("ip", *prefix, "link", "set", interface, "mtu", self.mtu, "up")
        self.start_nginx(addresses[there])

    def start_nginx(self, private):
        www = self.directory.parent / "www"
        def config(role, body):
            temporary = "".join(f"{kind}_temp_path {self.directory}/{role}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            return self.write(f"{role}.conf", f"""daemon off; master_process off; pid {self.directory}/{role}.pid; error_log /dev/null;
events {{ worker_connections 12000; }} http {{ access_log off; {temporary} client_max_body_size 0; sendfile on; keepalive_requests 100000000; {body} }}""")
        backend = config("backend", f"""server {{ listen {private}:8080; root {www}; location = /ok {{ return 200 "ok"; }}
location = /sink {{ proxy_pass http://{private}:8080/ok; proxy_request_buffering on; proxy_pass_request_body off; proxy_set_header Content-Length ""; client_body_buffer_size 1m; }} }}""")
        gateway = config("gateway", f"""proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; upstream b {{ server {private}:8080; keepalive 1024; }}
server {{ listen 127.0.0.1:{self.port}; location / {{ proxy_pass http://b; }} }}""")
        self.backend_process = subprocess.Popen(["ip", "netns", "exec", self.namespace, "taskset", "-c", systems.LOAD_CORE, NGINX, "-c", backend, "-p", self.directory], stderr=subprocess.DEVNULL)
        self.spawn("gateway", [NGINX, "-c", gateway, "-p", self.directory])

    def stop(self):
        super().stop()
        if hasattr(self, "backend_process"):
            self.backend_process.terminate()
            self.backend_process.wait()
        subprocess.run(["ip", "netns", "delete", self.namespace], capture_output=True)


systems.ALL.update({system.name: system for system in (AditWireGuard, AditWireGuardLarge, Daemon)})

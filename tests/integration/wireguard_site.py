"""A site whose agents come over WireGuard or TLS as a test likes, tokens that are altered on purpose, and helper processes."""
import base64
import hashlib
import os
import pathlib
import struct
import time

from harness import CALM, Case, Site, free_port, wait_for
from servers import Origin

SEED, PRESHARED_KEY = 1, 2  # entries of a token's WireGuard part
WIREGUARD_PART = 0x83  # the part among the entries of the token


class WireGuardSite(Site):
    """`tls` and `wireguard` say which doors the connector has; `connect` and `connect_wireguard` what the token says of them."""

    def __init__(self, case, services, tls=True, wireguard=True, host="127.0.0.1", network="10.77.0.0/16", device="user-space",
                 interface=None, connect=None, connect_wireguard=None, workers=2, port=None):
        self.case, self.services = case, services
        self.client_port, self.tunnel_port, self.admin_port = free_port(), free_port(host), free_port()
        bracketed = f"[{host}]" if ":" in host else host
        self.tunnel_address = f"{bracketed}:{self.tunnel_port}"
        self.wireguard_address = f"{bracketed}:{port or free_port(host)}"
        doors = ["directory: tunnels.d"]
        if tls:
            doors.append(f'tls: {{ address: "{self.tunnel_address}", key: connector.key }}')
        if wireguard:
            settings = [f'address: "{self.wireguard_address}"', f'network: "{network}"', f"device: {device}"]
            settings += [f"interface: {interface}"] if interface else []
            doors.append(f"wireguard: {{ {', '.join(settings)} }}")
        lines = [f"workers: {workers}", CALM, f'admin: {{ address: "127.0.0.1:{self.admin_port}" }}',
                 f'listeners: [ {{ address: "127.0.0.1:{self.client_port}" }} ]', f"tunnels: {{ {', '.join(doors)} }}", "backends:"]
        lines += [f"  {name}: {{ endpoints: [ service://{name} ] }}" for name in services] + ["routes:"]
        lines += [f'  - {{ match: {{ path: "/{name}/**" }}, backend: {name} }}' for name in services]
        self.config = case.write("adit.yaml", "\n".join(lines) + "\n")
        flags = ["--connect", connect] if connect else []
        flags += ["--connect-wireguard", connect_wireguard] if connect_wireguard else []
        self.token = self.create_tunnel("t1", *flags)
        self.set_services("t1", services)

    def start_agent(self, transport="wireguard", environment=None, **keywords):
        """In user space, whatever the machine could: so tests beside each other do not meet."""
        return super().start_agent(environment={"TUNNEL_TRANSPORT_PROTOCOL": transport, "TUNNEL_WIREGUARD_DEVICE": "user-space",
                                                **(environment or {})}, **keywords)

    def ids(self):
        return {session["id"] for session in self.sessions() if session["state"] == "ready"}

    def seats(self):
        """Agents by their address in the network."""
        return {session["address"].rsplit(":", 1)[0]: session["agent"] for session in self.sessions()
                if session["address"].startswith(("10.77.", "[fd00:ad17"))}


class WireGuardCase(Case):
    """A test with an origin in this process."""

    def setUp(self):
        super().setUp()
        self.origin = Origin()

    def site(self, **keywords):
        return WireGuardSite(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, **keywords)

    def crosses(self, site):
        return site.get("/web/x").body.startswith(b"origin")

    def measured(self, what, condition, most=5):
        """Waits for it and prints how long that took."""
        began = time.monotonic()
        wait_for(condition, what, max(15, 3 * most))
        self.timely(what, time.monotonic() - began, promised=most)


def read_entries(data):
    entries = []
    while data:
        kind, size = struct.unpack_from(">BH", data)
        entries.append((kind, data[3:3 + size]))
        data = data[3 + size:]
    return entries


def write_entries(entries):
    return b"".join(struct.pack(">BH", kind, len(value)) + value for kind, value in entries)


def alter(token, secret):
    """The token with another secret in its WireGuard part, and otherwise whole."""
    text = token.strip().removeprefix("adit1_")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-4]
    altered = []
    for kind, value in read_entries(data[1:]):
        if kind == WIREGUARD_PART:
            value = write_entries([(k, os.urandom(32) if k == secret else v) for k, v in read_entries(value)])
        altered.append((kind, value))
    data = data[:1] + write_entries(altered)
    return "adit1_" + base64.urlsafe_b64encode(data + hashlib.sha256(data).digest()[:4]).decode().rstrip("=")


def helpers_of(process):
    """Process ids of adit-wireguard that this program has started."""
    children = []
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        children += (task / "children").read_text().split()
    return [int(child) for child in children if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "adit-wireguard"]

"""Adit and the daemon wireguard-go on TUN devices, configured by `wg`, in network namespaces that are joined by a wire: each is
the other's peer, over IPv4 and IPv6. With ADIT_LONG_TESTS set, an answer that takes longer than the keys live."""
import ctypes
import hashlib
import ipaddress
import json
import os
import re
import socket
import subprocess
import threading
import time
import unittest

from harness import AGENT, Case, Process, main, wait_for
from servers import Origin
from wireguard_site import WireGuardSite

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 §3.4
NEW_NETWORK = 0x40000000  # CLONE_NEWNET
KEEPALIVE = 25
LIBC = ctypes.CDLL(None, use_errno=True)
PERMITTED = os.geteuid() == 0 and os.path.exists("/dev/net/tun")


def run(*arguments, within=None, stdin=None):
    enter = ["nsenter", f"--net=/proc/{within.pid}/ns/net"] if within else []
    done = subprocess.run([*enter, *map(str, arguments)], capture_output=True, text=True, input=stdin, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.stderr}")
    return done.stdout.strip()


def in_namespace_of(process, work):
    """The result of `work` on a thread of that namespace: its sockets stay there."""
    results = []

    def enter():
        with open(f"/proc/{process.pid}/ns/net", "rb") as namespace:
            if LIBC.setns(namespace.fileno(), NEW_NETWORK) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        results.append(work())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return results[0]


class Family:
    """Addresses of one IP version: of the wire's ends, and of the network inside."""

    def __init__(self, ours, theirs, network):
        self.ours, self.theirs, self.network = ours, theirs, ipaddress.ip_network(network)
        self.bits = 64 if ":" in ours else 24
        self.flags = ["nodad"] if ":" in ours else []

    def inner(self, number):
        return str(self.network[number])

    def single(self, number):
        return f"{self.inner(number)}/{self.network.max_prefixlen}"


FAMILIES = [Family("192.0.2.1", "192.0.2.2", "10.77.0.0/16"), Family("2001:db8::1", "2001:db8::2", "fd00:ad17::/64")]


@unittest.skipUnless(PERMITTED, "needs root and /dev/net/tun")
class Interoperation(Case):
    """This program and the connector are in one namespace, the agent is in another."""

    @classmethod
    def setUpClass(cls):
        if LIBC.unshare(NEW_NETWORK) != 0:  # of this thread and what it starts
            raise OSError(ctypes.get_errno(), "unshare")
        run("ip", "link", "set", "lo", "up")

    def setUp(self):
        super().setUp()
        self.peer = Process(self, "namespace", ["sleep", "3600"], prefix=["unshare", "-n"])
        wait_for(lambda: os.readlink(f"/proc/{self.peer.pid}/ns/net") != os.readlink("/proc/self/task/%d/ns/net" % threading.get_native_id()),
                 "a namespace")
        run("ip", "link", "set", "lo", "up", within=self.peer)
        run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.peer.pid)
        self.addCleanup(run, "ip", "link", "del", "wire")
        for family in FAMILIES:
            run("ip", "address", "add", f"{family.ours}/{family.bits}", "dev", "wire", *family.flags)
            run("ip", "address", "add", f"{family.theirs}/{family.bits}", "dev", "wire", *family.flags, within=self.peer)
        run("ip", "link", "set", "wire", "up")
        run("ip", "link", "set", "wire", "up", within=self.peer)
        self.origin = in_namespace_of(self.peer, Origin)

    def daemon(self, within=None):
        """A TUN device. Its control socket is the whole machine's: the process id in its name makes it ours."""
        interface = f"adit{'b' if within else 'a'}{os.getpid() % 1000000}"
        prefix = ["nsenter", f"--net=/proc/{within.pid}/ns/net"] if within else []
        daemon = Process(self, "wireguard-go", ["wireguard-go", "-f", interface], {"WG_PROCESS_FOREGROUND": "1"}, prefix=prefix)
        wait_for(lambda: os.path.exists(f"/var/run/wireguard/{interface}.sock") or not daemon.alive(), "the daemon's socket")
        self.assertTrue(daemon.alive(), daemon.log())
        return interface

    def address(self, interface, address, family, within=None):
        run("ip", "address", "add", address, "dev", interface, *family.flags, within=within)
        run("ip", "link", "set", interface, "mtu", "1420", "up", within=within)

    def agent(self, site, **environment):
        path = self.write("token", site.token)
        path.chmod(0o600)
        return Process(self, "agent", [AGENT, "run", "--token-file", path, "--metrics", "127.0.0.1:0", "--allow", "127.0.0.1:*"],
                       {"TUNNEL_TRANSPORT_PROTOCOL": "wireguard", **environment}, prefix=["nsenter", f"--net=/proc/{self.peer.pid}/ns/net"])

    def site(self, family, **keywords):
        return WireGuardSite(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, tls=False, host=family.ours,
                             network=str(family.network), **keywords)

    def both_ways(self, site):
        """Three requests beside each other: 8 MB to the origin, 8 MB from it, and a short one."""
        body = os.urandom(8_000_000)
        block = bytes(range(256)) * 256
        answers = {}

        def ask(name, path, **keywords):
            answers[name] = site.get(path, **keywords).body
        threads = [threading.Thread(target=ask, args=("up", "/web/x"), kwargs={"method": "POST", "body": body}),
                   threading.Thread(target=ask, args=("down", f"/web/bytes/{len(block) * 128}"))]
        for thread in threads:
            thread.start()
        ask("short", "/web/y")
        for thread in threads:
            thread.join(90)
        self.assertEqual(answers["up"].decode(), f"origin {len(body)} {hashlib.sha256(body).hexdigest()}")
        self.assertEqual(hashlib.sha256(answers["down"]).digest(), hashlib.sha256(block * 128).digest())
        self.assertTrue(answers["short"].startswith(b"origin 0 "))

    def daemon_from_token(self, site, family, seat):
        """What `token wireguard-conf` writes, taken by the daemon as wg-quick would."""
        conf = self.run_tool(AGENT, "token", "wireguard-conf", "--seat", str(seat), stdin=site.token).stdout
        path = self.write("seat.conf", conf)
        path.chmod(0o600)
        stripped = self.write("stripped.conf", self.run_tool("wg-quick", "strip", path).stdout)
        interface = self.daemon(self.peer)
        run("wg", "setconf", interface, stripped, within=self.peer)
        self.address(interface, re.search("Address = (.*)", conf)[1], family, self.peer)
        run("ip", "route", "add", family.single(1), "dev", interface, within=self.peer)
        return interface

    def an_agent_over_the_daemon(self, family):
        site = self.site(family)
        site.start_connector()
        interface = self.daemon_from_token(site, family, 3)
        connector, = run("wg", "show", interface, "dump", within=self.peer).splitlines()[1:]
        self.assertEqual(connector.split("\t")[7], str(KEEPALIVE))  # even when nothing is sent
        # Any client may come in: the connector is the one that begins HTTP/2.
        with in_namespace_of(self.peer, lambda: socket.create_connection((family.inner(1), 7480), 10)) as client:
            client.settimeout(10)
            self.assertEqual(client.recv(len(PREFACE), socket.MSG_WAITALL), PREFACE)
        agent = self.agent(site, TUNNEL_WIREGUARD_DEVICE="existing", TUNNEL_WIREGUARD_INTERFACE=interface)
        site.wait_sessions(count=4)
        self.assertEqual({s["address"].rsplit(":", 1)[0].strip("[]") for s in site.sessions()}, {family.inner(8 + 3)})
        self.both_ways(site)
        self.assertTrue(agent.alive())

    def test_an_agent_over_the_daemon_on_ipv4(self):
        self.an_agent_over_the_daemon(FAMILIES[0])

    def test_an_agent_over_the_daemon_on_ipv6(self):
        self.an_agent_over_the_daemon(FAMILIES[1])

    def a_connector_over_the_daemon(self, family):
        interface = self.daemon()
        key = self.write("wireguard.key", run("wg", "genkey") + "\n")
        key.chmod(0o600)
        site = self.site(family, device="existing", interface=interface)
        # The peers are ours to set: each member of the row has one address.
        row = json.loads(site.tool("tunnel", "describe", "t1", "--output", "json").stdout)["keys"][0]["wireguard"]
        conf = self.run_tool(AGENT, "token", "wireguard-conf", stdin=site.token).stdout
        preshared = self.write("preshared", re.search("PresharedKey = (.*)", conf)[1])
        run("wg", "set", interface, "private-key", key, "listen-port", site.wireguard_address.rsplit(":", 1)[1])
        for number, public in enumerate(row["public_keys"]):
            run("wg", "set", interface, "peer", public, "preshared-key", preshared, "allowed-ips", family.single(8 + number))
        self.address(interface, f"{family.inner(1)}/{family.network.prefixlen}", family)
        site.start_connector()
        agent = self.agent(site, TUNNEL_WIREGUARD_DEVICE="user-space")
        site.wait_sessions(count=4)
        self.both_ways(site)
        came = [line for line in run("wg", "show", interface, "latest-handshakes").splitlines() if not line.endswith("\t0")]
        self.assertEqual(len(came), 2, came)  # from the lobby, and from a seat
        self.assertTrue(agent.alive())
        return site, interface

    def test_a_connector_over_the_daemon_on_ipv4(self):
        self.a_connector_over_the_daemon(FAMILIES[0])

    def test_a_connector_over_the_daemon_on_ipv6(self):
        self.a_connector_over_the_daemon(FAMILIES[1])

    @unittest.skipUnless("ADIT_LONG_TESTS" in os.environ, "takes 270 s: set ADIT_LONG_TESTS")
    def test_keys_are_renewed_under_load(self):
        """WireGuard renews keys after 120 s; nobody who downloads notices. The longest pause is printed."""
        site, interface = self.a_connector_over_the_daemon(FAMILIES[0])
        before = site.ids()
        handshakes = set(run("wg", "show", interface, "latest-handshakes").splitlines())  # a peer and a time each
        first = len(handshakes)
        ends = time.monotonic() + 270
        received, longest, last = 0, 0.0, time.monotonic()
        with socket.create_connection(("127.0.0.1", site.client_port), 10) as client:
            client.settimeout(10)
            client.sendall(b"GET /web/bytes/1000000000000 HTTP/1.1\r\nhost: a\r\n\r\n")
            looked = 0.0
            while (now := time.monotonic()) < ends:
                received += len(client.recv(1 << 20))
                longest, last = max(longest, now - last), now
                if now - looked > 1:
                    looked = now
                    handshakes.update(run("wg", "show", interface, "latest-handshakes").splitlines())
        print(f"{received / 1e6 / 270:.0f} MB/s for 270 s, {len(handshakes) - first} handshakes", flush=True)
        self.assertGreaterEqual(len(handshakes) - first, 2)
        self.timely("the longest pause", longest, promised=2)
        self.assertEqual(site.ids(), before)


main()

"""adit-wireguard and the wireguard-go daemon on a TUN device, configured by `wg`, are peers."""
import ctypes
import os
import random
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

import harness
from wireguard_control import UNPRIVILEGED, Case, Keys, preshared_key, receive_all, send_all

MB = 1 << 20


def echo(v6, to):
    """Whether a ping is answered. Runs in the namespace."""
    request = struct.pack(">BBHHH", 128 if v6 else 8, 0, 0, 7, 1) + b"anybody?"
    if not v6:
        total = sum(struct.unpack(">8H", request))
        request = request[:2] + struct.pack(">H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + request[4:]
    with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, 58 if v6 else 1) as raw:
        raw.settimeout(5)
        raw.sendto(request, (to, 0))
        while True:
            answer = raw.recv(1000)[0 if v6 else 20:]
            if answer[0] == (129 if v6 else 0):
                return answer[8:] == b"anybody?"


class Daemon(Case):
    """The daemon is in a network namespace of its own, where the helper runs as well."""

    def setUp(self):
        if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
            self.skipTest("needs root and /dev/net/tun, for the other end")
        self.interface = f"adit{os.getpid() % 100_000}"
        self.run_("ip", "netns", "add", self.interface)
        self.addCleanup(self.run_, "ip", "netns", "del", self.interface)
        self.within("ip", "link", "set", "lo", "up")
        environment = {**os.environ, "WG_PROCESS_FOREGROUND": "1", "LOG_LEVEL": "error"}
        said = tempfile.TemporaryFile()
        self.addCleanup(said.close)
        daemon = subprocess.Popen(["ip", "netns", "exec", self.interface, "wireguard-go", self.interface], env=environment, stdout=said, stderr=said)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)

        def answers():
            self.assertIsNone(daemon.poll(), os.pread(said.fileno(), 10_000, 0).decode(errors="replace"))
            return subprocess.run(["ip", "netns", "exec", self.interface, "wg", "show", self.interface], capture_output=True).returncode == 0
        harness.wait_for(answers, "the daemon to answer")

    def run_(self, *arguments, stdin=None):
        subprocess.run(arguments, check=True, input=stdin, capture_output=True)

    def within(self, *arguments, stdin=None):
        self.run_("ip", "netns", "exec", self.interface, *arguments, stdin=stdin)

    def in_namespace(self, work):
        """Runs `work` on a thread that is in the namespace: the sockets that it makes are there."""
        result = []

        def run():
            with open(f"/run/netns/{self.interface}") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(work())
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(30)
        return result[0]

    def exchange(self, v6):
        ours, theirs, shared = Keys(), Keys(), preshared_key()
        mine, other, bits = ("fd00::1", "fd00::2", 64) if v6 else ("10.9.0.1", "10.9.0.2", 24)
        helper = self.helper(prefix=["ip", "netns", "exec", self.interface, *UNPRIVILEGED])
        bound = helper.open(ours, mine, bind="[::1]:0" if v6 else "127.0.0.1:0", accept_port=80)
        self.within("wg", "setconf", self.interface, "/dev/stdin", stdin=(
            f"[Interface]\nPrivateKey = {theirs.private}\nListenPort = 0\n[Peer]\nPublicKey = {ours.public}\nPresharedKey = {shared}\nAllowedIPs = {mine}\nEndpoint = {bound}\n").encode())
        self.within("ip", "address", "replace", f"{other}/{bits}", "dev", self.interface, *(["nodad"] if v6 else []))
        self.within("ip", "link", "set", self.interface, "mtu", "1420", "up")
        helper.peer(theirs, other, preshared=shared)
        # They come to us, with data both ways, and ask whether we are there.
        client = self.in_namespace(lambda: socket.create_connection((mine, 80), 10))
        self.both_ways(client, helper.accept()[1])
        self.assertTrue(self.in_namespace(lambda: echo(v6, mine)))
        # We go to them; where they are was learnt from their handshake.
        listener = self.in_namespace(lambda: socket.create_server((other, 90), family=socket.AF_INET6 if v6 else socket.AF_INET))
        dialled = helper.dial(f"[{other}]:90" if v6 else f"{other}:90", theirs)
        self.both_ways(listener.accept()[0], dialled)
        listener.close()

    def both_ways(self, one, other):
        for connected in (one, other):
            connected.settimeout(20)
        block = random.Random(3).randbytes(MB)
        threads = [(send_all(a, (block for _ in range(harness.scaled(20)))), receive_all(b)) for a, b in ((one, other), (other, one))]
        for sent, received in threads:
            sent.join(30)
            received.join(30)
            self.assertEqual(sent.digest, received.digest)
        one.close()
        other.close()

    def test_over_ipv4(self):
        self.exchange(v6=False)

    def test_over_ipv6(self):
        self.exchange(v6=True)


if __name__ == "__main__":
    unittest.main()

"""A UDP relay between two WireGuard ends that can change its address, record and replay; and packets of attackers."""
import hashlib
import os
import random
import select
import socket
import struct
import threading

INITIATION, RESPONSE, COOKIE, TRANSPORT = 1, 2, 3, 4


class Relay:
    """Whoever sends to `address` reaches `to`; answers go back to the sender. On a thread of its own."""

    def __init__(self, to):
        host, port = to.rsplit(":", 1)
        self.to = (host, int(port))
        self.inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.inner.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.inner.getsockname()[1]
        self.outer = self._outer()
        self.left = []  # they stay open, so that nobody else gets their ports
        self.client = None
        self.seen = []  # what went to `to`, the first 2,000
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _outer(self):
        outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        outer.bind(("127.0.0.1", 0))
        return outer

    def move(self):
        """From now on everything comes from another port."""
        self.left.append(self.outer)
        self.outer = self._outer()

    def fall_silent(self):
        """From now on nothing comes through, and nobody is told."""
        self.running = False
        self.thread.join()

    def replay(self, datagram):
        self.outer.sendto(datagram, self.to)

    def _run(self):
        while self.running:
            outer = self.outer
            for ready in select.select([self.inner, outer], [], [], 0.05)[0]:
                datagram, sender = ready.recvfrom(65536)
                if ready is self.inner:
                    self.client = sender
                    if len(self.seen) < 2000:
                        self.seen.append(datagram)
                    outer.sendto(datagram, self.to)
                elif self.client:
                    self.inner.sendto(datagram, self.client)

    def stop(self):
        self.fall_silent()
        self.inner.close()
        for outer in (self.outer, *self.left):
            outer.close()


def initiation(public_key):
    """A handshake initiation of nobody, whose first checksum is right: anybody who knows the public key can make it."""
    body = struct.pack("<II", INITIATION, random.getrandbits(32)) + os.urandom(108)
    mac_key = hashlib.blake2s(b"mac1----" + public_key).digest()
    return body + hashlib.blake2s(body, key=mac_key, digest_size=16).digest() + bytes(16)


def garbage(rng, known):
    """Something that is no datagram of WireGuard: noise, a truncated or changed real one, or a lie about its kind."""
    kind = rng.randrange(4)
    if kind == 0 or not known:
        return rng.randbytes(rng.randrange(0, 300))
    if kind == 1:
        real = rng.choice(known)
        return real[: rng.randrange(0, len(real))]
    if kind == 2:
        real = bytearray(rng.choice(known))
        for _ in range(rng.randrange(1, 4)):
            real[rng.randrange(len(real))] ^= 1 << rng.randrange(8)
        return bytes(real)
    return struct.pack("<I", rng.randrange(0, 6)) + rng.randbytes(rng.choice((12, 28, 60, 88, 144, 1000)))

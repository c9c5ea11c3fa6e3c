"""Speaks the control protocol of adit-wireguard (docs/decisions/0010-wireguard.md): for its tests and its benchmark."""
import base64
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import threading
import unittest

import harness

PROGRAM = os.environ.get("ADIT_WIREGUARD", "build/dev/libexec/adit/adit-wireguard")
MESSAGE_MOST = 128 * 1024
UNPRIVILEGED = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


class Refused(Exception):
    def __init__(self, reply):
        super().__init__(reply.get("error"))
        self.reason = reply.get("reason")


def wg(*arguments, stdin=b""):
    return subprocess.run(["wg", *arguments], input=stdin, capture_output=True, check=True).stdout.decode().strip()


class Keys:
    """A key pair as `wg` prints it."""

    def __init__(self):
        self.private = wg("genkey")
        self.public = wg("pubkey", stdin=self.private.encode())


def preshared_key():
    return base64.b64encode(os.urandom(32)).decode()


class Helper:
    """A helper that runs, and this end of its channel. Replies and events are read by a thread."""

    def __init__(self, program=None, prefix=(), environment=None):
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        number = theirs.fileno()
        # A descriptor keeps its number over exec: the child makes it 3.
        self.popen = subprocess.Popen([*prefix, program or PROGRAM], env={"PATH": "/usr/bin:/bin:/usr/sbin"} if environment is None else environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      close_fds=False, preexec_fn=lambda: os.dup2(number, 3) if number != 3 else os.set_inheritable(3, True))
        theirs.close()
        self.lock = threading.Condition()
        self.replies, self.accepted, self.log, self.strangers = {}, [], [], []
        self.next_id, self.ended = 0, False
        self.connections = []  # all that it handed over: closed with it, if not before
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                text, descriptors, _, _ = socket.recv_fds(self.channel, MESSAGE_MOST + 1, 4)
            except OSError:
                text, descriptors = b"", []
            for number in descriptors:
                os.set_inheritable(number, False)  # another helper that held it too would hide its end
            with self.lock:
                if not text:
                    self.ended = True
                    self.lock.notify_all()
                    return
                message = json.loads(text)
                connections = [socket.socket(fileno=number) for number in descriptors]
                self.connections += connections
                if message.get("event") == "accepted":
                    self.accepted.append((message, connections[0]))
                elif message.get("event") == "log":
                    self.log.append(message)
                elif message.get("event") == "stranger":
                    self.strangers.append(message)
                else:
                    if connections:
                        message["socket"] = connections[0]
                    self.replies[json.dumps(message["id"])] = message
                self.lock.notify_all()

    def send(self, name, **members):
        with self.lock:
            self.next_id += 1
            number = self.next_id
        self.channel.send(json.dumps({"id": number, "request": name, **members}).encode())
        return number

    def wait(self, number, seconds=30):
        with self.lock:
            if not self.lock.wait_for(lambda: str(number) in self.replies or self.ended, seconds) or str(number) not in self.replies:
                raise AssertionError(f"no reply; ended: {self.ended}; log: {self.log[-3:]}")
            return self.replies.pop(str(number))

    def ask(self, name, seconds=30, **members):
        reply = self.wait(self.send(name, **members), seconds)
        if not reply.get("ok"):
            raise Refused(reply)
        return reply

    def open(self, keys, address, device="wg", bind="127.0.0.1:0", mtu=1420, accept_port=0, processors=1, memory=64 << 20):
        self.bound = self.ask("open", device=device, private_key=keys.private, address=address, mtu=mtu, bind=bind, accept_port=accept_port, processors=processors, memory=memory)["bind"]
        return self.bound

    def peer(self, keys, address, endpoint="", preshared="", keepalive=0, device="wg"):
        public = getattr(keys, "public", keys)
        return self.ask("peers", device=device, add=[{"public_key": public, "preshared_key": preshared, "address": address, "endpoint": endpoint, "keepalive": keepalive}], remove=[])

    def remove(self, keys, device="wg"):
        return self.ask("peers", device=device, add=[], remove=[keys.public])

    def dial(self, to, peer, timeout_ms=10_000, device="wg"):
        connected = self.ask("dial", device=device, to=to, timeout_ms=timeout_ms, peer=getattr(peer, "public", peer))["socket"]
        connected.setblocking(True)
        return connected

    def accept(self, seconds=10):
        with self.lock:
            if not self.lock.wait_for(lambda: self.accepted or self.ended, seconds) or not self.accepted:
                raise AssertionError("nothing was accepted")
            message, connected = self.accepted.pop(0)
        connected.setblocking(True)
        return message, connected

    def statistics(self, device="wg"):
        return self.ask("statistics", device=device)

    def status(self, member):
        for line in pathlib.Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith(member + ":"):
                return line.split(":", 1)[1].strip()
        return ""

    def rss_mb(self):
        return int(self.status("VmRSS").split()[0]) / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.popen.pid}/fd"))

    def cpu(self):
        """Seconds on a processor so far, of all its threads."""
        fields = pathlib.Path(f"/proc/{self.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.popen.poll() is None

    def stop(self):
        self.channel.shutdown(socket.SHUT_RDWR)
        self.channel.close()
        try:
            return self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait()
        finally:
            self.reader.join(5)
            for connected in self.connections:
                connected.close()
            self.popen.stderr.close()


class Pair:
    """Two helpers that are peers: `dialler` knows where `acceptor` is, as an agent does of its connector."""

    def __init__(self, mtu=1420, v6=False, preshared="", memory=64 << 20, **options):
        self.keys = Keys(), Keys()
        self.preshared = preshared
        self.addresses = ("fd00::1", "fd00::2") if v6 else ("10.9.0.1", "10.9.0.2")
        bind = "[::1]:0" if v6 else "127.0.0.1:0"
        self.acceptor, self.dialler = Helper(**options), Helper(**options)
        bound = self.acceptor_bound = self.acceptor.open(self.keys[0], self.addresses[0], bind=bind, mtu=mtu, accept_port=80, memory=memory)
        self.dialler.open(self.keys[1], self.addresses[1], bind=bind, mtu=mtu, memory=memory)
        self.acceptor.peer(self.keys[1], self.addresses[1], preshared=preshared)
        self.dialler.peer(self.keys[0], self.addresses[0], endpoint=bound, preshared=preshared)
        self.to = f"[{self.addresses[0]}]:80" if v6 else f"{self.addresses[0]}:80"

    def connect(self, **options):
        """A connection: the end that dialled, and the one that accepted."""
        dialled = self.dialler.dial(self.to, self.keys[0], **options)
        return dialled, self.acceptor.accept()[1]

    def stop(self):
        self.dialler.stop()
        self.acceptor.stop()


def drain(connected, most=None):
    """Reads to the end, or `most` bytes; says how many came."""
    total = 0
    buffer = bytearray(1 << 20)
    while most is None or total < most:
        n = connected.recv_into(buffer)
        if n == 0:
            break
        total += n
    return total


def send_all(connected, chunks):
    """Sends on a thread and shuts down that direction; its `digest` is of what was sent."""
    def run():
        digest = hashlib.sha256()
        for chunk in chunks:
            connected.sendall(chunk)
            digest.update(chunk)
        connected.shutdown(socket.SHUT_WR)
        thread.digest = digest.hexdigest()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def receive_all(connected):
    def run():
        digest, buffer = hashlib.sha256(), bytearray(1 << 20)
        while n := connected.recv_into(buffer):
            digest.update(memoryview(buffer)[:n])
        thread.digest = digest.hexdigest()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


class Case(unittest.TestCase):
    """A test whose helpers end with it."""
    timely = harness.Case.timely

    def helper(self, **options):
        made = Helper(**options)
        self.addCleanup(made.stop)
        return made

    def pair(self, **options):
        made = Pair(**options)
        self.addCleanup(made.stop)
        return made

    def assert_echo(self, dialled, accepted, text=b"still there"):
        dialled.settimeout(10)
        accepted.settimeout(10)
        dialled.sendall(text)
        self.assertEqual(accepted.recv(100), text)
        accepted.sendall(text)
        self.assertEqual(dialled.recv(100), text)

    def assert_refused(self, reason, ask, *arguments, **members):
        with self.assertRaises(Refused) as refused:
            ask(*arguments, **members)
        self.assertEqual(refused.exception.reason, reason, refused.exception)
        return str(refused.exception)

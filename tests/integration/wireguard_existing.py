"""A device `existing`: an interface of wireguard-go's daemon on TUN, in a network namespace, with another daemon in another
namespace as its peer. The C++ device is driven by tests/unit/wireguard/real_test.cpp; the peer is Python."""
import ctypes
import os
import socket
import subprocess
import threading

from harness import Case, Process, main, unittest, wait_for

PROGRAM = os.environ.get("ADIT_WIREGUARD_TEST", "build/dev/tests/unit/wireguard/test_wireguard_real")
PORT = 7443
INTRUDER = """
import socket, sys
intruder = socket.socket()
intruder.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[1].encode())
if sys.argv[1] != "lo":
    intruder.bind(("10.77.0.2", 0))
intruder.settimeout(0.7)
try:
    intruder.connect((sys.argv[2], int(sys.argv[3])))
    print("got in")
except OSError:
    print("kept out")
"""
PERMITTED = os.geteuid() == 0 and os.path.exists("/dev/net/tun")


def run(*arguments, namespace=None, stdin=None):
    enter = ["nsenter", f"--net=/proc/{namespace.pid}/ns/net"] if namespace else []
    done = subprocess.run([*enter, *map(str, arguments)], capture_output=True, text=True, input=stdin, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.stderr}")
    return done.stdout.strip()


@unittest.skipUnless(PERMITTED, "needs root and /dev/net/tun")
class Existing(Case):
    """Two namespaces, joined by a pair of interfaces; each has a daemon with one peer."""

    def end_of(self, name, address):
        """A namespace that lives as long as a process of ours, and its daemon. The daemon's socket has the interface's name,
        which is of the whole machine: the process id makes it ours."""
        holder = Process(self, f"namespace-{name}", ["sleep", "3600"], prefix=["unshare", "-n"])
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "a namespace")
        interface = f"wg{name}{os.getpid() % 1000000}"
        run("ip", "link", "set", "lo", "up", namespace=holder)
        daemon = Process(self, f"daemon-{name}", ["wireguard-go", "-f", interface],
                                 {"WG_PROCESS_FOREGROUND": "1"}, prefix=["nsenter", f"--net=/proc/{holder.pid}/ns/net"])
        control = f"/var/run/wireguard/{interface}.sock"
        wait_for(lambda: os.path.exists(control) or not daemon.alive(), "the daemon's socket")
        self.assertTrue(daemon.alive(), daemon.log())
        holder.interface, holder.address = interface, address
        holder.key = run("wg", "genkey")
        holder.public = run("wg", "pubkey", stdin=holder.key)
        return holder

    def configure(self, end, outer, peer, peer_outer):
        key = self.write(f"{end.interface}.key", end.key)
        run("wg", "set", end.interface, "private-key", key, "listen-port", "51820", "peer", peer.public, "allowed-ips",
            f"{peer.address}/32", "endpoint", f"{peer_outer}:51820", namespace=end)
        run("ip", "address", "add", f"{end.address}/24", "dev", end.interface, namespace=end)
        run("ip", "link", "set", end.interface, "mtu", "1420", "up", namespace=end)
        run("ip", "address", "add", f"{outer}/24", "dev", end.wire, namespace=end)
        run("ip", "link", "set", end.wire, "up", namespace=end)

    def setUp(self):
        super().setUp()
        self.ours, self.theirs = self.end_of("a", "10.77.0.1"), self.end_of("b", "10.77.0.2")
        tag = os.getpid() % 1000000
        self.ours.wire, self.theirs.wire = f"wa{tag}", f"wb{tag}"
        run("ip", "link", "add", self.ours.wire, "type", "veth", "peer", "name", self.theirs.wire, namespace=self.ours)
        run("ip", "link", "set", self.theirs.wire, "netns", self.theirs.pid, namespace=self.ours)
        self.configure(self.ours, "192.0.2.1", self.theirs, "192.0.2.2")
        self.configure(self.theirs, "192.0.2.2", self.ours, "192.0.2.1")

    def listener(self):
        """A socket inside the peer's namespace: a socket stays in the one in which it was made."""
        made = []

        def make():
            with open(f"/proc/{self.theirs.pid}/ns/net", "rb") as namespace:
                enter(namespace.fileno())
            made.append(socket.create_server((self.theirs.address, PORT)))
            made.append(socket.socket())

        thread = threading.Thread(target=make)  # only this thread changes its namespace
        thread.start()
        thread.join()
        return made

    def test_connections_cross_it_both_ways(self):
        """The peer's identity is its address inside; a listener of ours is not to be reached past the interface."""
        server, client = self.listener()
        self.addCleanup(server.close)
        self.addCleanup(client.close)
        echoed, problems = [], []

        def peer():
            try:
                connection, address = server.accept()
                with connection:
                    echoed.append(address[0])
                    left = 300_000
                    while left:
                        data = connection.recv(65536)
                        connection.sendall(data)
                        left -= len(data)
                    # Past the interface nobody gets in: not from the machine itself, not with a borrowed address.
                    for namespace, wire in ((self.ours, "lo"), (self.theirs, self.theirs.wire)):
                        echoed.append(run("python3", "-c", INTRUDER, wire, self.ours.address, PORT, namespace=namespace))
                    client.connect((self.ours.address, PORT))
                    client.sendall(b"from the other side")
                    received = b""
                    while len(received) < 19:
                        received += client.recv(100)
                    echoed.append(received)
                    connection.sendall(b"done")
            except (OSError, AssertionError) as error:
                problems.append(error)

        threading.Thread(target=peer, daemon=True).start()
        program = Process(self, "device", [os.path.abspath(PROGRAM), "-tc=an interface*"], {
            "ADIT_TEST_INTERFACE": self.ours.interface, "ADIT_TEST_ADDRESS": self.ours.address, "ADIT_TEST_PEER": self.theirs.address},
            prefix=["nsenter", f"--net=/proc/{self.ours.pid}/ns/net"])
        self.assertEqual(program.wait(60), 0, program.log())
        self.assertEqual(problems, [])
        self.assertEqual(echoed, [self.ours.address, "kept out", "kept out", b"from the other side"])
        self.assertIn(self.theirs.public, run("wg", "show", self.ours.interface, "latest-handshakes", namespace=self.ours))

    def test_what_is_missing_is_said(self):
        program = Process(self, "device", [os.path.abspath(PROGRAM), "-tc=an interface*"], {
            "ADIT_TEST_INTERFACE": self.ours.interface, "ADIT_TEST_ADDRESS": "10.99.0.1", "ADIT_TEST_PEER": self.theirs.address},
            prefix=["nsenter", f"--net=/proc/{self.ours.pid}/ns/net"])
        self.assertNotEqual(program.wait(60), 0)
        self.assertIn("does not have the address 10.99.0.1, but 10.77.0.1", program.log())


def enter(descriptor):
    """setns(2), which Python has from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0x40000000) != 0:  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "setns")


main()

"""What attackers send to adit-wireguard, and peers that move: only service goes on."""
import base64
import random
import socket
import threading
import unittest

import harness
from wireguard_control import Case, Keys
from wireguard_relay import COOKIE, INITIATION, TRANSPORT, Relay, garbage, initiation


class Hostile(Case):
    def relayed(self, **options):
        """A pair whose datagrams pass a relay."""
        pair = self.pair(**options)
        relay = Relay(pair.acceptor_bound)
        self.addCleanup(relay.stop)
        pair.dialler.peer(pair.keys[0], pair.addresses[0], endpoint=relay.address)
        return pair, relay

    def test_streams_go_on_when_a_peer_changes_its_address(self):
        pair, relay = self.relayed()
        ends = pair.connect()
        before = pair.acceptor.statistics()["peers"][0]["endpoint"]
        for _ in range(3):
            relay.move()
            self.assert_echo(*ends)
        self.assertNotEqual(pair.acceptor.statistics()["peers"][0]["endpoint"], before)

    def test_replayed_packets_change_nothing(self):
        pair, relay = self.relayed()
        dialled, accepted = pair.connect()
        for i in range(20):
            self.assert_echo(dialled, accepted, b"message %d" % i)
        recorded = list(relay.seen)
        self.assertEqual({packet[0] for packet in recorded}, {INITIATION, TRANSPORT})
        handshake = pair.acceptor.statistics()["peers"][0]["handshake"]
        for packet in recorded * 20:
            relay.replay(packet)
        self.assert_echo(dialled, accepted, b"the next one")
        accepted.setblocking(False)
        with self.assertRaises(BlockingIOError):
            accepted.recv(1)
        self.assertEqual(pair.acceptor.statistics()["peers"][0]["handshake"], handshake)

    def test_an_address_that_belongs_to_another_key_is_not_borrowed(self):
        """A peer is known, its handshake succeeds and its packets are decrypted; they say that they are another peer's."""
        pair = self.pair()
        ends = pair.connect()
        borrower, keys = self.helper(), Keys()
        borrower.open(keys, pair.addresses[1])
        borrower.peer(pair.keys[0], pair.addresses[0], endpoint=pair.acceptor_bound)
        pair.acceptor.peer(keys, "10.9.0.3")
        self.assert_refused("connection_timeout", borrower.dial, pair.to, pair.keys[0], timeout_ms=4000)
        known = {peer["public_key"]: peer for peer in pair.acceptor.statistics()["peers"]}
        self.assertGreater(known[keys.public]["handshake"], 0)
        self.assertGreater(known[keys.public]["received"], 0)
        self.assertEqual(pair.acceptor.accepted, [])
        self.assert_echo(*ends)

    def test_garbage_is_thrown_away(self):
        pair, relay = self.relayed()
        ends = pair.connect()
        for _ in range(50):
            self.assert_echo(*ends)
        recorded, seed = list(relay.seen), random.randrange(1 << 30)
        rng = random.Random(seed)
        target = pair.acceptor_bound.rsplit(":", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
            attacker.connect((target[0], int(target[1])))
            for i in range(harness.scaled(100_000)):
                attacker.send(garbage(rng, recorded))
                if i % 25_000 == 0:
                    self.assert_echo(*ends)
        self.assert_echo(*ends)
        self.assert_echo(*pair.connect())
        self.assertLess(pair.acceptor.rss_mb(), 64, f"seed {seed}")
        self.assertGreater(pair.acceptor.statistics()["dropped"], 1000)

    def test_a_flood_of_handshakes_is_answered_with_cookies_and_others_are_served(self):
        pair = self.pair()
        ends = pair.connect()
        newcomer, late = Keys(), self.helper()
        late.open(newcomer, "10.9.0.3")
        late.peer(pair.keys[0], pair.addresses[0], endpoint=pair.acceptor_bound)
        pair.acceptor.peer(newcomer, "10.9.0.3")
        public = base64.b64decode(pair.keys[0].public)
        packets = [initiation(public) for _ in range(2000)]
        target = pair.acceptor_bound.rsplit(":", 1)
        sockets = []
        for i in range(100):
            attacker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(attacker.close)
            attacker.bind((f"127.{i % 7 + 1}.{i}.9", 0))
            attacker.connect((target[0], int(target[1])))
            sockets.append(attacker)
        stop = threading.Event()
        sent = [0]

        def flood():
            while not stop.is_set():
                for packet in packets:
                    sockets[sent[0] % len(sockets)].send(packet)
                    sent[0] += 1
                    if sent[0] % 500 == 0 and stop.wait(0.01):
                        return
        before = pair.acceptor.cpu()
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        try:
            harness.wait_for(lambda: sent[0] > 3000, "the flood is on")
            for _ in range(10):
                self.assert_echo(*ends)
            # One who is new proves its address with a cookie, like everybody.
            dialled = late.dial(pair.to, pair.keys[0], timeout_ms=15_000)
            self.assert_echo(dialled, pair.acceptor.accept()[1])
            harness.wait_for(lambda: sent[0] > 20_000, "a real flood")
        finally:
            stop.set()
            thread.join()
        used = pair.acceptor.cpu() - before
        self.assertLess(used / sent[0], 60e-6, f"{used:.2f} s for {sent[0]} initiations")
        self.assertLess(pair.acceptor.rss_mb(), 64)
        cookies = 0
        for attacker in sockets:
            attacker.setblocking(False)
            try:
                while answer := attacker.recv(1000):
                    self.assertEqual((answer[0], len(answer)), (COOKIE, 64))
                    cookies += 1
            except BlockingIOError:
                pass
        self.assertGreater(cookies, 1000)
        self.assert_echo(*ends)


if __name__ == "__main__":
    unittest.main()

"""adit-wireguard alone: its control protocol, its streams and its peers."""
import base64
import hashlib
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import threading
import time
import unittest

import harness
from wireguard_control import PROGRAM, UNPRIVILEGED, Case, Helper, Keys, drain, preshared_key, receive_all, send_all

MB = 1 << 20


class Streams(Case):
    def exchange(self, pair, megabytes):
        dialled, accepted = pair.connect()
        rng = random.Random(7)
        blocks = [rng.randbytes(MB + extra) for extra in (0, 1, 77)]
        pairs = []
        for sender, receiver in ((dialled, accepted), (accepted, dialled)):
            pairs.append((send_all(sender, (blocks[i % 3] for i in range(megabytes))), receive_all(receiver)))
        for sent, received in pairs:
            sent.join(60)
            received.join(60)
            self.assertEqual(sent.digest, received.digest)
        dialled.close()
        accepted.close()

    def test_much_data_crosses_both_ways_unharmed(self):
        self.exchange(self.pair(preshared=preshared_key()), harness.scaled(120))

    def test_over_ipv6_with_large_packets_and_without_any_privilege(self):
        pair = self.pair(v6=True, mtu=8920, prefix=UNPRIVILEGED)
        self.exchange(pair, harness.scaled(40))
        self.assertEqual(pair.dialler.status("Uid").split()[0], "65534")
        self.assertEqual(int(pair.dialler.status("CapEff"), 16), 0)

    def test_its_memory_is_nobody_elses(self):
        pair = self.pair(prefix=UNPRIVILEGED)
        harness.wait_for(lambda: os.stat(f"/proc/{pair.dialler.popen.pid}/mem").st_uid == 0, "the kernel to keep its memory for root")

    def test_each_direction_ends_for_itself(self):
        pair = self.pair()
        for first, second in (pair.connect(), reversed(pair.connect())):
            first.sendall(b"question")
            first.shutdown(socket.SHUT_WR)
            self.assertEqual(second.recv(100), b"question")
            self.assertEqual(second.recv(100), b"")
            self.assert_echo(*pair.connect())  # time enough for an end that would be taken for both
            second.sendall(b"answer")
            self.assertEqual(first.recv(100), b"answer")
            second.close()
            self.assertEqual(first.recv(100), b"")
            first.close()

    def test_an_end_that_is_closed_with_bytes_unread_resets_the_other(self):
        pair = self.pair()
        dialled, accepted = pair.connect()
        dialled.sendall(b"never read")
        select.select([accepted], [], [], 5)
        accepted.close()
        dialled.settimeout(5)
        self.assertEqual(dialled.recv(100), b"")
        # The only trace that a socket pair leaves of a reset: both directions are gone at once.
        poll = select.poll()
        poll.register(dialled, select.POLLIN)
        self.assertTrue(poll.poll(5000)[0][1] & select.POLLHUP)
        with self.assertRaises(BrokenPipeError):
            dialled.sendall(b"x")
        dialled.close()

    def test_a_closed_port_refuses(self):
        pair = self.pair()
        self.assert_refused("connection_refused", pair.dialler.dial, pair.to.replace(":80", ":81"), pair.keys[0])
        self.assert_refused("connection_refused", pair.acceptor.dial, "10.9.0.2:80", pair.keys[1])


class Patience(Case):
    """What takes its time, all at once."""

    def test_what_waiting_does(self):
        waits = (self.slow_readers, self.idle_streams)
        failures = []

        def run(wait):
            try:
                wait()
            except BaseException as problem:
                failures.append((wait.__name__, problem))
        threads = [threading.Thread(target=run, args=(wait,)) for wait in waits]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0][1]

    def slow_readers(self):
        """They stall their own streams only, hold bounded memory, and are not taken for dead."""
        pair = self.pair()
        stalled = [pair.connect() for _ in range(4)]
        sent = 0
        for dialled, _ in stalled:
            dialled.settimeout(0.5)
            try:
                while True:
                    sent += dialled.send(bytes(MB))
            except TimeoutError:
                pass
        self.assertLess(sent / 4, 6 * MB)
        self.assertLess(max(pair.dialler.rss_mb(), pair.acceptor.rss_mb()), 64)
        self.assert_echo(*pair.connect())
        self.dead_peer()  # which takes as long as they would need to be taken for dead
        received = sum(drain(accepted, 256 * 1024) for _, accepted in stalled)
        for dialled, accepted in stalled:
            dialled.shutdown(socket.SHUT_WR)
            received += drain(accepted)
        self.assertEqual(received, sent)

    def idle_streams(self):
        """Each costs little, once what was allocated to make it has been collected."""
        pair = self.pair()
        count = 800
        self.assertLess(max(pair.dialler.rss_mb(), pair.acceptor.rss_mb()), 15)
        held = lambda: max(int(helper.status("RssAnon").split()[0]) for helper in (pair.dialler, pair.acceptor))
        before = held()
        ends = [pair.connect() for _ in range(count)]
        for dialled, accepted in ends:
            self.assert_echo(dialled, accepted)
        harness.wait_for(lambda: (held() - before) / count < 16, "an idle stream costs less than 16 KB", 25)
        for dialled, accepted in ends:
            dialled.close()
            self.assertEqual(accepted.recv(1), b"")
            accepted.close()
        harness.wait_for(lambda: pair.dialler.descriptors() < 20 and pair.acceptor.descriptors() < 20, "descriptors are given back")

    def dead_peer(self):
        """It ends the streams."""
        pair = self.pair()
        dialled, _ = pair.connect()
        pair.acceptor.popen.kill()
        dialled.sendall(b"anybody?")
        dialled.settimeout(20)
        self.assertEqual(dialled.recv(1), b"")


@unittest.skipUnless(os.environ.get("ADIT_LONG_TESTS"), "takes five minutes: wireguard-go's intervals are constants (ADIT_LONG_TESTS=1)")
class Rekeying(Case):
    def test_keys_are_renewed_under_load_and_nobody_notices(self):
        pair = self.pair()
        dialled, accepted = pair.connect()
        end = time.monotonic() + 270
        block = random.Random(5).randbytes(MB)

        def chunks():
            while time.monotonic() < end:
                yield block
        sent = send_all(dialled, chunks())
        handshakes, digest, longest, last = set(), hashlib.sha256(), 0.0, time.monotonic()
        while piece := accepted.recv(MB):
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            digest.update(piece)
            if len(handshakes) < 1 or now - asked > 5:
                asked = now
                handshakes.add(pair.dialler.statistics()["peers"][0]["handshake"])
                last = time.monotonic()
        sent.join()
        self.assertEqual(sent.digest, digest.hexdigest())
        self.assertGreaterEqual(len(handshakes), 3)  # the first, after 120 s and after 240 s
        print(f"{len(handshakes)} handshakes")
        self.timely("the longest pause", longest, promised=1)


class Peers(Case):
    def test_a_peer_that_was_restarted_is_back_in_two_seconds(self):
        pair = self.pair()
        self.assert_echo(*pair.connect())
        pair.acceptor.popen.kill()
        pair.acceptor.stop()
        pair.acceptor = Helper()
        pair.acceptor.open(pair.keys[0], pair.addresses[0], bind=pair.acceptor_bound, accept_port=80)
        pair.acceptor.peer(pair.keys[1], pair.addresses[1])
        begin = time.monotonic()
        self.assert_echo(*pair.connect())
        self.timely("an echo by a peer that was restarted", time.monotonic() - begin, promised=2)

    def test_peers_come_and_go_and_others_do_not_notice(self):
        keys, address = Keys(), "10.9.0.1"
        hub = self.helper()
        bound = hub.open(keys, address, accept_port=80)
        spokes = []
        for i in (2, 3):
            own = Keys()
            spoke = self.helper()
            spoke.open(own, f"10.9.0.{i}")
            spoke.peer(keys, address, endpoint=bound)
            spokes.append((own, spoke))
        self.assert_refused("connection_timeout", spokes[0][1].dial, "10.9.0.1:80", keys, timeout_ms=700)
        ends = []
        for i, (own, spoke) in enumerate(spokes):
            hub.peer(own, f"10.9.0.{i + 2}")
            dialled = spoke.dial("10.9.0.1:80", keys)
            message, accepted = hub.accept()
            self.assertTrue(message["from"].startswith(f"10.9.0.{i + 2}:"), message)
            ends.append((dialled, accepted))
        hub.peer(spokes[1][0], "10.9.0.3")  # known already: nothing happens to it
        hub.remove(spokes[0][0])
        ends[0][1].settimeout(1)
        self.assertEqual(ends[0][1].recv(1), b"")
        self.assert_echo(*ends[1])
        self.assert_refused("connection_timeout", spokes[0][1].dial, "10.9.0.1:80", keys, timeout_ms=1500)
        self.assertEqual(hub.ask("describe")["devices"], [{"device": "wg", "bind": bound, "peers": [spokes[1][0].public]}])
        # Another address for a known key: connections of the old one end.
        hub.peer(spokes[1][0], "10.9.0.4")
        self.assertEqual(ends[1][1].recv(1), b"")

    def test_answers_leave_from_the_address_that_was_asked(self):
        keys, own = Keys(), Keys()
        for bind, asked, from_ in (("0.0.0.0:0", "127.0.0.5:{}", "0.0.0.0:0"), ("[::]:0", "127.0.0.6:{}", "[::]:0"), ("[::]:0", "[::1]:{}", "[::1]:0")):
            with self.subTest(bind, asked=asked):
                hub, spoke = self.helper(), self.helper()
                asked = asked.format(hub.open(keys, "10.9.0.1", bind=bind, accept_port=80).rsplit(":", 1)[1])
                spoke.open(own, "10.9.0.2", bind=from_)
                hub.peer(own, "10.9.0.2")
                spoke.peer(keys, "10.9.0.1", endpoint=asked)
                self.assert_echo(spoke.dial("10.9.0.1:80", keys), hub.accept()[1])
                self.assertEqual(spoke.statistics()["peers"][0]["endpoint"], asked)

    def test_dials_that_fail_together_disturb_no_session(self):
        pair = self.pair()
        ends = pair.connect()
        many = [pair.dialler.send("dial", device="wg", to="10.9.0.1:80", timeout_ms=5000, peer=pair.keys[0].public) for _ in range(50)]
        for number in many:
            self.assertTrue(pair.dialler.wait(number).get("ok"))
        handshake = pair.dialler.statistics()["peers"][0]["handshake"]
        silent = [pair.dialler.send("dial", device="wg", to="10.9.0.99:80", timeout_ms=1500, peer=pair.keys[0].public) for _ in range(5)]
        while any(str(number) not in pair.dialler.replies for number in silent):
            self.assert_echo(*ends)
        self.assertEqual(pair.dialler.statistics()["peers"][0]["handshake"], handshake)

    def test_a_peer_may_use_its_own_address_only(self):
        pair = self.pair()
        liar = self.helper()
        own = Keys()
        liar.open(own, "10.9.0.77")
        liar.peer(pair.keys[0], pair.addresses[0], endpoint=pair.acceptor_bound)
        pair.acceptor.peer(own, "10.9.0.3")
        self.assert_refused("connection_timeout", liar.dial, pair.to, pair.keys[0], timeout_ms=1200)
        self.assertGreater(liar.statistics()["peers"][0]["handshake"], 0)
        self.assert_refused("invalid", pair.acceptor.peer, Keys(), "10.9.0.3")
        add = [{"public_key": Keys().public, "address": address} for address in ("10.9.0.50", "10.9.0.3")]
        self.assert_refused("invalid", pair.acceptor.ask, "peers", device="wg", add=add, remove=[])
        self.assertEqual(len(pair.acceptor.ask("describe")["devices"][0]["peers"]), 2)  # nothing of it was done
        pair.acceptor.ask("peers", device="wg", add=add, remove=[own.public])

    def test_wrong_keys_get_nowhere(self):
        shared = preshared_key()
        pair = self.pair(preshared=shared)
        self.assert_echo(*pair.connect())
        for keys, secret in ((Keys(), shared), (pair.keys[1], preshared_key()), (pair.keys[1], "")):
            stranger = self.helper()
            stranger.open(keys, pair.addresses[1])
            stranger.peer(pair.keys[0], pair.addresses[0], endpoint=pair.acceptor_bound, preshared=secret)
            self.assert_refused("connection_timeout", stranger.dial, pair.to, pair.keys[0], timeout_ms=1200)
            self.assertEqual(stranger.statistics()["peers"][0]["handshake"], 0)
            if keys is not pair.keys[1]:
                self.assertEqual(pair.acceptor.strangers[0]["from"].rsplit(":", 1)[0], "127.0.0.1")
        self.assert_echo(*pair.connect())

    def test_thousands_of_peers_that_never_came_cost_little(self):
        pair = self.pair()
        before = pair.acceptor.rss_mb()
        made = [base64.b64encode(hashlib.sha256(b"%d" % i).digest()).decode() for i in range(5000)]
        for first in range(0, len(made), 250):
            add = [{"public_key": key, "preshared_key": key, "address": f"10.{20 + i // 250}.0.{i % 250}", "endpoint": "", "keepalive": 0} for i, key in enumerate(made[first:first + 250], first)]
            pair.acceptor.ask("peers", device="wg", add=add, remove=[])
        self.assertLess(pair.acceptor.rss_mb() - before, 10)
        self.assert_echo(*pair.connect())
        known, after, more = [], "", True
        while more:
            reply = pair.acceptor.ask("describe", after=after)
            known += reply["devices"][0]["peers"]
            after, more = known[-1], reply.get("more", False)
        self.assertEqual(known, sorted([*made, pair.keys[1].public]))
        self.assertEqual([peer["public_key"] for peer in pair.acceptor.statistics()["peers"]], [pair.keys[1].public])

    def test_statistics_tell_of_bytes_handshakes_and_where_a_peer_is(self):
        pair = self.pair()
        dialled, accepted = pair.connect()
        dialled.sendall(bytes(100_000))
        drain(accepted, 100_000)
        mine, theirs = pair.dialler.statistics(), pair.acceptor.statistics()
        self.assertEqual(mine["dropped"], 0)
        self.assertGreater(mine["peers"][0]["sent"], 100_000)
        self.assertGreater(theirs["peers"][0]["received"], 100_000)
        self.assertEqual(theirs["peers"][0]["endpoint"], pair.dialler.bound)
        self.assertLess(abs(time.time() - theirs["peers"][0]["handshake"] / 1e9), 10)


class Control(Case):
    def test_bad_requests_are_answered_and_harm_nothing(self):
        pair = self.pair()
        ends = pair.connect()
        helper = pair.dialler
        for name, members in (
                ("open", {}), ("open", {"device": "wg"}), ("open", {"device": "b", "private_key": "nonsense"}), ("nothing", {"device": "wg"}), ("close", {"device": "other"}),
                ("open", {"device": "b", "private_key": Keys().private, "address": "10.0.0.300", "mtu": 1420, "bind": "127.0.0.1:0"}),
                ("open", {"device": "b", "private_key": Keys().private, "address": "10.0.0.3", "mtu": 100, "bind": "127.0.0.1:0"}),
                ("open", {"device": "b", "private_key": Keys().private, "address": "10.0.0.3", "mtu": 1420, "bind": "localhost"}),
                ("open", {"device": "b", "private_key": Keys().private, "address": "10.0.0.3", "mtu": 1420, "bind": "192.0.2.1:0"}),
                ("open", {"device": "b", "mtu": "many"}), ("peers", {"device": "wg", "add": {}}), ("peers", {"device": "wg", "add": [{"public_key": "x"}]}), ("peers", {"device": "wg", "remove": [7]}),
                ("peers", {"device": "wg", "add": [{"public_key": Keys().public, "address": "fd00::9"}]}),
                ("peers", {"device": "wg", "add": [{"public_key": Keys().public, "address": "10.9.0.9", "endpoint": "[::1]:80"}]}),
                ("dial", {"device": "wg", "to": "somewhere", "peer": pair.keys[0].public}), ("dial", {"device": "wg", "to": "10.9.0.1:80", "peer": Keys().public})):
            with self.subTest(name, **{k: v for k, v in members.items() if k != "private_key"}):
                self.assert_refused("invalid", helper.ask, name, **members)
        for text in (b"{", b"[]", b"\x00\xff", b"7", b'{"id":' + b"[" * 50_000, b'{"id":{"a":1}}', b"{}"):
            helper.channel.send(text)
        self.assert_echo(*ends)
        self.assertTrue(helper.alive())

    def test_an_address_in_use_is_named(self):
        first, second = self.helper(), self.helper()
        bound = first.open(Keys(), "10.0.0.1")
        self.assert_refused("address_in_use", second.open, Keys(), "10.0.0.1", bind=bound)
        second.open(Keys(), "10.0.0.1")  # the name is free after a failure
        first.ask("close", device="wg")
        second.ask("close", device="wg")
        second.open(Keys(), "10.0.0.1", bind=bound)

    def test_closing_a_device_ends_its_streams_and_the_helper_lives(self):
        pair = self.pair()
        dialled, accepted = pair.connect()
        pair.dialler.ask("close", device="wg")
        dialled.settimeout(5)
        self.assertEqual(dialled.recv(1), b"")
        self.assert_refused("invalid", pair.dialler.statistics)
        self.assertEqual(pair.dialler.ask("describe")["devices"], [])

    def test_it_ends_with_its_channel_and_not_by_signals(self):
        helper = self.helper(environment={})
        helper.open(Keys(), "10.0.0.1", accept_port=80)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            helper.popen.send_signal(number)
        helper.ask("describe")
        self.assertEqual(pathlib.Path(f"/proc/{helper.popen.pid}/environ").read_bytes(), b"")
        self.assertEqual(len(pathlib.Path(f"/proc/{helper.popen.pid}/cmdline").read_bytes().split(b"\0")), 2)
        helper.channel.shutdown(socket.SHUT_RDWR)
        self.assertEqual(helper.popen.wait(5), 0)

    def test_what_was_said_before_the_end_arrives(self):
        ends = {"of the channel": lambda helper: helper.channel.shutdown(socket.SHUT_RDWR), "of the device": lambda helper: helper.send("close", device="wg")}
        for name, end in ends.items():
            with self.subTest(name):
                pair = self.pair()
                (full, full_there), (idle, idle_there), (kept, kept_there) = (pair.connect() for _ in range(3))
                full.sendall(bytes(100_000))
                full.close()
                idle.close()
                end(pair.dialler)
                for there, said in ((full_there, 100_000), (idle_there, 0), (kept_there, 0)):
                    there.settimeout(2)
                    self.assertEqual(drain(there), said)
                kept.close()

    def test_without_a_channel_it_says_what_it_is_for(self):
        done = subprocess.run([PROGRAM], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("started by adit-agent", done.stderr)


if __name__ == "__main__":
    unittest.main()

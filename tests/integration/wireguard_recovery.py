"""Agents over WireGuard when programs are killed, or an address changes under way: sessions are back soon, or go on."""
import hashlib
import os
import re
import threading

from harness import main, wait_for
from wireguard_relay import Relay
from wireguard_site import WireGuardCase, helpers_of


class Download(threading.Thread):
    """A long answer that is read in the background."""

    def __init__(self, site, size):
        super().__init__(daemon=True)
        self.site, self.size, self.answer, self.error = site, size, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.site.get(f"/web/bytes/{self.size}", seconds=40)
        except OSError as error:
            self.error = error

    def whole(self):
        self.join(120)
        block = bytes(range(256)) * 256
        wanted = (block * (self.size // len(block) + 1))[:self.size]
        return self.error is None and self.answer is not None and hashlib.sha256(self.answer.body).digest() == hashlib.sha256(wanted).digest()


class Recovery(WireGuardCase):
    def test_a_connector_that_was_killed_and_comes_again(self):
        site = self.site(tls=False)
        connector = site.start_connector()
        site.start_agent()
        site.wait_sessions(count=4)
        seats = set(site.seats())
        connector.popen.kill()
        connector.wait()
        site.start_connector()
        self.measured("sessions after the connector was killed", lambda: len(site.ids()) >= 4)
        self.assertEqual(set(site.seats()), seats)  # it has kept its place
        self.assertTrue(self.crosses(site))

    def test_an_agent_that_was_killed_and_comes_again(self):
        site = self.site(tls=False)
        site.start_connector()
        agent = site.start_agent()
        site.wait_sessions(count=4)
        before = set(site.seats().values())
        helpers = helpers_of(agent)
        self.assertEqual(len(helpers), 1)
        agent.popen.kill()
        agent.wait()
        wait_for(lambda: not os.path.exists(f"/proc/{helpers[0]}"), "its helper to end with it")
        site.start_agent()
        self.measured("sessions of a new agent after the old was killed", lambda: len(
            {s["id"] for s in site.sessions() if s["agent"] not in before and s["state"] == "ready"}) >= 4)
        self.assertTrue(self.crosses(site))

    def killed_helper(self, site, program, what):
        before = site.ids()
        helper, = helpers_of(program)
        os.kill(helper, 9)
        self.measured(what, lambda: len(site.ids() - before) >= 4)
        wait_for(lambda: self.crosses(site), "a request")
        self.assertNotIn(helper, helpers_of(program))
        self.assertEqual(program.log().count("the WireGuard helper ended; it is started again"), 1)

    def test_an_agents_helper_that_was_killed(self):
        site = self.site(tls=False)
        site.start_connector()
        agent = site.start_agent()
        site.wait_sessions(count=4)
        self.killed_helper(site, agent, "sessions after the agent's helper was killed")

    def test_a_connectors_helper_that_was_killed(self):
        site = self.site(tls=False)
        connector = site.start_connector()
        site.start_agent()
        site.wait_sessions(count=4)
        self.killed_helper(site, connector, "sessions after the connector's helper was killed")

    def test_an_address_that_changes_disturbs_nothing(self):
        site = self.site(tls=False)
        relay = Relay(site.wireguard_address)
        self.addCleanup(relay.stop)
        site.token = site.tool("tunnel", "rotate-token", "t1", "--connect-wireguard", relay.address).stdout
        site.start_connector()
        site.start_agent()
        site.wait_sessions(count=4)
        before = site.ids()
        streaming = []
        waiting = threading.Thread(target=lambda: streaming.append(site.get("/web/stream", seconds=40)), daemon=True)
        waiting.start()
        download = Download(site, 60_000_000)
        for _ in range(3):
            ports = len(relay.seen)
            relay.move()
            wait_for(lambda: len(relay.seen) > ports or len(relay.seen) == 2000, "datagrams after the move")
            self.assertTrue(self.crosses(site))
        self.assertTrue(download.whole())
        self.origin.release.set()
        waiting.join(20)
        self.assertEqual((streaming[0].status, set(re.findall(b"tick|.", streaming[0].body))), (200, {b"tick"}))
        self.assertEqual(site.ids(), before)


main()

"""Connectors follow one another on the same ports, the successor fully up first, and agents change meanwhile; nothing is lost."""
import signal

from harness import Case, Site, main, scaled, wait_for
from load import Load
from servers import start_nginx


class Replacements(Case):
    def setUp(self):
        super().setUp()
        self.site = Site(self, {"web": f"http://127.0.0.1:{start_nginx(self, {'small': b's' * 1024})}"})
        self.goal = scaled(20_000, 1000)

    def progress(self, load, part):
        before = load.done
        wait_for(lambda: load.done > before + self.goal // part or load.failures, "some load", 60)

    def finish(self, load):
        wait_for(lambda: load.done >= self.goal or load.failures, "enough requests", 120)
        done, failures = load.stop()
        print(f"{done} requests, {len(failures)} failed")
        self.assertEqual(failures[:5], [])
        self.assertGreaterEqual(done, self.goal)

    def test_three_successors_each_fully_up_before_the_older_one_leaves(self):
        serving, _ = self.site.up(agents=2)
        load = Load(self.site.client_port, "/small")
        for _ in range(3):
            self.progress(load, 8)
            successor = self.site.start_connector(wait=False)
            wait_for(lambda: successor.log().count('"session opened"') >= 2, "agents at the successor")
            wait_for(lambda: '"listening for clients"' in successor.log(), "the successor to listen")
            self.progress(load, 16)  # both serve side by side
            serving.signal(signal.SIGTERM)
            self.assertEqual(serving.wait(40), 0)
            serving = successor
        self.finish(load)
        self.assertTrue(serving.alive())

    def test_a_connector_and_all_agents_are_replaced_in_one_go(self):
        connector, agents = self.site.up(agents=2)
        load = Load(self.site.client_port, "/small")
        self.progress(load, 8)
        successor = self.site.start_connector(wait=False)
        wait_for(lambda: "listening for clients" in successor.log(), "the successor to listen")
        fresh = [self.site.start_agent() for _ in range(2)]
        # "session ready" is said per session: each new agent must know both connectors before the older agents leave.
        wait_for(lambda: all(agent.log().count('"session ready"') >= 4 for agent in fresh), "the new agents")
        connector.signal(signal.SIGTERM)
        self.assertEqual(connector.wait(40), 0)
        self.site.wait_sessions(count=16, agents=4)  # all of them at the successor
        for agent in agents:
            agent.signal(signal.SIGTERM)
        self.assertEqual([agent.wait(35) for agent in agents], [0, 0])
        self.finish(load)


main()

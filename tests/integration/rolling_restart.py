"""Agents and connectors are replaced under load, and no request is lost."""
import signal

from harness import Case, Site, main, scaled, wait_for
from load import Load
from servers import start_nginx


class RollingRestart(Case):
    def setUp(self):
        super().setUp()
        port = start_nginx(self, {"small": b"s" * 1024})
        self.site = Site(self, {"web": f"http://127.0.0.1:{port}"})
        self.goal = scaled(20_000, 1000)

    def finish(self, load):
        wait_for(lambda: load.done >= self.goal or len(load.failures) > 5, "enough requests", 120)
        done, failures = load.stop()
        print(f"{done} requests, {len(failures)} failed")
        self.assertEqual(failures[:5], [])
        self.assertGreaterEqual(done, self.goal)

    def test_two_agents_are_restarted_one_after_the_other(self):
        _, agents = self.site.up(agents=2)
        load = Load(self.site.client_port, "/small")
        for agent in agents:
            before = load.done
            wait_for(lambda: load.done > before + self.goal // 8, "some load", 60)
            leaving = {session["id"] for session in self.site.sessions()}
            agent.signal(signal.SIGTERM)
            self.assertEqual(agent.wait(35), 0)
            self.site.start_agent()
            wait_for(lambda: len([s for s in self.site.sessions() if s["state"] == "ready" and s["id"] not in leaving]) >= 4, "the new agent's sessions")
        self.finish(load)

    def test_a_connector_is_replaced_by_another_on_the_same_port(self):
        old, _ = self.site.up(agents=2)
        load = Load(self.site.client_port, "/small")
        wait_for(lambda: load.done > self.goal // 8, "some load", 60)
        new = self.site.start_connector(wait=False)
        wait_for(lambda: "connector started" in new.log(), "the successor to start")
        old.signal(signal.SIGTERM)
        self.assertEqual(old.wait(40), 0)
        self.finish(load)
        self.assertTrue(new.alive())


main()

"""Agents die, freeze, drain and come back; clients notice as little as can be."""
import http.client
import signal
import threading
import time

from harness import Case, Site, can_connect, fetch, main, wait_for
from servers import Origin


class AgentLifecycle(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"})

    def test_a_killed_agent_cuts_its_answer_off_and_the_other_takes_over_at_once(self):
        _, agents = self.site.up(agents=2)
        client = http.client.HTTPConnection("127.0.0.1", self.site.client_port, timeout=20)
        client.request("GET", "/stream")
        response = client.getresponse()
        self.assertEqual(response.read(6), b"tick\nt")
        busy = next(a for a in agents if metric_streams(a) > 0)
        busy.popen.kill()
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            response.read()
        for _ in range(20):
            self.assertEqual(self.site.get("/x").status, 200)

    def test_a_frozen_agent_leaves_the_rotation_within_three_seconds(self):
        _, agents = self.site.up(agents=2)
        agents[0].signal(signal.SIGSTOP)
        frozen = time.monotonic()
        wait_for(lambda: len({s["agent"] for s in self.site.sessions() if s["state"] == "ready"}) == 1, "one agent left", 10)
        self.timely("without a frozen agent", time.monotonic() - frozen, promised=3)
        for _ in range(20):
            self.assertEqual(self.site.get("/x", seconds=9).status, 200)
        agents[0].signal(signal.SIGCONT)
        self.site.wait_sessions(count=8, agents=2)

    def test_a_term_signal_lets_running_answers_finish(self):
        _, (agent,) = self.site.up()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.site.get("/held")))
        asking.start()
        wait_for(lambda: self.origin.seen, "the request at the origin")
        agent.signal(signal.SIGTERM)
        wait_for(lambda: '"draining"' in agent.log(), "the agent to drain")
        self.assertTrue(agent.alive())
        self.origin.release.set()
        asking.join(10)
        self.assertEqual(answers[0].body, b"held origin")
        self.assertEqual(agent.wait(10), 0)

    def test_a_second_term_signal_stops_at_once(self):
        _, (agent,) = self.site.up()
        asking = threading.Thread(target=lambda: self.site.get("/held"), daemon=True)
        asking.start()
        wait_for(lambda: self.origin.seen, "the request at the origin")
        agent.signal(signal.SIGTERM)
        wait_for(lambda: '"draining"' in agent.log(), "the agent to drain")
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(9), 1)  # the origin holds its answer for longer
        self.origin.release.set()

    def test_a_hangup_signal_reloads_the_allow_list(self):
        config = self.write("agent.yaml", "allow: [ nobody.example:1 ]\n")
        connector = self.site.start_connector()
        agent = self.site.start_agent(allow=[], flags=["--config", config])
        self.site.wait_sessions(count=4)
        refused = self.site.get("/x")
        self.assertEqual((refused.status, refused.problem()["code"]), (502, "destination-prohibited"))
        self.assertNotIn(str(self.origin.port), refused.problem()["detail"] + refused.headers["proxy-status"])
        wait_for(lambda: f"--allow 127.0.0.1:{self.origin.port}" in connector.log(), "what would permit it, in the log")
        config.write_text("allow: [ broken\n")
        agent.signal(signal.SIGHUP)
        wait_for(lambda: "reload refused" in agent.log(), "the bad file to be refused")
        config.write_text(f"allow: [ '127.0.0.1:{self.origin.port}' ]\n")
        agent.signal(signal.SIGHUP)
        wait_for(lambda: self.site.get("/x").status == 200, "the new list")

    def test_agents_return_by_themselves_to_a_restarted_connector(self):
        connector, _ = self.site.up()
        connector.popen.kill()
        connector.wait()
        self.site.start_connector()
        self.site.wait_sessions()
        wait_for(lambda: can_connect(self.site.client_port), "the client port")
        self.assertEqual(self.site.get("/x").status, 200)


def metric_streams(agent):
    for line in fetch(agent.metrics_port, "/metrics").body.decode().splitlines():
        if line.startswith("adit_agent_streams "):
            return float(line.split()[1])
    return 0


main()

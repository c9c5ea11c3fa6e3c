"""Agents over WireGuard: replicas and their seats, and keys that come and go."""
from harness import main, metric, wait_for
from wireguard_site import WireGuardCase


class WireGuard(WireGuardCase):
    def test_replicas_get_seats_of_their_own_and_share_the_load(self):
        site = self.site(tls=False)
        site.start_connector()
        agents = [site.start_agent() for _ in range(3)]
        site.wait_sessions(count=12, agents=3)
        self.assertEqual(len(site.seats()), 3, site.sessions())
        self.assertEqual(len(set(site.seats().values())), 3)
        self.assertNotIn("10.77.0.8", site.seats())  # the lobby
        for _ in range(60):
            self.assertTrue(self.crosses(site))
        self.assertTrue(all(metric(agent.metrics_port, "adit_agent_streams_total") > 0 for agent in agents))

    def test_the_eighth_is_told_that_there_is_no_seat_until_one_leaves(self):
        site = self.site(tls=False)
        connector = site.start_connector()
        agents = [site.start_agent(flags=["--connections", "1"]) for _ in range(7)]
        site.wait_sessions(count=7, agents=7)
        eighth = site.start_agent(flags=["--connections", "1"])
        wait_for(lambda: "all seats of this key in the WireGuard network are taken" in eighth.log(), "its words")
        wait_for(lambda: "all seats of its key in the WireGuard network are taken" in connector.log(), "the connector's words")
        self.assertEqual(len(site.seats()), 7)
        seven = set(site.seats().values())
        agents[2].signal(15)
        agents[2].wait()
        self.measured("a seat for the eighth after another left", lambda: len(set(site.seats().values()) - seven) == 1, most=15)
        # It asked again and again, but with pauses.
        self.assertLess(connector.log().count("all seats of its key"), 40)
        self.assertTrue(self.crosses(site))

    # --- keys that come and go ---

    def test_keys_come_and_go_while_the_connector_runs(self):
        site = self.site(tls=False)
        site.start_connector()
        site.start_agent()
        site.wait_sessions(count=4)
        steady = site.ids()
        token = site.create_tunnel("t2")
        second = site.start_agent(token=token)
        self.measured("sessions of a tunnel that was made meanwhile", lambda: len(site.ids() - steady) >= 4)
        first_key, = {s["key"] for s in site.sessions() if s["id"] not in steady}
        rotated = site.tool("tunnel", "rotate-token", "t2").stdout
        before = site.ids()
        site.start_agent(token=rotated)
        self.measured("sessions with a new key of the tunnel", lambda: len(site.ids() - before) >= 4)
        self.assertTrue(before <= site.ids())
        site.tool("tunnel", "revoke-key", "t2", first_key)
        self.measured("the end of a revoked key's sessions", lambda: first_key not in {s["key"] for s in site.sessions()}, most=2)
        # Its peer is gone from the device: it meets silence, where a connector that knew it would refuse it in words.
        wait_for(lambda: "connection_timeout" in second.log(), "silence for the revoked", 25)
        self.assertNotIn(first_key, {s["key"] for s in site.sessions()})
        self.assertTrue(steady <= site.ids())


main()

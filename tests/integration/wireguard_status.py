"""What operators see of WireGuard: doors, seats and their agents in `status` and /sessions, and metrics of both ends."""
import json
import os
import pathlib
import signal

from harness import Case, Site, can_connect, fetch, free_port, main, metric, wait_for
from servers import Origin


class WireGuardStatus(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"})
        self.udp = free_port()
        lines = self.site.config.read_text().splitlines(keepends=True)
        tunnels = (f'tunnels: {{ directory: tunnels.d, tls: {{ address: "{self.site.tunnel_address}", key: connector.key }}, '
                   f'wireguard: {{ address: "127.0.0.1:{self.udp}", network: 10.77.0.0/16, device: user-space }} }}\n')
        self.site.config.write_text("".join(tunnels if line.startswith("tunnels:") else line for line in lines))
        self.site.token = self.site.tool("tunnel", "rotate-token", "t1").stdout

    def status(self):
        return json.loads(fetch(self.site.admin_port, "/status").body)

    def start_agent(self, transport, **keywords):
        return self.site.start_agent(environment={"TUNNEL_TRANSPORT_PROTOCOL": transport, "TUNNEL_WIREGUARD_DEVICE": "user-space"}, **keywords)

    def test_sessions_by_transport(self):
        self.site.start_connector()
        agent = self.start_agent("wireguard")
        self.start_agent("tls")
        self.site.wait_sessions(count=8, agents=2)
        wait_for(lambda: all("endpoint" in s for s in self.site.sessions() if s["transport"] == "wireguard"), "a look at the device")
        sessions = self.site.sessions()
        self.assertEqual(sorted(s["transport"] for s in sessions), ["tls"] * 4 + ["wireguard"] * 4)
        over = next(s for s in sessions if s["transport"] == "wireguard")
        self.assertIn(over["seat"], range(1, 8))
        self.assertTrue(over["endpoint"].startswith("127.0.0.1:"))
        self.assertLess(over["handshake_age_s"], 60)
        self.assertGreater(over["received_bytes"], 0)
        self.assertEqual(over["roams"], 0)
        self.assertNotIn("seat", next(s for s in sessions if s["transport"] == "tls"))

        doors = {door["transport"]: door for door in self.status()["doors"]}
        self.assertEqual(doors["tls"], {"transport": "tls", "address": self.site.tunnel_address, "sessions": 4})
        self.assertEqual((doors["wireguard"]["address"], doors["wireguard"]["sessions"]), (f"127.0.0.1:{self.udp}", 4))
        self.assertIn("user-space (it was asked for)", doors["wireguard"]["device"])
        told = self.site.tool("status").stdout
        self.assertRegex(told, rf"wireguard +127\.0\.0\.1:{self.udp} +user-space \(it was asked for\) +4")
        self.assertRegex(told, rf"t1 +{over['seat']} +{over['agent']} +127\.0\.0\.1:\d+ +\d+ s ago +\d+ +\d+ +0")

        self.assertEqual(metric(self.site.admin_port, "adit_connector_sessions", transport="wireguard", reaches=4), 4)
        self.assertGreater(metric(self.site.admin_port, "adit_connector_wireguard_received_bytes", seat=over["seat"], reaches=1), 0)
        self.assertEqual(metric(self.site.admin_port, "adit_connector_wireguard_helper_restarts_total"), 0)
        wait_for(lambda: metric(agent.metrics_port, "adit_agent_wireguard_sent_bytes", seat=over["seat"]) > 0, "the agent's figures")
        self.assertEqual(metric(agent.metrics_port, "adit_agent_sessions", transport="wireguard", reaches=4), 4)
        self.assertEqual(metric(agent.metrics_port, "adit_agent_transport_fallbacks_total"), 0)

    def test_gauges_of_a_revoked_key_disappear(self):
        created = json.loads(self.site.tool("tunnel", "create", "passing", "--output", "json").stdout)
        self.site.start_connector()
        self.start_agent("wireguard", token=created["token"])
        wait_for(lambda: metric(self.site.admin_port, "adit_connector_wireguard_received_bytes", key=created["key"]) > 0, "its gauges")
        self.site.tool("tunnel", "revoke-key", "passing", created["key"])
        wait_for(lambda: created["key"] not in fetch(self.site.admin_port, "/metrics").body.decode(), "them to disappear")

    def test_a_tunnel_that_was_never_heard(self):
        self.site.start_connector()
        words = f"; over WireGuard nothing was heard of it, either: if it should come that way, check that UDP reaches 127.0.0.1:{self.udp}"
        wait_for(lambda: words in self.site.tool("status", status=1).stdout, "the words")

    def test_all_seats_are_taken(self):
        self.site.start_connector()
        for _ in range(8):
            self.start_agent("wireguard")
        refused = wait_for(lambda: [p for p in self.status()["problems"] if "all 7 seats" in p], "the words", 40)
        self.assertIn("tunnel rotate-token t1", refused[0])

    def test_a_helper_that_ended_is_counted(self):
        connector = self.site.start_connector()
        port, children = self.site.admin_port, pathlib.Path(f"/proc/{connector.pid}/task/{connector.pid}/children")
        wait_for(lambda: "helper_restarts_total 0" in fetch(port, "/metrics").body.decode(), "the first look at the device")
        helper = wait_for(lambda: children.read_text().split(), "the helper")[0]
        os.kill(int(helper), signal.SIGKILL)
        wait_for(lambda: metric(port, "adit_connector_wireguard_helper_restarts_total") == 1, "the count")
        wait_for(lambda: not [p for p in self.status()["problems"] if "cannot come over WireGuard" in p], "it to serve again")

    def test_a_fallback_is_counted(self):
        self.site.start_connector()
        token = self.site.tool("tunnel", "rotate-token", "t1", "--connect", f"127.0.0.1:{free_port()}").stdout
        agent = self.start_agent("auto", token=token)
        self.site.wait_sessions(count=4)
        wait_for(lambda: can_connect(agent.metrics_port), "the agent's port")
        wait_for(lambda: metric(agent.metrics_port, "adit_agent_transport_fallbacks_total") == 1, "the count")


if __name__ == "__main__":
    main()

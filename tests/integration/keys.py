"""Tokens and keys: made, rotated, revoked, damaged and misused."""
import json
import time

from harness import AGENT, TRANSPORT, Case, Site, main, metric, wait_for
from servers import Origin

TOLD = 40  # seconds for a reason to be in the log: over WireGuard it takes a dial's whole patience

class Keys(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"})

    def test_rotating_disturbs_nobody_and_revoking_ends_sessions_within_two_seconds(self):
        _, (old,) = self.site.up()
        before = {s["id"] for s in self.site.sessions()}
        rotated = json.loads(self.site.tool("tunnel", "rotate-token", "t1", "--output", "json").stdout)
        self.site.start_agent(token=rotated["token"])
        self.site.wait_sessions(count=8, agents=2)
        self.assertTrue(before <= {s["id"] for s in self.site.sessions()})
        keys = json.loads(self.site.tool("tunnel", "describe", "t1", "--output", "json").stdout)["keys"]
        first = next(k["id"] for k in keys if k["id"] != rotated["key"])
        self.site.tool("tunnel", "revoke-key", "t1", first)
        revoked = time.monotonic()
        wait_for(lambda: {s["key"] for s in self.site.sessions()} == {rotated["key"]}, "the sessions to end", 6)
        self.timely("sessions of a revoked key end", time.monotonic() - revoked, promised=2)
        wait_for(lambda: "this key was revoked" in old.log() and "does not know this token's key" in old.log(), "the reason in the log", TOLD)
        self.assertEqual(self.site.get("/x").status, 200)

    def test_an_expired_key_is_named_as_such(self):
        token = self.site.tool("tunnel", "rotate-token", "t1", "--expires", "500ms").stdout
        self.site.start_connector()
        agent = self.site.start_agent(token=token)
        wait_for(lambda: "has expired" in agent.log(), "the reason in the log", 20)
        wait_for(lambda: not self.site.sessions(), "no session")
        key = json.loads(self.site.tool("tunnel", "describe", "t1", "--output", "json").stdout)["keys"][-1]["id"]
        ends = metric(self.site.admin_port, "adit_connector_key_expires_timestamp_seconds", tunnel="t1", key=key)
        self.assertLess(abs(ends - time.time()), 60)
        late = self.site.start_agent(token=token)
        words = "the connector says: this key has expired" if TRANSPORT == "wireguard" else "has expired"
        wait_for(lambda: words in late.log(), "the reason in the log of one that comes later")

    def test_a_connector_changes_its_key_once_tokens_name_the_next_one(self):
        if TRANSPORT == "wireguard":
            self.skipTest("the key of TLS")
        plain = self.site.config.read_text()
        self.site.config.write_text(plain.replace("key: connector.key", "key: connector.key, next_key: next.key"))
        token = self.site.tool("tunnel", "rotate-token", "t1").stdout
        told = json.loads(self.run_tool(AGENT, "token", "inspect", "--output", "json", stdin=token).stdout)
        self.assertEqual(len(told["pins"]), 2)
        first = self.site.start_connector()
        agent = self.site.start_agent(token=token)
        self.site.wait_sessions()
        first.stop()
        self.site.config.write_text(plain)
        (self.directory / "next.key").rename(self.directory / "connector.key")
        self.site.start_connector()
        self.site.wait_sessions()
        self.assertTrue(agent.alive())
        self.assertEqual(self.site.get("/x").status, 200)

    def test_a_token_of_another_connector_is_refused_by_the_agent(self):
        (self.directory / ("wireguard.key" if TRANSPORT == "wireguard" else "connector.key")).unlink()
        self.site.start_connector()
        agent = self.site.start_agent()
        wait_for(lambda: "is not the one that the token names" in agent.log(), "the reason in the log", TOLD)
        self.assertEqual(self.site.sessions(), [])

    def test_damaged_tokens_are_named_as_what_they_are(self):
        token = self.site.token.strip()
        half = len(token) // 2
        for text, words in [(token[:-9], "cut off"), (token[:half], "cut off"), (token[:half] + "\n" + token[half:], "line break"),
                            (token[:half] + ("A" if token[half] != "A" else "B") + token[half + 1:], "checksum"), ("", "empty"), ("hello", "no Adit token")]:
            with self.subTest(words):
                done = self.run_tool(AGENT, "run", "--token-file", self.write("bad", text), status=2)
                self.assertIn(words, done.stderr)
                self.assertNotIn(token[20:60], done.stderr)

    def test_a_newline_after_the_token_does_not_matter(self):
        self.site.start_connector()
        self.site.start_agent(token=self.site.token.strip() + "\n\n")
        self.site.wait_sessions(count=1)

    def test_a_token_in_the_arguments_is_refused(self):
        for arguments in (["--token", self.site.token.strip()], [self.site.token.strip()]):
            done = self.run_tool(AGENT, "run", *arguments, status=2)
            self.assertIn("can be read by every user", done.stderr)

    def test_no_token_says_how_to_get_one(self):
        self.assertIn("tunnel create", self.run_tool(AGENT, "run", status=2).stderr)

    def test_inspect_shows_everything_but_the_secret(self):
        path = self.write("token", self.site.token)
        text = self.run_tool(AGENT, "token", "inspect", "--token-file", path).stdout
        told = json.loads(self.run_tool(AGENT, "token", "inspect", "--token-file", path, "--output", "json").stdout)
        self.assertEqual(told["connectors"], [self.site.tunnel_address])
        self.assertIn(told["tunnel_id"], text)
        self.assertEqual(set(told) - {"wireguard"}, {"version", "tunnel_id", "tunnel_name", "key", "spki_sha256", "connectors", "pins"})
        self.assertEqual("wireguard" in told, TRANSPORT == "wireguard")

    def test_deleting_a_tunnel_ends_its_sessions(self):
        self.site.up()
        self.site.tool("tunnel", "delete", "t1")
        wait_for(lambda: not self.site.sessions(), "the sessions to end", 6)


main()

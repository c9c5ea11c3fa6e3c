"""`adit-connector status` when something is wrong: what it is, and what to do about it."""
import json
import subprocess

from harness import Case, Site, can_connect, fetch, free_port, main, wait_for
from servers import Origin


class StatusWords(Case):
    def certificate(self, name, clock, days):
        """Valid for `days` from the time that `clock` (an offset) makes it."""
        subprocess.run(["faketime", "-f", clock, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj",
                        f"/CN={name}", "-keyout", self.directory / f"{name}.key", "-out", self.directory / f"{name}.crt"], check=True, capture_output=True)
        return f"{{ certificate: {name}.crt, key: {name}.key }}"

    def told(self, status=0):
        return self.site.tool("status", status=status).stdout

    def problems(self):
        return json.loads(fetch(self.site.admin_port, "/status").body)["problems"]

    def test_certificates_that_end_are_named(self):
        self.origin = Origin()
        good, soon = self.certificate("good.example", "-1d", 90), self.certificate("soon.example", "-1d", 8)
        old, early = self.certificate("old.example", "-10d", 2), self.certificate("early.example", "+10d", 90)
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"},
                         listener=f', name: edge, tls: {{ certificate: good.example.crt, key: good.example.key, certificates: [ {soon}, {old}, {early} ] }}')
        self.site.start_connector()
        self.site.start_agent()
        self.site.wait_sessions()
        wait_for(lambda: can_connect(self.site.client_port), "the listener")
        told = self.told()
        self.assertRegex(told, r"! listener edge: its certificate for soon\.example expires at \S+: renew it")
        self.assertRegex(told, r"! listener edge: its certificate for old\.example expired at \S+, clients refuse it")
        self.assertRegex(told, r"! listener edge: its certificate for early\.example is valid from \S+ on, .*clock")
        self.assertNotIn("good.example", told)
        self.assertRegex(told, r"edge +\S+ +true +expired: 20")
        listener = json.loads(fetch(self.site.admin_port, "/status").body)["listeners"][0]
        self.assertEqual([c["state"] for c in listener["certificates"]], ["valid", "expires soon", "expired", "not yet valid"])
        # Renewed under the connector's eyes, it is no problem any more.
        self.certificate("old.example", "-1d", 90)
        wait_for(lambda: not any("old.example" in problem for problem in self.problems()), "the renewed certificate")

    def test_a_tunnel_without_a_session_says_why_and_what_to_do(self):
        self.site = Site(self, {"web": "http://127.0.0.1:1"})
        told = json.loads(self.site.tool("tunnel", "rotate-token", "t1", "--output", "json").stdout)
        self.site.tool("tunnel", "revoke-key", "t1", told["key"])
        self.site.create_tunnel("stale", "--expires", "1s")
        self.site.start_connector()
        wait_for(lambda: any("stale: no session" in p and "all of its keys have expired" in p for p in self.problems()), "the key to expire")
        told_lines = self.told(status=1)
        self.assertIn("! tunnel t1: no session, so requests to its services get 503; start adit-agent with its token", told_lines)
        self.site.start_agent(token=told["token"])
        refused = wait_for(lambda: [p for p in self.problems() if p.startswith("agent at 127.0.0.1: refused")], "the refusal")
        self.assertIn("its key is unknown here or was revoked", refused[0])
        self.site.start_agent()
        self.site.wait_sessions()
        self.assertFalse([p for p in self.problems() if p.startswith("tunnel t1")])

    def test_a_refused_configuration_is_named_until_a_good_one_is_there(self):
        self.site = Site(self, {"web": "http://127.0.0.1:1"})
        self.site.up()
        good = self.site.config.read_text()
        self.write("bad.yaml", good + "bogus: 1\n").rename(self.site.config)
        told = wait_for(lambda: [p for p in self.problems() if p.startswith("the configuration on disk was refused at ")], "the refusal")
        self.assertRegex(told[0], r"the one before serves on: .*bogus.*; 'adit-connector check' tells")
        self.assertIn("! the configuration on disk was refused", self.told())
        self.write("good.yaml", good).rename(self.site.config)
        wait_for(lambda: not any("refused" in problem for problem in self.problems()), "the good one")

    def test_many_wrong_tokens_of_operators_are_named(self):
        token = self.write("operators.token", "a-token-of-operators-that-is-long-enough")
        token.chmod(0o600)
        self.site = Site(self, {"web": "http://127.0.0.1:1"})
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace(f'{self.site.admin_port}" }}', f'{self.site.admin_port}", token: "${{file:operators.token}}" }}'))
        self.site.start_connector()
        for number in range(20):
            self.assertEqual(fetch(self.site.admin_port, "/status", headers={"Authorization": f"Bearer guess-{number}"}).status, 401)
        right = {"Authorization": f"Bearer {token.read_text()}"}
        told = [p for p in json.loads(fetch(self.site.admin_port, "/status", headers=right).body)["problems"] if p.startswith("admin address: ")]
        self.assertRegex(told[0], r"20 wrong tokens or certificates from .* the last one from 127\.0\.0\.1:\d+: somebody may be guessing")

    def test_an_endpoint_that_cannot_be_reached_is_named(self):
        closed = free_port()
        self.site = Site(self, {}, {"web": f'endpoints: [ "http://127.0.0.1:{closed}" ]'}, routes=[("/**", "web")])
        self.site.start_connector()
        wait_for(lambda: can_connect(self.site.client_port), "the listener")
        self.assertFalse([p for p in self.problems() if p.startswith("backend")])
        self.assertEqual(self.site.get("/x").status, 502)
        self.assertRegex(self.told(status=1), rf"! backend web: http://127\.0\.0\.1:{closed} could not be reached at \S+; the access log")


main()

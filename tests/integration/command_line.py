"""The verbs of both programs: what they print, what they refuse, and what they leave on disk."""
import json
import os
import stat
import subprocess
import threading

from harness import AGENT, CONNECTOR, Case, Site, main

BROKEN = """listeners:
  - address: 127.0.0.1:8080
    limts: { header_timeout: 10s }
backends:
  web: { endpoints: [ "http://127.0.0.1:1" ] }
  web: { endpoints: [] }
routes:
  - { match: { path: /** }, backend: wbe }
rate_limits: {}
"""


class CommandLine(Case):
    def site(self):
        return Site(self, {"web": "http://127.0.0.1:80"})

    def test_check_reports_all_errors_with_their_places(self):
        path = self.write("broken.yaml", BROKEN)
        for verb in ("check", "run"):
            done = self.run_tool(CONNECTOR, verb, "--config", path, status=2)
            self.assertIn(f"{path}:3:5: error:", done.stderr)
            self.assertIn("limits", done.stderr)
            self.assertIn(f"{path}:6:3: error:", done.stderr)
            self.assertIn("rate_limits", done.stderr)
        told = json.loads(self.run_tool(CONNECTOR, "check", "--config", path, "--output", "json", status=2).stdout)
        self.assertFalse(told["ok"])
        self.assertGreaterEqual(len(told["errors"]), 3)

    def test_the_version_is_told_either_way(self):
        for program, name in ((CONNECTOR, "adit-connector"), (AGENT, "adit-agent")):
            told = self.run_tool(program, "--version").stdout
            self.assertRegex(told, rf"\A{name} \d+\.\d+\.\d+\n\Z")
            self.assertEqual(self.run_tool(program, "version").stdout, told)

    def test_a_wrong_name_is_answered_with_the_right_one(self):
        text = BROKEN.replace("    limts: { header_timeout: 10s }\n", "").replace("  web: { endpoints: [] }\n", "").replace("consumers: []\n", "")
        done = self.run_tool(CONNECTOR, "check", "--config", self.write("a.yaml", text), status=2)
        self.assertIn("web", done.stderr)

    def test_environment_and_files_fill_in_values(self):
        self.write("port", "18099\n")
        text = 'listeners: [ { address: "127.0.0.1:${file:port}" } ]\nbackends: { web: { endpoints: [ "http://${ORIGIN}" ] } }\nroutes: [ { match: { path: /** }, backend: web } ]\n'
        path = self.write("a.yaml", text)
        self.assertIn("ok", self.run_tool(CONNECTOR, "check", "--config", path, environment={"ORIGIN": "127.0.0.1:1"}).stdout)
        self.assertIn("ORIGIN", self.run_tool(CONNECTOR, "check", "--config", path, status=2).stderr)

    def test_create_prints_the_token_alone_and_files_are_private(self):
        site = self.site()
        self.assertRegex(site.token, r"\Aadit1_[A-Za-z0-9_-]+\n\Z")
        for name in ("tunnels.d/t1.json", "connector.key"):
            self.assertEqual(stat.S_IMODE(os.stat(self.directory / name).st_mode), 0o600)
        self.assertNotIn("PRIVATE", (self.directory / "tunnels.d/t1.json").read_text())

    def test_every_verb_answers_in_both_forms(self):
        site = self.site()
        made = json.loads(site.tool("tunnel", "create", "t2", "--output", "json").stdout)
        self.assertEqual(set(made), {"id", "name", "key", "token"})
        self.assertEqual([t["name"] for t in json.loads(site.tool("tunnel", "list", "--output", "json").stdout)["tunnels"]], ["t1", "t2"])
        self.assertIn(made["id"], site.tool("tunnel", "list").stdout)
        self.assertEqual(json.loads(site.tool("tunnel", "describe", made["id"], "--output", "json").stdout)["name"], "t2")
        self.assertIn("active", site.tool("tunnel", "describe", "t2").stdout)
        self.assertIn("http://127.0.0.1:80", site.tool("tunnel", "services", "describe", "t1").stdout)
        told = json.loads(site.tool("tunnel", "services", "describe", "--tunnel-id", "t1", "--output", "json").stdout)
        self.assertEqual(told["services"][0]["configurations"], [{"project": "shop", "accessibleBy": ["production"]}])
        site.set_services("t1", {"other": "http://10.0.0.1:8080"})
        self.assertEqual([s["name"] for s in json.loads(site.tool("tunnel", "services", "describe", "t1", "--output", "json").stdout)["services"]], ["other"])
        rotated = json.loads(site.tool("tunnel", "rotate-token", "t2", "--expire-old", "24h", "--output", "json").stdout)
        states = {k["id"]: k["state"] for k in json.loads(site.tool("tunnel", "describe", "t2", "--output", "json").stdout)["keys"]}
        self.assertEqual(states[rotated["key"]], "active")
        self.assertIn("expires in", states[made["key"]])
        site.tool("tunnel", "revoke-key", "t2", made["key"])
        site.tool("tunnel", "delete", "t2", "--yes")
        self.assertEqual(len(json.loads(site.tool("tunnel", "list", "--output", "json").stdout)["tunnels"]), 1)

    def test_what_is_wrong_is_said_and_nothing_is_half_done(self):
        site = self.site()
        self.assertIn("exists already", site.tool("tunnel", "create", "t1", status=2).stderr)
        self.assertIn("did you mean 't1'", site.tool("tunnel", "describe", "t11", status=2).stderr)
        self.assertIn("not a tunnel name", site.tool("tunnel", "create", "Bad_Name", status=2).stderr)
        before = (self.directory / "tunnels.d/t1.json").read_text()
        for text, words in [("{", "not JSON"), ('{"version":1,"services":[{"name":"a","endpont":"http://b:1"}]}', "did you mean 'endpoint'"),
                            ('{"version":2,"services":[]}', "version"), ('{"version":1,"services":[{"name":"a","endpoint":"b:1"}]}', "endpoint")]:
            path = self.write("bad.json", text)
            self.assertIn(words, site.tool("tunnel", "services", "update", "t1", "--configuration-file", path, status=2).stderr)
        self.assertEqual((self.directory / "tunnels.d/t1.json").read_text(), before)
        site.create_tunnel("t2")
        taken = self.write("taken.json", '{"version":1,"services":[{"name":"web","endpoint":"http://b:1"}]}')
        self.assertIn("taken by tunnel 't1'", site.tool("tunnel", "services", "update", "t2", "--configuration-file", taken, status=2).stderr)

    def test_commands_at_the_same_time_lose_nothing(self):
        site = self.site()
        threads = [threading.Thread(target=site.tool, args=("tunnel", "rotate-token", "t1")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(json.loads(site.tool("tunnel", "describe", "t1", "--output", "json").stdout)["keys"]), 9)

    def test_healthcheck_and_bad_flags_have_their_statuses(self):
        site = self.site()
        _, (agent,) = site.up()
        address = f"127.0.0.1:{agent.metrics_port}"
        self.run_tool(AGENT, "healthcheck", "--metrics", address)
        agent.popen.kill()
        agent.wait()
        self.run_tool(AGENT, "healthcheck", "--metrics", address, status=1)
        token = self.write("token", site.token)
        for flags, words in [(["--allow", "nowhere"], "the port is missing"), (["--grace-period", "soon"], "duration"), (["--no-such-flag"], "no-such-flag")]:
            done = subprocess.run([AGENT, "run", "--token-file", token, *flags], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr + done.stdout)


main()

"""What an operator asks of a configuration and of a running connector, from the command line."""
import json
import re

from harness import CONNECTOR, Case, Site, fetch, free_port, main, wait_for
from servers import Origin


class Operating(Case):
    def setUp(self):
        super().setUp()
        self.origin = Origin()
        self.secret = self.write("secret.txt", f"{self.origin.port}\n")
        self.site = Site(self, {"web": f"http://127.0.0.1:{self.origin.port}"}, {"web": "endpoints: [ service://web ]",
                         "direct": f'endpoints: [ "http://127.0.0.1:${{file:{self.secret}}}" ]'}, routes=[("/web/**", "web"), ("/a/*/c", "direct")])

    def test_status_shows_a_running_connector_and_its_agents(self):
        site = self.site
        connector, (agent,) = site.up()
        self.assertEqual(site.get("/web/x").status, 200)
        told = site.tool("status").stdout
        self.assertIn(": ready, 2 workers", told)
        for heading in ("LISTENER", "TUNNEL", "BACKEND", "ROUTE"):
            self.assertIn(heading, told)
        self.assertEqual(len(re.findall(r"^t1 .* ready ", told, re.M)), 4)
        told = json.loads(site.tool("status", "--output", "json").stdout)
        self.assertEqual((told["ready"], [b["name"] for b in told["backends"]], len(told["tunnels"][0]["sessions"])), (True, ["web", "direct"], 4))
        self.assertEqual([r["path"] for r in told["routes"]], ["/web/**", "/a/*/c"])
        agent.popen.kill()
        wait_for(lambda: not site.sessions(), "the sessions to end")
        told = site.tool("status", status=1).stdout
        self.assertIn("not ready, no agent session", told)
        self.assertRegex(told, r"t1 +no session")
        connector.stop()
        self.assertIn(f"no answer from 127.0.0.1:{site.admin_port}", site.tool("status", status=1).stderr)

    def test_those_who_watch_read_three_paths_at_an_address_of_their_own(self):
        site, port = self.site, free_port()
        site.config.write_text(site.config.read_text().replace("admin: { ", f'admin: {{ metrics: "127.0.0.1:{port}", '))
        self.assertIn(f"metrics on 127.0.0.1:{port}", site.tool("check").stdout)
        connector, (agent,) = site.up()
        self.assertEqual(fetch(port, "/live").body, b"ok\n")
        self.assertTrue(json.loads(fetch(port, "/ready").body)["ready"])
        self.assertIn(b'adit_connector_streams{tunnel="t1"} 0', fetch(port, "/metrics").body)
        self.assertEqual(fetch(port, "/metrics", method="HEAD").body, b"")
        for path in ("/", "/status", "/sessions", "/circuits", "/circuits/backend:web", "/cache", "/degrade", "/reload"):
            self.assertEqual(fetch(port, path).status, 404, path)
        for path in ("/reload", "/circuits/backend:web/open", "/cache/purge", "/degrade/on"):
            self.assertEqual(fetch(port, path, method="POST").status, 404, path)
        self.assertEqual(fetch(port, "/ready", method="POST").status, 405)
        asked = [[], ["--address", f"127.0.0.1:{port}"], ["--address", f"localhost:{site.admin_port}"]]
        for where in asked:
            told = self.run_tool(CONNECTOR, "healthcheck", *where, environment={"ADIT_CONFIG": str(site.config)}).stdout
            self.assertTrue(json.loads(told)["ready"], where)
        agent.popen.kill()
        wait_for(lambda: not site.sessions(), "the sessions to end")
        self.assertEqual(fetch(port, "/ready").status, 503)
        self.assertIn("no agent session", site.tool("healthcheck", status=1).stderr)
        connector.stop()
        self.assertIn("not ready: no answer from", site.tool("healthcheck", status=1).stderr)
        self.assertIn("no admin address", self.run_tool(CONNECTOR, "healthcheck", "--config", self.write("bare.yaml", "listeners: []\n"), status=2).stderr)

    def test_explain_says_which_route_and_backend_a_request_takes(self):
        told = self.site.tool("explain", "--method", "GET", "--host", "shop.example", "--path", "/a/./b/c?x=1").stdout
        self.assertRegex(told, r"route +\*/a/\*/c ")
        self.assertRegex(told, r"backend +direct\n +http://127.0.0.1:")
        self.assertIn("no route", self.site.tool("explain", "--path", "/nowhere", status=1).stdout)
        told = json.loads(self.site.tool("explain", "--path", "/web/x", "--output", "json").stdout)
        self.assertEqual((told["backend"], told["endpoints"]), ("web", ["service://web"]))
        self.assertIn("path is refused", self.site.tool("explain", "--path", "/a%2fb", status=2).stderr)

    def test_the_effective_configuration_has_defaults_and_no_secrets_and_is_one_itself(self):
        told = self.site.tool("config", "show", "--effective").stdout
        self.assertIn("first_byte: 30s  # default", told)
        self.assertIn("${file:" + str(self.secret) + "}", told)
        self.assertNotIn(str(self.origin.port), told)
        again = self.write("again.yaml", told)
        self.assertIn("ok: 1 listener, 2 routes, 2 backends", self.run_tool(CONNECTOR, "check", again).stdout)

    def test_the_schema_knows_every_key_with_its_bounds(self):
        schema = json.loads(self.run_tool(CONNECTOR, "schema").stdout)
        self.assertEqual(schema["$schema"], "http://json-schema.org/draft-07/schema#")
        self.assertLessEqual({"listeners", "tunnels", "backends", "routes", "log", "include"}, set(schema["properties"]))
        route = schema["properties"]["routes"]["items"]
        self.assertEqual((route["required"], route["additionalProperties"]), (["match"], False))
        workers = schema["properties"]["workers"]["anyOf"][0]
        self.assertEqual((workers["type"], workers["minimum"]), ("integer", 1))

    def test_a_port_where_nobody_listens_is_named(self):
        config = self.write("quiet.yaml", f'admin: {{ address: "127.0.0.1:{free_port()}" }}\n')
        self.assertIn("no answer from", self.run_tool(CONNECTOR, "reload", "--config", config, status=1).stderr)


main()

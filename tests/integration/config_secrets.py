"""What is written in a configuration is shown to nobody who cannot read it: by its errors, wherever they go, and by what it counts as."""
import json
import re
import socket
import threading

from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, wait_for

NAMES = ("admin", "header", "client", "parameter", "webhook", "hook-path", "hook-query", "redis", "collector-header", "collector-path", "tracing-header",
         "tracing-path", "bearer", "api-key", "matched", "proxy", "beside", "otherwise", "short")
SECRETS = {name: f"s3cr-{name}-zzqq" + "abcdefghijklmnop" * (name != "short") for name in NAMES}
GOOD = """workers: 1
admin: { address: "127.0.0.1:%(admin_port)s", audit: audit.log, token: "%(admin)s" }
listeners: [ { address: "127.0.0.1:%(client_port)s" } ]
webhooks: { w: { url: "http://127.0.0.1:1/%(hook-path)s?k=%(hook-query)s", secret: "%(webhook)s" } }
state: { url: "redis://:%(redis)s@127.0.0.1:1/0" }
log: { format: json, sinks: [ { stderr: {} }, { http: { url: "http://127.0.0.1:1/%(collector-path)s", headers: { authorization: "%(collector-header)s" } } } ] }
tracing: { url: "http://127.0.0.1:1/%(tracing-path)s", headers: { authorization: "%(tracing-header)s" } }
backends:
  b: { endpoints: [ "http://127.0.0.1:1" ], credential: { header: [ { name: x-k, value: "%(header)s" } ] }, cache: { ttl: 60s } }
  o:
    endpoints: [ "http://127.0.0.1:1" ]
    credential:
      oauth2_client_credentials: { endpoint: { url: "http://127.0.0.1:1/t", through: "http://u:%(proxy)s@127.0.0.1:1" }, client_id: cid, client_secret: "%(client)s", parameters: { password: "%(parameter)s" } }
routes:
  - { match: { path: /o, headers: { x-shared-secret: "%(matched)s" } }, backend: o }
  - match: { path: /** }
    backend: b
    headers: { request: { set: { authorization: "Bearer %(bearer)s", x-api-key: "%(api-key)s", x-colour: blue, x-token: "%(beside)s${NOT_THERE:-%(otherwise)s}" } } }
"""
# What somebody writes wrongly, by what is wrong with it: (what stands there, what he writes instead).
SLIPS = {
    "another key on the line": ("ttl: 60s", "ttl: 61parsecs"),
    "another type on the line": ("audit: audit.log", "audit: [1]"),
    "the key of a secret": ("secret:", "secrex:"),
    "a key of the line with a password in a URL": ("state: { url", "state: { timeout: x, url"),
    "the scheme of a Redis": ('"redis://', '"rediss//'),
    "the scheme of a collector": ('url: "http://127.0.0.1:1/s3cr-collector', 'url: "http//127.0.0.1:1/s3cr-collector'),
    "no scheme of spans' collector": ('url: "http://127.0.0.1:1/s3cr-tracing', 'url: "127.0.0.1:1/s3cr-tracing'),
    "a way to a provider": ("through: \"http://u", "through: \"ftp://u"),
    "a client's id beside its secret": ("client_id: cid", "client_id: []"),
    "a token that is too short": (SECRETS["admin"], SECRETS["short"]),
    "a token of two words": ('token: "', 'token: "two '),
    "a header of two lines": (f'value: "{SECRETS["header"]}', f'value: "{SECRETS["header"]}\\n'),
    "a map in the place of a secret": (f'value: "{SECRETS["header"]}"', f'value: {{ {SECRETS["header"]}: 1 }}'),
    "a secret in the place of a map": (f'{{ header: [ {{ name: x-k, value: "{SECRETS["header"]}" }} ] }}', f'"{SECRETS["header"]}"'),
    "a secret that YAML takes for a tag": (f'client_secret: "{SECRETS["client"]}"', f'client_secret: !{SECRETS["client"]} x'),
    "a secret that YAML takes for an alias": (f'client_secret: "{SECRETS["client"]}"', f'client_secret: *{SECRETS["client"]}'),
    "a secret that looks like a reference": (f'client_secret: "{SECRETS["client"]}"', f'client_secret: "${{{SECRETS["client"]} x}}"'),
    "a map that is not closed": ("ttl: 60s } }", "ttl: 60s }"),
    "a quote that is not closed": (f'{SECRETS["client"]}"', SECRETS["client"]),
    "a key given twice": ("cache: {", "credential: {}, cache: {"),
    "a user in a webhook's URL": ('"http://127.0.0.1:1/s3cr-hook', '"http://u:p@127.0.0.1:1/s3cr-hook'),
    "a secret on several lines": (f'"{SECRETS["client"]}"', f'"one\n        {SECRETS["client"]}\n        two", bogus: 1'),
}


def hang_up_on_everybody(door):
    while True:
        try:
            caller, _ = door.accept()
        except OSError:
            return
        with caller:
            caller.recv(65536)


class Secrets(Case):
    def setUp(self):
        super().setUp()
        self.admin_port = free_port()
        self.good = GOOD % {**SECRETS, "admin_port": self.admin_port, "client_port": free_port()}
        self.config = self.write("adit.yaml", self.good)

    def assert_none(self, text, where):
        self.assertEqual([name for name, secret in SECRETS.items() if secret in text], [], f"{where}: {text}")

    def test_errors_have_none_of_them_wherever_they_go(self):
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.admin_port) or not connector.alive(), "the connector")
        for slip, (right, wrong) in SLIPS.items():
            with self.subTest(slip):
                self.assertIn(right, self.good)
                self.write("adit.yaml", self.good.replace(right, wrong))
                told = self.run_tool(CONNECTOR, "check", "--config", self.config, status=2).stderr
                self.assertRegex(told, r"adit.yaml:\d+:\d+: error: ")
                self.assert_none(told, "check")
                self.assert_none(self.run_tool(CONNECTOR, "check", "--config", self.config, "--output", "json", status=2).stdout, "check as JSON")
                self.assert_none(self.run_tool(CONNECTOR, "run", "--config", self.config, status=2).stderr, "run")
                answer = fetch(self.admin_port, "/reload", "POST", headers={"Authorization": f"Bearer {SECRETS['admin']}"})
                self.assertEqual(answer.status, 422, answer.body)
                self.assertIn(re.search(r"adit.yaml:\d+:\d+: error: ", told)[0], answer.body.decode())
                self.assert_none(answer.body.decode(), "POST /reload")
        self.write("adit.yaml", self.good)
        audit = (self.directory / "audit.log").read_text()
        self.assertGreaterEqual(audit.count("error: "), len(SLIPS))
        self.assert_none(audit, "the audit log")
        self.assertIn("error: ", connector.log())
        self.assert_none(connector.log(), "the log")
        status = fetch(self.admin_port, "/status", headers={"Authorization": f"Bearer {SECRETS['admin']}"})
        self.assert_none(status.body.decode(), "the status")

    def test_a_collector_that_fails_is_named_without_its_path(self):
        door = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(door.close)
        threading.Thread(target=hang_up_on_everybody, args=[door], daemon=True).start()
        self.write("adit.yaml", self.good.replace("127.0.0.1:1/s3cr-collector", f"127.0.0.1:{door.getsockname()[1]}/s3cr-collector"))
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: f"http://127.0.0.1:{door.getsockname()[1]}: " in connector.log(), "what is wrong with the collector")
        self.assert_none(connector.log(), "the log")

    def test_a_line_is_quoted_for_who_checks_and_for_nobody_else(self):
        self.write("adit.yaml", self.good.replace("ttl: 60s", "ttl: 61parsecs"))
        told = self.run_tool(CONNECTOR, "check", "--config", self.config, status=2).stderr
        shown = [line for line in told.splitlines() if " | " in line]
        self.assertEqual(shown[0], "  9 |   ...: { endpoints: [ ... ], credential: { header: [ { name: ..., value: ... } ] }, cache: { ttl: ... } }")
        self.assertEqual(shown[1].index("^"), shown[0].index("ttl: ") + len("ttl: "))
        self.assertNotIn(" | ", self.run_tool(CONNECTOR, "run", "--config", self.config, status=2).stderr)

    def test_the_effective_configuration_has_none_of_them_and_is_one_itself(self):
        shown = self.run_tool(CONNECTOR, "config", "show", "--effective", "--config", self.config).stdout
        self.assert_none(shown, "config show")
        for line in ("x-colour: blue", 'authorization: masked', 'x-token: "masked${NOT_THERE:-masked}"'):
            self.assertIn(line, shown)
        self.assertEqual(shown.count('"http://127.0.0.1:1/masked"'), 3, shown)  # the webhook, the collector, the spans'
        again = self.write("again.yaml", shown.replace("url: masked", 'url: "redis://127.0.0.1:1"').replace("through: masked", "through: environment").replace("token: masked", f'token: {"x" * 40}'))
        self.assertTrue(json.loads(self.run_tool(CONNECTOR, "check", "--config", again, "--output", "json").stdout)["ok"])


main()

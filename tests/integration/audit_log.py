"""Each change leaves one line that says who made it, and what was before and after; no line, no change."""
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess

from harness import CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, wait_for

SECRET = "MARKED-secret"


class Audit(Case):
    def setUp(self):
        super().setUp()
        self.client_port, self.admin_port = free_port(), free_port()
        self.log = self.directory / "audit.jsonl"
        self.write("hidden", SECRET)

    def configure(self, audit="audit: audit.jsonl", log="log: { format: json }", more=""):
        self.config = self.write("adit.yaml", f"""workers: 1
{log}
admin: {{ address: "127.0.0.1:{self.admin_port}", {audit} }}
listeners: [ {{ address: "127.0.0.1:{self.client_port}" }} ]
tunnels: {{ directory: tunnels.d, tls: {{ address: "127.0.0.1:{free_port()}", key: connector.key }} }}
backends:
  web: {{ endpoints: [ "http://127.0.0.1:1" ], circuit: {{}}, credential: {{ header: [ {{ name: x-key, value: "${{file:hidden}}" }} ] }} }}
routes:
  - {{ name: all, match: {{ path: "/**" }}, backend: web }}
""" + more)

    def start(self):
        connector = Process(self, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.client_port) or not connector.alive(), "the connector")
        self.assertTrue(connector.alive(), connector.log())
        return connector

    def tool(self, *arguments, status=0, **keywords):
        return self.run_tool(CONNECTOR, *arguments, "--config", self.config, status=status, **keywords)

    def lines(self):
        """All but those of starts."""
        text = self.log.read_text() if self.log.exists() else ""
        self.assertNotIn(SECRET, text)
        return [line for line in map(json.loads, text.splitlines()) if line["what"] != "start"]

    def post(self, path, status=200, **headers):
        answer = fetch(self.admin_port, path, "POST", headers=headers)
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def last(self, what):
        line = self.lines()[-1]
        self.assertEqual(line["what"], what)
        return line


class Changes(Audit):
    def test_changes_by_the_admin_interface(self):
        self.configure()
        self.start()
        self.assertEqual((self.lines(), stat.S_IMODE(self.log.stat().st_mode)), ([], 0o600))
        self.post("/circuits/backend%3Aweb/open")
        line = self.last("circuit open")
        self.assertEqual((line["who"], line["subject"], line["outcome"]), ("loopback", "backend:web", "done"))
        self.assertEqual((line["before"], line["after"]), ({"forced": "no", "state": "closed"}, {"forced": "open", "state": "forced open"}))
        self.assertRegex(line["from"], r"^127\.0\.0\.1:\d+$")
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT.*Z$")
        self.tool("circuit", "close", "web")
        self.assertEqual(self.last("circuit close")["before"]["forced"], "open")
        self.tool("circuit", "auto", "backend:web")
        self.assertEqual(self.last("circuit auto")["after"]["forced"], "no")
        self.tool("degrade", "on")
        line = self.last("degrade on")
        self.assertEqual((line["before"], line["after"]), ({"switch": "auto", "reduced": False}, {"switch": "on", "reduced": True}))
        self.tool("cache", "purge", "--route", "all")
        line = self.last("cache purge")
        self.assertEqual((line["subject"], line["before"], line["after"]), ("route all", {"entries": 0}, {"entries": 0}))
        count = len(self.lines())
        for path in ("/status", "/circuits", "/cache", "/degrade"):
            fetch(self.admin_port, path)
        self.post("/circuits/nowhere/open", 404)
        self.assertEqual(len(self.lines()), count)

    def test_reloads_say_who_asked_and_which_parts_are_others(self):
        self.configure()
        connector = self.start()
        shown = lambda: hashlib.sha256(self.tool("config", "show").stdout.encode()).hexdigest()
        before = shown()
        self.tool("reload")
        line = self.last("reload")
        self.assertEqual((line["who"], line["request"], line["before"]), ("loopback", "POST /reload", {"sha256": before}))
        self.assertEqual(line["after"], {"sha256": before, "changed": []})
        self.config.write_text(self.config.read_text() + '  - { name: new, match: { path: "/new" }, backend: web }\n')
        wait_for(lambda: len(self.lines()) == 2, "the file's change to be noted")
        line = self.last("reload")
        self.assertEqual((line["who"], line["after"]), ("file change", {"sha256": shown(), "changed": ["routes.new"]}))
        self.write("hidden", SECRET + "-another")
        wait_for(lambda: len(self.lines()) == 3, "the secret's change to be noted")
        self.assertEqual(self.last("reload")["after"]["changed"], ["backends.web"])
        connector.signal(signal.SIGHUP)
        wait_for(lambda: len(self.lines()) == 4, "the signal to be noted")
        self.assertEqual(self.last("reload")["who"], "signal")
        self.config.write_text(self.config.read_text().replace("backend: web }", "backend: wob }"))
        connector.signal(signal.SIGHUP)
        wait_for(lambda: any(line["outcome"] == "failed" for line in self.lines()), "the failure to be noted")
        line = next(line for line in self.lines() if line["outcome"] == "failed")
        self.assertIn("did you mean 'web'", line["reason"])
        self.assertIsNone(line["after"])

    def test_each_start_says_with_which_configuration(self):
        self.configure()
        digests = []
        for _ in range(2):
            connector = self.start()
            wait_for(lambda: self.log.read_text().count('"start"') > len(digests), "the line of the start")
            digests.append(hashlib.sha256(self.tool("config", "show").stdout.encode()).hexdigest())
            connector.stop()
            self.config.write_text(self.config.read_text() + '  - { name: new, match: { path: "/new" }, backend: web }\n')
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        self.assertEqual([(line["what"], line["who"], line["before"], line["after"]["sha256"]) for line in lines],
                         [("start", f"uid {os.geteuid()}", None, digest) for digest in digests])
        self.assertNotEqual(*digests)
        self.assertRegex(lines[0]["from"], r"^process \d+$")

    def test_refused_changes_leave_lines_and_a_flood_of_them_does_not(self):
        self.configure("audit: audit.jsonl, token: a-token-of-operators-that-is-long")
        self.start()
        self.post("/degrade/on", 401)
        line = self.last("request")
        self.assertEqual((line["outcome"], line["request"], line["who"]), ("refused", "POST /degrade/on", "loopback"))
        self.assertIn("a token is asked for", line["reason"])
        self.post("/reload?x=MARKED-query", 403, Authorization="Bearer a-token-of-operators-that-is-long", Origin="https://evil.example")
        self.assertRegex(self.last("request")["reason"], r"web page.*\w\Z")
        self.assertNotIn("MARKED", self.log.read_text())
        count = len(self.lines())
        self.assertEqual(fetch(self.admin_port, "/status").status, 401)
        self.assertEqual(len(self.lines()), count)
        self.assertEqual(fetch(self.admin_port, "/status", headers={"Authorization": "Bearer MARKED-guess"}).status, 401)
        line = self.last("request")
        self.assertEqual((line["outcome"], line["request"], line["reason"]), ("refused", "GET /status", "this is not the token"))
        self.assertNotIn("MARKED", self.log.read_text())
        for _ in range(100):
            self.post("/reload", 401)
        self.assertEqual(len(self.lines()), 60)
        shown = fetch(self.admin_port, "/metrics", headers={"Authorization": "Bearer a-token-of-operators-that-is-long"}).body.decode()
        refused = dict(re.findall(r'adit_admin_refused_total\{reason="(\w+)"\} (\d+)', shown))
        self.assertEqual(refused, {"no_certificate": "0", "certificate": "0", "no_token": "102", "token": "1", "page": "1", "handshake": "0", "silent": "0"})

    def test_a_file_that_is_put_beside_the_others_has_its_line(self):
        """Whoever may write into tunnels.d/ lets agents in: by copying, by Git, by a command of another host."""
        self.configure()
        elsewhere = self.write("elsewhere.yaml", self.config.read_text().replace("tunnels.d", "staging.d").replace("audit.jsonl", "elsewhere.jsonl"))
        create = lambda name: self.run_tool(CONNECTOR, "tunnel", "create", name, "--config", elsewhere)
        create("known")
        staged, served = self.directory / "staging.d", self.directory / "tunnels.d"
        shutil.copytree(staged, served)
        connector = self.start()
        wait_for(lambda: "tunnels loaded" in connector.log(), "the tunnels of the start")
        create("evil")
        shutil.copy(staged / "evil.json", served)
        wait_for(lambda: self.lines(), "the tunnel that came")
        line = self.last("tunnel file")
        self.assertEqual((line["who"], line["subject"], line["before"], line["outcome"]), ("file change", "evil", None, "done"))
        key = json.loads((staged / "evil.json").read_text())["keys"][0]
        self.assertEqual([(k["id"], k["spki_sha256"]) for k in line["after"]["keys"]], [(key["id"], key["spki_sha256"])])
        self.run_tool(CONNECTOR, "tunnel", "rotate-token", "evil", "--config", elsewhere)
        shutil.copy(staged / "evil.json", served / "new")
        (served / "new").rename(served / "evil.json")
        wait_for(lambda: len(self.lines()) == 2, "the key that came")
        line = self.last("tunnel file")
        self.assertEqual([len(line[side]["keys"]) for side in ("before", "after")], [1, 2])
        (served / "evil.json").unlink()
        wait_for(lambda: len(self.lines()) == 3, "the tunnel that went")
        line = self.last("tunnel file")
        self.assertEqual((line["subject"], line["after"]), ("evil", None))
        self.tool("tunnel", "delete", "known")
        wait_for(lambda: len(self.lines()) == 5, "the command's line, and the connector's of what it did")
        self.assertEqual({(line["what"], line["subject"]) for line in self.lines()[3:]}, {("tunnel delete", "known"), ("tunnel file", "known")})

    def test_a_key_that_is_put_among_those_of_an_issuer_has_its_line(self):
        """Whoever may write there signs tokens as the issuer."""
        self.configure(more="issuers: { us: { url: \"https://us.example\", directory: keys, algorithms: [ ES256 ], publish_ahead: 10s, rotate: 1h } }\n")
        self.start()
        wait_for(lambda: self.lines(), "the first key")
        line = self.last("issuer keys")
        self.assertEqual((line["who"], line["subject"], line["before"], len(line["after"]["keys"])), ("schedule", "us", {"keys": []}, 1))
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.directory / "theirs.pem"], check=True, capture_output=True)
        (self.directory / "theirs.pem").rename(self.directory / "keys" / "ES256.20260102T030405Z.pem")
        wait_for(lambda: len(self.lines()) > 1, "the key that came")
        line = self.lines()[1]
        self.assertEqual((line["what"], line["who"], len(line["before"]["keys"]), len(line["after"]["keys"])), ("issuer keys", "file change", 1, 2))

    def test_without_a_line_nothing_changes(self):
        self.configure("audit: logs/audit.jsonl")
        self.log = self.directory / "logs" / "audit.jsonl"
        self.assertIn("audit.jsonl cannot be written", self.run_tool(CONNECTOR, "run", "--config", self.config, status=1).stderr)
        self.log.parent.mkdir()
        self.start()
        problems = lambda: " ".join(json.loads(fetch(self.admin_port, "/status").body)["problems"])
        self.assertEqual((metric(self.admin_port, "adit_admin_audit_writable"), "refused with 503" in problems()), (1, False))
        moved = self.log.parent.rename(self.directory / "moved")
        self.assertEqual(metric(self.admin_port, "adit_admin_audit_writable"), 0)
        self.assertIn("audit.jsonl cannot be written: No such file or directory: changes by the admin interface are refused with 503", problems())
        for path in ("/circuits/backend%3Aweb/open", "/degrade/on", "/cache/purge"):
            self.assertIn("cannot be written", self.post(path, 503).problem()["error"])
        self.assertIn("cannot be written", self.tool("reload", status=1).stderr)
        self.assertIn("cannot be written", self.tool("tunnel", "create", "t1", status=1).stderr)
        self.assertEqual(json.loads(fetch(self.admin_port, "/circuits/backend%3Aweb").body)["forced"], "no")
        self.assertEqual(json.loads(fetch(self.admin_port, "/degrade").body)["switch"], "auto")
        self.assertEqual(self.tool("tunnel", "list", "-q").stdout, "")
        self.assertGreaterEqual(metric(self.admin_port, "adit_admin_audit_failures_total", reaches=4), 4)
        moved.rename(self.log.parent)
        self.assertEqual((metric(self.admin_port, "adit_admin_audit_writable"), "refused with 503" in problems()), (1, False))
        self.post("/degrade/on")
        self.assertEqual(len(self.lines()), 1)
        self.log.unlink()
        self.log.symlink_to("moved")  # which somebody may have put there for root to follow
        self.assertIn("a symbolic link", self.post("/degrade/off", 503).problem()["error"])
        self.assertEqual(json.loads(fetch(self.admin_port, "/degrade").body)["switch"], "on")

    def test_a_file_that_was_moved_aside_is_made_anew(self):
        self.configure()
        self.start()
        self.post("/degrade/on")
        self.log.rename(self.directory / "audit.jsonl.1")
        self.post("/degrade/off")
        self.assertEqual([line["what"] for line in self.lines()], ["degrade off"])

    def test_without_a_file_lines_go_to_the_log_at_any_level(self):
        self.configure("", "log: { format: json, level: error }")
        connector = self.start()
        self.post("/degrade/on")
        wait_for(lambda: '"degrade on"' in connector.log(), "the line")
        lines = [json.loads(line) for line in connector.log().splitlines() if '"audit":true' in line]
        self.assertEqual([(line["what"], line["level"], line["outcome"]) for line in lines], [("start", "info", "done"), ("degrade on", "info", "done")])

    def test_over_a_unix_socket_the_user_has_a_name(self):
        path = self.directory / "admin.sock"
        self.configure()
        self.config.write_text(self.config.read_text().replace(f"127.0.0.1:{self.admin_port}", f"unix:{path}"))
        self.start()
        self.tool("degrade", "on")
        line = self.last("degrade on")
        self.assertRegex(line["who"], rf"\(uid {os.geteuid()}\)$")
        self.assertRegex(line["from"], r"^unix socket, process \d+$")


class Commands(Audit):
    """Those that change files themselves, with or without a connector that runs."""

    def test_each_change_of_a_tunnel_has_its_line(self):
        self.configure()
        token = self.tool("tunnel", "create", "t1", environment={"SUDO_USER": "alice"}).stdout
        line = self.last("tunnel create")
        self.assertRegex(line["who"], rf"\(uid {os.geteuid()}\), alice by sudo$")
        self.assertEqual((line["subject"], line["before"], len(line["after"]["keys"])), ("t1", None, 1))
        self.tool("tunnel", "rotate-token", "t1", "--expire-old", "1h")
        line = self.last("tunnel rotate-token")
        self.assertEqual([len(line[side]["keys"]) for side in ("before", "after")], [1, 2])
        key = line["before"]["keys"][0]["id"]
        self.tool("tunnel", "revoke-key", "t1", key)
        line = self.last("tunnel revoke-key")
        self.assertEqual(([k["id"] for k in line["before"]["keys"]][0], len(line["after"]["keys"])), (key, 1))
        services = self.write("services.json", json.dumps({"version": 1, "services": [{"name": "web", "endpoint": "http://127.0.0.1:1", "configurations": []}]}))
        self.tool("tunnel", "services", "update", "t1", "--configuration-file", services)
        line = self.last("tunnel services update")
        self.assertEqual((line["before"]["services"], line["after"]["services"][0]["name"]), ([], "web"))
        self.tool("tunnel", "delete", "t1")
        self.assertIsNone(self.last("tunnel delete")["after"])
        self.tool("tunnel", "delete", "t1", status=2)
        self.tool("tunnel", "list")
        self.assertEqual(len(self.lines()), 5)
        self.assertNotIn(token.strip()[10:40], self.log.read_text())
        self.assertEqual(stat.S_IMODE(self.log.stat().st_mode), 0o600)

    def test_without_a_file_the_line_goes_to_the_system_s_log_or_to_standard_error(self):
        self.configure("")
        told = self.tool("tunnel", "create", "t1").stderr
        if not os.path.exists("/dev/log"):
            line = next(json.loads(line) for line in told.splitlines() if line.startswith("{"))
            self.assertEqual((line["audit"], line["what"]), (True, "tunnel create"))


main()

"""Circuits: calls that have no prospect are not made, and operators hear of it by log, metrics, status and webhooks."""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import threading
import time
import http.server

from fault_backend import FaultBackend
from harness import CALM, CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, wait_for

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


class Receiver:
    """A receiver of webhooks that checks signatures by itself, as standardwebhooks.com says."""

    def __init__(self, case, port=0):
        self.seen, self.tries, self.fail, self.delay, self.lock = [], [], 0, 0.0, threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.took(self.headers, body)
                status = receiver.answer(self.headers["webhook-id"], body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.released = threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.addCleanup(self.close)

    def took(self, headers, body):
        signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        code = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        good = f"v1,{code}" in headers["webhook-signature"].split(" ")
        fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
        with self.lock:
            self.tries.append((headers["webhook-id"], good and fresh, headers["content-type"]))

    def answer(self, id, body):
        if self.delay:
            self.released.wait(self.delay)
        with self.lock:
            if self.fail > 0:
                self.fail -= 1
                return 503
            if id not in [known for known, _ in self.seen]:  # of what took too long there is another try
                self.seen.append((id, json.loads(body)))
            return 204

    def types(self, subject=None):
        with self.lock:
            return [event["type"] for _, event in self.seen if subject is None or event["data"]["subject"] == subject]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class Gateway:
    """A connector with the backends of these circuits, each at a fault backend of its own, without tunnels."""

    def __init__(self, case, backends, extra=""):
        self.case, self.client_port, self.admin_port = case, free_port(), free_port()
        self.backends, self.config = backends, case.directory / "adit.yaml"
        self.configure({name: text for name, (_, text) in backends.items()}, extra)

    def configure(self, texts, extra=""):
        lines = ["workers: 2", CALM, "log: { format: json }", f'admin: {{ address: "127.0.0.1:{self.admin_port}" }}',
                 f'listeners: [ {{ address: "127.0.0.1:{self.client_port}" }} ]', "backends:"]
        for name, text in texts.items():
            endpoints = ", ".join(f'"{url}"' for url in self.backends[name][0])
            lines.append(f"  {name}: {{ endpoints: [ {endpoints} ], {text} }}")
        lines += ["routes:"] + [f'  - {{ match: {{ path: "/{name}/**" }}, backend: {name} }}' for name in texts]
        self.config.write_text("\n".join(lines) + "\n" + extra)

    def start(self):
        self.connector = Process(self.case, "connector", [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.client_port) or not self.connector.alive(), "the connector")
        return self

    def get(self, path, **keywords):
        return fetch(self.client_port, path, **keywords)

    def tool(self, *arguments, status=0):
        return self.case.run_tool(CONNECTOR, *arguments, "--config", self.config, status=status)

    def circuits(self):
        return {row["name"]: row for row in json.loads(fetch(self.admin_port, "/circuits").body)["circuits"]}

    def state(self, name):
        return self.circuits()[name]["state"]

    def events(self):
        lines = [json.loads(line) for line in self.connector.log().splitlines() if '"event":' in line]
        return [line for line in lines if "event" in line]

    def calls_until_open(self, path, **keywords):
        """The statuses of calls, one after the other, until one is refused. A circuit hears of an answer when it has ended, which
        its client may see a moment before: there may be one call more than the circuit needed."""
        statuses = []
        while len(statuses) < 20:
            answer = self.get(path, **keywords)
            if answer.status == 503 and "circuit-open" in answer.body.decode():
                break
            statuses.append(answer.status)
        return statuses

    def metric(self, name, **labels):
        return metric(self.admin_port, name, **labels)


class Circuits(Case):
    def test_a_circuit_opens_answers_at_once_probes_and_recovers(self):
        origin = FaultBackend(self)
        gateway = Gateway(self, {"b": ([origin.url], "circuit: { consecutive: 3, cooldown: 3s, probes: 3, recovery: 600ms }"),
                                 "other": ([origin.url], "circuit: {}")}).start()
        origin.behave(dict(path="/b", status=503))
        self.assertIn(gateway.calls_until_open("/b/x"), ([503] * 3, [503] * 4))
        self.assertEqual(gateway.state("backend:b"), "open")
        origin.forget()

        began = time.monotonic()
        answers = [gateway.get("/b/x") for _ in range(20)]
        each = (time.monotonic() - began) / len(answers)
        for answer in answers:
            told = answer.problem()
            self.assertEqual((answer.status, answer.headers["content-type"]), (503, "application/problem+json"))
            self.assertIn("circuit-open", told["type"])
            self.assertIn("backend:b", told["detail"])
            self.assertIn(answer.headers["retry-after"], ("1", "2", "3", "4"))
            self.assertIn("destination_unavailable", answer.headers["proxy-status"])
        self.assertLess(each, 0.2)
        self.assertEqual(origin.counts().calls, 0)
        self.assertEqual(gateway.metric("adit_circuit_state", circuit="backend:b"), 3)
        self.assertEqual(gateway.metric("adit_circuit_refused_total", circuit="backend:b", reaches=21), 21)
        self.assertEqual(gateway.get("/other/x").status, 200)  # nobody else is concerned

        row = gateway.circuits()["backend:b"]
        self.assertEqual(row["why"], "3 failures in a row, the last one: status 503")
        self.assertIn("next_try", row)
        told = gateway.tool("status").stdout
        self.assertRegex(told, r"! circuit backend:b is open since .*: 3 failures in a row")
        self.assertRegex(told, r"CIRCUIT +STATE")

        # Half open: fifty at once, and three probes; the origin takes its time over them.
        origin.behave(dict(path="/b", latency=3))
        wait_for(lambda: gateway.circuits()["backend:b"].get("next_try_ms", 0) == 0, "the cooldown to pass")
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            statuses = list(pool.map(lambda _: gateway.get("/b/x", seconds=60).status, range(50)))
        self.assertEqual((statuses.count(200), statuses.count(503)), (3, 47))
        self.assertLessEqual(origin.counts().most, 3)
        wait_for(lambda: gateway.state("backend:b") == "closed", "the circuit to close")
        origin.behave()
        self.assertEqual(gateway.get("/b/x").status, 200)
        events = ["circuit.opened", "circuit.half_open", "circuit.recovering", "circuit.closed"]
        wait_for(lambda: [line["event"] for line in gateway.events() if line["subject"] == "backend:b"] == events, "the events in the log")
        for to in ("open", "half_open", "recovering", "closed"):
            self.assertEqual(gateway.metric("adit_circuit_transitions_total", circuit="backend:b", to=to, reaches=1), 1)

    def test_operators_switch_circuits_and_reloads_keep_them(self):
        origin = FaultBackend(self)
        circuit = "circuit: { consecutive: 2, cooldown: 60s, probes: 1, recovery: 0s }"
        shared = "circuit: { id: both, consecutive: 2, cooldown: 60s }"
        gateway = Gateway(self, {"a": ([origin.url], circuit), "b": ([origin.url], shared), "c": ([origin.url], shared),
                                 "e": ([origin.url], "circuit: { per: endpoint }")}).start()
        self.assertEqual(sorted(gateway.circuits()), ["backend:a", f"endpoint:e:{origin.url}", "id:both"])

        self.assertRegex(gateway.tool("circuit", "open", "backend:a").stdout, r"backend:a +forced open")
        answer = gateway.get("/a/x")
        self.assertEqual((answer.status, origin.counts().calls), (503, 0))
        gateway.tool("reload")
        self.assertEqual(gateway.state("backend:a"), "forced open")
        self.assertRegex(gateway.tool("circuit", "list").stdout, r"backend:a +forced open .*an operator has opened it")
        gateway.tool("circuit", "auto", "a")  # its kind goes without saying
        self.assertEqual(gateway.get("/a/x").status, 200)
        wait_for(lambda: gateway.state("backend:a") == "closed", "the probe to count")
        gateway.tool("circuit", "close", "backend:a")
        origin.behave(dict(status=500))
        self.assertEqual([gateway.get("/a/x").status for _ in range(6)], [500] * 6)
        gateway.tool("circuit", "auto", "backend:a")
        self.assertIn(gateway.calls_until_open("/a/x"), ([500] * 2, [500] * 3))

        # Circuits of one id are one, and a reload forgets neither state nor what is forced, whatever else it changes.
        self.assertEqual(gateway.get("/b/x").status, 500)
        self.assertIn(gateway.calls_until_open("/c/x"), ([500], [500] * 2))
        self.assertEqual(gateway.get("/b/x").status, 503)
        gateway.configure({"a": circuit.replace("60s", "90s"), "b": shared, "c": shared})
        self.assertEqual(gateway.tool("reload").stdout, "reloaded\n")
        wait_for(lambda: len(gateway.circuits()) == 2, "the circuit that nobody has any more to go")
        self.assertEqual({name: row["state"] for name, row in gateway.circuits().items()}, {"backend:a": "open", "id:both": "open"})
        self.assertEqual([gateway.get(path).status for path in ("/a/x", "/b/x")], [503, 503])
        wait_for(lambda: gateway.metric("adit_circuit_state", circuit="backend:a") == 3, "the gauge")

        self.assertEqual(fetch(gateway.admin_port, "/circuits/backend%3Aa").status, 200)
        self.assertEqual(fetch(gateway.admin_port, "/circuits/backend%3Aa/open").status, 405)
        self.assertEqual(fetch(gateway.admin_port, "/circuits/backend%3Aa", "POST").status, 405)
        self.assertEqual(fetch(gateway.admin_port, "/circuits/nobody/open", "POST").status, 404)
        self.assertEqual(fetch(gateway.admin_port, "/circuits/backend%3Aa/burn", "POST").status, 404)
        self.assertEqual(fetch(gateway.admin_port, "/circuits/%zz", "POST").status, 400)
        self.assertIn("there is no circuit nobody", gateway.tool("circuit", "open", "nobody", status=1).stderr)
        told = json.loads(gateway.tool("circuit", "list", "--output", "json").stdout)
        self.assertEqual([row["name"] for row in told["circuits"]], ["backend:a", "id:both"])
        asked = self.run_tool(CONNECTOR, "circuit", "list", "--quiet", "--admin", f"127.0.0.1:{gateway.admin_port}")
        self.assertEqual(asked.stdout.split(), ["backend:a", "id:both"])

        gateway.configure({"a": circuit.replace("consecutive: 2", "id: both"), "b": shared})
        self.assertIn("the circuit 'both' has other settings", gateway.tool("reload", status=2).stderr)

    def test_what_counts_against_a_backend_and_what_does_not(self):
        origin = FaultBackend(self)
        gateway = Gateway(self, {"a": ([origin.url], "circuit: { consecutive: 3, cooldown: 60s }"),
                                 "slow": ([origin.url], "circuit: { consecutive: 0, slow_rate: 50, slow: 100ms, minimum: 4, cooldown: 60s }"),
                                 "dead": ([f"http://127.0.0.1:{free_port()}"], "circuit: { consecutive: 3, cooldown: 60s }")}).start()
        for status in (404, 401, 429):
            origin.behave(dict(status=status))
            self.assertEqual({gateway.get("/a/x").status for _ in range(4)}, {status})
        self.assertEqual(gateway.state("backend:a"), "closed")
        origin.behave(dict(how="reset"))
        self.assertIn(gateway.calls_until_open("/a/x", method="POST", body="x"), ([502] * 3, [502] * 4))
        origin.behave(dict(latency=0.2))
        self.assertIn(gateway.calls_until_open("/slow/x"), ([200] * 4, [200] * 5))
        self.assertIn("slower than 100ms", gateway.circuits()["backend:slow"]["why"])
        self.assertLessEqual(len(gateway.calls_until_open("/dead/x")), 4)
        self.assertIn("connect-failure", gateway.circuits()["backend:dead"]["why"])

    def test_webhooks_are_signed_retried_and_delay_nobody(self):
        origin, receiver = FaultBackend(self), Receiver(self)
        circuit = "circuit: { consecutive: 1, cooldown: 100ms, probes: 1, recovery: 0s }"
        away, secret = free_port(), f"${{file:{self.write('webhook.key', SECRET)}}}"
        hooks = (f'webhooks:\n  main: {{ url: "http://127.0.0.1:{receiver.port}/hook?who=adit", secret: "{secret}", events: [ "circuit.*" ] }}\n'
                 f'  away: {{ url: "http://127.0.0.1:{away}/", secret: "{secret}", queue: 2, per_minute: 1 }}\n')
        gateway = Gateway(self, {"b": ([origin.url], circuit)}, hooks).start()
        shown = gateway.tool("config", "show").stdout
        self.assertIn(f'"http://127.0.0.1:{receiver.port}/masked"', shown)
        self.assertNotIn("who=adit", shown)
        receiver.fail = 1
        origin.behave(dict(status=500))
        self.assertEqual(gateway.get("/b/x").status, 500)
        wait_for(lambda: "circuit.opened" in receiver.types(), "the first event")
        id, event = receiver.seen[0]
        self.assertEqual(event["data"]["reason"], "1 failure, the last one: status 500")
        self.assertEqual((event["data"]["circuit"], event["data"]["state"]), ("backend:b", "open"))
        self.assertTrue(event["data"]["connector"].startswith("adit-"))
        self.assertEqual(receiver.tries[:2], [(id, True, "application/json")] * 2)  # the same id at its second try
        # Not on its way while others come: what is being tried is never dropped.
        wait_for(lambda: gateway.metric("adit_webhook_tries_total", webhook="away", result="failed") >= 1, "a try that fails")

        # A receiver that is slow, and one that is away, delay no request; the events wait, in their order.
        receiver.delay = 60
        origin.behave()
        wait_for(lambda: gateway.get("/b/x").status == 200, "the circuit to close")
        wait_for(lambda: gateway.metric("adit_webhook_waiting", webhook="main") >= 2, "events to wait")
        began = time.monotonic()
        self.assertEqual({gateway.get("/b/x").status for _ in range(10)}, {200})
        self.assertLess(time.monotonic() - began, 10)
        # A reload loses none of them.
        gateway.configure({"b": circuit}, hooks.replace("who=adit", "who=other"))
        gateway.tool("reload")
        receiver.delay = 0
        receiver.released.set()
        wait_for(lambda: receiver.types() == ["circuit.opened", "circuit.half_open", "circuit.closed"], "all events")
        self.assertTrue(all(good for _, good, _ in receiver.tries))
        wait_for(lambda: gateway.metric("adit_webhook_waiting", webhook="main") == 0, "nothing more to wait")
        wait_for(lambda: gateway.metric("adit_webhook_waiting", webhook="away") == 2, "no more than two to wait")
        self.assertGreaterEqual(gateway.metric("adit_webhook_dropped_total", webhook="away", reason="queue_full", reaches=1), 1)

        # And who comes late gets what was kept; with another configuration at once.
        late = Receiver(self, away)
        gateway.configure({"b": circuit}, hooks.replace(f":{away}/", f":{away}/late").replace(", per_minute: 1", ""))
        gateway.tool("reload")
        wait_for(lambda: late.types() == ["circuit.half_open", "circuit.closed"], "the events that were kept")
        gateway.configure({"b": circuit}, hooks.replace("circuit.*", "circuit.opend"))
        self.assertIn("there is no event 'circuit.opend'; did you mean 'circuit.opened'?", gateway.tool("reload", status=2).stderr)
        gateway.configure({"b": circuit}, hooks.replace("127.0.0.1", "198.51.100.1"))
        self.assertIn("over https", gateway.tool("check", status=2).stdout + gateway.tool("check", status=2).stderr)
        self.assertNotIn(SECRET, gateway.connector.log())
        self.assertNotIn(SECRET.removeprefix("whsec_"), fetch(gateway.admin_port, "/status").body.decode())


main()

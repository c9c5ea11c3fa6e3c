"""What connectors share through a real Redis: one limit, one circuit; and what they do when it is gone, frozen, slow or replaced."""
import concurrent.futures
import json
import signal
import time

from fault_backend import FaultBackend
from harness import CALM, CONNECTOR, Case, Process, can_connect, fetch, free_port, main, metric, wait_for
from redis_server import Delay, Redis, Sentinel

PASSWORD = "open-sesame"
SLOW = 20  # seconds of a store that answers late


class Connector:
    """One of a fleet, with backends without tunnels."""

    def __init__(self, case, state, name="a"):
        self.case, self.state, self.client_port, self.admin_port = case, state, free_port(), free_port()
        self.config = case.directory / f"adit-{name}.yaml"

    def configure(self, policies="", backends="", routes=""):
        self.config.write_text(f'''workers: 2
{CALM}
log: {{ format: json }}
admin: {{ address: "127.0.0.1:{self.admin_port}" }}
listeners: [ {{ address: "127.0.0.1:{self.client_port}" }} ]
{f"state: {self.state}" if self.state else ""}
policies: {{ {policies} }}
backends: {{ {backends} }}
routes: [ {routes} ]
''')
        return self

    def start(self, answers=True):
        self.process = Process(self.case, self.config.stem, [CONNECTOR, "run", "--config", self.config])
        wait_for(lambda: can_connect(self.client_port) and can_connect(self.admin_port), "the connector")
        if answers:
            self.wait_answers(True)
        return self

    def get(self, path, **keywords):
        return fetch(self.client_port, path, **keywords)

    def status(self):
        return json.loads(fetch(self.admin_port, "/status").body)

    def wait_answers(self, answers):
        wait_for(lambda: [row["answers"] for row in self.status()["state"]] == [answers] * 2, f"answers: {answers}", 30)

    def tells(self, what):
        wait_for(lambda: what in self.process.log(), f"the line of {what}")

    def reload(self):
        self.case.run_tool(CONNECTOR, "reload", "--config", self.config)

    def circuit(self, name):
        return next(row for row in self.status()["circuits"] if row["name"] == name)["state"]

    def metric(self, name, **labels):
        return metric(self.admin_port, name, **labels)

    def events(self, kind):
        return [line for line in self.process.log().splitlines() if f'"{kind}"' in line]


def limit(name, requests, more=""):
    return f"{name}: {{ rate_limit: {{ by: all, limits: [ {{ requests: {requests}, per: 1h }} ], {more} }} }}"


def burst(connectors, path, count, threads=12):
    """So many requests at once, in turn to each connector: their statuses and the longest time that one took."""
    def one(i):
        began = time.monotonic()
        status = connectors[i % len(connectors)].get(path, seconds=30).status
        return status, time.monotonic() - began
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(one, range(count)))
    statuses = [status for status, _ in done]
    return {status: statuses.count(status) for status in set(statuses)}, max(took for _, took in done)


class State(Case):
    def fleet(self, state, origin, policies="", backend="", routes="", count=2):
        self.origin = origin
        return [Connector(self, state, name).configure(policies, f"b: {{ endpoints: [ \"{origin.url}\" ], {backend} }}", routes).start()
                for name in "abc"[:count]]

    def test_two_connectors_share_one_limit_and_one_circuit(self):
        redis, origin = Redis(self, PASSWORD), FaultBackend(self)
        routes = ", ".join(f'{{ match: {{ path: "/{name}/**" }}, backend: b, policies: [ {names} ] }}'
                           for name, names in (("exact", "exact"), ("lease", "lease"), ("two", "wide, narrow"), ("ban", "ban")))
        a, b = self.fleet(f'{{ url: "redis://:{PASSWORD}@127.0.0.1:{redis.port}/1", timeout: 5s }}', origin,
                          ", ".join([limit("exact", 40, "sharing: exact"), limit("lease", 100, "sharing: lease"),
                                     limit("wide", 100, "sharing: exact"), limit("narrow", 5, "sharing: exact"),
                                     limit("ban", 2, "sharing: exact, ban_after: 2, ban_for: 30m")]),
                          "circuit: { consecutive: 6, cooldown: 3s, probes: 2, recovery: 0s }",
                          f'{routes}, {{ match: {{ path: "/**" }}, backend: b }}')
        # Exactly: of three times as many requests, sent to both at once, so many pass as one connector would let pass.
        statuses, _ = burst([a, b], "/exact/x", 120)
        self.assertEqual(statuses, {200: 40, 429: 80})
        answer = b.get("/exact/x")
        self.assertEqual(answer.status, 429)
        self.assertIn("retry-after", answer.headers)
        # By leases: in one window nothing is given out twice, and most requests make no round trip.
        statuses, _ = burst([a, b], "/lease/x", 300)
        self.assertLessEqual(statuses[200], 100)
        self.assertGreaterEqual(statuses[200], 80)  # the rest is held by a connector, or on its way back
        self.assertGreater(sum(one.metric("adit_state_lease_tokens_total", what="served") for one in (a, b)), 20)
        wait_for(lambda: burst([a, b], "/lease/x", 4)[0].get(200, 0) == 0, "leases that were not used to come back, and be used")
        # Several limits of one request: all or none, and what was taken of one that allows comes back.
        self.assertEqual(burst([a, b], "/two/x", 20)[0], {200: 5, 429: 15})
        # A ban is everybody's.
        for _ in range(4):
            a.get("/ban/x")
        self.assertIn("banned", b.get("/ban/x").problem()["type"])

        # One circuit: three failures at one connector and three at the other one open it for both.
        origin.behave(dict(status=503))
        for _ in range(3):
            self.assertEqual((a.get("/x").status, b.get("/x").status), (503, 503))
        wait_for(lambda: (a.circuit("backend:b"), b.circuit("backend:b")) == ("open", "open"), "one open circuit")
        self.assertIn("circuit-open", b.get("/x").problem()["type"])
        # Of both together no more than its two probes go through while it is half open.
        origin.behave(dict(latency=2.0))
        origin.forget()
        wait_for(lambda: burst([a, b], "/x", 12)[0].get(200, 0) > 0, "probes")
        self.assertLessEqual(origin.counts().most, 2)
        origin.behave()
        wait_for(lambda: (a.get("/x").status, b.get("/x").status) == (200, 200), "one closed circuit")
        wait_for(lambda: (a.circuit("backend:b"), b.circuit("backend:b")) == ("closed", "closed"), "both to say so")
        # An operator's word is the fleet's.
        self.run_tool(CONNECTOR, "circuit", "open", "backend:b", "--config", a.config)
        wait_for(lambda: b.get("/x").status == 503, "the other one to follow")
        self.run_tool(CONNECTOR, "circuit", "auto", "backend:b", "--config", a.config)
        wait_for(lambda: b.get("/x").status == 200 and a.get("/x").status == 200, "both to decide again")
        # Nobody reads a password.
        told = self.run_tool(CONNECTOR, "status", "--config", a.config).stdout + json.dumps(a.status()) + a.process.log()
        self.assertNotIn(PASSWORD, told + self.run_tool(CONNECTOR, "config", "show", "--config", a.config).stdout)

    def test_nobody_waits_for_a_redis_that_is_gone_frozen_or_slow(self):
        redis, origin = Redis(self), FaultBackend(self)
        proxy = Delay(self, redis.port)
        a, = self.fleet(f'{{ url: "redis://127.0.0.1:{proxy.port}", timeout: 1s }}', origin,
                        ", ".join([limit("open", 100000, "sharing: exact"), limit("shut", 100000, "sharing: exact, fail: closed")]),
                        "circuit: { fail: closed }",
                        '{ match: { path: "/shut/**" }, backend: b, policies: [ shut ] }, '
                        '{ match: { path: "/**" }, backend: b, policies: [ open ] }', count=1)
        def holds(what):
            statuses, longest = burst([a], "/x", 60)
            self.assertEqual(statuses, {200: 60}, what)
            self.assertLess(longest, SLOW / 2, what)  # the store has 1 s; the rest is for a machine that is busy with other tests
            a.wait_answers(False)
            self.assertEqual(burst([a], "/shut/x", 5)[0], {503: 5}, what)
            a.tells("state.lost")
            self.assertTrue(any("out of reach" in problem for problem in a.status()["problems"]), what)

        redis.process.signal(signal.SIGSTOP)
        holds("frozen")
        redis.process.signal(signal.SIGCONT)
        a.wait_answers(True)
        a.tells("state.back")
        self.assertEqual(burst([a], "/shut/x", 5)[0], {200: 5})

        proxy.seconds = SLOW
        holds("slow")
        self.assertGreater(a.metric("adit_state_failures_total", reason="late", reaches=1), 0)
        proxy.seconds = 0.0
        a.wait_answers(True)

        redis.kill()
        holds("gone")
        redis.start()  # and has forgotten everything, scripts included
        a.wait_answers(True)
        self.assertEqual(burst([a], "/shut/x", 5)[0], {200: 5})
        redis.command("SCRIPT", "FLUSH")
        self.assertEqual(burst([a], "/shut/x", 5)[0], {200: 5})
        self.assertGreater(a.metric("adit_state_fallbacks_total", fail="open", reaches=1), 0)

    def test_who_hammers_at_a_limit_does_not_hammer_at_redis(self):
        redis, origin = Redis(self), FaultBackend(self)
        a, = self.fleet(f'{{ url: "redis://127.0.0.1:{redis.port}", timeout: 2s }}', origin, limit("few", 3, "sharing: exact"), "",
                        '{ match: { path: "/**" }, backend: b, policies: [ few ] }', count=1)
        self.assertEqual(burst([a], "/x", 10)[0], {200: 3, 429: 7})

        def asked():
            statistics = redis.command("INFO", "commandstats")
            return int(statistics.split("cmdstat_evalsha:calls=")[1].split(",")[0])
        began = time.monotonic()
        before = asked()
        self.assertEqual(burst([a], "/x", 400)[0], {429: 400})
        more = asked() - before
        polls = (time.monotonic() - began) * 25  # of circuits, and one for each second in which it is asked again
        self.assertLess(more, 20 + polls)

    def test_a_reload_that_takes_the_state_away_leaves_nobody_stranded(self):
        redis, origin = Redis(self), FaultBackend(self)
        proxy = Delay(self, redis.port)
        shared = f'{{ url: "redis://127.0.0.1:{proxy.port}", timeout: 2s }}'
        a = Connector(self, shared)
        backends = ", ".join(f'{name}: {{ endpoints: [ "{origin.url}" ], circuit: {{ {how} }} }}'
                             for name, how in (("shut", "fail: open"), ("advised", "sharing: advice")))

        def configure():
            return a.configure(limit("wide", 100000, "sharing: off"), backends,
                               '{ match: { path: "/advised/**" }, backend: advised, policies: [ wide ] }, '
                               '{ match: { path: "/**" }, backend: shut, policies: [ wide ] }')
        configure().start()
        # With a round trip on its way at any moment.
        proxy.seconds = 0.3
        wait_for(lambda: a.status()["state"][0]["lag_us"] > 200_000, "one that takes its time")
        a.state = ""
        configure().reload()
        wait_for(lambda: not a.status().get("state"), "the state to be gone")
        self.assertEqual((a.get("/advised/x").status, a.get("/x").status), (200, 200))
        # While it was out of reach.
        proxy.seconds, a.state = 0.0, shared
        configure().reload()
        a.wait_answers(True)
        redis.process.signal(signal.SIGSTOP)
        wait_for(lambda: a.get("/x").status == 503, "the circuit to refuse alone")
        a.state = ""
        configure().reload()
        wait_for(lambda: a.get("/x").status == 200, "the circuit to count alone")
        self.assertEqual(a.get("/advised/x").status, 200)
        self.assertTrue(a.process.alive())
        redis.process.signal(signal.SIGCONT)

    def test_sentinels_know_the_master_and_tls_hides_what_is_said(self):
        master, origin = Redis(self, PASSWORD), FaultBackend(self)
        replica = Redis(self, PASSWORD, [f"replicaof 127.0.0.1 {master.port}"])
        wait_for(lambda: "master_link_status:up" in replica.command("INFO", "replication"), "the replica")
        sentinel = Sentinel(self, master, PASSWORD)
        wait_for(lambda: "slave" in sentinel.command("SENTINEL", "replicas", "main"), "the sentinel to know the replica")
        nobody = free_port()
        a, = self.fleet(f'{{ url: "redis+sentinel://:{PASSWORD}@127.0.0.1:{nobody},127.0.0.1:{sentinel.port}/main", timeout: 2s }}',
                        origin, limit("ten", 1000, "sharing: exact"), "",
                        '{ match: { path: "/**" }, backend: b, policies: [ ten ] }', count=1)
        self.assertEqual({row["master"] for row in a.status()["state"]}, {f"127.0.0.1:{master.port}"})
        self.assertEqual(burst([a], "/x", 10)[0], {200: 10})
        master.kill()
        wait_for(lambda: {row["master"] for row in a.status()["state"] if row["answers"]} == {f"127.0.0.1:{replica.port}"},
                 "the replica to be master", 40)
        self.assertEqual(burst([a], "/x", 10)[0], {200: 10})
        wait_for(lambda: replica.command("KEYS", "adit:limit:*"), "the limit to be there")

        self.run_tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
                      "redis.key", "-out", "redis.crt", "-subj", "/CN=redis.test", "-addext", "subjectAltName=DNS:redis.test")
        secure = Redis(self, PASSWORD, tls=(self.directory / "redis.crt", self.directory / "redis.key"))
        url = f'url: "rediss://:{PASSWORD}@127.0.0.1:{secure.port}", ca: redis.crt'
        a.state = f"{{ {url} }}"  # the name that it shows is not its address
        a.configure(limit("ten", 1000, "sharing: exact"), f'b: {{ endpoints: [ "{origin.url}" ] }}',
                    '{ match: { path: "/**" }, backend: b, policies: [ ten ] }')
        self.run_tool(CONNECTOR, "reload", "--config", a.config)
        wait_for(lambda: all("TLS" in row["trouble"] for row in a.status()["state"]), "the certificate to be refused")
        a.state = f"{{ {url}, server_name: redis.test, timeout: 2s }}"
        a.configure(limit("ten", 1000, "sharing: exact"), f'b: {{ endpoints: [ "{origin.url}" ] }}',
                    '{ match: { path: "/**" }, backend: b, policies: [ ten ] }')
        self.run_tool(CONNECTOR, "reload", "--config", a.config)
        a.wait_answers(True)
        self.assertEqual(burst([a], "/x", 10)[0], {200: 10})


if __name__ == "__main__":
    main()

"""Chaos: a fleet whose parts are killed, frozen and started anew at random, under a steady load whose every answer is checked.

Three backends behind two agents, two connectors that clients know both, Redis between these. Everything random comes from one
seed: the schedule of faults is made before the first request, and printed.

What must hold: an answer is right to the last byte, or an error that says so (a problem of the connector's with its code, a failure
of a backend's own, a visibly broken connection while something that it went through was down). A POST without Idempotency-Key reaches
backends once at most. Each request ends. What connectors count is what clients saw. Afterwards nothing is left."""
import asyncio
import collections
import hashlib
import json
import random
import re
import shutil
import signal
import time

from fault_backend import FaultBackend, pattern
from harness import CONNECTOR, Process, Site, can_connect, fetch, free_port, metric, wait_for
from swarm import Asker, NoAnswer

PATIENCE = 20  # seconds that a client gives a request: more than any time-out of the connector
IDLE_MOST = 30  # seconds for which a client keeps a connection that it does not use
ASKERS_MOST = 10_000  # what one time-out of all requests takes at 1,000 a second
LATE_MOST = 0.25  # seconds by which the clients themselves may be late; what they missed beyond is not asked at once
# Gauges of what is in progress, where they are not 0.
IN_PROGRESS = re.compile(r'adit_\w*(_streams|client_connections|in_use|queued|in_progress|in_flight|waiting|pool_connections\{.*state="active".*)(\{.*\})? [1-9]')
RESILIENCE = ("timeouts: { connect: 1s, first_byte: 2s, per_try: 2s, total: 8s }, "
              "retry: { attempts: 3, on: [ connect-failure, reset, refused-stream, timeout, gateway-error ] }, "
              "circuit: { per: endpoint, cooldown: 1s, cooldown_most: 4s, recovery: 2s }, "
              "outlier: { ejection: 1s, ejection_most: 5s, interval: 1s }")
POLICIES = """policies:
  plenty: { rate_limit: { by: client_ip, limits: [ { requests: 100000, per: 1s } ], fail: open } }
  crowd: { bulkhead: { per: route, concurrent: 2000, queue: 500, queue_timeout: 1s } }
"""
MISBEHAVIOUR = ("status=503", "status=500", "how=reset", "how=close", "how=half", "how=half-reset", "how=half-chunked", "how=garbage", "latency=0.2-1", "how=last",
                "how=head-reset")


class Fault:
    def __init__(self, at, part, what, seconds, detail=""):
        self.at, self.part, self.what, self.seconds, self.detail = at, part, what, seconds, detail

    def __str__(self):
        return f"{self.at:7.2f} s: {self.part} {self.what} for {self.seconds:.2f} s {self.detail}".rstrip()


def schedule(seed, seconds):
    """The faults of a run, by time. Each kind of part has its own row, so that faults of several kinds overlap."""
    faults = []
    rows = {"backend": (["backend0", "backend1", "backend2"], 2.0), "agent": (["agent0", "agent1"], 4.0), "connector": (["connector0", "connector1"], 8.0), "redis": (["redis"], 6.0)}
    for kind, (parts, pause) in rows.items():
        chance, at = random.Random(f"{seed} {kind}"), 1.5
        while True:
            at += chance.uniform(0.3, 1) * min(pause, seconds / 3)
            ways = {"backend": ["kill", "freeze", "misbehave", "misbehave"], "agent": ["kill", "freeze", "restart"], "connector": ["kill", "restart", "freeze"], "redis": ["kill", "freeze"]}[kind]
            what = chance.choice(ways)
            lasting = chance.uniform(0.1, 1.0 if kind == "connector" else 2.5)
            if at + lasting > seconds - 1:
                break
            faults.append(Fault(at, chance.choice(parts), what, lasting, chance.choice(MISBEHAVIOUR) if what == "misbehave" else ""))
            at += lasting
    return sorted(faults, key=lambda fault: fault.at)


class Redis:
    """What the connectors share; without persistence, so that each start begins with nothing."""

    def __init__(self, case):
        self.case, self.port, self.process = case, free_port(), None
        self.start()
        wait_for(lambda: can_connect(self.port), "redis-server")

    def start(self):
        self.process = Process(self.case, "redis", [shutil.which("redis-server", path="/usr/bin"), "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()


class Connector:
    """One of the two, over its incarnations (`epoch`); `troubles` are the times in which a client may be cut off."""

    def __init__(self, world, name, config, port, admin):
        self.world, self.name, self.config, self.port, self.admin = world, name, config, port, admin
        self.epoch, self.troubles, self.process = 0, [], None

    def start(self):
        """By the main thread: the kernel ends the children of a thread with it (PR_SET_PDEATHSIG)."""
        self.epoch += 1
        self.process = Process(self.world.case, self.name, [CONNECTOR, "run", "--config", self.config])

    def wait(self):
        wait_for(lambda: can_connect(self.port) and can_connect(self.admin), f"{self.name} to serve")

    def troubled(self, since, until):
        return any(begin < until and since < (end or float("inf")) + 0.5 for begin, end in self.troubles)


class World:
    def __init__(self, case, seed, workers=2, log="warn"):
        self.case, self.seed, self.redis = case, seed, Redis(case)
        self.record = case.directory / "calls"
        self.backends = [FaultBackend(case, f"backend{number}", record=self.record) for number in range(3)]
        services = {backend.name: backend.url for backend in self.backends}
        endpoints = ", ".join(f"service://{name}" for name in services)
        extra = f'log: {{ level: {log} }}\nstate: "redis://127.0.0.1:{self.redis.port}"\n' + POLICIES
        site = self.site = Site(case, services, backends={"web": f"endpoints: [ {endpoints} ], {RESILIENCE}"}, routes=[("/**", "web")], workers=workers, extra=extra)
        site.config.write_text(site.config.read_text().replace('match: { path: "/**" }', 'policies: [ plenty, crowd ], match: { path: "/**" }'))
        ports = free_port(), free_port(), free_port()
        text = site.config.read_text()
        for old, new in zip((site.client_port, site.tunnel_port, site.admin_port), ports):
            text = text.replace(f":{old}\"", f":{new}\"")
        token = site.tool("tunnel", "rotate-token", "t1", "--connect", site.tunnel_address, "--connect", f"127.0.0.1:{ports[1]}").stdout
        self.connectors = [Connector(self, "connector0", site.config, site.client_port, site.admin_port),
                           Connector(self, "connector1", case.write("second.yaml", text), ports[0], ports[2])]
        for connector in self.connectors:
            connector.start()
            connector.wait()
        self.start_agent = lambda: site.start_agent(token=token)
        self.agents = [self.start_agent(), self.start_agent()]
        self.wait_sessions()
        self.began = None  # of the load
        self.answers, self.unanswered = collections.Counter(), collections.Counter()  # by connector, epoch and status; by connector and epoch
        self.outcomes, self.wrong, self.single, self.confirmed = collections.Counter(), [], set(), set()
        self.times, self.calls = [], 0
        self.disturbed = []  # when any part was down, so that a body may be cut off

    def wait_sessions(self, seconds=20):
        def ready(connector):
            tunnels = json.loads(fetch(connector.admin, "/sessions").body)["tunnels"]
            sessions = [session for tunnel in tunnels for session in tunnel["sessions"] if session["state"] == "ready"]
            return len({session["agent"] for session in sessions}) >= 2
        wait_for(lambda: all(ready(connector) for connector in self.connectors), "both agents at both connectors", seconds)

    # Faults

    async def row(self, faults):
        """Faults of one kind of part: one after the other, so that of a kind only one is down."""
        for fault in faults:
            await self.inflict(fault)

    async def inflict(self, fault):
        await asyncio.sleep(max(0, fault.at - self.now()))
        mark = [self.now(), None]
        self.disturbed.append(mark)
        number = int(fault.part[-1]) if fault.part[-1].isdigit() else 0
        act = {"backend": self.fault_of_backend, "agent": self.fault_of_agent, "connector": self.fault_of_connector, "redis": self.fault_of_redis}
        await act[fault.part.rstrip("0123456789")](fault, number)
        mark[1] = self.now()

    async def fault_of_backend(self, fault, number):
        backend = self.backends[number]
        if fault.what == "misbehave":
            await self.aside(backend.behave, dict([fault.detail.split("=")], share=0.5))
            await asyncio.sleep(fault.seconds)
            await self.aside(backend.behave)
        elif fault.what == "kill":
            await self.aside(backend.kill)
            await asyncio.sleep(fault.seconds)
            backend.start(wait=False)
            await self.aside(backend.wait)
        else:
            await self.frozen(backend.process, fault.seconds)

    async def fault_of_agent(self, fault, number):
        if fault.what == "freeze":
            return await self.frozen(self.agents[number], fault.seconds)
        self.agents[number].signal(signal.SIGKILL if fault.what == "kill" else signal.SIGTERM)
        leaving = self.agents[number]
        if fault.what == "kill":
            await asyncio.sleep(fault.seconds)
        self.agents[number] = self.start_agent()
        await self.aside(leaving.wait, 40)

    async def fault_of_connector(self, fault, number):
        connector = self.connectors[number]
        trouble = [self.now(), None]
        connector.troubles.append(trouble)
        if fault.what == "freeze":
            await self.frozen(connector.process, fault.seconds)
        else:
            connector.process.signal(signal.SIGKILL if fault.what == "kill" else signal.SIGTERM)
            await self.aside(connector.process.wait, 40)
            await asyncio.sleep(fault.seconds)
            connector.start()
            await self.aside(connector.wait)
        trouble[1] = self.now()

    async def fault_of_redis(self, fault, _):
        if fault.what == "freeze":
            return await self.frozen(self.redis.process, fault.seconds)
        await self.aside(self.redis.kill)
        await asyncio.sleep(fault.seconds)
        self.redis.start()

    async def frozen(self, process, seconds):
        process.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        process.signal(signal.SIGCONT)

    async def aside(self, work, *arguments):
        return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)

    def now(self):
        return time.monotonic() - self.began

    # Load

    def request(self, number, chance):
        """What to ask and a function that says what is wrong with a usual answer."""
        call = f"{self.seed}-{number}"
        kind = chance.choices(["get", "large", "post", "keyed", "put"], [60, 5, 20, 10, 5])[0]
        if kind in ("get", "large"):
            size = chance.choice([0, 10, 1000, 4000]) if kind == "get" else chance.choice([100_000, 300_000])
            return "GET", f"/bytes/{size}?key={call}", [], None, lambda reply: reply.body == pattern(call, size)
        body = pattern(call, chance.choice([0, 10, 1000, 9000]))
        fields = [("X-Call-Id", call)] + ([("Idempotency-Key", f'"{call}"')] if kind == "keyed" else [])
        if kind == "post":
            self.single.add(call)
        right = hashlib.sha256(body).hexdigest()

        def check(reply):
            if kind == "post":
                self.confirmed.add(call)
            return json.loads(reply.body)["sha256"] == right and reply.fields.get("x-sha256") == hashlib.sha256(reply.body).hexdigest()
        return "PUT" if kind == "put" else "POST", "/do", fields, body, check

    async def one(self, number, idle, chance):
        method, path, fields, body, check = self.request(number, chance)
        order = [0, 1] if chance.random() < 0.5 else [1, 0]
        since = self.now()
        for which in order:
            connector = self.connectors[which]
            asker = next((a for a in iter(lambda: idle[which].pop() if idle[which] else None, None) if self.usable(a, connector)), None)
            if asker is None:
                asker = Asker(connector.port, PATIENCE)
                asker.epoch = connector.epoch
            try:
                reply = await asker.ask(path, method, fields, body)
            except NoAnswer as none:
                if none.why == "refused":  # nobody has seen it: what a list of connectors is for
                    self.outcomes["refused, and asked the other connector"] += 1
                    continue
                self.unanswered[connector.name, asker.epoch] += 1
                return self.without_answer(connector, none, since, f"{method} {path}")
            self.answers[connector.name, asker.epoch, reply.status] += 1
            self.times.append(self.now() - since)
            asker.used = self.now()
            idle[which].append(asker)
            return self.judge(reply, check, f"{method} {path}")
        self.wrong.append(f"at {since:.2f} s both connectors refused a connection")

    def usable(self, asker, connector):
        if asker.writer is None or asker.writer.is_closing() or asker.reader.at_eof() or asker.epoch != connector.epoch or self.now() - asker.used > IDLE_MOST:
            asker.close()
            return False
        return True

    def without_answer(self, connector, none, since, what):
        if connector.troubled(since, self.now()):
            self.outcomes[f"{none.why} by a connector that was {'late' if none.why == 'late' else 'down'}"] += 1
        elif none.why == "cut" and any(begin < self.now() and since < (end or float("inf")) + 3 for begin, end in self.disturbed):
            self.outcomes["visibly cut"] += 1
        else:
            self.wrong.append(f"at {since:.2f} to {self.now():.2f} s {what} at {connector.name}: {none}")

    def judge(self, reply, check, what):
        if reply.status < 300:
            if check(reply):
                self.outcomes["right"] += 1
            else:
                self.wrong.append(f"{what}: the answer is not right: {reply.fields} {reply.body[:100]!r}")
        elif reply.fields.get("content-type", "").startswith("application/problem+json"):
            problem = json.loads(reply.body)
            self.outcomes[f"{reply.status} {problem['code']}"] += 1
            if problem["status"] != reply.status or not problem["trace"]["requestId"]:
                self.wrong.append(f"{what}: a problem that is none: {problem}")
        elif "x-backend" in reply.fields:
            self.outcomes[f"{reply.status} of a backend"] += 1
        else:
            self.wrong.append(f"{what}: {reply.status} from nobody knows whom: {reply.fields} {reply.body[:100]!r}")

    async def load(self, rate, seconds):
        chance, idle, running = random.Random(f"{self.seed} load"), ([], []), set()
        number = missed = 0
        while (now := self.now()) < seconds:
            missed = max(missed, int((now - LATE_MOST) * rate) - number)
            while number + missed < now * rate:
                if len(running) >= ASKERS_MOST:
                    raise AssertionError(f"{len(running)} requests in flight at {now:.2f} s")
                task = asyncio.create_task(self.one(number, idle, chance))
                running.add(task)
                task.add_done_callback(running.discard)
                number += 1
            await asyncio.sleep(0.002)
        self.calls, self.missed = number, missed
        done, pending = await asyncio.wait(running, timeout=2 * PATIENCE + 5) if running else (set(), set())
        for task in done:
            task.result()
        if pending:
            self.wrong.append(f"{len(pending)} requests have no end")
        for asker in idle[0] + idle[1]:
            asker.close()

    def run(self, rate, seconds, faults):
        async def all_of_it():
            self.began = time.monotonic()
            rows = collections.defaultdict(list)
            for fault in faults:
                rows[fault.part.rstrip("0123456789")].append(fault)
            await asyncio.gather(self.load(rate, seconds), *(self.row(row) for row in rows.values()))
        asyncio.run(all_of_it())

    # Afterwards

    def judge_calls(self):
        """POSTs without Idempotency-Key: once at most; and once, if the client was told so."""
        counted = collections.Counter(line.split(" ", 1)[0] for line in self.record.read_text().splitlines())
        self.wrong += [f"{call} was executed {counted[call]} times" for call in self.single if counted[call] > 1]
        self.wrong += [f"{call} was confirmed and never executed" for call in self.confirmed if counted[call] == 0]
        return sum(counted.values())

    def judge_metrics(self):
        """Counters of the connectors that live, against what clients saw of these; the rest died with its process."""
        told = {}
        for connector in self.connectors:
            mine = {status: count for (name, epoch, status), count in self.answers.items() if (name, epoch) == (connector.name, connector.epoch)}
            lost = self.unanswered[connector.name, connector.epoch]
            counted = {status: int(metric(connector.admin, "adit_connector_requests_total", code=status)) for status in mine}
            total = int(metric(connector.admin, "adit_connector_requests_total"))
            told[connector.name] = {"answers": sum(mine.values()), "without": lost, "counted": total}
            if any(counted[status] < mine[status] for status in mine) or total > sum(mine.values()) + lost:
                self.wrong.append(f"{connector.name} counted {total} requests ({counted}), clients {sum(mine.values())} answers ({mine}) and {lost} without")
        return told

    def judge_rest(self, descriptors_most=200, rss_kib_most=0):
        """Streams and connections end, and memory stays what it was."""
        def busy():
            for backend in self.backends:
                backend.close_connections()  # which the pools of the connectors keep
            ports = [connector.admin for connector in self.connectors] + [agent.metrics_port for agent in self.agents]
            return [line for port in ports for line in fetch(port, "/metrics").body.decode().splitlines() if IN_PROGRESS.match(line)]
        try:
            wait_for(lambda: not busy(), "nothing to be in progress", 15)
        except AssertionError:
            self.wrong += [f"after all there is still {line}" for line in busy()]
        told = {}
        for process in [*(connector.process for connector in self.connectors), *self.agents]:
            told[process.name + str(process.pid)] = {"descriptors": process.descriptors(), "rss_kib": process.rss_kib()}
            if process.descriptors() > descriptors_most:
                self.wrong.append(f"{process.name} has {process.descriptors()} descriptors")
            if rss_kib_most and process.rss_kib() > rss_kib_most:
                self.wrong.append(f"{process.name} has {process.rss_kib()} KiB")
        return told

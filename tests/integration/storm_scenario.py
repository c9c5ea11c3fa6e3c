"""The scenario of a retry storm: 200 clients that ask again and again, before a service whose three replicas fail at once for a while.

What it costs the service tells a proxy that makes a failure worse from one that does not. Used by the test, with the time cut
short, and by bench/storm, which runs other proxies through the same."""
import asyncio
import collections
import time

from fault_backend import FaultBackend
from swarm import Asker, NoAnswer

REPLICAS = 3
BUCKET = 0.25  # seconds


class Storm:
    """Times of the scenario in seconds. `think` is what a client waits between an answer and its next request."""

    def __init__(self, clients=200, think=0.1, before=2.0, failing=10.0, after=15.0):
        self.clients, self.think, self.before, self.failing, self.after = clients, think, before, failing, after


class Outcome:
    """What was seen; rates are per second of the failure, which was `begins` to `ends`. `awake`: when the clients' own process ran."""

    def __init__(self, storm, asked, calls, begins, ends, awake):
        self.storm, self.asked, self.calls = storm, asked, calls
        self.awake = {int((at - ends) // BUCKET) for at in awake}
        self.before = sum(1 for at in calls if at < begins) / begins
        during = [at for at in calls if begins <= at < ends]
        self.calls_failing = len(during)
        self.asked_failing = sum(1 for at, _ in asked if begins <= at < ends)
        self.calls_per_second = len(during) / (ends - begins)
        buckets = collections.Counter(int(at) for at in during)
        self.most_per_second = max(buckets.values(), default=0)
        self.statuses = collections.Counter(status for at, status in asked if begins <= at < ends)
        # What the proxy adds once the service is well again.
        self.errors_after = sum(1 for at, status in asked if at >= ends and status != "200")
        self.recovery = self.recovered(ends)

    @property
    def factor(self):
        """Calls at the service for each request of a client."""
        return self.calls_failing / max(1, self.asked_failing)

    def recovered(self, ends):
        """Seconds from the service's recovery until 99 % of the answers are right and stay so; None: not within the time."""
        good, bad = collections.Counter(), collections.Counter()
        for at, status in self.asked:
            (good if status == "200" else bad)[int((at - ends) // BUCKET)] += 1
        last = int(self.storm.after // BUCKET)
        ill = [bucket for bucket in range(last) if bad[bucket] * 99 > good[bucket] or (good[bucket] == 0 and bucket in self.awake)]
        if not ill:
            return 0.0
        return None if ill[-1] >= last - 1 else (ill[-1] + 1) * BUCKET

    def told(self):
        return {"calls_per_second_before": round(self.before), "requests_of_clients": self.asked_failing, "calls": self.calls_failing,
                "calls_per_second": round(self.calls_per_second), "most_calls_in_a_second": self.most_per_second, "calls_per_request": round(self.factor, 3),
                "answers": dict(self.statuses), "errors_after": self.errors_after, "recovery_seconds": self.recovery}


def start_replicas(case):
    replicas = [FaultBackend(case, f"replica{number}") for number in range(REPLICAS)]
    for replica in replicas:
        replica.behave(dict(latency="0.01-0.03"))
    return replicas


def run(storm, port, replicas, failure):
    """Lets the clients loose on the proxy at `port`, and the replicas fail by the rule `failure`."""
    asked, awake, turns = [], [], []  # turns: of the weather, once the replicas know of them
    started = time.monotonic()

    def going_on():
        return len(turns) < 2 or time.monotonic() - started < turns[1] + storm.after

    async def client(number):
        asker = Asker(port, seconds=10)
        await asyncio.sleep(storm.think * number / storm.clients)
        while going_on():
            began = time.monotonic() - started
            try:
                status = str((await asker.ask(f"/storm/{number}")).status)
            except NoAnswer as none:
                status = none.why
            asked.append((began, status))
            await asyncio.sleep(storm.think)
        asker.close()

    async def weather():
        loop = asyncio.get_running_loop()
        for pause, rules in ((storm.before, [failure]), (storm.failing, [dict(latency="0.01-0.03")])):
            await asyncio.sleep(pause)
            await asyncio.gather(*(loop.run_in_executor(None, lambda replica=replica: replica.behave(*rules)) for replica in replicas))
            turns.append(time.monotonic() - started)

    async def clock():
        while going_on():
            awake.append(time.monotonic() - started)
            await asyncio.sleep(BUCKET / 5)

    async def all_of_it():
        await asyncio.gather(weather(), clock(), *(client(number) for number in range(storm.clients)))

    # Clocks of the replicas start with theirs; CLOCK_MONOTONIC is the machine's, so one subtraction puts them on ours.
    for replica in replicas:
        replica.forget()
    asyncio.run(all_of_it())
    calls = []
    for replica in replicas:
        counts = replica.counts(times=True)
        calls += [counts.start + at - started for at in counts.times]
    return Outcome(storm, asked, sorted(calls), *turns, awake)

"""A short run of chaos (chaos_world.py) in the tests; scripts/chaos makes long ones, and explains its options."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import sys

import chaos_world
from harness import SANITIZED, Case, main
import stage


def run(case, seed, seconds, rate, out=sys.stdout):
    """One run: prints seed, schedule and summary; the summary, whose `wrong` has what must not be."""
    faults = chaos_world.schedule(seed, seconds)
    print(f"seed {seed}, {seconds} s, {rate} requests/s, {len(faults)} faults:", *faults, sep="\n", file=out, flush=True)
    world = chaos_world.World(case, seed)
    world.run(rate, seconds, faults)
    world.wait_sessions(40)
    calls = world.judge_calls()
    metrics = world.judge_metrics()
    rest = world.judge_rest(rss_kib_most=0 if SANITIZED else 96 * 1024)
    times = sorted(world.times) or [0.0]
    summary = {"seed": seed, "seconds": seconds, "rate": rate, "faults": len(faults), "requests": world.calls, "not_asked_by_late_clients": world.missed, "outcomes": dict(world.outcomes.most_common()),
               "executed": calls, "posts_without_key": len(world.single), "milliseconds": {f"p{p}": round(times[int(len(times) * p / 100)] * 1000, 1) for p in (50, 90, 99)},
               "metrics": metrics, "rest": rest, "wrong_in_all": len(world.wrong), "wrong": world.wrong[:50]}
    print(json.dumps(summary, indent=1), file=out, flush=True)
    return summary


class Chaos(Case):
    def test_nothing_is_wrong_lost_or_left_while_parts_come_and_go(self):
        seed = int(os.environ.get("ADIT_CHAOS_SEED") or random.randrange(1 << 32))
        summary = run(self, seed, seconds=12, rate=60 if SANITIZED else 200)
        self.assertEqual(summary["wrong"], [], f"seed {seed}")
        self.assertGreater(summary["outcomes"]["right"], summary["requests"] * 0.3)


def long_run():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__ + "\n\n" + chaos_world.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=stage.positive, default=300)
    parser.add_argument("--rate", type=stage.positive, default=1000, help="requests per second")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--results", type=pathlib.Path, help="a file for the summary")
    parser.add_argument("--arguments-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arguments_only:
        return 0
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    with stage.Stage() as place:
        summary = run(place, seed, options.seconds, options.rate)
    if options.results:
        summary = {"date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "kernel": platform.release(), **summary}
        options.results.write_text(json.dumps(summary, indent=1) + "\n")
    return 1 if summary["wrong"] else 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--long":
        del sys.argv[1]
        sys.exit(long_run())
    main()

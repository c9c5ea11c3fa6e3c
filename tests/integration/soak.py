"""A few seconds of the soak (soak_world.py) in the tests; scripts/soak makes long ones, and explains its options."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import sys
import time

import soak_world
from harness import SANITIZED, Case, main
import stage


def run(case, seconds, warm_up, rate=0.0, rate_most=0.0, probe=20.0, pause=5.0, out=sys.stdout):
    """One run: what was asked, answered and changed, and `wrong` with what must not be. Without a rate, half of what the pair can do."""
    world = soak_world.World(case)
    most = world.most(probe) if not rate else None
    rate = rate or (min(most / 2, rate_most) if rate_most else most / 2)
    print(f"at most {most or 0:.0f} requests/s; {seconds:.0f} s at {rate:.0f}", file=out, flush=True)
    before = world.counted()
    clients, rows, wrong = world.run(seconds, rate, pause, out)
    processes, growing = soak_world.judged(rows, warm_up)
    answered = clients["rights"] + clients["wrongs"] + clients["excuses"]
    counted = world.counted() - before
    wrong += clients["texts"] + (growing if warm_up else [])
    if clients["again"] > clients["excuses"]:
        wrong.append(f"clients had to ask {clients['again']} times anew, since a kept connection was gone")
    summary = {"seconds": round(clients["seconds"], 1), "warm_up": warm_up, "most_per_second": most and round(most), "asked_per_second": round(rate), "answered_per_second": round(answered / clients["seconds"]),
               "requests": answered, "right": clients["right"], "wrong_answers": clients["wrongs"], "excused": clients["excused"], "not_asked_by_late_clients": clients["missed"],
               "asked_anew_by_clients": clients["again"], "counted_by_the_connector": counted, "milliseconds": clients["milliseconds"], "changes": world.done, "processes": processes,
               "wrong": wrong}
    print(json.dumps(summary, indent=1, ensure_ascii=False), file=out, flush=True)
    return summary, rows


class Soak(Case):
    def test_no_request_fails_while_agents_keys_certificates_and_configurations_change(self):
        with open(os.devnull, "w") as quiet:
            summary, _ = run(self, seconds=10, warm_up=0, rate=50 if SANITIZED else 200, pause=0, out=quiet)
        self.assertEqual(summary["wrong"], [])
        self.assertGreater(summary["requests"], 100)
        print(summary["changes"], summary["requests"])


def table(summary):
    """The result for people."""
    lines = [f"{summary['requests']:,} requests in {summary['seconds'] / 60:.0f} minutes, {summary['answered_per_second']:,} a second, half of {summary['most_per_second'] or 0:,} "
             f"(p50 / p90 / p99: {' / '.join(str(summary['milliseconds'][p]) for p in ('p50', 'p90', 'p99'))} ms); {summary['wrong_answers']} failed, "
             f"{sum(summary['excused'].values())} of the {summary['right'].get('get, agents are killed', 0):,} whose agents were killed broke off.", "",
             "| process | RSS, first and last third, MiB | RSS in 10 minutes | descriptors, first and last third, most | threads | CPU | RSS over the run |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, told in summary["processes"].items():
        rss, descriptors, threads = told["rss_kib"], told["descriptors"], told["threads"]
        cpu = "" if told["cpu_percent"] is None else f"{told['cpu_percent']} %"
        lines.append(f"| {name} | {rss['first'] / 1024:.1f}, {rss['last'] / 1024:.1f} | {told['rss_percent_per_10_minutes']:+.2f} ± {told['standard_error']:.2f} % | {descriptors['first']:.0f}, {descriptors['last']:.0f}, {descriptors['most']} "
                     f"| {threads['last']:.0f} | {cpu} | {told['rss_bars']} |")
    return "\n".join([*lines, "", "Meanwhile: " + ", ".join(f"{count} {what}" for what, count in summary["changes"].items()) + "."])


def long_run():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=soak_world.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=stage.positive, default=60)
    parser.add_argument("--warm-up", type=float, default=None, help="minutes that slopes leave out; a sixth of the run, at most 10")
    parser.add_argument("--rate", type=float, default=0, help="requests per second, instead of half of what the pair can do")
    parser.add_argument("--rate-most", type=float, default=0, help="no more requests per second than these")
    parser.add_argument("--pause", type=stage.positive, default=5, help="seconds between two changes")
    parser.add_argument("--results", type=pathlib.Path, help="a file for the summary and the samples; a table for people beside it (.md)")
    parser.add_argument("--arguments-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arguments_only:
        return 0
    warm_up = min(10.0, options.minutes / 6) if options.warm_up is None else options.warm_up
    began = time.monotonic()
    with stage.Stage() as place:
        summary, rows = run(place, options.minutes * 60, warm_up * 60, options.rate, options.rate_most, pause=options.pause)
    print(table(summary), f"\n{time.monotonic() - began:.0f} s in all", flush=True)
    if options.results:
        columns = ("at", "rss_kib", "descriptors", "threads", "cpu_seconds")
        samples = {name: [[one[column] for column in columns] for one in row] for name, row in rows.items()}
        head = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "kernel": platform.release(), "processors": os.cpu_count(), **summary}
        text = json.dumps(head, indent=1, ensure_ascii=False)[:-2] + ',\n "samples": {\n  "columns": ' + json.dumps(columns)
        text += "".join(f',\n  {json.dumps(name)}: {json.dumps(row)}' for name, row in samples.items()) + "\n }\n}\n"
        options.results.write_text(text)
        options.results.with_suffix(".md").write_text(table(summary) + "\n")
    return 1 if summary["wrong"] else 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--long":
        del sys.argv[1]
        sys.exit(long_run())
    main()

#!/usr/bin/env python3
"""What a pair of adit-wireguard costs in bulk: CPU seconds per GB of both ends together, rate and memory.

    bench/wireguard_helper.py [--program PATH] [--megabytes N] [--mtu N ...] [--streams N ...] [--repeats N]

Both ends, the loopback UDP between them and this program share the machine: read CPU s/GB; rates depend on what else runs."""
import argparse
import os
import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "integration"))
import wireguard_control
from wireguard_control import Pair, drain


def send(connected, megabytes):
    chunk = bytes(1 << 20)
    for _ in range(megabytes):
        connected.sendall(chunk)
    connected.close()


def run(mtu, streams, megabytes, program):
    """One measurement: (CPU s/GB, Gbit/s, RSS of both idle, RSS of both loaded)."""
    pair = Pair(mtu=mtu, program=program)
    try:
        idle = pair.dialler.rss_mb(), pair.acceptor.rss_mb()
        ends = [pair.connect() for _ in range(streams)]
        each = megabytes // streams
        before, begin = pair.dialler.cpu() + pair.acceptor.cpu(), time.monotonic()
        threads = [threading.Thread(target=send, args=(dialled, each)) for dialled, _ in ends]
        threads += [threading.Thread(target=drain, args=(accepted,)) for _, accepted in ends]
        for thread in threads:
            thread.start()
        loaded = (0, 0)
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.05)
            loaded = max(loaded[0], pair.dialler.rss_mb()), max(loaded[1], pair.acceptor.rss_mb())
        took, used = time.monotonic() - begin, pair.dialler.cpu() + pair.acceptor.cpu() - before
        gigabytes = each * streams * (1 << 20) / 1e9
        return used / gigabytes, gigabytes * 8 / took, idle, loaded
    finally:
        pair.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=wireguard_control.PROGRAM)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--mtu", type=int, nargs="+", default=[1420, 8920])
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not os.access(options.program, os.X_OK):
        parser.error(f"{options.program}: no such program (build it, or name it with --program)")
    print("MTU   streams  CPU s/GB (least)  Gbit/s  idle MB (dials, accepts)  loaded MB")
    for mtu in options.mtu:
        for streams in options.streams:
            runs = [run(mtu, streams, options.megabytes, options.program) for _ in range(options.repeats)]
            cpu, rate = [r[0] for r in runs], [r[1] for r in runs]
            idle, loaded = [max(r[2][i] for r in runs) for i in (0, 1)], [max(r[3][i] for r in runs) for i in (0, 1)]
            print(f"{mtu:<5} {streams:<8} {statistics.median(cpu):5.2f} ({min(cpu):.2f})      {statistics.median(rate):6.2f}  "
                  f"{idle[0]:5.1f} {idle[1]:5.1f}               {loaded[0]:5.1f} {loaded[1]:5.1f}", flush=True)


if __name__ == "__main__":
    main()

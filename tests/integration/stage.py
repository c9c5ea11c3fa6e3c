"""A directory and processes for a measurement: what a test has, without a test around it."""
import argparse
import math
import shutil
import sys

from harness import Case


def positive(text):
    """A number above nothing, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(number) if number == int(number) else number


class Stage(Case):
    def runTest(self):
        pass

    def __enter__(self):
        self.setUp()
        return self

    def __exit__(self, kind, *_):
        for process in reversed(self.processes):
            process.stop()
            if kind:
                print(f"--- log of {process.name}\n{process.log()[-3000:]}", file=sys.stderr)
        shutil.rmtree(self.directory, ignore_errors=True)

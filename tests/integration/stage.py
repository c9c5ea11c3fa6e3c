"""A directory and processes for a measurement: what a test has, without a test around it."""
import shutil
import sys

from harness import Case


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

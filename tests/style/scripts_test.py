#!/usr/bin/env python3
"""Scripts read their arguments first: --help tells how they are used, what is none of them is told with what was expected, and in
neither case is anything installed, built or run."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKERS = ("apt-get", "cmake", "ctest", "cppcheck", "clang-tidy-19", "ninja", "go", "valgrind", "npm", "dpkg-query")
HELPED = ("chaos", "fuzz", "lint", "memcheck", "soak", "test")
REFUSED = (("chaos", "--seconds", "0"), ("chaos", "--bogus"), ("fuzz", "--seconds"), ("fuzz", "--seconds", "abc"), ("fuzz", "--seconds", "0"),
           ("fuzz", "--bogus"), ("fuzz", "no_such_target"), ("lint", "--bogus"), ("lint", "nosuch.cpp"), ("lint", "README.md"),
           ("memcheck", "--bogus"), ("memcheck", "no_such_test"), ("soak", "--minutes", "0"), ("soak", "--minutes", "nan"), ("soak", "--bogus"),
           ("test", "--quik"), ("test", "--bogus"), ("test", "--quick", "more"))


class Scripts(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.touched = pathlib.Path(self.place.name) / "touched"
        for name in WORKERS:
            worker = pathlib.Path(self.place.name) / name
            worker.write_text(f'#!/bin/sh\necho "$0 $*" >> "{self.touched}"\nexit 1\n')
            worker.chmod(0o755)

    def run_script(self, name, *arguments):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ADIT_")}
        environment["PATH"] = f"{self.place.name}:{environment['PATH']}"
        ended = subprocess.run([ROOT / "scripts" / name, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False)
        self.assertFalse(self.touched.exists(), self.touched.exists() and self.touched.read_text())
        return ended

    def test_help_tells_how_it_is_used(self):
        for name in HELPED:
            for word in ("--help", "-h"):
                with self.subTest(script=name, word=word):
                    ended = self.run_script(name, word)
                    self.assertEqual(ended.returncode, 0, ended.stderr)
                    self.assertIn(f"scripts/{name}", ended.stdout)

    def test_what_is_no_argument_is_told_of(self):
        for name, *arguments in REFUSED:
            with self.subTest(script=name, arguments=arguments):
                ended = self.run_script(name, *arguments)
                self.assertEqual(ended.returncode, 2, ended.stdout + ended.stderr)
                self.assertIn(f"scripts/{name}", ended.stderr)
                self.assertNotIn("Traceback", ended.stderr)

    def test_targets_are_listed(self):
        targets = self.run_script("fuzz", "--list").stdout.split()
        self.assertIn("request_head", targets)
        self.assertIn("FuzzPackets", targets)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Checks docs/security.md against the tests that it names: those of the table of threats exist and count, and those that wait for
what is not done exist and are expected to fail, so that neither can change without the other."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`((?:integration|unit|conformance|deploy|fuzz)/[\w./-]+): ([^`]+)`")


def sections(text):
    """The text of each part of the document by its heading."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def find(file, test):
    """None when there is no such test, else whether it is expected to fail."""
    path = ROOT / "tests" / file
    if not path.exists():
        return None
    text = path.read_text()
    if path.suffix == ".py":
        found = re.search(r"((?:^    @.*\n)*)^    def " + re.escape(test) + r"\(", text, re.M)
        return None if found is None else "expectedFailure" in found[1]
    return False if f'TEST_CASE("{test}"' in text else None


def main():
    parts = sections((ROOT / "docs" / "security.md").read_text())
    wrong, count = [], 0
    for heading, waits in (("Threats", False), ("What is not done", True)):
        for file, test in NAMED.findall(parts.get(heading, "")):
            count += 1
            expected = find(file, test)
            if expected is None:
                wrong.append(f"{heading}: tests/{file} has no test '{test}'")
            elif expected != waits:
                wrong.append(f"{heading}: {test} of tests/{file} is {'' if expected else 'not '}expected to fail")
    rows = [line for line in parts.get("Threats", "").splitlines() if line.startswith("| ")][1:]
    wrong += [f"Threats: no test stands behind '{row.split('|')[1].strip()}'" for row in rows if not row.startswith("| ---") and not NAMED.search(row)]
    if count == 0:
        wrong.append("docs/security.md names no tests at all")
    print("\n".join(wrong) if wrong else f"{len(rows)} threats and {count} tests are in order")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

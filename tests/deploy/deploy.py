"""What the tests of deployments share: where things are, what they need, and how one is skipped."""
import hashlib
import os
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ADIT_BUILD", ROOT / "build/dev"))
CONNECTOR = os.environ.get("ADIT_CONNECTOR", str(BUILD / "connector/adit-connector"))
AGENT = os.environ.get("ADIT_AGENT", str(BUILD / "agent/adit-agent"))
KEPT = ROOT / "build/deploy"  # what is expensive to fetch or to make, for the next run
DOCKER = ROOT / "deploy/docker"
# By which people's builds must not differ.
SURROUNDINGS = ({"LC_ALL": "C", "TZ": "UTC"}, {"LC_ALL": "C.UTF-8", "TZ": "Pacific/Auckland", "HOME": "/nonexistent", "USER": "somebody"})
# The harness of the integration tests serves here as well.
os.environ.setdefault("ADIT_CONNECTOR", CONNECTOR)
os.environ.setdefault("ADIT_AGENT", AGENT)
sys.path.insert(0, str(ROOT / "tests/integration"))


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def skip(reason):
    """Ends the program as ctest understands: not passed, not failed."""
    print(f"skipped: {reason}")
    sys.exit(77)


def need(*programs):
    """Skips where one is missing; scripts/install-dependencies deploy brings them."""
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed (scripts/install-dependencies deploy)")
